//! How long a core that has nothing to do looks at its word before it looks for work elsewhere, and sleeps.
//!
//! To look around, to fall asleep and to be woken costs a signal, an interrupt and its way out, on two cores. Where the next thing
//! comes sooner than that is worth, as when messages go to and fro between two cores, it is better to look for a moment.
//! Whether it will come so soon only experience tells: each sleep that was short, and each moment that was not in vain, doubles the
//! number of looks; each sleep that was long, and each moment in vain, halves it. A core that has waited in vain several times
//! does not look at all, until a sleep turns out to have been short. So an idle machine sleeps, and one on which work is to be had
//! elsewhere soon looks for it at once.
//!
//! No wake-up can be lost by it: a core that looks is not *away*, whoever rings sees that and need not signal; and after
//! looking it goes on in the way that it always does. It is not hungry meanwhile, so nobody calls it; that begins afterwards.

/// The fewest looks, and the most.
const LEAST: u32 = 64;
const MOST: u32 = 2_000;
/// Nanoseconds that an idle time may take to count as short.
const SHORT: u64 = 20_000;

/// What a core has learned.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// How often to look.
    pub(super) fn turns(&self) -> u32 {
        self.0
    }

    /// Takes notice of how long a sleep was.
    pub(super) fn learn(&mut self, idle_nanos: u64) {
        self.learn_from_looking(idle_nanos <= SHORT);
    }

    /// Takes notice of whether looking was worth it.
    pub(super) fn learn_from_looking(&mut self, was_soon: bool) {
        self.0 = match was_soon {
            true => (self.0 * 2).clamp(LEAST, MOST),
            false if self.0 <= LEAST => 0,
            false => self.0 / 2,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(idle_times: impl IntoIterator<Item = u64>) -> u32 {
        let mut patience = Patience::default();
        idle_times.into_iter().for_each(|it| patience.learn(it));
        patience.turns()
    }

    #[test]
    fn short_idle_times_make_it_look_longer_up_to_a_bound() {
        assert_eq!(after([]), 0);
        assert_eq!(after([1_000]), LEAST);
        assert_eq!(after([1_000; 3]), 4 * LEAST);
        assert_eq!(after([SHORT; 50]), MOST);
    }

    #[test]
    fn long_ones_make_it_stop_and_a_short_one_begins_again() {
        let long = [1_000_000; 12];
        assert_eq!(after([0; 9].into_iter().chain(long)), 0);
        let again = [0; 9].into_iter().chain(long).chain([0]);
        assert_eq!(after(again), LEAST);
    }
}
