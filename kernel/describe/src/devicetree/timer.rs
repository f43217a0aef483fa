//! The generic timer's interrupts, by name where the tree has names, else by position.
//!
//! Linux binding `timer/arm,arch_timer.yaml`. Apple's cores have no secure timer, so position
//! alone would shift every one of theirs.

use super::controller::Root;
use super::interrupts;
use super::survey::Survey;
use crate::machine::{Intid, TimerInterrupts};

/// The names, in the order that holds where none are given.
const ORDER: [&[u8]; 5] = [b"sec-phys", b"phys", b"virt", b"hyp-phys", b"hyp-virt"];

/// Reads the timer's interrupts.
pub(super) fn interrupts(survey: &Survey<'_>, root: &Root<'_>) -> TimerInterrupts {
    let Some(timer) = survey.timer else {
        return TimerInterrupts::default();
    };
    let list = interrupts::of(timer);
    let has_names = timer.has("interrupt-names");
    let intid = |name: &[u8]| -> Option<Intid> {
        let position = match has_names {
            true => timer
                .strings("interrupt-names")
                .position(|found| found == name),
            false => ORDER.iter().position(|known| *known == name),
        };
        root.intid(*list.get(position?)?)
    };
    TimerInterrupts {
        phys: intid(b"phys"),
        virt: intid(b"virt"),
        hyp_phys: intid(b"hyp-phys"),
        hyp_virt: intid(b"hyp-virt"),
    }
}
