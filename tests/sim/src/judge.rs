//! What must be true when nothing is left to happen: everybody has come to an end, and what was
//! counted adds up.

use crate::checks::Event;
use crate::program::Score;
use crate::world::State;
use girder_core::sched::Statistics;
use girder_lockfree::process::Pid;
use girder_lockfree::process::inspect::{Stock, stock};

/// Checks it all.
pub(crate) fn check(score: &Score, state: &State, statistics: Statistics) {
    check_bodies(score, state);
    check_everybody(score, state, statistics);
    check_counts(state, statistics);
    check_memory(score, state);
}

fn check_memory(score: &Score, state: &State) {
    let Stock {
        chunks,
        records,
        pages: (taken, known),
        ties,
        ..
    } = stock();
    // Who waits for ever keeps what it has.
    assert!(
        chunks == 0 || !score.alive.is_empty(),
        "{chunks} chunks of arenas are lost"
    );
    assert!(ties == 0 || !score.alive.is_empty(), "{ties} ties are lost");
    // Who was given up never let go of a watch, and who is alive has one and a record, and is perhaps monitored.
    let most = abandoned(state) + 3 * score.alive.len();
    assert!(records <= most, "{records} records are lost");
    assert_eq!(taken, known, "blocks for ever that nobody knows");
}

/// How many have never let go of what they had.
fn abandoned(state: &State) -> usize {
    count(state, |it| {
        matches!(it, Event::Abandoned(_) | Event::Crashed(_))
    })
}

fn count(state: &State, is_it: impl Fn(&Event) -> bool) -> usize {
    let events = state.trace.events().iter();
    events.filter(|(_, event)| is_it(event)).count()
}

/// What a program has spawned was refused, or came to an end and was dropped, once.
fn check_bodies(score: &Score, state: &State) {
    let is_body = |pid: &Pid| score.bodies.contains(pid);
    let done = count(state, |it| matches!(it, Event::Done(pid) if is_body(pid)));
    let lost =
        |it: &Event| matches!(it, Event::Abandoned(pid) | Event::Crashed(pid) if is_body(pid));
    assert_eq!(score.finished, done, "somebody ended before its end");
    let left = score.alive.iter().filter(|&pid| is_body(pid)).count();
    let kept = count(state, lost) + left;
    let made = score.bodies.len() + score.refused + score.successors;
    assert_eq!(score.dropped + kept, made, "bodies were not dropped once");
}

/// The same for whatever has been a process.
fn check_everybody(score: &Score, state: &State, statistics: Statistics) {
    let abandoned = abandoned(state);
    let ended = count(state, |it| matches!(it, Event::Done(_) | Event::Killed(_)));
    let (gone, left) = (ended + abandoned, &score.alive);
    assert_eq!(gone + left.len(), score.ever_born, "processes were lost");
    // Whoever was given up in mid-poll never let go of what others may wait for.
    let may_wait = abandoned > 0 && state.sabotage.is_none();
    assert!(left.is_empty() || may_wait, "{left:?} wait for ever");
    let untold = &state.watching;
    assert!(
        untold.is_empty(),
        "nobody was told of the end of {untold:?}"
    );
    assert_eq!(statistics.ended as usize, gone, "ends were not counted");
}

fn check_counts(state: &State, statistics: Statistics) {
    let counts = state.laws.counts();
    let given = count(state, |it| {
        matches!(it, Event::Resume(..) | Event::PutOff(_))
    });
    let preempted = count(state, |it| matches!(it, Event::Preempt(_)));
    assert_eq!(statistics.switches as usize, given, "switches");
    assert_eq!(statistics.preemptions as usize, preempted, "preemptions");
    assert_eq!(statistics.arrivals, counts.arrivals, "arrivals");
    assert_eq!(statistics.quanta, counts.quanta, "quanta");
    assert_eq!(statistics.waits, counts.waits, "waits");
    assert_eq!(statistics.idle_nanos, state.slept, "time asleep");
}
