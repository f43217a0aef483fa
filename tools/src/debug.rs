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
use crate::workspace::{Products, Workspace};

pub(crate) const GDB: &str = "gdb-multiarch";
/// With hundreds of cores QEMU takes some seconds to answer.
const PATIENCE: &str = "set remotetimeout 60";

/// Builds what changed, then becomes gdb.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let options = MachineOptions::parse(arguments)?;
    let products = image::build_to_run(workspace, &options.source)?;
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
    let mut words = options.machine.arguments(&options.boot(&products), &serial);
    words.extend(options.extra);
    let board = options.machine.board;
    let cause = Command::new(GDB)
        .args(gdb_arguments(&products, board, &options.qemu, words))
        .exec();
    Err(Error::Start {
        program: GDB.into(),
        cause,
    })
}

/// What gdb is told: the symbols, and how to start this machine, stopped, at the other end of a pipe.
pub(crate) fn gdb_arguments(
    products: &Products,
    board: Board,
    qemu: &OsString,
    mut machine: Vec<OsString>,
) -> Vec<OsString> {
    machine.extend(["-S", "-gdb", "stdio"].map(OsString::from));
    let attach = format!("target remote | exec {}", shell_line(qemu, &machine));
    let commands = [
        "set confirm off".to_owned(),
        PATIENCE.to_owned(),
        symbols(products, board),
        attach,
    ];
    let commands = commands.into_iter().flat_map(command);
    ["-q".into()].into_iter().chain(commands).collect()
}

/// Has gdb do this.
pub(crate) fn command(words: impl Into<OsString>) -> [OsString; 2] {
    ["-ex".into(), words.into()]
}

/// Loads the symbols where the image will be.
fn symbols(products: &Products, board: Board) -> String {
    let file = products.elf();
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
        let products = Workspace::at("/w").dist();
        let line = |board| symbols(&products, board);
        assert_eq!(line(Board::Virt), "file /w/dist/girder.elf");
        assert_eq!(
            line(Board::RaspberryPi3),
            "symbol-file -o 0xffffffffc0000000 /w/dist/girder.elf"
        );
    }
}
