//! Which tests a run is about.

use alloc::string::String;

/// Selects tests by name: `timer,=sched::queue::steals`, `-arenas,-=sched::queue::steals`.
///
/// Patterns are separated by commas, and a name is selected when one of them fits: a pattern
/// that begins with `=` is the whole name, any other is a part of it. No pattern selects all. A `-` before a pattern
/// leaves out what it fits, whatever else selects it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    patterns: String,
}

impl Filter {
    /// Makes a filter of its text.
    pub fn new(patterns: &str) -> Self {
        Self {
            patterns: patterns.into(),
        }
    }

    /// True when a test of this name is to run.
    pub fn selects(&self, name: &str) -> bool {
        let is_left_out = self
            .patterns()
            .filter_map(without)
            .any(|pattern| fits(pattern, name));
        let is_asked_for = || self.asking().any(|pattern| fits(pattern, name));
        !is_left_out && (!self.asks() || is_asked_for())
    }

    /// True if it asks for tests by name, and not for all but some.
    pub fn asks(&self) -> bool {
        self.asking().next().is_some()
    }

    fn asking(&self) -> impl Iterator<Item = &str> {
        self.patterns().filter(|pattern| without(pattern).is_none())
    }

    fn patterns(&self) -> impl Iterator<Item = &str> {
        let parts = self.patterns.split(',').map(str::trim);
        parts.filter(|pattern| !pattern.is_empty())
    }
}

/// The pattern of what is left out, if it is one.
fn without(pattern: &str) -> Option<&str> {
    pattern.strip_prefix('-')
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('=') {
        Some(whole) => name == whole,
        None => name.contains(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(patterns: &str) -> Vec<&'static str> {
        let filter = Filter::new(patterns);
        let names = ["time::sleep", "time::sleep_long", "mail::send"];
        names
            .into_iter()
            .filter(|name| filter.selects(name))
            .collect()
    }

    #[test]
    fn no_pattern_selects_all() {
        for patterns in ["", ",", " , "] {
            assert_eq!(selected(patterns).len(), 3, "{patterns:?}");
        }
    }

    #[test]
    fn part_of_a_name_selects() {
        assert_eq!(selected("sleep"), ["time::sleep", "time::sleep_long"]);
        assert_eq!(selected("nothing"), [""; 0]);
    }

    #[test]
    fn whole_name_selects_one() {
        assert_eq!(selected("=time::sleep"), ["time::sleep"]);
        assert_eq!(selected("=sleep"), [""; 0]);
    }

    #[test]
    fn any_of_several_patterns_selects() {
        assert_eq!(
            selected("=time::sleep, mail"),
            ["time::sleep", "mail::send"]
        );
    }

    #[test]
    fn what_is_left_out_is_not_selected() {
        assert_eq!(selected("-sleep"), ["mail::send"]);
        let but_one = ["time::sleep_long", "mail::send"];
        assert_eq!(selected("-=time::sleep"), but_one);
        assert_eq!(selected("sleep,-long"), ["time::sleep"]);
        assert_eq!(selected("-time,-mail"), [""; 0]);
    }

    #[test]
    fn all_but_some_is_no_question_for_one() {
        for (patterns, asks) in [("", false), ("-sleep", false), ("sleep,-long", true)] {
            assert_eq!(Filter::new(patterns).asks(), asks, "{patterns:?}");
        }
    }
}
