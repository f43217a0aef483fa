//! Options that `run` and `debug` share: what boots, on which machine, and with which boot arguments.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

use crate::error::Error;
use crate::image::{Source, SourceOption};
use crate::machine::{Board, Boot, Level, Machine, QEMU, Start};
use crate::workspace::Products;

/// A machine as the command line describes it.
pub(crate) struct MachineOptions {
    pub(crate) machine: Machine,
    pub(crate) source: Source,
    pub(crate) bootargs: String,
    pub(crate) qemu: OsString,
    /// Words after `--`, for QEMU.
    pub(crate) extra: Vec<OsString>,
}

impl MachineOptions {
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut options = Self {
            machine: Machine::default(),
            source: Source::default(),
            bootargs: String::new(),
            qemu: QEMU.into(),
            extra: Vec::new(),
        };
        let mut cores = None;
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("board") => {
                    options.machine.board = check_board(&parser.value()?.string()?)?;
                }
                Arg::Long("smp") => cores = Some(parser.value()?.parse()?),
                Arg::Long("cpu") => options.machine.cpu = parser.value()?.string()?,
                Arg::Long("memory") => options.machine.memory = parser.value()?.string()?,
                Arg::Long("el2") => options.machine.level = Level::El2,
                Arg::Long("icount") => {
                    options.machine.icount_shift = Some(parser.value()?.parse()?);
                }
                Arg::Long("args") => options.bootargs = parser.value()?.string()?,
                Arg::Long("qemu") => options.qemu = parser.value()?,
                Arg::Value(word) => options.extra.push(word),
                other => match SourceOption::of(other) {
                    Ok(option) => options.source.take(option, &mut parser)?,
                    Err(other) => return Err(other.unexpected().into()),
                },
            }
        }
        let has = options.machine.board.fixed_cores();
        match (has, cores) {
            (Some(has), Some(wanted)) if wanted != has => return Err(Error::FixedCores(has)),
            (Some(cores), _) | (None, Some(cores)) => options.machine.cores = cores,
            (None, None) => {}
        }
        Ok(options)
    }

    /// These products with these boot arguments.
    pub(crate) fn boot(&self, products: &Products) -> Boot {
        Boot {
            start: Start::Kernel(products.image()),
            tree: None,
            bootargs: self.bootargs.clone(),
        }
    }
}

/// Reads a board's name; refuses one that has no image yet.
pub(crate) fn check_board(name: &str) -> Result<Board, Error> {
    Board::by_name(name).ok_or_else(|| Error::UnknownBoard(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<MachineOptions, Error> {
        MachineOptions::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn words_after_two_dashes_go_to_qemu() {
        let options = parse("--smp 3 --el2 --cpu max -- -d int --smp").unwrap_or_else(|error| {
            panic!("{error}");
        });
        assert_eq!(options.machine.cores, 3);
        assert_eq!(options.machine.level, Level::El2);
        assert_eq!(options.machine.cpu, "max");
        assert_eq!(options.extra, ["-d", "int", "--smp"]);
    }

    #[test]
    fn a_board_with_fixed_cores_takes_no_other_number() {
        for line in ["--board rpi4", "--smp 4 --board rpi4"] {
            let options = parse(line).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(options.machine.board, Board::RaspberryPi4);
            assert_eq!(options.machine.cores, 4);
        }
        assert!(matches!(
            parse("--board rpi3 --smp 2"),
            Err(Error::FixedCores(4))
        ));
    }

    #[test]
    fn a_board_without_an_image_is_refused_with_those_that_have_one() {
        let Err(error) = parse("--board rpi5") else {
            panic!("accepted");
        };
        assert_eq!(
            error.to_string(),
            "board `rpi5` is not supported; supported now: virt, rpi3, rpi4"
        );
    }

    #[test]
    fn one_thing_boots() {
        let source = |line| parse(line).map(|options| options.source);
        assert!(matches!(source("--smp 2"), Ok(Source::Stock)));
        assert!(matches!(source("--example ring"), Ok(Source::Example(name)) if name == "ring"));
        assert!(matches!(
            source("--example ring --manifest-path ../app/Cargo.toml"),
            Err(Error::TwoSources)
        ));
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        assert!(parse("--smp eight").is_err());
        assert!(parse("--smp").is_err());
        assert!(parse("--unknown").is_err());
    }
}
