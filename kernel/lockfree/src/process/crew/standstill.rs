//! All cores stand still for a moment, so that one may look at what each has to itself, add it up, and put it in order.
//!
//! Whatever a core has to itself it changes without an atomic step: its heap's books, its desk, the accounts of whoever
//! has a token there. From outside nothing of that can be read while its core goes on. So whoever wants to know *calls*
//! the others, and each *comes* at the top of its loop's next turn: there it holds no desk and has no process, and nobody
//! runs on it. It rests until the call is over.
//!
//! ```text
//!   caller:  call        ...waits until all have come...   looks   is over   signals all
//!   others:        rung at, take their word, come, rest ------------------>  go on
//! ```
//!
//! # Why it is sound
//!
//! *All have come.* Who comes adds one to the word in which the call has its number, so a core that meant an earlier call
//! adds nothing to a later one; and it comes once, for it then rests until that number is gone. While the caller looks,
//! its own core runs nobody else, for preemption is off; its loop stands below it, between two turns.
//!
//! *What they did is seen, and what the caller does.* Coming releases, and seeing that all have come acquires: each adds
//! by a read-modify-write, which hands on what an earlier one has released. That it is over is released, and acquired by
//! whoever goes on; and who calls next sees it by those, when they come again.
//!
//! *Nobody waits in a circle.* Whoever calls may be taken from its core until it has called, so two who want to do not
//! keep each other from coming; and it holds no lock, so that every section with preemption off on another core comes to
//! its end by itself. One process can keep its core for longer: where there is no stack to break it off with, and then its
//! core says that. It gives such a process up after some ticks, so it is waited for [a little](STUCK_PATIENCE) longer than
//! that; and who only hopes for memory does not call at all meanwhile. In any case the caller has a [limit](PATIENCE),
//! after which the call is over as well.
//!
//! *A ring is not lost.* Each other core is rung at and signalled, whatever its pace: so it is at the top of its turn
//! before long, and finds the call in the word, for the ring was released after it. Who rests is signalled when the call is
//! over, and looks with interrupts masked before it sleeps.
//!
//! # What it costs
//!
//! Two signals for each core, and the time until the last has come; on the way of a turn, nothing. It is for reports and for
//! tests, and for who would otherwise be told that there is no memory: whoever has more to do than a moment takes does it in
//! turns (`tidy`), and only reports and tests look at everything at once.

use super::{Crew, LOOK};
use crate::atomic::{AtomicU64, Relaxed};
use crate::order::Site;
use crate::process::here::{Desk, Here, table};
use crate::process::local::Kind;
use crate::process::platform::{self, PreemptionOff};
use core::marker::PhantomData;

/// Nanoseconds after which a core that has not come is waited for no longer: an emulated one may stand still for seconds.
const PATIENCE: u64 = 20_000_000_000;

/// The same for a core that has no stack: in milliseconds it gives up whom it can't break off.
const STUCK_PATIENCE: u64 = 20_000_000;

/// Not all cores came to rest, or whoever asked must not be kept waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restless;

impl core::fmt::Display for Restless {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not all cores came to rest")
    }
}

impl core::error::Error for Restless {}

/// The word: a call's number, and how many have come. An odd number is that of a call.
#[derive(Debug)]
pub(super) struct Call(AtomicU64);

const NUMBER: u32 = 16;
const COME: u64 = (1 << NUMBER) - 1;

fn number(word: u64) -> Option<u64> {
    let number = word >> NUMBER;
    (number % 2 == 1).then_some(number)
}

impl Call {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Calls; nothing, if somebody else does.
    fn begin(&self) -> Option<u64> {
        let before = self.0.load(Relaxed);
        if number(before).is_some() {
            return None;
        }
        let number = (before >> NUMBER) + 1;
        let begun = self
            .0
            .compare_exchange(before, number << NUMBER, Relaxed, Relaxed);
        begun.ok().map(|_| number)
    }

    /// How many have come.
    fn count(&self) -> usize {
        (self.0.load(Site::CallSeen.ordering()) & COME) as usize
    }

    /// Ends it.
    fn end(&self, number: u64) {
        // No store: loom takes that for unordered with the steps of those who come.
        self.0
            .swap((number + 1) << NUMBER, Site::CallEnd.ordering());
    }

    /// Comes, if there is a call; once.
    fn come(&self) -> Option<u64> {
        let mut word = self.0.load(Relaxed);
        loop {
            let number = number(word)?;
            let come = Site::CallCome.ordering();
            match self.0.compare_exchange_weak(word, word + 1, come, Relaxed) {
                Ok(_) => return Some(number),
                Err(now) => word = now,
            }
        }
    }

    /// True if the call that one has come for is over.
    fn is_over(&self, number: u64) -> bool {
        self.0.load(Site::CallOver.ordering()) >> NUMBER != number
    }
}

/// Says that all cores that run processes of this table stand still, and that the running code is the one for which they
/// do.
pub struct Standstill<'a> {
    pub(super) crew: &'static Crew,
    own: &'static Here,
    /// Ends with the closure that it was given to, and is nobody else's.
    still: PhantomData<&'a *const ()>,
}

impl core::fmt::Debug for Standstill<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Standstill").field(&self.crew).finish()
    }
}

impl Standstill<'_> {
    /// The cores.
    pub(crate) fn cores(&self) -> impl Iterator<Item = &'static Here> {
        let alone = self.crew.members.is_empty().then_some(self.own);
        let members = self.crew.members.iter().map(|member| member.seat.here);
        alone.into_iter().chain(members)
    }

    /// Runs `f` with a core's desk; `f` calls nothing that could come to a desk.
    pub(crate) fn with_desk<R>(&self, here: &'static Here, f: impl FnOnce(&mut Desk) -> R) -> R {
        // SAFETY: (1) the core's loop rests at the top of its turn, where it uses no desk, or it is this core, where
        // preemption is off; (2) there is one such value at a time, which does not leave its thread; and (3) `f` does
        // not come here again.
        f(unsafe { &mut *here.desk() })
    }

    /// The core that this code is on.
    pub(crate) fn own(&self) -> &'static Here {
        self.own
    }
}

/// Runs `f` while all cores stand still. `f` is the kernel's, is short, and takes no lock that is waited for with
/// preemption on.
pub fn at_standstill<R>(f: impl FnOnce(&Standstill<'_>) -> R) -> Result<R, Restless> {
    let (crew, is_alone) = (table().crew(), table().has_one_core());
    loop {
        // Whoever must not be kept waiting may hold what others wait for; and cores that are no crew can't be called.
        let local = platform::local();
        let may_wait = local.kind() == Kind::Process && local.is_preemptible();
        if !is_alone && (!may_wait || crew.count() < 2) {
            return Err(Restless);
        }
        let stay = PreemptionOff::new();
        let still = Standstill {
            crew,
            own: stay.here(),
            still: PhantomData,
        };
        if is_alone {
            return Ok(f(&still));
        }
        if let Some(number) = crew.call.begin() {
            return crew.hold(&still, number, f);
        }
        // Who has called wants this core, too.
        drop(stay);
        platform::wait_for_event();
    }
}

impl Crew {
    fn hold<R>(
        &self,
        still: &Standstill<'_>,
        number: u64,
        f: impl FnOnce(&Standstill<'_>) -> R,
    ) -> Result<R, Restless> {
        self.signal_others(still.own);
        let mut end = platform::now().saturating_add(PATIENCE);
        let others = self.count() - 1;
        let come = || self.call.count() == others;
        while !come() && platform::now() < end {
            if self.has_stuck_core() {
                end = end.min(platform::now().saturating_add(STUCK_PATIENCE));
            }
            platform::wait_for_event();
        }
        let result = if come() { Ok(f(still)) } else { Err(Restless) };
        self.call.end(number);
        self.signal_others(still.own);
        result
    }

    /// True if somebody can't be broken off for want of a stack, as far as is known.
    pub fn has_stuck_core(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.seat.here.stuck_for().is_some())
    }

    fn signal_others(&self, own: &'static Here) {
        let others = self.members.iter();
        for member in others.filter(|member| !core::ptr::eq(member.seat.here, own)) {
            let _ = member.seat.here.doorbell().ring(LOOK);
            platform::signal(member.seat.address);
        }
    }

    /// Stands still if somebody has called: for a loop, at the top of its turn. `rest` is to let some time pass, unless it
    /// finds that the call is over.
    pub fn stand_still(&self, mut rest: impl FnMut(&dyn Fn() -> bool)) {
        let Some(number) = self.call.come() else {
            return;
        };
        let is_over = || self.call.is_over(number);
        while !is_over() {
            rest(&is_over);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::process::crew::Seat;
    use crate::process::table::Table;
    use std::boxed::Box;
    use std::vec::Vec;

    /// Two cores, of which this thread is the first; the second never comes.
    fn cores() -> [&'static Here; 2] {
        let heres = [(); 2].map(|()| &*Box::leak(Box::new(Here::new())));
        let seats: Vec<_> = heres
            .iter()
            .map(|&here| Seat { here, address: 0 })
            .collect();
        let table = Box::leak(Box::new(Table::with_crew(64, 64, seats)));
        for (number, here) in (0..).zip(heres) {
            // SAFETY: once for each, before anything is spawned.
            unsafe { here.install(number, table, core::ptr::null_mut()) };
        }
        platform::set_here(heres[0]);
        platform::set_now(0);
        platform::set_wait_for_event(|| platform::set_now(platform::now() + 1_000_000));
        heres
    }

    fn wait() -> (Result<(), Restless>, u64) {
        let crew = table().crew();
        let number = crew.call.begin().expect("nobody else calls");
        let stay = PreemptionOff::new();
        let still = Standstill {
            crew,
            own: stay.here(),
            still: PhantomData,
        };
        (crew.hold(&still, number, |_| ()), platform::now())
    }

    #[test]
    fn a_core_without_a_stack_is_waited_for_for_milliseconds() {
        let [_, other] = cores();
        other.set_stuck(Some(3));
        assert!(table().crew().has_stuck_core());
        assert_eq!(wait(), (Err(Restless), STUCK_PATIENCE));
        other.set_stuck(None);
        assert!(!table().crew().has_stuck_core());
        assert_eq!(wait(), (Err(Restless), STUCK_PATIENCE + PATIENCE));
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use crate::cell::UnsafeCell;
    use loom::thread;
    use std::sync::Arc;

    /// What a core has to itself.
    struct Own {
        call: Call,
        count: UnsafeCell<u32>,
    }

    // SAFETY: the call says who may touch the count.
    unsafe impl Sync for Own {}
    // SAFETY: as above.
    unsafe impl Send for Own {}

    impl Own {
        fn new() -> Arc<Self> {
            let (call, count) = (Call::new(), UnsafeCell::new(0));
            Arc::new(Self { call, count })
        }

        fn add(&self) {
            // SAFETY: the core's own, or its core stands still.
            self.count.with_mut(|count| unsafe { *count += 1 });
        }

        /// Calls, and adds one when the other has come.
        fn look(&self) -> bool {
            let Some(number) = self.call.begin() else {
                return false;
            };
            while self.call.count() == 0 {
                thread::yield_now();
            }
            self.add();
            self.call.end(number);
            true
        }

        /// Comes to the next call; which one that was.
        fn serve(&self) -> u64 {
            let number = loop {
                match self.call.come() {
                    Some(number) => break number,
                    None => thread::yield_now(),
                }
            };
            while !self.call.is_over(number) {
                thread::yield_now();
            }
            number
        }
    }

    /// A core uses what it has before and after it stands still, and somebody else meanwhile: they never meet.
    #[test]
    pub(crate) fn who_looks_at_a_core_is_alone_with_it() {
        loom::model(|| {
            let own = Own::new();
            let caller = {
                let own = own.clone();
                thread::spawn(move || assert!(own.look()))
            };
            own.add();
            let _ = own.serve();
            own.add();
            caller.join().unwrap();
        });
    }

    /// One gives up, and calls again at once: who came for the first call is not taken for one that has come for
    /// the second.
    #[test]
    pub(crate) fn who_came_earlier_does_not_count() {
        loom::model(|| {
            let own = Own::new();
            let caller = {
                let own = own.clone();
                thread::spawn(move || {
                    let number = own.call.begin().expect("nobody else calls");
                    own.call.end(number);
                    assert!(own.look());
                })
            };
            own.add();
            while own.serve() == 1 {
                own.add();
            }
            own.add();
            caller.join().unwrap();
        });
    }
}
