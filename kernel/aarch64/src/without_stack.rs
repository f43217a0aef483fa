//! A core that has no stack to go on with in place of the process that runs.
//!
//! The process can't be broken off then: an interrupt takes its notes, and the loop reads them when the process awaits.
//! One that never awaits would have its core for ever, and everybody who waits there, the shell among them. So it has a
//! [limit](LIMIT_TICKS). When that is over it is given up where it stands, which takes no other stack: a new loop begins at the
//! top of this one, as after a fault (`death`).
//!
//! **The ticks** are counted from the first interrupt that would have taken the core, as long as no loop has its turn: the loop
//! finds [`WANTS_STACK`] in its word before it resumes anybody, and then says that it is over. Whoever runs has been
//! found by each of these interrupts, because without a stack nobody else comes to run. They are ticks and no time, for a
//! core that an emulator's host has kept from going on for a while has not used it.
//!
//! **The timer** has to come again, though no loop lets its interrupt be signalled anew: the handler asks it for the next
//! tick, and completes its interrupt, whose cause it takes back. The loop learns by [`WANTS_STACK`] that the timer is to
//! be asked for what it wants itself; what was due meanwhile it finds then, late.
//!
//! *Alternatives.* To break off whoever runs on a stack that is set aside: then it has that, and the next one
//! finds none. To take the stack of somebody who holds one longer: he may be in the midst of what he alone has begun, and
//! has not kept anybody from anything.

use crate::core_block::{CoreBlock, count};
use crate::death;
use crate::exception::Frame;
use crate::{interrupts, timer};
use girder_lockfree::process::Local;

/// How many ticks a process may go on for without an await while its core has no stack to break it off with.
pub const LIMIT_TICKS: u32 = 10;
/// Nanoseconds from one to the next: a quantum, as that is by itself.
const TICK_NANOS: u64 = 1_000_000;

/// The bit of a core's status word by which its loop is asked for a stack.
pub const WANTS_STACK: u32 = 1 << 5;

/// Notes that there was no stack to go on with, for the loop that comes to its next turn.
#[cold]
pub(crate) fn note(core: &CoreBlock) {
    count(&core.counters().no_stack);
    // Its own word: nobody has to be signalled.
    let _ = core.doorbell().ring(WANTS_STACK);
}

/// Called by the handlers for a process that would lose the core now: lets it go on for a while, or has `frame` return
/// into a new loop in its place.
#[cold]
#[inline(never)]
pub(crate) fn keep_or_give_up(core: &CoreBlock, frame: &mut Frame, local: &'static Local) {
    note(core);
    let causes = core.doorbell().take();
    let of_timer = causes & interrupts::timer_causes();
    let (is_first, before) = match core.here.stuck_for() {
        None => (true, 0),
        Some(ticks) => (false, ticks),
    };
    let ticks = before + u32::from(!is_first && of_timer != 0);
    core.here.set_stuck(Some(ticks));
    if is_first || of_timer != 0 {
        timer::set_deadline(timer::ticks_at(timer::nanos() + TICK_NANOS));
        interrupts::complete(of_timer);
    }
    let _ = core.doorbell().ring(causes & !of_timer);
    if ticks < LIMIT_TICKS {
        return local.note_pending();
    }
    count(&core.counters().given_up);
    death::give_up_without_stack(core, frame, local);
}
