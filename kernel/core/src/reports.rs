//! Tables that the shell prints, in one shape on every machine.

use crate::sched::Statistics;
use core::fmt;

/// One row of `cores`; [`CoreLine::HEADING`] comes before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreLine<'a> {
    /// Its number here.
    pub id: u32,
    /// Its number in hardware.
    pub mpidr: u64,
    /// The core's make, `Cortex-A72`.
    pub part: &'a str,
    /// What has become of it.
    pub state: CoreState<'a>,
}

/// What has become of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreState<'a> {
    /// It started the others.
    Boot,
    /// It was started and runs its loop.
    Up,
    /// It runs no loop, for this reason: `psci -2`, `girder.cores`.
    LeftOut(&'a str),
}

impl CoreLine<'_> {
    /// Names the columns.
    pub const HEADING: &'static str = "core       mpidr  part             state";
}

impl fmt::Display for CoreLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            mpidr,
            part,
            state,
        } = self;
        write!(f, "{id:>4} {mpidr:>#11x}  {part:<15}  {state}")
    }
}

impl fmt::Display for CoreState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot => f.write_str("up (boot core)"),
            Self::Up => f.write_str("up"),
            Self::LeftOut(reason) => write!(f, "left out: {reason}"),
        }
    }
}

/// One row of what cores that share their work have counted; [`CoreCounts::HEADING`] comes before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreCounts {
    /// Its number among those that run processes.
    pub number: usize,
    /// What it has counted.
    pub counts: Statistics,
    /// Processes that went from here to another core.
    pub emigrants: u64,
}

impl CoreCounts {
    /// Names the columns: searches that found work and that found none, processes that came from other cores and went
    /// there, times that it slept, and that something came up before it did.
    pub const HEADING: &'static str =
        "core    switches  preempted    won   lost       in      out   sleeps    looks  idle ms";
}

impl fmt::Display for CoreCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            counts,
            emigrants,
        } = self;
        let Statistics {
            switches,
            preemptions,
            thefts,
            vain_searches,
            immigrants,
            waits,
            short_waits,
            idle_nanos,
            ..
        } = counts;
        let idle = idle_nanos / 1_000_000;
        write!(
            f,
            "{number:>4} {switches:>11} {preemptions:>10} {thefts:>6} {vain_searches:>6} {immigrants:>8} {emigrants:>8} \
             {waits:>8} {short_waits:>8} {idle:>8}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_below_their_heading() {
        let counts = Statistics {
            switches: 123_456,
            preemptions: 12,
            thefts: 34,
            vain_searches: 5,
            immigrants: 678,
            waits: 9,
            short_waits: 10,
            idle_nanos: 11_999_999,
            ..Statistics::default()
        };
        let row = CoreCounts {
            number: 3,
            counts,
            emigrants: 42,
        };
        assert_eq!(
            [CoreCounts::HEADING.to_string(), row.to_string()],
            [
                "core    switches  preempted    won   lost       in      out   sleeps    looks  idle ms",
                "   3      123456         12     34      5      678       42        9       10       11",
            ]
        );
    }

    #[test]
    fn rows_stand_below_their_heading() {
        let row = |id, mpidr, part, state| {
            CoreLine {
                id,
                mpidr,
                part,
                state,
            }
            .to_string()
        };
        assert_eq!(
            [
                CoreLine::HEADING.to_string(),
                row(0, 0x100, "Cortex-A72", CoreState::Boot),
                row(
                    63,
                    0x1_0000_0003,
                    "Neoverse-N1",
                    CoreState::LeftOut("psci -2")
                ),
            ],
            [
                "core       mpidr  part             state",
                "   0       0x100  Cortex-A72       up (boot core)",
                "  63 0x100000003  Neoverse-N1      left out: psci -2",
            ]
        );
    }
}
