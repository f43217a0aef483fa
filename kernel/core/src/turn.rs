//! A turn of a core's loop: take the status word, serve its bits, work, else wait.
//!
//! **Nothing is lost.** A cause is a bit that is set *before* its core is interrupted, and it is
//! cleared only by `take_causes`, which hands it over in the same step. Wherever it arrives:
//!
//! 1. before `take_causes`: this turn serves it;
//! 2. after that, while something is served or work is done: the bit stands in the word, and if
//!    the turn ends in `wait`, that finds it and returns at once;
//! 3. while `wait` looks: it looks with interrupts masked, so the interrupt stays pending and ends
//!    the sleep that follows (WFI minds no mask: Arm ARM, "Wait For Interrupt"); then the next
//!    turn serves it.
//!
//! **Nothing waits for long.** A turn serves each cause at most once, since it walks a copy of the
//! word: bits that come meanwhile are the next turn's. So however fast they come, work gets its
//! share of each turn, and a piece of work leaves when the word calls.
//!
//! **Nothing is waited for in vain.** Work is asked after serving, for serving is what makes it;
//! only a turn in which work had nothing waits.
//!
//! The scheduler comes in as a richer `work`, whose shape stays what it is.

use crate::causes::{Cause, Causes};

/// What the loop asks of the machine and of whatever it runs.
pub trait World {
    /// Empties the status word in one atomic step and returns what was in it.
    fn take_causes(&mut self) -> Causes;
    /// Does what a cause calls for; bounded, and never waits.
    fn serve(&mut self, cause: Cause);
    /// Does a piece of work, such as going on with what was interrupted.
    fn work(&mut self) -> Progress;
    /// Masks interrupts, and sleeps until the next one unless the status word has a bit; then
    /// unmasks. May return early.
    fn wait(&mut self);
}

/// What work came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something was done, and there may be more.
    Did,
    /// There was nothing to do.
    Nothing,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// In work.
    Worked,
    /// In waiting, which is over.
    Waited,
}

/// Takes one turn; a core's loop is this for ever.
pub fn turn<W: World>(world: &mut W) -> Turn {
    for cause in world.take_causes() {
        world.serve(cause);
    }
    match world.work() {
        Progress::Did => Turn::Worked,
        Progress::Nothing => {
            world.wait();
            Turn::Waited
        }
    }
}

#[cfg(test)]
mod tests;
