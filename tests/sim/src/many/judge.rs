//! What must be true when nothing is left to happen.

use super::Remains;
use super::baton::Score;

/// Checks it all.
/// `uncalled` alarms could not be called off on other cores, for want of memory: they stay until they are due.
pub(super) fn check(score: &Score, remains: &[Remains], uncalled: usize) {
    assert!(score.alive.is_empty(), "{:?} wait for ever", score.alive);
    let gone = score.dropped + score.given_up;
    assert_eq!(gone, score.made, "bodies were not dropped once");
    assert!(
        score.finished + score.killed + score.crashed + score.refused >= score.made,
        "somebody ended before its end: {score:?}"
    );
    let sum = |of: fn(&Remains) -> usize| {
        let all = remains.iter().map(of);
        all.fold(0_usize, usize::wrapping_add)
    };
    let slots = remains.first().map_or(0, |remains| remains.stock.slots);
    let spread = remains.first().map_or(0, |remains| remains.stock.spread);
    let free = sum(|remains| remains.stock.free_slots) + spread;
    assert_eq!(free, slots, "slots do not add up");
    let kept = sum(|remains| remains.stock.free_blocks);
    let blocks = sum(|remains| remains.stock.blocks);
    assert_eq!(blocks, kept, "blocks do not add up");
    assert_eq!(sum(|remains| remains.stock.chunks), 0, "chunks are lost");
    // One table has them all.
    let ties = remains.first().map_or(0, |remains| remains.stock.ties);
    assert_eq!(ties, 0, "ties are lost");
    let alarms = sum(|remains| remains.alarms);
    assert!(
        alarms <= uncalled + score.delayed,
        "{alarms} alarms are left"
    );
}
