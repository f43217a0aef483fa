//! One boot argument, and how each kind of value is read.

use super::complaint::{Complaint, Expected, Using};
use super::{BenchChoice, CORES_MAX, ConsoleChoice, Deployment, Mode, OnPanic, Read};
use crate::shell::CrashKind;
use crate::words::unquote;
use core::num::NonZeroU32;

/// `name`, `name=value`, `name="a value"` or `"name=a value"`.
#[derive(Clone, Copy)]
pub(super) struct Argument<'a> {
    pub(super) raw: &'a str,
    pub(super) name: &'a str,
    value: Option<&'a str>,
}

impl<'a> Argument<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        let whole = unquote(raw);
        let (name, value) = match whole.split_once('=') {
            Some((name, value)) => (name, Some(unquote(value))),
            None => (whole, None),
        };
        Self { raw, name, value }
    }

    /// The value; empty where none is given.
    pub(super) fn text(&self) -> &'a str {
        self.value.unwrap_or("")
    }

    pub(super) fn mode(&self) -> Read<'a, Mode<'a>> {
        match (self.name, self.value) {
            ("test", _) => (Mode::Test(self.text()), Ok(())),
            ("bench", _) => {
                let (choice, outcome) = self.bench();
                (Mode::Bench(choice), outcome)
            }
            ("run", Some(program)) if !program.is_empty() => (Mode::Run(program), Ok(())),
            ("run", _) => self.wrong(Mode::Shell, Expected::Program, "the shell"),
            (_, None) => (Mode::Shell, Ok(())),
            (_, Some(_)) => self.wrong(Mode::Shell, Expected::NoValue, "the shell"),
        }
    }

    /// A name may be a path, so a count follows one colon, not two.
    fn bench(&self) -> Read<'a, BenchChoice<'a>> {
        let all_of = |filter| BenchChoice {
            filter,
            count: None,
        };
        let text = self.text();
        match text.rsplit_once(':') {
            Some((filter, count)) if !filter.ends_with(':') => match parse_number(count) {
                Some(count) => (
                    BenchChoice {
                        filter,
                        count: Some(count),
                    },
                    Ok(()),
                ),
                None => self.wrong(all_of(filter), Expected::Count, "the usual count"),
            },
            _ => (all_of(text), Ok(())),
        }
    }

    pub(super) fn number(&self, default: u32, least: u32, most: u32) -> Read<'a, u32> {
        match self.number_within(least, most) {
            Some(number) => (number, Ok(())),
            None => self.wrong(default, Expected::Number { least, most }, default),
        }
    }

    /// A number that remembers whether it was asked for; `default` is what holds otherwise.
    pub(super) fn optional(&self, default: u32, least: u32, most: u32) -> Read<'a, Option<u32>> {
        let (number, outcome) = self.number(default, least, most);
        (outcome.is_ok().then_some(number), outcome)
    }

    pub(super) fn cores(&self) -> Read<'a, Option<NonZeroU32>> {
        let (least, most) = (1, CORES_MAX);
        match self.number_within(least, most).and_then(NonZeroU32::new) {
            Some(cores) => (Some(cores), Ok(())),
            None => self.wrong(None, Expected::Number { least, most }, "all"),
        }
    }

    fn number_within(&self, least: u32, most: u32) -> Option<u32> {
        let number = u32::try_from(parse_number(self.text())?).ok()?;
        (least..=most).contains(&number).then_some(number)
    }

    pub(super) fn seed(&self) -> Read<'a, Option<u64>> {
        match parse_number(self.text()) {
            Some(seed) => (Some(seed), Ok(())),
            None => self.wrong(None, Expected::Seed, "none"),
        }
    }

    pub(super) fn switch(&self, default: bool) -> Read<'a, bool> {
        match self.text() {
            "on" => (true, Ok(())),
            "off" => (false, Ok(())),
            _ => {
                let using = if default { "on" } else { "off" };
                self.wrong(default, Expected::OneOf("on or off"), using)
            }
        }
    }

    pub(super) fn deployment(&self) -> Read<'a, Option<Deployment>> {
        match self.text() {
            "single" => (Some(Deployment::Single), Ok(())),
            "shared" => (Some(Deployment::Shared), Ok(())),
            "message" => (Some(Deployment::Message), Ok(())),
            _ => self.wrong(
                None,
                Expected::OneOf("single, shared or message"),
                "the default",
            ),
        }
    }

    pub(super) fn on_panic(&self) -> Read<'a, Option<OnPanic>> {
        match self.text() {
            "halt" => (Some(OnPanic::Halt), Ok(())),
            "reset" => (Some(OnPanic::Reset), Ok(())),
            "off" => (Some(OnPanic::Off), Ok(())),
            _ => self.wrong(
                None,
                Expected::OneOf("halt, reset or off"),
                "off in test and bench mode, else halt",
            ),
        }
    }

    /// As the shell's command has it; only a core can be lost so early.
    pub(super) fn crash(&self) -> Read<'a, Option<(CrashKind, u32)>> {
        let crash = self.text().split_once('@').and_then(|(name, core)| {
            let kind = CrashKind::by_name(name).filter(|kind| kind.is_of_a_core())?;
            Some((kind, u32::try_from(parse_number(core)?).ok()?))
        });
        match crash {
            Some(crash) => (Some(crash), Ok(())),
            None => self.wrong(None, Expected::Crash, "none"),
        }
    }

    /// The address is hexadecimal with or without `0x`, as in the name of the tree's node.
    pub(super) fn console(&self) -> Read<'a, Option<ConsoleChoice<'a>>> {
        let text = self.text();
        if text.starts_with('/') {
            return (Some(ConsoleChoice::Path(text)), Ok(()));
        }
        let address = text
            .strip_prefix("pl011@")
            .map(|digits| digits.strip_prefix("0x").unwrap_or(digits))
            .and_then(|digits| parse_digits(digits, 16))
            .filter(|address| *address != 0 && address.is_multiple_of(4));
        match address {
            Some(address) => (Some(ConsoleChoice::Pl011(address)), Ok(())),
            None => self.wrong(None, Expected::Console, "the machine's own"),
        }
    }

    fn wrong<T>(&self, default: T, expected: Expected, using: impl Into<Using>) -> Read<'a, T> {
        let complaint = Complaint::WrongValue {
            name: self.name,
            value: self.text(),
            expected,
            using: using.into(),
        };
        (default, Err(complaint))
    }
}

/// Reads a number in decimal, or in hexadecimal behind `0x`.
pub fn parse_number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => parse_digits(digits, 16),
        None => parse_digits(text, 10),
    }
}

/// The library's parser, less the sign that it takes.
fn parse_digits(digits: &str, radix: u32) -> Option<u64> {
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}
