//! What `test` is asked to do.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use lexopt::{Arg, Parser, ValueExt};

use super::board::{self, Board, Patience};
use super::matrix::{self, Reach};
use super::row::Row;
use crate::error::Error;
use crate::machine::QEMU;

/// What to test, and how.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) filter: Option<String>,
    pub(super) parts: Parts,
    pub(super) rows: Option<String>,
    pub(super) reach: Reach,
    pub(super) repeat: Option<u32>,
    pub(super) seed: Option<u64>,
    pub(super) jobs: Option<usize>,
    pub(super) image: Freshness,
    pub(super) qemu: OsString,
    /// A real board in place of everything else.
    pub(super) port: Option<PathBuf>,
    pub(super) baud: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    Both,
    Host,
    Machine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    Built,
    AsItIs,
}

impl Options {
    pub(super) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut options = Self {
            filter: None,
            parts: Parts::Both,
            rows: None,
            reach: Reach::Chosen,
            repeat: None,
            seed: None,
            jobs: None,
            image: Freshness::Built,
            qemu: QEMU.into(),
            port: None,
            baud: board::BAUD,
        };
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("filter") => options.filter = Some(parser.value()?.string()?),
                Arg::Long("host-only") => options.parts = Parts::Host,
                Arg::Long("machine-only") => options.parts = Parts::Machine,
                Arg::Long("rows") => options.rows = Some(parser.value()?.string()?),
                Arg::Long("all") => options.reach = Reach::EveryCombination,
                Arg::Long("repeat") => options.repeat = Some(parser.value()?.parse()?),
                Arg::Long("seed") => options.seed = Some(parser.value()?.parse()?),
                Arg::Long("jobs") => options.jobs = Some(parser.value()?.parse()?),
                Arg::Long("no-build") => options.image = Freshness::AsItIs,
                Arg::Long("qemu") => options.qemu = parser.value()?,
                Arg::Long("port") => options.port = Some(parser.value()?.into()),
                Arg::Long("baud") => options.baud = parser.value()?.parse()?,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }

    /// The board to ask, if there is one.
    pub(super) fn board(&self) -> Option<Board> {
        let port = self.port.clone()?;
        Some(Board {
            port,
            baud: self.baud,
            filter: self.filter.clone().filter(|filter| !filter.is_empty()),
            patience: Patience::default(),
        })
    }

    /// A filter is about tests inside the machine, so without `--rows` it leaves out rows that
    /// run none.
    pub(super) fn selected_rows(&self) -> Result<Vec<Row>, Error> {
        let mut rows = matrix::rows(self.reach);
        match &self.rows {
            Some(text) => rows.retain(|row| row.name.contains(text)),
            None if self.has_filter() => rows.retain(Row::runs_the_tests),
            None => {}
        }
        if rows.is_empty() {
            let text = self.rows.clone().unwrap_or_default();
            return Err(Error::NoSuchRow(text));
        }
        Ok(rows)
    }

    /// Machines that run at the same time.
    pub(super) fn jobs(&self) -> usize {
        let of_host = || thread::available_parallelism().map_or(1, NonZero::get);
        self.jobs.unwrap_or_else(of_host).max(1)
    }

    pub(super) fn has_filter(&self) -> bool {
        self.filter.as_ref().is_some_and(|text| !text.is_empty())
    }

    /// The boot arguments that ask for these tests.
    pub(super) fn test_arguments(&self) -> String {
        let mut words = match &self.filter {
            Some(filter) => format!("test={filter}"),
            None => "test".to_owned(),
        };
        if let Some(repeat) = self.repeat {
            words.push_str(&format!(" girder.repeat={repeat}"));
        }
        if let Some(seed) = self.seed {
            words.push_str(&format!(" girder.seed={seed}"));
        }
        words
    }
}
