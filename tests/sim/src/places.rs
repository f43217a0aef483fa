//! Between two turns: each process is in exactly one place, and what they use adds up.

use crate::program::Score;
use crate::world::{Simulated, with_state};
use girder_core::sched::{Next, World};
use girder_lockfree::process::inspect::{Standing, on_desk, standing, stock};
use girder_lockfree::process::{Pid, processes};
use std::collections::BTreeMap;

/// Where a token can be, besides its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Core,
    Queue,
}

/// Checks everything that must be true between two turns.
pub(crate) fn check(next: &Next, score: &mut Score) {
    let places = tokens(next);
    // Whoever is new is in a queue, or has the core, before it is anything else: as a rule.
    for &pid in places.keys() {
        score.ever_born += usize::from(score.alive.insert(pid));
    }
    score.alive.retain(|&pid| standing(pid).is_some());
    if used_slots() != score.alive.len() {
        find_held(score);
    }
    let mut runnable = 0;
    for &pid in &score.alive {
        let place = places.get(&pid);
        match standing(pid) {
            Some(Standing::Runnable) => {
                assert!(place.is_some(), "{pid:?} is nowhere");
                runnable += 1;
            }
            is => {
                assert_eq!(place, None, "{pid:?} is in two places, and {is:?}");
                let is_killed = with_state(|state| state.laws.is_killed(pid));
                assert!(!is_killed, "{pid:?} was killed and is {is:?}");
            }
        }
    }
    assert_eq!(runnable, places.len(), "a place has somebody who is gone");
    let stock = stock();
    assert_eq!(used_slots(), score.alive.len(), "slots do not add up");
    let used_blocks = stock.blocks - stock.free_blocks;
    assert_eq!(used_blocks, score.alive.len(), "blocks do not add up");
}

fn used_slots() -> usize {
    let stock = stock();
    stock.slots - stock.free_slots - stock.spread
}

/// Who was suspended in the turn of its birth, and was urgent enough to be met in the same turn, was in no queue between
/// two turns.
fn find_held(score: &mut Score) {
    for pid in processes().filter(|&pid| standing(pid) == Some(Standing::Held)) {
        score.ever_born += usize::from(score.alive.insert(pid));
    }
}

fn tokens(next: &Next) -> BTreeMap<Pid, Place> {
    let mut places = BTreeMap::new();
    let mut put = |pid: Pid, place: Place| {
        let other = places.insert(pid, place);
        assert_eq!(other, None, "{pid:?} is in two places, and {place:?}");
    };
    match next {
        Next::Resume(process) => put(process.pid(), Place::Core),
        Next::GoOn(token) | Next::End(token) => put(token.pid(), Place::Core),
        Next::Wait => {}
    }
    Simulated::visit(|core| {
        core.ready()
            .levels
            .pids()
            .for_each(|pid| put(pid, Place::Queue));
    });
    let (newborn, woken) = on_desk();
    let is_cleared = newborn.is_empty() && woken.is_empty();
    assert!(is_cleared, "left on the desk: {newborn:?} {woken:?}");
    places
}
