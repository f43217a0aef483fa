//! `soak`: one machine at mixed work for as long as one likes, at its prompt.
//!
//! A round is two benchmarks, the tests that load every part of the runtime, each of which has to give back all that it took (the
//! harness compares), and `mem`. A test that fails ends the soak, and so does memory that does not stay:
//! what is free after the first rounds, when pools and tables have their size, may not go on shrinking, but for what the tests
//! lose on purpose, by deaths in mid-poll, which `mem` tells.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lexopt::{Arg, Parser, ValueExt};

use crate::error::Error;
use crate::image;
use crate::machine::{Machine, Serial, shell_line};
use crate::options::MachineOptions;
use crate::test::dialogue::ends_with_prompt;
use crate::test::guest::Guest;
use crate::test::wire::{Heard, Quiet};
use crate::workspace::Workspace;

/// Tests that use memory up, or stop a core, are not among them.
const TESTS: &str = "test many::,mailboxes::,dying::,arenas::,time::,alarms::,births::,interruption::,naming::,reaping::,containment::,cores::,supervising::trees::";
const OTHERS: [&str; 2] = ["bench skynet", "bench pairs"];
/// Longest silence of a machine at work.
const SILENCE: Duration = Duration::from_secs(900);
/// Rounds after which all has its size.
const WARM: u32 = 3;
/// What pools may still take after that.
const SLACK_BYTES: f64 = 32.0 * 1024.0 * 1024.0;

/// How long, and on what.
struct Options {
    minutes: u64,
    machine: MachineOptions,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut minutes = 60;
        let mut others = Vec::new();
        let mut arguments = arguments.peekable();
        while let Some(word) = arguments.next() {
            if word == "--minutes" {
                let mut parser = Parser::from_args([word].into_iter().chain(arguments.next()));
                if let Some(Arg::Long(_)) = parser.next()? {
                    minutes = parser.value()?.parse()?;
                }
            } else {
                others.push(word);
            }
        }
        let mut machine = MachineOptions::parse(others.into_iter())?;
        if machine.bootargs.is_empty() {
            machine.bootargs = "shell".to_owned();
        }
        Ok(Self { minutes, machine })
    }
}

/// Works the machine for so long.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let options = Options::parse(arguments)?;
    let products = image::build_to_run(workspace, &options.machine.source)?;
    let machine: &Machine = &options.machine.machine;
    let words = machine.arguments(&options.machine.boot(&products), &Serial::Stdio);
    let qemu = &options.machine.qemu;
    println!("{}", shell_line(qemu, &words));
    let folder = workspace.path("build/logs");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let log = folder.join("soak.log");
    let mut board = At {
        guest: Guest::start(qemu, &words).map_err(Error::start(qemu))?,
        log: fs::File::create(&log).map_err(Error::file(&log))?,
    };
    let end = Instant::now() + Duration::from_secs(options.minutes * 60);
    let verdict = board.listen().and_then(|_| board.work_until(end));
    Ok(match verdict {
        Ok(rounds) => {
            println!("soak: {rounds} rounds, all well");
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("soak: FAILED: {why}; see build/logs/soak.log");
            ExitCode::FAILURE
        }
    })
}

/// A machine at its prompt.
struct At {
    guest: Guest,
    log: fs::File,
}

impl At {
    /// Rounds until then; how many there were.
    fn work_until(&mut self, end: Instant) -> Result<u32, String> {
        let start = Instant::now();
        let mut level = None;
        for round in 1.. {
            for command in OTHERS {
                self.ask(command)?;
            }
            // Behind them, because the harness has pools give back what they keep for later.
            let tests = self.ask(TESTS)?;
            let result = result_of(&tests)?;
            let told = MemoryTold::of(&self.ask("mem")?)?;
            let seconds = start.elapsed().as_secs();
            let MemoryTold { free, lost } = told;
            println!(
                "{seconds:>6} s  round {round}: {result}; {free:.0} bytes free, {lost:.0} lost on purpose"
            );
            let wanted = *level.get_or_insert(told.all());
            if round <= WARM {
                level = Some(told.all());
            } else if told.all() + SLACK_BYTES < wanted {
                return Err(format!("of {wanted:.0} bytes {:.0} are left", told.all()));
            }
            if Instant::now() >= end {
                return Ok(round);
            }
        }
        Ok(0)
    }

    fn ask(&mut self, command: &str) -> Result<String, String> {
        self.guest.say(format!("{command}\r").into_bytes());
        self.listen()
    }

    /// What it says until the next prompt.
    fn listen(&mut self) -> Result<String, String> {
        let mut said = Vec::new();
        // The prompt before the echo is not the one that is waited for.
        while !(said.contains(&b'\n') && ends_with_prompt(&said)) {
            match self.guest.hear(SILENCE) {
                Ok(Heard::Serial(bytes)) => {
                    let _ = self.log.write_all(&bytes);
                    said.extend(bytes);
                }
                Ok(Heard::Emulator(bytes)) => {
                    let _ = self.log.write_all(&bytes);
                }
                Err(Quiet::TimeIsUp) => return Err(format!("silent for {SILENCE:?}")),
                Err(Quiet::Closed) => return Err("the machine is gone".to_owned()),
            }
        }
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

/// The result line of a run in which nothing has failed.
fn result_of(said: &str) -> Result<&str, String> {
    let mut lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("test result: "));
    match lines.next() {
        Some(result) if result.starts_with("ok. ") && !result.starts_with("ok. 0 passed") => {
            Ok(result.trim_end())
        }
        Some(result) => Err(result.trim_end().to_owned()),
        None => Err("a run of tests without a result".to_owned()),
    }
}

/// What `mem` tells of the memory of a machine, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MemoryTold {
    free: f64,
    /// What died with its owners, or outlives them: nobody gives that back.
    lost: f64,
}

impl MemoryTold {
    fn of(said: &str) -> Result<Self, String> {
        Ok(Self {
            free: bytes_of(said, "physical", "free")?,
            lost: bytes_of(said, "abandoned", "in")? + bytes_of(said, "outliving", "in")?,
        })
    }

    fn all(self) -> f64 {
        self.free + self.lost
    }
}

/// The number of the line that begins with `head`, which has `tail` behind its unit.
fn bytes_of(said: &str, head: &str, tail: &str) -> Result<f64, String> {
    let words = said
        .lines()
        .find_map(|line| line.strip_prefix(head))
        .map(|rest| rest.split_whitespace().collect::<Vec<_>>());
    let (number, unit) = match words.as_deref() {
        Some([number, unit, word, ..]) if *word == tail => (number, unit),
        _ => return Err(format!("`mem` does not tell what is {head}")),
    };
    let scale = match *unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        other => return Err(format!("`mem` tells what is {head} in {other}")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`mem` tells {number} of {unit}"))?;
    Ok(number * f64::from(1_u32 << scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_counts_if_something_passed_and_nothing_failed() {
        let ok = "test result: ok. 71 passed; 0 failed; 1 ignored\r\n";
        assert_eq!(result_of(ok), Ok("ok. 71 passed; 0 failed; 1 ignored"));
        for bad in [
            "test result: FAILED. 70 passed; 1 failed; 1 ignored\n",
            "test result: ok. 0 passed; 0 failed; 0 ignored\n",
            "no more\n",
        ] {
            assert!(result_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn memory_is_read_with_its_units() {
        let said = "mem\r\nphysical  986.5 MiB free of 1021.3 MiB\r\nheap      19 MiB\r\n\
                    abandoned 1.5 KiB in 7 blocks\r\noutliving 512 B in 3 blocks\r\n";
        let free = 986.5 * 1024.0 * 1024.0;
        let lost = 2048.0;
        assert_eq!(MemoryTold::of(said), Ok(MemoryTold { free, lost }));
        for (good, bad) in [
            ("986.5", "x"),
            ("MiB free", "TiB free"),
            ("free of", "full of"),
            ("outliving", "others"),
            ("1.5 KiB in", "1.5"),
        ] {
            let said = said.replace(good, bad);
            assert!(MemoryTold::of(&said).is_err(), "{said}");
        }
    }

    #[test]
    fn minutes_stand_beside_the_options_of_a_machine() {
        let words = "--smp 2 --minutes 5 --args shell".split(' ');
        let options = Options::parse(words.map(OsString::from));
        let options = options.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((options.minutes, options.machine.machine.cores), (5, 2));
        assert!(Options::parse(["--minutes".into()].into_iter()).is_err());
    }
}
