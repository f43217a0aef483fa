//! What a log record must pass to be printed, and how its line looks.
//!
//! The logger itself (the console, its lock, the clock) stands outside; it asks [`LogFilter`]
//! and prints a [`Record`] through a [`LineBuffer`](crate::line_buffer::LineBuffer), so that one
//! record is one line whatever is in it.

use core::fmt;

pub use log::{Level, LevelFilter};

/// Modules that can have a level of their own; further ones are a [`FilterProblem::TooMany`].
pub const RULES_MAX: usize = 16;
/// The level of modules that no rule names.
pub const DEFAULT_LEVEL: LevelFilter = LevelFilter::Info;

/// Decides which records are printed: `info,girder_boot=debug,sched=trace`.
///
/// A rule names a module by its path, whose first part (the package) may be left out: `sched`
/// stands for `girder_core::sched` and all below. Of several rules that match, the one that
/// reaches deepest into the record's path wins; of equals, the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFilter<'a> {
    level: LevelFilter,
    rules: [Option<Rule<'a>>; RULES_MAX],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule<'a> {
    module: &'a str,
    level: LevelFilter,
}

/// A part of the filter's text that is of no use; the rest of it holds all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterProblem<'a> {
    /// Neither `LEVEL` nor `MODULE=LEVEL`.
    NotARule(&'a str),
    /// A rule beyond [`RULES_MAX`].
    TooMany(&'a str),
}

impl<'a> LogFilter<'a> {
    /// Makes a filter that has one level for everything.
    pub const fn at(level: LevelFilter) -> Self {
        Self {
            level,
            rules: [None; RULES_MAX],
        }
    }

    /// Reads a filter; parts of no use go to `complain` and are left out.
    pub fn parse(text: &'a str, complain: &mut dyn FnMut(FilterProblem<'a>)) -> Self {
        let mut filter = Self::default();
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            if let Err(problem) = filter.add(part) {
                complain(problem);
            }
        }
        filter
    }

    fn add(&mut self, part: &'a str) -> Result<(), FilterProblem<'a>> {
        let not_a_rule = |_| FilterProblem::NotARule(part);
        let Some((module, level)) = part.split_once('=') else {
            self.level = part.parse().map_err(not_a_rule)?;
            return Ok(());
        };
        let level = level.trim().parse().map_err(not_a_rule)?;
        let module = module.trim();
        if module.is_empty() {
            return Err(FilterProblem::NotARule(part));
        }
        let free = self.rules.iter_mut().find(|rule| rule.is_none());
        *free.ok_or(FilterProblem::TooMany(part))? = Some(Rule { module, level });
        Ok(())
    }

    /// The most talkative level that any module has: the bound for `log::set_max_level`.
    pub fn most_talkative(&self) -> LevelFilter {
        let levels = self.rules.iter().flatten().map(|rule| rule.level);
        levels.fold(self.level, Ord::max)
    }

    /// True when a record of this level from this module is to be printed.
    pub fn passes(&self, module: &str, level: Level) -> bool {
        level <= self.level_of(module)
    }

    fn level_of(&self, module: &str) -> LevelFilter {
        let rules = self.rules.iter().flatten();
        let matches = rules.filter_map(|rule| Some((rule.reach(module)?, rule.level)));
        // `max_by_key` returns the last of equals.
        let deepest = matches.max_by_key(|(reach, _)| *reach);
        deepest.map_or(self.level, |(_, level)| level)
    }
}

impl Rule<'_> {
    /// How many bytes of `path` lie within this rule's module, or `None` outside of it.
    fn reach(&self, path: &str) -> Option<usize> {
        let after_package = path.find("::").map(|at| at + "::".len());
        let starts = [Some(0), after_package];
        starts.into_iter().flatten().find_map(|start| {
            let below = path[start..].strip_prefix(self.module)?;
            let is_whole_part = below.is_empty() || below.starts_with("::");
            is_whole_part.then_some(path.len() - below.len())
        })
    }
}

impl Default for LogFilter<'_> {
    fn default() -> Self {
        Self::at(DEFAULT_LEVEL)
    }
}

impl fmt::Display for FilterProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARule(part) => {
                write!(
                    f,
                    "girder.log: `{part}` is not LEVEL or MODULE=LEVEL, ignored"
                )
            }
            Self::TooMany(part) => {
                write!(
                    f,
                    "girder.log: more than {RULES_MAX} modules, `{part}` ignored"
                )
            }
        }
    }
}

/// One record: `[   12.345678] c3 WARN module: text`.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Time since boot.
    pub at_us: u64,
    /// The core that speaks.
    pub core: u32,
    /// How urgent it is.
    pub level: Level,
    /// The module that speaks.
    pub module: &'a str,
    /// What it says.
    pub text: fmt::Arguments<'a>,
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.at_us / 1_000_000, self.at_us % 1_000_000);
        let Self {
            core,
            level,
            module,
            text,
            ..
        } = self;
        write!(
            f,
            "[{seconds:5}.{micros:06}] c{core} {level} {module}: {text}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line_buffer::LineBuffer;
    use proptest::prelude::*;

    fn clean(text: &str) -> LogFilter<'_> {
        LogFilter::parse(text, &mut |problem| panic!("{problem}"))
    }

    #[test]
    fn without_rules_info_passes_and_debug_does_not() {
        let filter = clean("");
        assert!(filter.passes("girder_core::sched", Level::Info));
        assert!(!filter.passes("girder_core::sched", Level::Debug));
    }

    #[test]
    fn deepest_rule_wins_whatever_the_order() {
        for text in [
            "warn,girder_core=info,girder_core::sched=trace",
            "girder_core::sched=trace,girder_core=info,warn",
            "sched=trace,girder_core=info,WARN",
        ] {
            let filter = clean(text);
            assert_eq!(
                filter.level_of("girder_core::sched::queue"),
                LevelFilter::Trace
            );
            assert_eq!(filter.level_of("girder_core::mail"), LevelFilter::Info);
            assert_eq!(filter.level_of("girder_boot"), LevelFilter::Warn);
            assert_eq!(filter.most_talkative(), LevelFilter::Trace);
        }
    }

    #[test]
    fn later_of_equal_rules_wins() {
        assert_eq!(clean("a=trace,a=off").level_of("a"), LevelFilter::Off);
    }

    #[test]
    fn half_a_name_does_not_match() {
        let filter = clean("error,girder=trace,sch=trace");
        assert_eq!(filter.level_of("girder_core::sched"), LevelFilter::Error);
    }

    #[test]
    fn off_silences_a_module() {
        assert!(!clean("noisy=off").passes("noisy", Level::Error));
    }

    #[test]
    fn useless_parts_are_named_and_the_rest_holds() {
        let mut problems = vec![];
        let filter = LogFilter::parse("debug,a=loud,=info,very", &mut |problem| {
            problems.push(problem.to_string());
        });
        assert_eq!(filter, LogFilter::at(LevelFilter::Debug));
        assert_eq!(
            problems,
            ["a=loud", "=info", "very"]
                .map(|part| format!("girder.log: `{part}` is not LEVEL or MODULE=LEVEL, ignored"))
        );
    }

    #[test]
    fn rules_beyond_the_bound_are_named() {
        let mut text = "m=info,".repeat(RULES_MAX);
        text.push_str("last=trace");
        let mut problems = vec![];
        LogFilter::parse(&text, &mut |problem| problems.push(problem));
        assert_eq!(problems, [FilterProblem::TooMany("last=trace")]);
    }

    #[test]
    fn record_is_one_line_with_time_core_level_and_module() {
        let record = Record {
            at_us: 12_345_678,
            core: 3,
            level: Level::Warn,
            module: "girder_boot",
            text: format_args!("late\nby {} us", 7),
        };
        assert_eq!(
            LineBuffer::<80>::of(record).as_str(),
            r"[   12.345678] c3 WARN girder_boot: late\nby 7 us"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter(text in any::<String>(), path in "[a-z:é]{0,20}") {
            let filter = LogFilter::parse(&text, &mut |_| ());
            prop_assert!(filter.level_of(&path) <= filter.most_talkative());
        }
    }
}
