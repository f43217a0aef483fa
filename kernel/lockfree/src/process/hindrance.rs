//! What keeps a reaper from its work: a message's destructor that never ends, or one that blocks.
//!
//! Such a reaper is ended where it stands, and the next one goes on with the next message. Who wrote the destructor is to
//! know of it, but whoever ends the reaper can't say so: that is the loop, or a process that is about to wait for ever. So it
//! leaves a note on the core's desk, and the next reaper, which is a process with all of its stack, tells before it begins. As
//! long as there is a note there is something to do for a reaper, so one comes.

use super::hand::ORDINARY;
use super::header::Header;
use super::here::{table, with_desk};
use super::local::Local;
use super::own::is_kernels_own;
use super::word::Pid;
use super::{own_pid, platform};
use core::fmt;

/// Ticks that a message's destructor may take: a thousand quanta, as one that was killed has for all of its.
const TICKS_MOST: u16 = 2_000;
/// Ticks after which it is no matter of a hurry: four quanta. (With one, a slow machine has none left that hurries.)
const TICKS_OF_HURRY: u16 = 8;

/// What a message's destructor did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It went on for too long.
    Endless,
    /// It blocked.
    Blocking,
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Endless => "went on for a thousand quanta",
            Self::Blocking => "blocked",
        })
    }
}

/// A reaper was found running so many times since it began with the message in hand, less one; for the holder of its token.
pub(super) fn reaps_for(reaper: &Header, ticks: u16) {
    if ticks > TICKS_OF_HURRY {
        reaper.local.set_level(ORDINARY);
    }
    if ticks == TICKS_OF_HURRY + 1 {
        with_desk(|here, desk| {
            if desk.unburied.has_slowed_down(reaper.pid()) {
                here.mark_laden();
            }
        });
    }
    if ticks > TICKS_MOST {
        // Its token is not in the slot, so this is noted, and met before it goes on.
        let _ = reaper.slot.word.kill(reaper.pid());
    }
    if ticks == TICKS_MOST + 1 {
        note(reaper.pid(), Hindrance::Endless);
    }
}

/// Whoever runs is about to block: a reaper that does was made to by a message, and is given up instead.
#[inline(always)]
pub(super) fn is_about_to_block(local: &Local) {
    if local.overtime.get() > 0 {
        give_up_blocked();
    }
}

#[cold]
#[inline(never)]
fn give_up_blocked() {
    // Broken off between the two, it might be ended without a note.
    let _stays = platform::PreemptionOff::new();
    if let Some(pid) = own_pid().filter(|&pid| is_kernels_own(pid))
        && let Some(slot) = table().slot(pid.index())
    {
        // As above. Nobody waits for one that blocks and has to die.
        let _ = slot.word.kill(pid);
        note(pid, Hindrance::Blocking);
    }
}

fn note(reaper: Pid, hindrance: Hindrance) {
    with_desk(|_, desk| desk.unburied.hindered = Some((reaper, hindrance)));
}

/// Tells of the reaper before, if that was kept from its work; for the one that goes on.
pub(crate) fn tell_of_the_last() {
    let hindered = with_desk(|_, desk| desk.unburied.hindered.take());
    if let Some((reaper, hindrance)) = hindered {
        platform::tell_of_reaper(reaper, hindrance);
    }
}
