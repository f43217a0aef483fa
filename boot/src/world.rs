//! What each core's loop does: serves its status word, and on the boot core drives the prompt.
//!
//! The scheduler (`heart`) takes the place of this loop in bench mode; it will everywhere, once the
//! prompt and the tests are processes.

use crate::operator::Operator;
use crate::{console, cores};
use core::sync::atomic::Ordering::Relaxed;
use girder_aarch64::core_block::{CoreBlock, count};
use girder_aarch64::{cpu, exception, interrupts, timer};
use girder_core::causes::{Cause, Causes};
use girder_core::turn::{Progress, World, turn};
use girder_lockfree::Verdict;

/// The loop of one core.
pub(crate) struct Loop {
    core: &'static CoreBlock,
    operator: Option<Operator>,
}

impl Loop {
    /// Makes the loop of the running core, with whoever answers the console, on one core.
    pub(crate) fn new(core: &'static CoreBlock, operator: Option<Operator>) -> Self {
        Self { core, operator }
    }

    /// Takes turns for ever.
    pub(crate) fn run(mut self) -> ! {
        cpu::unmask_interrupts();
        loop {
            turn(&mut self);
        }
    }
}

impl World for Loop {
    fn take_causes(&mut self) -> Causes {
        Causes::from_word(self.core.doorbell().take())
    }

    fn serve(&mut self, cause: Cause) {
        match cause {
            Cause::Stop => cpu::park(),
            Cause::Timer if !timer::has_fired() => {}
            Cause::Timer => {
                timer::disarm();
                count(&self.core.counters().deadlines);
            }
            Cause::Console => console::serve(),
            Cause::Ping => {
                count(&self.core.counters().pings);
                // Whoever asked waits for an event.
                cpu::send_event();
            }
            Cause::Wake => {}
        }
        interrupts::complete(cause.bit());
    }

    fn work(&mut self) -> Progress {
        match &mut self.operator {
            Some(operator) => operator.work(self.core),
            None => Progress::Nothing,
        }
    }

    fn wait(&mut self) {
        count(&self.core.counters().waits);
        cpu::wait_for_interrupt_unless(|| !self.core.doorbell().try_leave());
    }
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
    if core.admission().arrive() == Verdict::LeftOut {
        cpu::park();
    }
    cpu::send_event();
    Loop::new(core, None).run()
}

/// How many pings a core has answered.
fn pings_answered(core: &CoreBlock) -> u64 {
    core.counters().pings.load(Relaxed)
}

/// Asks a core to show that its loop still turns, and waits until it has.
pub fn ping(core: &CoreBlock) {
    let before = pings_answered(core);
    cores::ring(core, Cause::Ping);
    while pings_answered(core) == before {
        cpu::wait_for_event();
    }
}
