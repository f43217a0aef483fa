//! `debug`: the image stopped at its first instruction, with gdb attached.
//!
//! gdb starts QEMU itself and talks to it through a pipe, so there is no port to choose or to
//! clash on, and leaving gdb ends the machine. On `virt` an image loads where the ELF is linked; on
//! other boards the symbols are moved.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::error::Error;
use crate::image;
use crate::machine::{Board, Serial, shell_line};
use crate::options::MachineOptions;
use crate::workspace::Workspace;

const GDB: &str = "gdb-multiarch";
/// With hundreds of cores QEMU takes some seconds to answer.
const PATIENCE: &str = "set remotetimeout 60";

/// Builds what changed, then becomes gdb.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let options = MachineOptions::parse(arguments)?;
    image::build(workspace)?;
    let folder = workspace.path("build");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let socket = folder.join("debug-serial.socket");
    let log = folder.join("debug-serial.log");
    eprintln!("serial output goes to {}", workspace.short(&log));
    eprintln!(
        "to type at it: socat -,rawer,escape=0x1d UNIX-CONNECT:{}",
        workspace.short(&socket)
    );
    let serial = Serial::Socket { path: socket, log };
    let mut words = options.machine.arguments(&options.boot(workspace), &serial);
    words.extend(options.extra);
    words.extend(["-S", "-gdb", "stdio"].map(OsString::from));
    let attach = format!("target remote | exec {}", shell_line(&options.qemu, &words));
    let cause = Command::new(GDB)
        .arg("-q")
        .args([
            "-ex",
            "set confirm off",
            "-ex",
            PATIENCE,
            "-ex",
            &symbols(workspace, options.machine.board),
        ])
        .args(["-ex", &attach])
        .exec();
    Err(Error::Start {
        program: GDB.into(),
        cause,
    })
}

/// Loads the symbols where the image will be.
fn symbols(workspace: &Workspace, board: Board) -> String {
    let file = workspace.elf();
    match board {
        Board::Virt => format!("file {}", file.display()),
        // The arithmetic is modulo 2^64.
        _ => {
            let distance = image::RASPBERRY_PI.wrapping_sub(image::VIRT);
            format!("symbol-file -o {distance:#x} {}", file.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_lie_where_the_board_has_the_image() {
        let workspace = Workspace::at("/w");
        let line = |board| symbols(&workspace, board);
        assert_eq!(line(Board::Virt), "file /w/dist/girder.elf");
        assert_eq!(
            line(Board::RaspberryPi3),
            "symbol-file -o 0xffffffffc0000000 /w/dist/girder.elf"
        );
    }
}
