//! What it takes to take the core from one spinner and give it to another.
//!
//! Both spinners read the counter as fast as they can, and each leaves its last reading in a cell of its
//! own. Whoever finds that the other one has read since its own last reading has just got the core: the
//! time between the two readings is the switch, and on average one round of the loop, half of it on each
//! side. Rounds are counted, so it is known how long one takes, and it is taken off. A single switch is so
//! measured up to a round more or less (some ten instructions), the mean of hundreds almost exactly: on a machine
//! where everything repeats, whoever gets the core dawdles for another while each time, so that the interrupts
//! fall on all parts of a round alike.

use super::team::Team;
use super::{NORMAL, marks, report, start_process};
use alloc::sync::Arc;
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_aarch64::timer;

/// Lengths of dawdling: a prime, which has nothing in common with the length of a round.
const DAWDLES: u64 = 31;

/// What two spinners share. Whoever has just got the core writes the sums, and keeps it for long enough.
#[derive(Default)]
struct Course {
    /// Each spinner's last reading.
    last: [AtomicU64; 2],
    is_over: AtomicBool,
    switches: AtomicU64,
    switch_ticks: AtomicU64,
    longest: AtomicU64,
    rounds: AtomicU64,
    round_ticks: AtomicU64,
}

/// From the interrupt that ends one spinner's quantum to the other one's first instruction.
pub(super) async fn switch(count: u64) {
    let course = Arc::new(Course::default());
    let team = Team::new().await;
    for lane in 0..2 {
        let (course, place) = (course.clone(), team.place());
        start_process(NORMAL, async move {
            course.spin(lane, count);
            drop(place);
        });
    }
    team.wait().await;
    let switches = course.switches.load(Relaxed);
    report("preempt_switch", switches, course.nanos());
    let longest = course.longest.load(Relaxed);
    report("preempt_switch_max", 1, timer::nanos_of(longest));
}

impl Course {
    /// Runs until `count` switches have been seen.
    fn spin(&self, lane: usize, count: u64) {
        let (own, other) = (&self.last[lane], &self.last[1 - lane]);
        let mut before = timer::now();
        let (mut begin, mut rounds) = (before, 0);
        while !self.is_over.load(Relaxed) {
            let now = timer::now();
            own.store(now, Relaxed);
            let others = other.load(Relaxed);
            // A switch between the two lines above is seen in the next round.
            if others > before && others < now {
                self.note(now - others, before - begin, rounds, count);
                (begin, rounds) = (now, 0);
            }
            before = now;
            rounds += 1;
        }
        marks::end();
    }

    /// Notes a switch, and how long the rounds before it took.
    #[cold]
    #[inline(never)]
    fn note(&self, switch: u64, stint: u64, rounds: u64, count: u64) {
        // Whoever is left alone at the end was preempted by nobody.
        if self.is_over.load(Relaxed) {
            return;
        }
        let add = |sum: &AtomicU64, more| sum.store(sum.load(Relaxed) + more, Relaxed);
        add(&self.switch_ticks, switch);
        add(&self.switches, 1);
        add(&self.round_ticks, stint);
        add(&self.rounds, rounds);
        self.longest
            .store(switch.max(self.longest.load(Relaxed)), Relaxed);
        // Both have run by now, so the trace begins in the steady state.
        if self.switches.load(Relaxed) == 2 {
            marks::begin();
        }
        if self.switches.load(Relaxed) >= count {
            self.is_over.store(true, Relaxed);
        }
        for _ in 0..self.switches.load(Relaxed) % DAWDLES {
            black_box(());
        }
    }

    /// What all switches took, without the rounds that stick to them.
    fn nanos(&self) -> u64 {
        let [switches, ticks, rounds, round_ticks] = [
            &self.switches,
            &self.switch_ticks,
            &self.rounds,
            &self.round_ticks,
        ]
        .map(|sum| sum.load(Relaxed));
        let sticking = (switches * round_ticks).checked_div(rounds).unwrap_or(0);
        timer::nanos_of(ticks.saturating_sub(sticking))
    }
}
