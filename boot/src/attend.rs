//! Answering the status word: what every core's loop does with the causes that it took from it.
//!
//! The boot core schedules, and its loop is `heart`'s. The others are parked: they run no process, and
//! do nothing but answer, so that a ping finds them alive; until they are called to schedule as well, in a deployment
//! where all do.

use crate::{console, heart, provoke, stacks};
use girder_aarch64::core_block::{CoreBlock, count};
use girder_aarch64::exception::Frame;
use girder_aarch64::halt::{self, HaltCause};
use girder_aarch64::{cpu, exception, interrupts};
use girder_core::causes::{Cause, Causes};
use girder_lockfree::Verdict;

/// Does what the causes call for, each once, and lets their interrupts come again. Bits that are set
/// meanwhile are the next turn's, so however fast they come, a turn ends.
pub(crate) fn serve(core: &CoreBlock, causes: Causes) {
    for cause in causes {
        match cause {
            Cause::Crash => provoke::obey(),
            Cause::Console => console::serve(),
            Cause::Ping => {
                count(&core.counters().pings);
                // Whoever asked waits for an event.
                cpu::send_event();
            }
            // It was to be woken, and is.
            Cause::Wake | Cause::Timer => {}
            Cause::Stack => stacks::seek_spare(),
        }
    }
    interrupts::complete(causes.word());
}

/// Sleeps until a cause is there. Whoever brings one from now on signals this core; the last look is
/// taken with interrupts masked, and a masked interrupt still ends the sleep.
pub(crate) fn wait(core: &CoreBlock) {
    count(&core.counters().waits);
    cpu::wait_for_interrupt_unless(|| !core.doorbell().try_leave());
}

/// The Rust entry of every core but the first, on its own stack, with translation on.
pub(crate) extern "C" fn secondary_core(block: u64) -> ! {
    // SAFETY: boot passed the address of this core's block, which lives for ever.
    let core = unsafe { &*(block as *const CoreBlock) };
    // SAFETY: it is this core's own, and this is the core's loop stack.
    unsafe { core.install() };
    exception::install();
    if let Err(error) = interrupts::enable_on_this_core() {
        core.fail(error);
        cpu::park();
    }
    provoke::as_it_comes_up(core);
    if core.admission().arrive() == Verdict::LeftOut {
        cpu::park();
    }
    cpu::send_event();
    // Whoever crashed before did not know of this core.
    if halt::is_ordered() {
        halt::stand_still(&Frame::here(), HaltCause::Ordered);
    }
    cpu::unmask_interrupts();
    loop {
        serve(core, Causes::from_word(core.doorbell().take()));
        if let Some(shared) = heart::shared() {
            heart::join(core, shared);
        }
        wait(core);
    }
}
