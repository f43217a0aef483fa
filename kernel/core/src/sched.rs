//! The scheduler: who runs next on a core, and what becomes of whoever ran.
//!
//! One [`Core`] per core, policy only: it decides, and its [`World`] performs. What lies behind
//! the world's effects (a local queue or a stolen one, a timer's register or a simulated clock) it
//! does not know, and everything above it (spawning, sending, sleeping) carries no type parameter:
//! a process leaves what it did on its core's desk, and the core collects that after each turn.
//!
//! `doc/the-turn.md` has the turn as pseudocode, and the argument why it loses nothing.

mod core;
mod deadlines;
mod effects;
mod levels;
mod message;
mod moving;
mod order;
mod shared;

pub use self::core::{Core, Next, Statistics, Terms};
pub use crate::time::Sleep;
pub use effects::{
    CoreId, Hardware, Io, Lifecycle, Mem, Migration, Oracle, Outcome, Place, Ready, Stolen, World,
};
pub use girder_lockfree::process::ExitReason;
use girder_lockfree::process::Runnable;
pub use levels::{Levels, Priority, set_priority};
pub use message::{Apart, Neighbours, apart};
pub use shared::{Fellows, Offering, crew_of};

/// As [`crate::time::sleep_until`], for what counts the clock's nanoseconds itself.
#[inline(always)]
pub fn sleep_until(at: u64) -> Sleep {
    crate::time::sleep_until(crate::time::Instant::from_nanos(at))
}

/// Takes one turn on whichever core this is: does what was decided, and decides what is next.
///
/// A process is resumed between two visits to the core, never during one: it may be interrupted in
/// mid-poll and go on elsewhere, and then the next visit is to another core. So nothing of a core may
/// be held over a resume, and this function has nothing to hold it in.
#[inline(always)]
pub fn turn<W: World>(next: Next) -> Next {
    match next {
        Next::Resume(process) => {
            let (outcome, here) = W::Lifecycle::resume(process, W::visit(|core| core.here()));
            W::visit_at(here, |core| core.settle(here, outcome))
        }
        Next::GoOn(token) => W::Lifecycle::go_on(token),
        Next::End(token) => W::Lifecycle::end(token),
        Next::Wait => W::visit(Core::wait),
    }
}

/// Takes turns for ever.
pub fn run<W: World>(mut next: Next) -> ! {
    loop {
        next = match next {
            Next::Resume(process) if W::visit(|core| core.keeps_time()) => {
                run_processes::<W, true>(process)
            }
            Next::Resume(process) => run_processes::<W, false>(process),
            other => turn::<W>(other),
        };
    }
}

/// One process after another, as long as it goes on like that: nearly all that ever happens. One that simply
/// takes turns makes no `Next` of the other: the compiler would build it and take it apart again. Whether time
/// is kept does not change, so whoever keeps none does not ask.
#[inline(never)]
fn run_processes<W: World, const KEEPS_TIME: bool>(mut process: Runnable) -> Next {
    let mut here = W::visit(|core| core.here());
    loop {
        let outcome;
        (outcome, here) = W::Lifecycle::resume(process, here);
        let next = match outcome {
            Outcome::Yielded(mut token) => {
                let turned = W::visit_at(here, |core| {
                    if KEEPS_TIME {
                        core.charge_time(&mut token);
                    }
                    core.take_turns(here, token)
                });
                match turned {
                    Ok(next) => {
                        process = next;
                        continue;
                    }
                    Err(token) => W::visit_at(here, |core| core.decide_instead(Some(token))),
                }
            }
            Outcome::Listening(mut token) => {
                let turned = W::visit_in_loop(here, |core, at| {
                    if KEEPS_TIME {
                        core.charge_time(&mut token);
                    }
                    core.let_listen(at, token)
                });
                match turned {
                    Ok(next) => {
                        process = next;
                        continue;
                    }
                    Err(token) => W::visit_at(here, |core| core.decide_instead(token)),
                }
            }
            Outcome::Waiting(mut token) => {
                let turned = W::visit_in_loop(here, |core, at| {
                    if KEEPS_TIME {
                        core.charge_time(&mut token);
                    }
                    core.let_wait(at, token)
                });
                match turned {
                    Ok(next) => {
                        process = next;
                        continue;
                    }
                    Err(token) => W::visit_at(here, |core| core.decide_instead(token)),
                }
            }
            Outcome::Done(finished) => {
                let turned = W::visit_in_loop(here, |core, at| {
                    if KEEPS_TIME {
                        core.look_at_clock();
                    }
                    core.end_at(at, finished)
                });
                match turned {
                    Ok(next) => {
                        process = next;
                        continue;
                    }
                    Err(token) => W::visit_at(here, |core| core.decide_instead(token)),
                }
            }
            other => W::visit_at(here, |core| core.settle(here, other)),
        };
        match next {
            Next::Resume(next) => process = next,
            other => {
                ::core::hint::cold_path();
                return other;
            }
        }
    }
}
