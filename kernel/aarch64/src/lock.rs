//! The kernel's spin lock: holding it keeps preemption off.
//!
//! A spin lock whose holder can be preempted, or killed, starves everyone who waits for it, so
//! guard and preemption-off are one type (spec, fourth law). Handlers wait for no locks, so interrupts
//! may stay on. Take no two of them.

use crate::preemption::PreemptionOff;
use crate::relax::{SpinMutex, SpinMutexGuard, relax};
use core::ops::{Deref, DerefMut};

/// A value that one core at a time may use, for a short while.
pub struct Lock<T>(SpinMutex<T>);

/// The right to use the value; preemption is off as long as it lives.
pub struct Guard<'a, T> {
    // Order matters: the lock is released before preemption comes back.
    value: SpinMutexGuard<'a, T>,
    _preemption: PreemptionOff,
}

impl<T> Lock<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(SpinMutex::new(value))
    }

    /// Waits for the lock and takes it.
    pub fn lock(&self) -> Guard<'_, T> {
        let preemption = PreemptionOff::new();
        Guard {
            value: self.0.lock(),
            _preemption: preemption,
        }
    }

    /// Uses the value if nobody has the lock at this moment; for a handler that has interrupted a process whose preemption is on. So
    /// this core does not have it, and who has it elsewhere is not waited for. No process is there whose preemption had to be
    /// switched off: the handler is not left meanwhile.
    pub(crate) fn try_in_handler<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.0.try_lock().map(|mut value| f(&mut value))
    }

    /// Takes the lock if it is free within `tries` looks: for a crash report, whose author may
    /// have died holding it.
    pub fn lock_within(&self, tries: u32) -> Option<Guard<'_, T>> {
        let preemption = PreemptionOff::new();
        for _ in 0..tries {
            if let Some(value) = self.0.try_lock() {
                return Some(Guard {
                    value,
                    _preemption: preemption,
                });
            }
            relax();
        }
        None
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
