//! What each core has to itself, found through TPIDR_EL1.
//!
//! The blocks are laid out by boot, one per core, at a distance that keeps them in cache lines of
//! their own. A core finds its own through TPIDR_EL1 and lends a reference only inside a closure
//! with preemption off (spec, third law): whoever is interrupted in favour of the loop may go on
//! on another core. Other cores may hold references too, so everything here is atomic or constant.

use crate::cpu::Affinity;
use crate::glance::Glance;
use crate::halt::Halted;
use crate::interrupts::ControllerError;
use crate::masked::Masked;
use crate::mmu::Regime;
use crate::obituary::Note;
use crate::preemption::PreemptionOff;
use crate::process::WaysOn;
use crate::relax::Once;
use crate::spares::{Spares, Top};
use crate::stack::Stack;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use girder_lockfree::process::here::Here;
use girder_lockfree::{Admission, Doorbell};

/// Bytes of a core's emergency stack, for the report of a fault inside a handler.
const EMERGENCY_STACK: usize = 8192;

#[repr(C, align(16))]
struct EmergencyStack(UnsafeCell<[u8; EMERGENCY_STACK]>);

// SAFETY: only its own core's stack pointer ever refers to it.
unsafe impl Sync for EmergencyStack {}

/// What a started core reads with its caches off before anything else.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Translation, as the boot core has it.
    pub regime: Regime,
    /// Top of the stack of the core's loop.
    pub loop_stack: u64,
    /// Top of the core's exception stack.
    pub exception_stack: u64,
    /// Where its Rust begins: a function of the block's address.
    pub main: u64,
    /// The exception level that the boot core settled at, and all others shall.
    pub level: u64,
}

/// Counts of one core, written by it alone.
#[derive(Debug, Default)]
pub struct Counters {
    /// Interrupts taken.
    pub interrupts: AtomicU64,
    /// Interrupts that nobody had asked for.
    pub spurious: AtomicU64,
    /// Times the loop went to wait.
    pub waits: AtomicU64,
    /// Pings served.
    pub pings: AtomicU64,
    /// Times that there was no stack to preempt with.
    pub no_stack: AtomicU64,
    /// Processes that were given up because there was none for too long.
    pub given_up: AtomicU64,
    /// Times running code was interrupted in favour of the loop.
    pub preemptions: AtomicU64,
    /// Turns that ended before they began, for something had come up.
    pub put_off: AtomicU64,
    /// Processes that died in mid-poll.
    pub deaths: AtomicU64,
}

/// One core's block. Its first fields are known to the assembly by their offsets.
#[repr(C, align(256))]
pub struct CoreBlock {
    /// First, so that the loop's record, which is first in it, has the block's own address.
    pub(crate) here: Here,
    pub(crate) nested_scratch: AtomicU64,
    pub(crate) nested_stack_pointer: AtomicU64,
    pub(crate) nested_depth: AtomicU64,
    pub(crate) emergency_top: AtomicU64,
    /// Where the registers of whoever is interrupted on the stack in use are kept: at its top. Null
    /// without a scheduler.
    pub(crate) frame_room: AtomicU64,
    /// Where a new loop begins when an interrupt has taken the core from a process.
    pub(crate) new_loop: AtomicU64,
    pub(crate) masked: Masked,
    /// The stacks that the core keeps for whoever comes after a process that took one along.
    pub(crate) spares: Spares,
    start: Start,
    index: u32,
    affinity: Affinity,
    part: AtomicU32,
    admission: Admission,
    failure: Once<ControllerError>,
    /// How its loop goes on without the process that it resumed.
    pub(crate) ways_on: Once<WaysOn>,
    /// What it has left on standing still for the report of a crash.
    pub(crate) halted: Once<Halted>,
    counters: Counters,
    /// What others want of its handler.
    pub(crate) glance: Glance,
    /// Where the process stood that dies on this core.
    pub(crate) note: Note,
    emergency: EmergencyStack,
}

impl CoreBlock {
    /// Creates the block of core `index`.
    pub const fn new(index: u32, affinity: Affinity, start: Start) -> Self {
        Self {
            here: Here::new(),
            nested_scratch: AtomicU64::new(0),
            nested_stack_pointer: AtomicU64::new(0),
            nested_depth: AtomicU64::new(0),
            emergency_top: AtomicU64::new(0),
            frame_room: AtomicU64::new(0),
            new_loop: AtomicU64::new(0),
            masked: Masked::new(),
            spares: Spares::new(),
            start,
            index,
            affinity,
            part: AtomicU32::new(0),
            admission: Admission::new(),
            failure: Once::new(),
            ways_on: Once::new(),
            halted: Once::new(),
            counters: Counters {
                interrupts: AtomicU64::new(0),
                spurious: AtomicU64::new(0),
                waits: AtomicU64::new(0),
                no_stack: AtomicU64::new(0),
                given_up: AtomicU64::new(0),
                pings: AtomicU64::new(0),
                preemptions: AtomicU64::new(0),
                put_off: AtomicU64::new(0),
                deaths: AtomicU64::new(0),
            },
            glance: Glance::new(),
            note: Note::new(),
            emergency: EmergencyStack(UnsafeCell::new([0; EMERGENCY_STACK])),
        }
    }

    /// Makes this block the running core's own.
    ///
    /// # Safety
    ///
    /// Each core installs its own block only, before it runs a process.
    pub unsafe fn install(&'static self) {
        self.prepare();
        self.part
            .store(crate::cpu::Part::of_this_core().0 as u32, Relaxed);
        let own = &raw const *self as u64;
        let preemption = &raw const *self.here.local() as u64;
        // SAFETY: nothing else uses these two registers; both point into a block that lives for
        // ever. Not `nomem`: what follows reads through them.
        unsafe {
            core::arch::asm!("msr tpidr_el1, {}", "msr tpidr_el0, {}", in(reg) own, in(reg) preemption,
                options(nostack));
        }
    }

    /// Lets the block's own emergency stack serve, unless it has been given a better one.
    fn prepare(&'static self) {
        if self.emergency_top.load(Relaxed) == 0 {
            let own = self.emergency.0.get() as u64;
            self.emergency_top
                .store(own + EMERGENCY_STACK as u64, Relaxed);
        }
    }

    /// Reports faults inside handlers on this stack from now on, for ever: unlike the first one,
    /// which lies in the block, it has a guard.
    pub fn use_emergency_stack(&self, stack: Stack) {
        self.emergency_top.store(stack.top(), Relaxed);
    }

    /// Runs `f` with the running core's block and preemption off.
    pub fn with_current<R>(f: impl FnOnce(&CoreBlock) -> R) -> R {
        let _stay = PreemptionOff::new();
        f(Self::current())
    }

    /// Returns the running core's block, to code that can't be moved to another core: handlers,
    /// the loop, and `with_current`.
    pub(crate) fn current() -> &'static Self {
        let block: *const Self;
        // SAFETY: reads a register; not `pure`, because the answer changes when a process moves.
        unsafe { core::arch::asm!("mrs {}, tpidr_el1", out(reg) block, options(nomem, nostack)) }
        // SAFETY: `install` put a block there that lives for ever, before any Rust code asks.
        unsafe { &*block }
    }

    /// The top of the stack that this core's loop stands on, or the process that it has resumed; only
    /// the core itself asks, where it can't be left.
    pub(crate) fn stack_top(&self) -> u64 {
        Top::end(self.frame_room.load(Relaxed))
    }

    /// Notes that the core's loop goes over to the stack with this top.
    pub(crate) fn stand_on(&self, stack_top: u64) {
        self.frame_room.store(Top::of(stack_top) as u64, Relaxed);
    }

    /// True if this core runs processes: while one runs, it looks at its word only when it is signalled.
    pub fn is_scheduling(&self) -> bool {
        !self.here.scheduler().is_null()
    }

    /// This core, as its processes see it.
    pub fn here(&self) -> &Here {
        &self.here
    }

    /// This core's place in the machine's tables.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// This core's affinity.
    pub fn affinity(&self) -> Affinity {
        self.affinity
    }

    /// This core's part, known once it has arrived.
    pub fn part(&self) -> crate::cpu::Part {
        crate::cpu::Part(u64::from(self.part.load(Relaxed)))
    }

    /// This core's status word.
    pub fn doorbell(&self) -> &Doorbell {
        self.here.doorbell()
    }

    /// Whether this core has arrived.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Says that this core can't run, and why; the core calls it instead of arriving, and parks.
    pub fn fail(&self, error: ControllerError) {
        self.failure.call_once(|| error);
        // Whether anybody still waits makes no difference to a core that parks.
        let _ = self.admission.fail();
        crate::cpu::send_event();
    }

    /// Why this core can't run, if it has said so.
    pub fn failure(&self) -> Option<ControllerError> {
        self.failure.get().copied()
    }

    /// Nanoseconds of the longest time so far that this core could not be interrupted.
    pub fn longest_masked(&self) -> u64 {
        crate::timer::nanos_of(self.masked.longest.load(Relaxed))
    }

    /// What this core has left, if it stands still because of a crash.
    pub fn halted(&self) -> Option<&Halted> {
        self.halted.get()
    }

    /// This core's counts.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// Offsets that boot's assembly needs.
pub mod offsets {
    use super::{CoreBlock, Start};
    use core::mem::offset_of;

    /// Of the translation registers' values.
    pub const REGIME: usize = offset_of!(CoreBlock, start) + offset_of!(Start, regime);
    /// Of the loop stack's top.
    pub const LOOP_STACK: usize = offset_of!(CoreBlock, start) + offset_of!(Start, loop_stack);
    /// Of the exception stack's top.
    pub const EXCEPTION_STACK: usize =
        offset_of!(CoreBlock, start) + offset_of!(Start, exception_stack);
    /// Of the exception level.
    pub const LEVEL: usize = offset_of!(CoreBlock, start) + offset_of!(Start, level);
    /// Of the Rust entry.
    pub const MAIN: usize = offset_of!(CoreBlock, start) + offset_of!(Start, main);
}

/// Adds one to a counter that only the running core writes: a load and a store, no exclusive.
pub fn count(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}
