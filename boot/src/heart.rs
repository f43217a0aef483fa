//! The deployment `single`: one core schedules, the others are parked and answer only their word.
//!
//! The handlers of the six effects on the real machine. What they decide nothing about is in
//! `girder_core::sched`; how a process is run is in `girder_aarch64::process`.

use crate::memory::MEMORY;
use crate::{attend, console, heap, memory};
use alloc::boxed::Box;
use core::fmt::{self, Write};
use core::ptr::NonNull;
use girder_aarch64::core_block::{CoreBlock, count};
use girder_aarch64::process;
use girder_aarch64::{cpu, interrupts, timer};
use girder_core::causes::{Cause, Causes};
use girder_core::config::{Config, QUANTUM_US, REDUCTIONS};
use girder_core::sched::{
    Core, CoreId, Hardware, Io, Levels, Lifecycle, Mem, Migration, Next, Oracle, Outcome, Terms,
    World, run,
};
use girder_lockfree::Token;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Finished, Polled, Runnable, SLOTS_MAX, Table};

/// Stacks that a core begins with, for whoever comes after a process that took one along. It gets more
/// when they are used up.
const SPARES: usize = 16;
/// Processes at a time: as many as there is memory for, each with so many bytes; the least that a home has.
const LEAST_HOME: usize = 160;

/// The deployment.
pub(crate) struct Single;

impl World for Single {
    type Ready = Levels;
    type Migration = Nowhere;
    type Lifecycle = OnThisStack;
    type Io = Console;
    type Mem = Physical;
    type Hardware = ThisCore;
    type Oracle = Never;

    fn visit<R>(f: impl FnOnce(&mut Core<Self>) -> R) -> R {
        Self::visit_at(process::this_core(), f)
    }

    #[inline(always)]
    fn visit_at<R>(here: &'static Here, f: impl FnOnce(&mut Core<Self>) -> R) -> R {
        let core = here.scheduler().cast::<Core<Self>>();
        // SAFETY: `start` put it there, for ever; only this core's loop comes here, which is not
        // preempted, and `f` does not come here again.
        f(unsafe { &mut *core })
    }
}

/// Makes the running core a scheduling one, lets `first` spawn, and takes turns for ever.
pub(crate) fn start(block: &'static CoreBlock, config: &Config<'_>, first: impl FnOnce()) -> ! {
    let terms = Terms {
        quantum: u64::from(config.quantum_us.unwrap_or(QUANTUM_US)) * 1_000,
        reductions: config.reductions.unwrap_or(REDUCTIONS) as i32,
        keeps_time: config.keeps_time,
    };
    let most = heap::count().total / LEAST_HOME;
    let most = u32::try_from(most).unwrap_or(SLOTS_MAX);
    // Envelopes stay envelopes: so a flood of messages has a good third of the memory at most.
    let table = Box::leak(Box::new(Table::with_messages(most, most)));
    let here = process::this_core();
    let core = Core::<Single>::new(Levels::default(), ThisCore { block }, Never, terms, here);
    let core = NonNull::from(Box::leak(Box::new(core))).cast();
    // SAFETY: on this core, before anything is spawned; `visit` takes it for what it is.
    unsafe { process::install(core, table) };
    for _ in 0..SPARES {
        add_spare();
    }
    first();
    cpu::unmask_interrupts();
    run::<Single>(Single::visit(Core::decide))
}

/// New loops, on another stack or at the top of the same one, after a process was taken from the core.
mod hooks {
    use super::*;

    #[unsafe(no_mangle)]
    fn girder_go_on_after_break(token: Token) -> ! {
        go_on_after(|core| core.settle_preempted(token))
    }

    #[unsafe(no_mangle)]
    fn girder_go_on_after_block(polled: Polled) -> ! {
        go_on_after(|core| core.settle_at_length(polled.into()))
    }

    #[unsafe(no_mangle)]
    fn girder_go_on_after_death(finished: Finished) -> ! {
        go_on_after(|core| core.settle_at_length(Outcome::Done(finished)))
    }
}

#[inline(always)]
fn go_on_after(settle: impl FnOnce(&mut Core<Single>) -> Next) -> ! {
    // SAFETY: this is the core's loop, between two visits.
    if !unsafe { process::has_spare() } {
        add_spare();
    }
    let mut next = Single::visit(settle);
    // Mostly somebody else who was broken off goes on. What `run` prepares for many turns would be in vain.
    while let Next::GoOn(token) = next {
        next = OnThisStack::go_on(token);
    }
    run::<Single>(next)
}

/// Gets the running core one more stack. Without one, preemption waits until a stack comes back, and
/// each time is counted.
#[cold]
fn add_spare() {
    let stack = MEMORY.lock().as_mut().map(memory::Memory::stack);
    match stack {
        // SAFETY: both callers are the core's loop, and visit no scheduler now.
        Some(Ok(stack)) => unsafe { process::add_spare(stack) },
        _ => log::warn!("no memory for a spare stack"),
    }
}

/// Processes run on the stack that the loop stands on.
pub(crate) struct OnThisStack;

impl Lifecycle for OnThisStack {
    #[inline(always)]
    fn resume(process: Runnable, here: &'static Here) -> (Outcome, &'static Here) {
        // SAFETY: `turn` calls this between two visits, on the core's loop.
        let (polled, here) = unsafe { process::resume(process, here) };
        let outcome = match polled {
            Ok(Polled::Done(finished)) => {
                // Others must not calculate by what it has left behind.
                cpu::reset_float_control();
                Outcome::Done(finished)
            }
            Ok(polled) => Outcome::from(polled),
            Err(token) => Outcome::PutOff(token),
        };
        (outcome, here)
    }

    #[cold]
    fn go_on(token: Token) -> Next {
        // SAFETY: as in `resume`.
        let token = unsafe { process::go_on(token) };
        Single::visit(|core| core.settle_at_length(Outcome::PutOff(token)))
    }

    #[cold]
    fn end(token: Token) -> Next {
        // SAFETY: as in `resume`.
        let (finished, here) = unsafe { process::end(token) };
        cpu::reset_float_control();
        Single::visit_at(here, |core| core.settle_at_length(Outcome::Done(finished)))
    }
}

/// The core itself.
pub(crate) struct ThisCore {
    block: &'static CoreBlock,
}

impl Hardware for ThisCore {
    fn now(&self) -> u64 {
        timer::nanos()
    }

    #[inline(always)]
    fn now_roughly(&self) -> u64 {
        timer::nanos_roughly()
    }

    fn set_deadline(&mut self, at: Option<u64>) {
        match at {
            Some(at) => timer::set_deadline(timer::ticks_at(at)),
            None => timer::disarm(),
        }
    }

    fn signal(&mut self, core: CoreId) {
        if let Some(core) = crate::cores::up().find(|block| block.index() == core.0) {
            interrupts::signal(core.affinity());
        }
    }

    #[inline(always)]
    fn take_causes(&mut self) -> Causes {
        // The timer's line stays up until the scheduler has asked anew, and does not come through before its
        // cause is served.
        Causes::from_word(self.block.doorbell().take())
    }

    #[inline(always)]
    fn serve(&mut self, causes: Causes) {
        // Between two spinners nothing else ever happens.
        if causes == Causes::from(Cause::Timer) {
            count(&self.block.counters().deadlines);
            interrupts::complete(causes.word());
        } else {
            attend::serve(self.block, causes);
        }
    }

    fn wait(&mut self) {
        attend::wait(self.block);
    }

    fn this_core(&self) -> CoreId {
        CoreId(self.block.index())
    }
}

/// No other core takes processes.
pub(crate) struct Nowhere;

impl Migration for Nowhere {
    fn to_core(&mut self, token: Token, _: CoreId) -> Option<Token> {
        Some(token)
    }
}

/// The console's rings.
pub(crate) struct Console;

impl Io for Console {
    fn print(&mut self, text: fmt::Arguments<'_>) {
        let _ = console::Output::new().write_fmt(text);
    }

    fn read_byte(&mut self) -> Option<u8> {
        console::read()
    }
}

/// The buddy allocator's memory.
pub(crate) struct Physical;

impl Mem for Physical {
    fn free_bytes(&self) -> usize {
        MEMORY
            .lock()
            .as_ref()
            .map_or(0, |memory| memory.usage().free)
    }
}

/// In production nothing could be otherwise.
pub(crate) struct Never;

impl Oracle for Never {
    #[inline(always)]
    fn choose(&mut self, _: usize) -> usize {
        0
    }
}
