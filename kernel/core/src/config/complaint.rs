//! What boot arguments can have wrong, in words.

use crate::logging::FilterProblem;
use core::fmt;

/// Something in the boot arguments that was not followed as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint<'a> {
    /// Nothing of ours; ignored.
    Unknown(&'a str),
    /// A value that the argument can't have.
    WrongValue {
        /// The argument.
        name: &'a str,
        /// Its value.
        value: &'a str,
        /// What it should have been.
        expected: Expected,
        /// What holds in its place.
        using: Using,
    },
    /// The arguments end before the quote does.
    UnclosedQuote(&'a str),
    /// A part of `girder.log`.
    Log(FilterProblem<'a>),
}

/// What a value should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A number within bounds.
    Number {
        /// The lowest right one.
        least: u32,
        /// The highest right one.
        most: u32,
    },
    /// Any number of 64 bits.
    Seed,
    /// A number behind the name of a benchmark.
    Count,
    /// One of these words.
    OneOf(&'static str),
    /// The name of a program.
    Program,
    /// A path in the tree or `pl011@ADDRESS`.
    Console,
    /// A kind of crash and a core.
    Crash,
    /// Nothing at all.
    NoValue,
}

/// What holds in place of a wrong value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Using {
    /// This number.
    Number(u32),
    /// What these words describe.
    Words(&'static str),
}

impl<'a> From<FilterProblem<'a>> for Complaint<'a> {
    fn from(problem: FilterProblem<'a>) -> Self {
        Self::Log(problem)
    }
}

impl From<u32> for Using {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<&'static str> for Using {
    fn from(words: &'static str) -> Self {
        Self::Words(words)
    }
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => write!(f, "unknown argument `{word}` ignored"),
            Self::WrongValue {
                name,
                value,
                expected,
                using,
            } => write!(f, "{name}={value} {expected}, using {using}"),
            Self::UnclosedQuote(word) => write!(f, "`{word}` opens a quote that never ends"),
            Self::Log(problem) => problem.fmt(f),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { least, most } => write!(f, "is not a number from {least} to {most}"),
            Self::Seed => f.write_str("is not a number of 64 bits"),
            Self::Count => f.write_str("does not end in a count"),
            Self::OneOf(words) => write!(f, "is not {words}"),
            Self::Program => f.write_str("names no program"),
            Self::Console => f.write_str("is neither a path in the device tree nor pl011@ADDRESS"),
            Self::Crash => f.write_str("is not a kind of crash and a core, such as panic@3"),
            Self::NoValue => f.write_str("takes no value"),
        }
    }
}

impl fmt::Display for Using {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Words(words) => f.write_str(words),
        }
    }
}
