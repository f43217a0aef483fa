//! A row in which gdb looks at the machine, as `debug` has it: every core is a thread, with its backtrace.
//!
//! gdb starts the emulator itself, stops it where all cores have come up, and tells what it sees.

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use super::guest::{Guest, leash};
use super::outcome::{Outcome, Reason};
use super::row::{Row, Site};
use super::wire::{Heard, Quiet};
use crate::debug::{GDB, command, gdb_arguments};
use crate::error::Error;
use crate::machine::{Serial, shell_line};

/// Here the boot core comes when all others are up.
const ALL_UP: &str = "girder_boot::start::run_loop";
/// And here the others are, whatever they do.
const LOOP_OF_OTHERS: &str = " girder_boot::attend::secondary_core ";

/// What gdb was asked, and what it said.
pub(super) struct Session {
    pub(super) command: String,
    pub(super) said: String,
    pub(super) outcomes: Vec<Outcome>,
}

/// Has gdb look at a row's machine.
pub(super) fn examine(row: &Row, site: &Site<'_>) -> Result<Session, Error> {
    let boot = row.boot(site)?;
    let serial = Serial::File(site.log_path(&format!("{}-serial.log", row.name)));
    let machine = row.machine.arguments(&boot, &serial);
    // The emulator must not outlive gdb, which may have to be ended.
    let (program, mut words) = leash(&site.qemu);
    words.extend(machine);
    let asked = [
        &format!("break {ALL_UP}"),
        "continue",
        "info threads",
        "thread apply all bt",
        "kill",
    ];
    let asked = asked.into_iter().flat_map(command);
    let arguments = gdb_arguments(&site.workspace.dist(), row.machine.board, &program, words);
    let quietly = ["-batch", "-nx"].map(OsString::from).into_iter();
    let arguments: Vec<_> = quietly.chain(arguments).chain(asked).collect();
    let gdb = OsString::from(GDB);
    let mut session = Session {
        command: shell_line(&gdb, &arguments),
        said: String::new(),
        outcomes: Vec::new(),
    };
    let guest = Guest::start(&gdb, &arguments).map_err(Error::start(&gdb))?;
    let is_over = listen(&guest, row.time_limit, &mut session.said);
    session.outcomes = judge(&session.said, row.machine.cores);
    if !is_over {
        let reason = Reason::OutOfTime(row.time_limit);
        session.outcomes.push(Outcome::failed("run", reason));
    }
    Ok(session)
}

/// True if there is no gdb here.
pub(super) fn is_missing() -> bool {
    let asked = Command::new(GDB).arg("--version").output();
    asked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Keeps everything that gdb says; true if it came to its end.
fn listen(guest: &Guest, limit: Duration, said: &mut String) -> bool {
    let start = Instant::now();
    loop {
        match guest.hear(limit.saturating_sub(start.elapsed())) {
            Ok(Heard::Serial(bytes) | Heard::Emulator(bytes)) => {
                said.push_str(&String::from_utf8_lossy(&bytes));
            }
            Err(Quiet::Closed) => return true,
            Err(Quiet::TimeIsUp) => return false,
        }
    }
}

/// Each core is in the list of threads once, and each but the boot core in the loop of the others.
fn judge(said: &str, cores: u32) -> Vec<Outcome> {
    let stopped = said.split_once(&format!("hit Breakpoint 1, {ALL_UP}"));
    let after = stopped.map_or("", |(_, after)| after);
    let (list, traces) = after.split_once("\n\n").unwrap_or((after, ""));
    let is_listed = |core: &u32| {
        let text = format!(" (CPU#{core} ");
        list.lines().filter(|line| line.contains(&text)).count() == 1
    };
    let listed = (0..cores).filter(is_listed).count() as u32;
    let others = traces.matches(LOOP_OF_OTHERS).count() as u32;
    let outcome = |name, is_met, text| match is_met {
        true => Outcome::passed(name),
        false => Outcome::failed(name, Reason::Missing(text)),
    };
    vec![
        outcome("it stops where it is told to", stopped.is_some(), ALL_UP),
        outcome("all cores are threads", listed == cores, "CPU#"),
        outcome(
            "each has its backtrace",
            others + 1 == cores,
            LOOP_OF_OTHERS,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Breakpoint 1 at 0x21bd64\n\n\
        Thread 1 hit Breakpoint 1, girder_boot::start::run_loop (rest=1) at start.rs:253\n\
        * 1    Thread 1.1 (CPU#0 [running]) girder_boot::start::run_loop (rest=1)\n  \
        2    Thread 1.2 (CPU#1 [halted ]) 0x4 in aarch64_cpu::asm::wfi ()\n\n\
        Thread 2 (Thread 1.2 (CPU#1 [halted ])):\n\
        #0  0x4 in aarch64_cpu::asm::wfi ()\n\
        #1  0x8 in girder_boot::attend::secondary_core (block=3) at attend.rs:9\n";

    fn verdicts(said: &str, cores: u32) -> Vec<bool> {
        judge(said, cores).iter().map(Outcome::is_passed).collect()
    }

    #[test]
    fn every_core_has_to_be_a_thread_with_its_backtrace() {
        assert_eq!(verdicts(SAID, 2), [true, true, true]);
        assert_eq!(verdicts(SAID, 3), [true, false, false]);
        assert_eq!(
            verdicts(&SAID.replace("CPU#1", "CPU#0"), 2),
            [true, false, true]
        );
        assert_eq!(verdicts("Connection refused.\n", 2), [false, false, false]);
    }
}
