//! Pids as people type them: slot and generation with a dot between, as they are shown.

use super::word::Pid;
use core::fmt;
use core::str::FromStr;

/// This text is no pid's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPid;

impl fmt::Display for NotAPid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pid is two numbers with a dot between")
    }
}

impl core::error::Error for NotAPid {}

impl FromStr for Pid {
    type Err = NotAPid;

    fn from_str(text: &str) -> Result<Self, NotAPid> {
        let (index, generation) = text.split_once('.').ok_or(NotAPid)?;
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain(index) || !is_plain(generation) {
            return Err(NotAPid); // `parse` would let a sign pass
        }
        let index = index.parse().map_err(|_| NotAPid)?;
        let generation = generation.parse().map_err(|_| NotAPid)?;
        Self::of_parts(index, generation).ok_or(NotAPid)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn what_is_shown_can_be_read() {
        for pid in [Pid::new(0, 1), Pid::new(12_345, 678_901)] {
            assert_eq!(pid.to_string().parse(), Ok(pid));
        }
    }

    #[test]
    fn what_no_process_can_have_is_refused() {
        let huge = "0.99999999999999999999";
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "1.0",
            "+1.1",
            "1.2.3",
            "x.y",
            "268435456.1",
            huge,
        ] {
            assert_eq!(text.parse::<Pid>(), Err(NotAPid), "{text}");
        }
    }
}
