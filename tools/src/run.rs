//! `run`: the image on a machine of QEMU, with the serial line on this terminal.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::error::Error;
use crate::image;
use crate::machine::{Serial, shell_line};
use crate::options::MachineOptions;
use crate::workspace::Workspace;

/// Builds what changed, then becomes QEMU, so that nothing stands between it and the terminal.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let options = MachineOptions::parse(arguments)?;
    let products = image::build_to_run(workspace, &options.source)?;
    let mut words = options
        .machine
        .arguments(&options.boot(&products), &Serial::Terminal);
    words.extend(options.extra);
    eprintln!("{}", shell_line(&options.qemu, &words));
    eprintln!("(`poweroff` or Ctrl-A X leaves)");
    let cause = Command::new(&options.qemu).args(words).exec();
    Err(Error::Start {
        program: options.qemu,
        cause,
    })
}
