//! `girder-tools`: run, test, debug and build images from the host.
//!
//! Each subcommand is a module with `run`, which takes the words after its name. Nothing here
//! knows the kernel from inside: `machine` says how QEMU is asked for a machine, `image` turns
//! the linked ELF into what boot loaders want, `test` reads the serial report.

mod bench;
mod debug;
mod dtb;
mod error;
mod image;
mod machine;
mod options;
mod run;
mod soak;
mod test;
mod workspace;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use error::Error;
use workspace::Workspace;

const USAGE: &str = "\
usage: girder-tools COMMAND [OPTIONS]

  image  [--board virt] [WHAT]              build dist/Image and dist/girder.elf
  run    [MACHINE] [WHAT] [-- QEMU ...]     boot an image with the serial line on this terminal
  debug  [MACHINE] [WHAT]                   boot it stopped, with gdb-multiarch attached
  test   [TEST OPTIONS]                     host tests, then the machine matrix
  bench  [BENCH OPTIONS]                    the image's benchmarks, in instructions per operation
  soak   [--minutes 60] [MACHINE] [WHAT]    mixed work at its prompt, until something fails or the time is up
  dtb    FILE                               what Girder makes of a device tree, as JSON

MACHINE: --board virt  --smp 8  --cpu neoverse-n1  --memory 1G  --el2  --args BOOTARGS
         --icount SHIFT  --qemu PROGRAM

WHAT, in place of the stock image: --example NAME (of kernel/examples)
         --manifest-path PATH (the Cargo.toml of an application)

BENCH OPTIONS:
  FILTER[:COUNT]    only benchmarks whose name contains FILTER (or is it), so many operations each
  --write           make this run's figures the baseline; with --count, write the page of hot paths
  --count           count cache lines, atomics, barriers and system registers instead; FILTER is a name
  --no-build        boot dist/Image as it is
  --qemu PROGRAM    instead of qemu-system-aarch64

TEST OPTIONS:
  --filter TEXT     only tests whose name contains TEXT (inside the machine also A,B and =NAME)
  --host-only       no machine;  --machine-only: no host test
  --rows TEXT       only rows of the matrix whose name contains TEXT
  --all             every combination of cores, level and cpu as well
  --repeat N        run the tests inside the machine N times
  --seed N          the seed they draw from
  --jobs N          rows at a time (default: as many as keep this host busy)
  --no-build        boot dist/Image as it is
  --qemu PROGRAM    instead of qemu-system-aarch64
  --port DEVICE     only a real board, at the end of this serial line;  --baud N (default 115200)
";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    match dispatch(&command.to_string_lossy(), arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("girder-tools: {error}");
            error.exit_code()
        }
    }
}

fn dispatch(command: &str, arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Error> {
    let workspace = Workspace::of_this_build();
    match command {
        "image" => image::run(&workspace, arguments),
        "run" => run::run(&workspace, arguments),
        "debug" => debug::run(&workspace, arguments),
        "soak" => soak::run(&workspace, arguments),
        "dtb" => Ok(dtb::run(arguments)),
        "test" => test::run(&workspace, arguments),
        "bench" => bench::run(&workspace, arguments),
        "help" | "--help" | "-h" | "" => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Error::UnknownCommand(other.to_owned())),
    }
}
