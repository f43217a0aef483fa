//! The handlers of the six effects on the real machine, for every deployment: what differs between these are the
//! ready queues and how processes move.

use crate::memory::MEMORY;
use crate::stacks::add_spare;
use crate::{attend, console, watchdogs};
use core::fmt::{self, Write};
use core::marker::PhantomData;
use core::ptr;
use girder_aarch64::core_block::{CoreBlock, count};
use girder_aarch64::process;
use girder_aarch64::{cpu, interrupts, timer};
use girder_core::causes::{Cause, Causes};
use girder_core::rng::Rng;
use girder_core::sched::{
    Core, CoreId, Hardware, Io, Lifecycle, Mem, Migration, Next, Oracle, Outcome, Ready, World,
};
use girder_lockfree::Token;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{InLoop, Polled, Runnable};

/// A deployment, by its ready queues and how processes move.
pub(crate) struct Deployed<R, M>(PhantomData<fn(R, M)>);

impl<R: Ready + 'static, M: Migration + 'static> World for Deployed<R, M> {
    type Ready = R;
    type Migration = M;
    type Lifecycle = OnThisStack<R, M>;
    type Io = Console;
    type Mem = Physical;
    type Hardware = ThisCore;
    type Oracle = Dice;

    fn visit<T>(f: impl FnOnce(&mut Core<Self>) -> T) -> T {
        Self::visit_at(process::this_core(), f)
    }

    #[inline(always)]
    fn visit_at<T>(here: &'static Here, f: impl FnOnce(&mut Core<Self>) -> T) -> T {
        let core = here.scheduler().cast::<Core<Self>>();
        // SAFETY: `install` put it there, for ever, and all cores have the same deployment; only this core's loop comes
        // here, which is not preempted, and `f` does not come here again.
        f(unsafe { &mut *core })
    }

    #[inline(always)]
    fn visit_in_loop<T>(
        here: &'static Here,
        f: impl FnOnce(&mut Core<Self>, InLoop<'_>) -> T,
    ) -> T {
        // SAFETY: as above: this is the core's loop, and nothing that holds it outlives the visit.
        let at = unsafe { here.loop_of_running_core() };
        Self::visit_at(here, |core| f(core, at))
    }
}

/// Processes run on the stack that the loop stands on.
pub(crate) struct OnThisStack<R, M>(PhantomData<fn(R, M)>);

impl<R: Ready + 'static, M: Migration + 'static> Lifecycle for OnThisStack<R, M> {
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
            Err(token) => put_off(token),
        };
        (outcome, here)
    }

    #[cold]
    fn go_on(token: Token) -> Next {
        let is_here = |last: &Here| ptr::eq(last, process::this_core());
        if M::MOVES && !token.last_core().is_some_and(is_here) {
            // SAFETY: as in `resume`.
            unsafe { process::leave_spare_over() }
        }
        // SAFETY: as in `resume`.
        let token = unsafe { process::go_on(token) };
        // It was put off. What was left over for its stack is wanted again, or whoever runs next could not be broken off.
        // SAFETY: as in `resume`.
        if !unsafe { process::has_spare() } {
            add_spare();
        }
        Deployed::<R, M>::visit(|core| core.settle_at_length(put_off(token)))
    }

    #[cold]
    fn end(token: Token) -> Next {
        // SAFETY: as in `resume`.
        let (finished, here) = unsafe { process::end(token) };
        cpu::reset_float_control();
        Deployed::<R, M>::visit_at(here, |core| core.settle_at_length(Outcome::Done(finished)))
    }
}

/// Something came up before the process began.
#[cold]
fn put_off(token: Token) -> Outcome {
    CoreBlock::with_current(|core| count(&core.counters().put_off));
    Outcome::PutOff(token)
}

/// The core itself.
pub(crate) struct ThisCore {
    block: &'static CoreBlock,
    /// Spare stacks that it keeps while it sleeps.
    spares: usize,
}

impl ThisCore {
    pub(super) fn new(block: &'static CoreBlock, spares: usize) -> Self {
        Self { block, spares }
    }
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
            interrupts::complete(causes.word());
        } else if causes != Causes::from(Cause::Wake) {
            // (A ring of another core's is no interrupt whose line has to be let up again.)
            attend::serve(self.block, causes);
        }
    }

    fn lingers(&mut self, turns: u32) -> bool {
        (0..turns).any(|_| {
            cpu::relax();
            self.block.doorbell().is_rung()
        })
    }

    fn wait(&mut self) {
        // SAFETY: this is the core's loop, in its visit, where it neither takes a stack nor adds one.
        unsafe { process::leave_surplus_over(self.spares) };
        attend::wait(self.block);
        watchdogs::has_woken(self.block);
    }

    fn rest(&mut self, is_over: &dyn Fn() -> bool) {
        // Whoever waits for all to come waits for an event.
        cpu::send_event();
        // Whoever ends it signals this core, and what has come meanwhile stands in the word.
        cpu::wait_for_interrupt_unless(is_over);
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

/// In production nothing could be otherwise, but for whom a core turns to among many.
pub(crate) struct Dice(Rng);

impl Dice {
    /// A stream for this core alone: no two begin with the same neighbour for ever.
    pub(crate) fn of(core: u32) -> Self {
        Self(Rng::new(u64::from(core)))
    }
}

impl Oracle for Dice {
    #[inline(always)]
    fn choose(&mut self, _: usize) -> usize {
        0
    }

    fn draw(&mut self, choices: usize) -> usize {
        self.0.below(choices as u64) as usize
    }
}
