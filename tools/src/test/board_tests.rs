//! A board that is a thread of ours at the other end of a pseudo-terminal, over a line that loses and
//! damages bytes.

use super::*;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::thread;

use crate::test::stage::Stage;

const BOOTED: &str = "Girder 0.1.0 on a board: 4 of 4 cores up\r\n\r\ngirder> ";
const REPORT: &str = "plan: 2 tests, 1 rounds, seed 1\r\nrunning a\r\nsome noise\r\n\
    test a ... ok\r\nrunning b\r\ntest b ... ok\r\n\
    test result: ok. 2 passed; 0 failed; 0 ignored\r\n\r\ngirder> ";

/// What the line does to the board's bytes, and to ours.
#[derive(Clone, Copy)]
struct Damage {
    /// Replaces the first text by the second in what the board says.
    said: Option<(&'static str, &'static str)>,
    /// Lines of ours that arrive without their second byte.
    typed: u32,
}

const NONE: Damage = Damage {
    said: None,
    typed: 0,
};

const PATIENCE: Patience = Patience {
    settled: Duration::from_millis(20),
    nudge: Duration::from_secs(5),
    silence: Duration::from_secs(20),
    whole: Duration::from_secs(60),
};
/// Where nothing more will come.
const LITTLE: Patience = Patience {
    silence: Duration::from_millis(300),
    ..PATIENCE
};

/// Plays the board until the other side hangs up.
fn play(mut line: File, mut damage: Damage) {
    let mut typed = Vec::new();
    let mut byte = [0];
    while let Ok(1) = line.read(&mut byte) {
        typed.push(byte[0]);
        if byte[0] != b'\r' {
            continue;
        }
        if typed.len() > 1 && damage.typed > 0 {
            damage.typed -= 1;
            typed.remove(1);
        }
        let command = String::from_utf8_lossy(&typed).trim().to_owned();
        let answer = match command.as_str() {
            "" => BOOTED.to_owned(),
            "test" | "test a,b" => format!("{command}\r\n{REPORT}"),
            other => format!("{other}\r\nunknown command\r\ngirder> "),
        };
        let answer = damage
            .said
            .map_or(answer.clone(), |(from, to)| answer.replace(from, to));
        // In small pieces, as a serial line gives them.
        for piece in answer.as_bytes().chunks(7) {
            if line.write_all(piece).is_err() {
                return;
            }
        }
        typed.clear();
    }
}

/// The outcomes of a run over a line with this damage.
fn outcomes(name: &str, filter: Option<&str>, damage: Damage, patience: Patience) -> Vec<String> {
    let stage = Stage::new(name);
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are pseudo-terminals");
    grantpt(&ours)
        .and_then(|()| unlockpt(&ours))
        .expect("it is ours");
    let path = ptsname(&ours, Vec::new()).expect("it has a name");
    let port = PathBuf::from(OsStr::from_bytes(path.as_bytes()));
    // Held open, so that the board does not see a hang-up before the runner comes.
    let held = File::open(&port).expect("the other side is there");
    let player = thread::spawn(move || play(File::from(ours), damage));
    let board = Board {
        port: port.clone(),
        baud: BAUD,
        filter: filter.map(str::to_owned),
        patience,
    };
    let report = board.run(stage.workspace.path("build/logs/board.log"));
    drop(held);
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    drop(player);
    let name = format!("{}/", port.display());
    let lines = report.outcomes.iter().map(|outcome| outcome.to_string());
    lines.map(|line| line.replace(&name, "")).collect()
}

#[test]
fn a_good_report_over_a_good_line_passes() {
    let expected = ["test a ... ok", "test b ... ok", "test run ... ok"];
    assert_eq!(outcomes("board-good", None, NONE, PATIENCE), expected);
    assert_eq!(
        outcomes("board-some", Some("a,b"), NONE, PATIENCE),
        expected
    );
}

#[test]
fn damage_outside_of_the_report_is_no_failure() {
    let damage = Damage {
        said: Some(("some noise", "s\u{0}me n\u{fffd}se")),
        typed: 0,
    };
    let found = outcomes("board-noise", None, damage, PATIENCE);
    assert_eq!(found.last().map(String::as_str), Some("test run ... ok"));
}

#[test]
fn a_verdict_that_was_damaged_is_no_success() {
    let damage = Damage {
        said: Some(("test a ... ok", "test a .. ok")),
        typed: 0,
    };
    let found = outcomes("board-verdict", None, damage, PATIENCE);
    assert!(found[0].starts_with("test a ... FAILED"), "{found:?}");
    assert!(
        found.last().is_some_and(|line| line.contains("FAILED")),
        "{found:?}"
    );
}

#[test]
fn a_result_that_was_lost_is_a_hang() {
    let damage = Damage {
        said: Some(("test result: ok", "test resul: ok")),
        typed: 0,
    };
    let found = outcomes("board-result", None, damage, LITTLE);
    let last = found.last().expect("there is one");
    assert!(last.contains("silent"), "{last}");
}

#[test]
fn a_command_that_was_damaged_is_typed_again() {
    let damage = Damage {
        said: None,
        typed: 2,
    };
    let found = outcomes("board-typing", None, damage, PATIENCE);
    assert_eq!(found.last().map(String::as_str), Some("test run ... ok"));
}

#[test]
fn a_line_that_damages_every_command_is_given_up() {
    let damage = Damage {
        said: None,
        typed: u32::MAX,
    };
    let found = outcomes("board-deaf", None, damage, PATIENCE);
    assert!(
        found.last().is_some_and(|line| line.contains("FAILED")),
        "{found:?}"
    );
}

#[test]
fn a_port_that_is_none_is_an_error() {
    let stage = Stage::new("board-none");
    let file = stage.write("file", "");
    let board = Board {
        port: file.into(),
        baud: BAUD,
        filter: None,
        patience: LITTLE,
    };
    assert!(
        board
            .run(stage.workspace.path("build/logs/board.log"))
            .is_err()
    );
}
