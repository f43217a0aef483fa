//! The scheduler: who runs next on a core, and what becomes of whoever ran.
//!
//! One [`Core`] per core, policy only: it decides, and its [`World`] performs. What lies behind
//! the world's effects (a local queue or a stolen one, a timer's register or a simulated clock) it
//! does not know, and everything above it (spawning, sending, sleeping) carries no type parameter:
//! a process leaves what it did on its core's desk, and the core collects that after each turn.
//!
//! `doc/the-turn.md` has the turn as pseudocode, and the argument why it loses nothing.

mod alarms;
mod core;
mod effects;
mod levels;
mod sleep;

pub use self::core::{Core, Next, Statistics, Terms};
pub use effects::{
    CoreId, Hardware, Io, Lifecycle, Mem, Migration, Oracle, Outcome, Place, Ready, Stolen, World,
};
pub use levels::{Levels, Priority};
pub use sleep::{Sleep, sleep_until};

/// Takes one turn on whichever core this is: does what was decided, and decides what is next.
///
/// A process is resumed between two visits to the core, never during one: it may be interrupted in
/// mid-poll and go on elsewhere, and then the next visit is to another core. So nothing of a core may
/// be held over a resume, and this function has nothing to hold it in.
#[inline(always)]
pub fn turn<W: World>(next: Next) -> Next {
    let outcome = match next {
        Next::Resume(token) => W::Lifecycle::resume(token),
        Next::GoOn(token) => W::Lifecycle::go_on(token),
        Next::End(token) => W::Lifecycle::end(token),
        Next::Wait => return W::visit(Core::wait),
    };
    W::visit(|core| core.settle(outcome))
}
