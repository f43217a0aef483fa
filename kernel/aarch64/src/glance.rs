//! A look at what another core does, without stopping it: for whoever wants to know why it does not answer.
//!
//! Whoever looks leaves a word in the core's block and signals it. The core's handler, which finds the word, writes down what it
//! has interrupted and goes on. So a core whose loop never has its turn tells what keeps it, as long as it takes interrupts; of one
//! that does not, the last glance is left, and how long ago that was.
//!
//! The word holds every order to a core's handler, that to stand still for a crash report as well (`halt`): a handler asks once.
//!
//! # Orders
//!
//! None. What is read is about a core that may be broken, and it is told to a person: whoever reads it while it is being
//! written mixes two glances. (The order to stand still comes before its signal; the controllers see to that.)

use crate::backtrace::Backtrace;
use crate::core_block::CoreBlock;
use crate::exception::Frame;
use crate::halt::{self, HaltCause};
use crate::{preemption, timer};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use girder_lockfree::process::{Pid, own_pid};

/// To stand still.
const HALT: u32 = 1 << 0;
/// To write down what is being done.
const LOOK: u32 = 1 << 1;

/// Calls that are written down, with the instruction that was interrupted.
pub const DEPTH: usize = 8;

/// What others want of a core's handler, and what it has written down.
pub(crate) struct Glance {
    orders: AtomicU32,
    count: AtomicU64,
    at: AtomicU64,
    pid: AtomicU64,
    is_kept: AtomicBool,
    addresses: [AtomicU64; DEPTH],
    length: AtomicUsize,
}

/// What a core did.
#[derive(Clone, Copy, Debug)]
pub struct Doing {
    /// By the clock, in nanoseconds.
    pub at: u64,
    /// The process that it ran; none: its loop.
    pub process: Option<Pid>,
    /// True if preemption was off: a process that holds a kernel lock, or does other kernel work.
    pub is_kept: bool,
    addresses: [u64; DEPTH],
    length: usize,
}

impl Doing {
    /// Where it stood, and the calls that led there.
    pub fn stood_at(&self) -> &[u64] {
        self.addresses.get(..self.length).unwrap_or_default()
    }
}

impl Glance {
    pub(crate) const fn new() -> Self {
        Self {
            orders: AtomicU32::new(0),
            count: AtomicU64::new(0),
            at: AtomicU64::new(0),
            pid: AtomicU64::new(0),
            is_kept: AtomicBool::new(false),
            addresses: [const { AtomicU64::new(0) }; DEPTH],
            length: AtomicUsize::new(0),
        }
    }

    /// True if the core's handler has something to do.
    #[inline(always)]
    pub(crate) fn has_orders(&self) -> bool {
        self.orders.load(Relaxed) != 0
    }

    fn write(&self, frame: &Frame) {
        const CALL: u64 = 4;
        let calls = Backtrace::from_frame_pointer(frame.frame_pointer());
        let calls = calls.map(|address| address.saturating_sub(CALL));
        let stood_at = core::iter::once(frame.program_counter).chain(calls);
        let mut length = 0;
        for (place, address) in self.addresses.iter().zip(stood_at) {
            place.store(address, Relaxed);
            length += 1;
        }
        self.length.store(length, Relaxed);
        self.at.store(timer::nanos(), Relaxed);
        self.pid.store(own_pid().map_or(0, Pid::get), Relaxed);
        let is_kept = !preemption::current().is_preemptible();
        self.is_kept.store(is_kept, Relaxed);
        self.count.store(self.count.load(Relaxed) + 1, Relaxed);
    }

    fn read(&self) -> Option<Doing> {
        (self.count.load(Relaxed) > 0).then(|| Doing {
            at: self.at.load(Relaxed),
            process: Pid::of_number(self.pid.load(Relaxed)),
            is_kept: self.is_kept.load(Relaxed),
            addresses: core::array::from_fn(|index| self.addresses[index].load(Relaxed)),
            length: self.length.load(Relaxed).min(DEPTH),
        })
    }
}

/// Called by the handler of a core that has orders: does what is wanted. It comes back unless that is to stand still.
#[cold]
#[inline(never)]
pub(crate) fn obey(core: &CoreBlock, frame: &Frame) {
    let orders = core.glance.orders.fetch_and(!LOOK, Relaxed);
    if orders & HALT != 0 {
        halt::stand_still(frame, HaltCause::Ordered)
    }
    if orders & LOOK != 0 {
        core.glance.write(frame);
    }
}

impl CoreBlock {
    /// Has the core stand still at its next interrupt; whoever calls it signals it then.
    pub fn order_to_halt(&self) {
        self.glance.orders.fetch_or(HALT, Relaxed);
    }

    /// Has the core's handler write down what it does at its next interrupt; whoever calls it signals it then.
    pub fn order_glance(&self) {
        self.glance.orders.fetch_or(LOOK, Relaxed);
    }

    /// What the core did when it was last asked, if it ever was and took the interrupt.
    pub fn last_glance(&self) -> Option<Doing> {
        self.glance.read()
    }

    /// How often it has answered that.
    pub fn glances(&self) -> u64 {
        self.glance.count.load(Relaxed)
    }
}
