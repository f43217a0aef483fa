//! The generic timer of the running core.
//!
//! We use the virtual timer: at EL1 it is always ours to use, and entry from EL2 sets its offset
//! to zero, so virtual and physical time are the same. Its interrupt stays active at the
//! controller until the loop has dealt with it, so nothing has to be masked here.

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::{
    CNTFRQ_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTVCT_EL0, Readable, Writeable,
};
use core::num::NonZero;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Returns the counter's frequency in hertz, as the firmware has set it; 0 means it did not.
pub fn frequency() -> u64 {
    CNTFRQ_EL0.get()
}

/// Returns the counter. The barrier keeps the read where it stands: without it the core may read
/// ahead of the instructions before (Arm ARM, "The system counter").
pub fn now() -> u64 {
    barrier::isb(barrier::SY);
    CNTVCT_EL0.get()
}

/// Asks for an interrupt on this core once the counter reaches `ticks`.
pub fn set_deadline(ticks: u64) {
    CNTV_CVAL_EL0.set(ticks);
    CNTV_CTL_EL0.write(CNTV_CTL_EL0::ENABLE::SET + CNTV_CTL_EL0::IMASK::CLEAR);
    // The timer's output follows before the next instruction: no stale interrupt after this.
    barrier::isb(barrier::SY);
}

/// Bits behind the point of `SCALE`.
const SCALE_BITS: u32 = 32;

/// Nanoseconds in a tick, as a fixed-point number; 0 until `start_clock`.
static SCALE: AtomicU64 = AtomicU64::new(0);

/// Bits behind the point of `INVERSE`: as many as leave room for a counter of some ten gigahertz.
const INVERSE_BITS: u32 = 58;

/// Ticks in a nanosecond of `SCALE`, rounded up.
static INVERSE: AtomicU64 = AtomicU64::new(0);

/// Makes `nanos` and `ticks_at` work, for a counter of this frequency.
pub fn start_clock(hertz: NonZero<u64>) {
    let scale = (1_000_000_000_u128 << SCALE_BITS) / u128::from(hertz.get());
    let inverse = (1_u128 << (SCALE_BITS + INVERSE_BITS)).div_ceil(scale.max(1));
    // A counter slower than 1 Hz is none, and one faster than a core neither.
    SCALE.store(u64::try_from(scale).unwrap_or(u64::MAX), Relaxed);
    INVERSE.store(u64::try_from(inverse).unwrap_or(u64::MAX), Relaxed);
}

/// Returns the counter in nanoseconds.
pub fn nanos() -> u64 {
    nanos_of(now())
}

/// The same without the barrier, which costs more than what is counted by this: the core may have read ahead.
#[inline(always)]
pub fn nanos_roughly() -> u64 {
    nanos_of(CNTVCT_EL0.get())
}

/// How long so many ticks take: a product, because a division of this width costs more than
/// everything else that the scheduler does between two processes.
#[inline(always)]
pub fn nanos_of(ticks: u64) -> u64 {
    let product = u128::from(ticks) * u128::from(SCALE.load(Relaxed));
    (product >> SCALE_BITS) as u64
}

/// A value of the counter at which `nanos` has reached a time: the first such, or one or two after it.
/// The exact one would take a division.
pub fn ticks_at(nanos: u64) -> u64 {
    let product = u128::from(nanos) * u128::from(INVERSE.load(Relaxed));
    (product >> INVERSE_BITS) as u64 + 1
}

/// Returns when this core has asked to be interrupted, if it has.
pub fn deadline() -> Option<u64> {
    CNTV_CTL_EL0
        .is_set(CNTV_CTL_EL0::ENABLE)
        .then(|| CNTV_CVAL_EL0.get())
}

/// True if that time has come. A timer interrupt may also be an echo: the line falls some time after
/// the timer was set anew.
pub fn has_fired() -> bool {
    CNTV_CTL_EL0.matches_all(CNTV_CTL_EL0::ENABLE::SET + CNTV_CTL_EL0::ISTATUS::SET)
}

/// Asks for no interrupt on this core.
pub fn disarm() {
    CNTV_CTL_EL0.write(CNTV_CTL_EL0::ENABLE::CLEAR);
    barrier::isb(barrier::SY);
}
