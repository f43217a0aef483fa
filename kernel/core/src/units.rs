//! Counter ticks and bytes, as people read them. Whole numbers only: the kernel has no float.

use core::fmt;
use core::num::NonZeroU64;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const MICROS_PER_SECOND: u64 = 1_000_000;
const MICROS_PER_MILLI: u64 = 1_000;

/// How many ticks the machine's counter makes in a second.
///
/// Conversions go through 128 bits, so none overflows on the way; a result beyond 64 bits is
/// `u64::MAX`, which is later than anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency(NonZeroU64);

impl Frequency {
    /// Takes the counter's frequency; `None` for the 0 of a machine whose firmware left it unset.
    pub const fn new(hertz: u64) -> Option<Self> {
        match NonZeroU64::new(hertz) {
            Some(hertz) => Some(Self(hertz)),
            None => None,
        }
    }

    /// Ticks in a second.
    pub const fn hertz(self) -> u64 {
        self.0.get()
    }

    /// Whole nanoseconds in so many ticks.
    pub const fn nanos(self, ticks: u64) -> u64 {
        scale_down(ticks, NANOS_PER_SECOND, self.hertz())
    }

    /// Whole microseconds in so many ticks.
    pub const fn micros(self, ticks: u64) -> u64 {
        scale_down(ticks, MICROS_PER_SECOND, self.hertz())
    }

    /// Ticks that take at least so many nanoseconds: a deadline made of them is never early.
    pub const fn ticks_in_nanos(self, nanos: u64) -> u64 {
        scale_up(nanos, self.hertz(), NANOS_PER_SECOND)
    }

    /// Ticks that take at least so many microseconds.
    pub const fn ticks_in_micros(self, micros: u64) -> u64 {
        scale_up(micros, self.hertz(), MICROS_PER_SECOND)
    }

    /// Ticks that take at least so many milliseconds.
    pub const fn ticks_in_millis(self, millis: u32) -> u64 {
        self.ticks_in_micros(millis as u64 * MICROS_PER_MILLI)
    }
}

/// `count * to / from`, rounded down.
const fn scale_down(count: u64, to: u64, from: u64) -> u64 {
    narrow(count as u128 * to as u128 / from as u128)
}

/// `count * to / from`, rounded up.
const fn scale_up(count: u64, to: u64, from: u64) -> u64 {
    narrow((count as u128 * to as u128).div_ceil(from as u128))
}

const fn narrow(wide: u128) -> u64 {
    if wide > u64::MAX as u128 {
        u64::MAX
    } else {
        wide as u64
    }
}

/// A size that displays as `512 MiB`, `1.5 GiB` or `1023 B`.
///
/// At most one decimal, rounded down, so that nothing looks larger than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

const SIZES: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = self.0.checked_ilog2().unwrap_or(0) / 10;
        let shift = power * 10;
        let whole = self.0 >> shift;
        let rest = self.0 - (whole << shift);
        let tenths = (u128::from(rest) * 10) >> shift;
        let unit = SIZES[power as usize]; // 63 / 10 is the last index
        if tenths == 0 {
            write!(f, "{whole} {unit}")
        } else {
            write!(f, "{whole}.{tenths} {unit}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536 << 20, "1.5 GiB"),
            (512 << 20, "512 MiB"),
            ((512 << 20) - 1, "511.9 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn usual_counters_convert() {
        let qemu = Frequency::new(62_500_000).unwrap();
        assert_eq!(qemu.nanos(1), 16);
        assert_eq!(qemu.micros(62_500_000 * 60), 60_000_000);
        assert_eq!(qemu.ticks_in_millis(1), 62_500);
        let pi = Frequency::new(54_000_000).unwrap();
        assert_eq!(pi.ticks_in_nanos(1), 1);
        assert_eq!(pi.ticks_in_micros(1), 54);
    }

    #[test]
    fn unset_counter_is_no_frequency() {
        assert_eq!(Frequency::new(0), None);
    }

    #[test]
    fn results_beyond_64_bits_are_later_than_anything() {
        let slow = Frequency::new(1).unwrap();
        assert_eq!(slow.nanos(u64::MAX), u64::MAX);
        let fast = Frequency::new(u64::MAX).unwrap();
        assert_eq!(fast.ticks_in_micros(u64::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn deadline_is_never_early_and_at_most_one_tick_late(
            hertz in 1..10_000_000_000u64,
            nanos in 0..(1u64 << 53),
        ) {
            let frequency = Frequency::new(hertz).unwrap();
            let ticks = frequency.ticks_in_nanos(nanos);
            let exact = u128::from(nanos) * u128::from(hertz);
            let second = u128::from(NANOS_PER_SECOND);
            prop_assert!(u128::from(ticks) * second >= exact);
            prop_assert!(ticks == 0 || (u128::from(ticks) - 1) * second < exact);
        }

        #[test]
        fn any_size_displays(bytes: u64) {
            let text = Bytes(bytes).to_string();
            prop_assert!(text.len() <= "1023.9 KiB".len());
        }
    }
}
