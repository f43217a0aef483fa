//! Tables that the shell prints, in one shape on every machine.

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

#[cfg(test)]
mod tests {
    use super::*;

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
