//! One line of a benchmark's report: `NAME N ops, T ns, X ns/op`, or bytes in place of ns.
//!
//! A baseline is a file of such lines, as the machine has printed them.

use std::fmt;

/// What a benchmark has measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(super) ops: u64,
    /// Or bytes.
    pub(super) nanos: u64,
    pub(super) unit: &'static str,
}

impl Figure {
    /// Reads a line, if it is one. What each operation took is computed, not read.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[name, ops, "ops,", nanos, unit, each, per] = words.as_slice() else {
            return None;
        };
        let unit = match (unit, per) {
            ("ns,", "ns/op") => "ns",
            ("bytes,", "bytes/op") => "bytes",
            _ => return None,
        };
        each.parse::<f64>().ok()?;
        Some(Self {
            name: name.to_owned(),
            ops: ops.parse().ok().filter(|&ops| ops > 0)?,
            nanos: nanos.parse().ok()?,
            unit,
        })
    }

    /// All figures of a report, in its order.
    pub(super) fn all_in(report: &str) -> Vec<Self> {
        report.lines().filter_map(Self::parse).collect()
    }

    /// Hundredths of a nanosecond that an operation takes.
    pub(crate) fn hundredths(&self) -> u64 {
        let hundredths = u128::from(self.nanos) * 100 / u128::from(self.ops);
        u64::try_from(hundredths).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            ops,
            nanos,
            unit,
        } = self;
        let (whole, rest) = (self.hundredths() / 100, self.hundredths() % 100);
        write!(
            f,
            "{name} {ops} ops, {nanos} {unit}, {whole}.{rest:02} {unit}/op"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_as_it_was_read() {
        for line in [
            "yield 1000000 ops, 60180006 ns, 60.18 ns/op",
            "idle_memory 1000000 ops, 60180006 bytes, 60.18 bytes/op",
        ] {
            let figure = Figure::parse(line).expect("a figure");
            assert_eq!((figure.ops, figure.hundredths()), (1_000_000, 6018));
            assert_eq!(figure.to_string(), line);
        }
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "",
            "boot: 669 us to prompt",
            "yield 1 ops, 2 ns, 2.00 ns/op extra",
            "yield 0 ops, 2 ns, 2.00 ns/op",
            "yield -1 ops, 2 ns, 2.00 ns/op",
            "idle_memory 1 ops, 2 bytes, 2.00 ns/op",
        ] {
            assert_eq!(Figure::parse(line), None, "{line}");
        }
    }
}
