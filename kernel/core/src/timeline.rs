//! Where the time of a boot goes, phase by phase.
//!
//! Marks are counter ticks as they are; only the table turns them into microseconds, since the
//! frequency may be known later than the first phase. Each phase is shown as the difference of
//! two rounded points in time, so the lines add up to the total exactly.

use crate::units::Frequency;
use core::fmt;

/// Phases kept apart; the time of later ones is shown together with the last.
pub const PHASES_MAX: usize = 24;

/// Phases that follow each other from a start; made in a constant, so that it can lie in a static.
#[derive(Clone, Debug)]
pub struct Timeline {
    start: u64,
    phases: [Phase; PHASES_MAX],
    used: usize,
    merged: u32,
}

#[derive(Clone, Copy, Debug)]
struct Phase {
    name: &'static str,
    end: u64,
}

impl Timeline {
    /// Starts a timeline at this tick.
    pub const fn starting_at(start: u64) -> Self {
        const NONE: Phase = Phase { name: "", end: 0 };
        Self {
            start,
            phases: [NONE; PHASES_MAX],
            used: 0,
            merged: 0,
        }
    }

    /// Notes that the phase of this name ends now and that the next begins.
    ///
    /// A tick before the last one counts as that one: a counter that runs back on another core
    /// must not spoil the table.
    pub fn end_phase(&mut self, name: &'static str, now: u64) {
        let end = now.max(self.end());
        match self.phases.get_mut(self.used) {
            Some(phase) => {
                *phase = Phase { name, end };
                self.used += 1;
            }
            None => {
                self.phases[PHASES_MAX - 1].end = end;
                self.merged = self.merged.saturating_add(1);
            }
        }
    }

    /// Displays one line a phase, and the total: `boot: N us to prompt`.
    pub fn table(&self, frequency: Frequency) -> Table<'_> {
        Table {
            timeline: self,
            frequency,
        }
    }

    fn phases(&self) -> &[Phase] {
        &self.phases[..self.used]
    }

    fn end(&self) -> u64 {
        self.phases().last().map_or(self.start, |phase| phase.end)
    }
}

/// A timeline in microseconds; see [`Timeline::table`].
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    timeline: &'a Timeline,
    frequency: Frequency,
}

impl Table<'_> {
    /// Microseconds from the start to this tick.
    fn at(&self, tick: u64) -> u64 {
        self.frequency.micros(tick - self.timeline.start)
    }

    /// Each phase and how long it took.
    fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut before = 0;
        self.timeline.phases().iter().map(move |phase| {
            let at = self.at(phase.end);
            let took = at - before;
            before = at;
            (phase.name, took)
        })
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, took) in self.rows() {
            writeln!(f, "  {name:<20} {took:>9} us")?;
        }
        if self.timeline.merged > 0 {
            writeln!(
                f,
                "  (the last line holds {} more phases)",
                self.timeline.merged
            )?;
        }
        writeln!(f, "boot: {} us to prompt", self.at(self.timeline.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn megahertz() -> Frequency {
        Frequency::new(1_000_000).unwrap()
    }

    #[test]
    fn table_has_a_line_a_phase_and_the_total() {
        let mut timeline = Timeline::starting_at(100);
        timeline.end_phase("relocate", 112);
        timeline.end_phase("cores", 1112);
        assert_eq!(
            timeline.table(megahertz()).to_string(),
            "  relocate                    12 us\n  \
               cores                     1000 us\n\
             boot: 1012 us to prompt\n"
        );
    }

    #[test]
    fn phases_beyond_the_bound_go_to_the_last_one() {
        let mut timeline = Timeline::starting_at(0);
        for phase in 1..=PHASES_MAX as u64 + 2 {
            timeline.end_phase("phase", phase);
        }
        let table = timeline.table(megahertz());
        assert_eq!(table.rows().last(), Some(("phase", 3)));
        assert!(
            table
                .to_string()
                .ends_with("  (the last line holds 2 more phases)\nboot: 26 us to prompt\n")
        );
    }

    #[test]
    fn counter_that_runs_back_costs_its_phase_only() {
        let mut timeline = Timeline::starting_at(100);
        timeline.end_phase("back", 50);
        timeline.end_phase("on", 103);
        let rows: Vec<_> = timeline.table(megahertz()).rows().collect();
        assert_eq!(rows, [("back", 0), ("on", 3)]);
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_total(
            start: u64,
            ticks in prop::collection::vec(any::<u64>(), 0..40),
            hertz in 1..u64::MAX,
        ) {
            let mut timeline = Timeline::starting_at(start);
            for tick in ticks {
                timeline.end_phase("phase", tick);
            }
            let table = timeline.table(Frequency::new(hertz).unwrap());
            let total: u64 = table.rows().map(|(_, took)| took).sum();
            let expected = format!("boot: {total} us to prompt\n");
            prop_assert!(table.to_string().ends_with(&expected));
        }
    }
}
