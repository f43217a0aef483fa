//! The generic timer of the running core.
//!
//! We use the virtual timer: at EL1 it is always ours to use, and entry from EL2 sets its offset
//! to zero, so virtual and physical time are the same. Its interrupt stays active at the
//! controller until the loop has dealt with it, so nothing has to be masked here.

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::{
    CNTFRQ_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTVCT_EL0, Readable, Writeable,
};

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

/// Returns the counter in nanoseconds.
pub fn nanos() -> u64 {
    (u128::from(now()) * 1_000_000_000 / u128::from(frequency().max(1))) as u64
}

/// The counter's value at a time in nanoseconds, or the first after it.
pub fn ticks_at(nanos: u64) -> u64 {
    (u128::from(nanos) * u128::from(frequency())).div_ceil(1_000_000_000) as u64
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
