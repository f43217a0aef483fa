//! `bench`: the image's benchmarks on one core that counts its instructions.
//!
//! With `-icount shift=0` an instruction takes a nanosecond of the machine's own time, so what the
//! benchmarks print as ns/op are instructions per operation, and the same in every run.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::error::Error;
use crate::run;
use crate::workspace::Workspace;

/// One core of the kind that the peers' figures were taken on.
const MACHINE: [&str; 6] = ["--smp", "1", "--cpu", "neoverse-n1", "--icount", "0"];

/// Runs the benchmarks whose name contains the first word, or all.
pub(crate) fn run(
    workspace: &Workspace,
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let mut bootargs = OsString::from("bench");
    if let Some(filter) = arguments.next() {
        bootargs.push("=");
        bootargs.push(filter);
    }
    let words = MACHINE.map(OsString::from).into_iter();
    run::run(
        workspace,
        words.chain(["--args".into(), bootargs]).chain(arguments),
    )
}
