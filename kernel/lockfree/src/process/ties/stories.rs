//! What races for ties, on modelled atomics: each side of a tie, and each ring, is a cell that the model watches.

use super::pool::Ties;
use super::ring::Ring;
use super::tie::{Tie, WATCHED, WATCHER};
use crate::cell::UnsafeCell;
use crate::process::Pid;
use crate::process::word::{Handover, StateWord};
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed as Counting};
use std::vec::Vec;

pub(crate) mod links;

/// Some processes, by number, and the ties between them.
struct Scene {
    ties: Ties,
    rings: [Ring; 3],
    /// Of each tie: how often its watcher was told, and how often it was cut.
    told: [AtomicU32; 2],
    cut: [AtomicU32; 2],
}

fn pid(number: usize) -> Pid {
    StateWord::new().next_pid(number as u32)
}

impl Scene {
    fn new() -> Arc<Self> {
        let counts = || [AtomicU32::new(0), AtomicU32::new(0)];
        Arc::new(Self {
            ties: Ties::new(1),
            rings: [(); 3].map(|()| Ring::new()),
            told: counts(),
            cut: counts(),
        })
    }

    fn tie(&self, watcher: usize, watched: usize) -> &'static Tie {
        let tie = self.ties.take().expect("memory");
        tie.open([pid(watcher), pid(watched)], |_| None);
        for (number, side) in [(watcher, WATCHER), (watched, WATCHED)] {
            let ring = self.rings[number].lock(());
            ring.serve(pid(number));
            ring.insert(&self.ties, tie.knot(side));
        }
        tie
    }

    fn ring_of(&self, pid: Pid) -> &Ring {
        &self.rings[pid.index() as usize]
    }

    /// As the end of a process does.
    fn end(&self, number: usize) {
        let ring = &self.rings[number];
        let _ = ring.lock(()).close(pid(number));
        loop {
            let its = ring.lock(());
            let Some((index, side)) = its.pop(&self.ties).and_then(|knot| knot.parts()) else {
                return;
            };
            let tie = self.ties.at(index).expect("a tie");
            if !tie.seize() {
                continue;
            }
            drop(its);
            let mut rings = [None, None];
            rings[1 - side] = Some(self.ring_of(tie.end(1 - side)));
            self.ties.take_out(tie, rings, || ());
            assert!(tie.unload().is_none());
            let counts = if side == WATCHED {
                &self.told
            } else {
                &self.cut
            };
            counts[index as usize].fetch_add(1, Counting);
            self.ties.give(tie);
        }
    }

    /// As who thinks better of it does. True if that was in time.
    fn cut(&self, tie: &Tie, watcher: usize) -> bool {
        let is_mine = tie.claim(1, pid(watcher));
        if is_mine {
            let rings = [WATCHER, WATCHED].map(|side| Some(self.ring_of(tie.end(side))));
            self.ties.take_out(tie, rings, || ());
            assert!(tie.unload().is_none());
            self.cut[tie.index as usize].fetch_add(1, Counting);
            self.ties.give(tie);
        }
        is_mine
    }

    fn is_over(&self) {
        for tie in 0..2 {
            let ends = [&self.told, &self.cut].map(|counts| counts[tie].load(Counting));
            assert_eq!(ends[0] + ends[1], 1, "ended twice, or never");
        }
        assert_eq!(self.ties.in_use(), 0, "a tie is lost");
    }
}

/// Once may a thread be broken off where it need not: with more, most such stories take hours.
fn bounded(story: impl Fn() + Sync + Send + 'static) {
    bounded_by(1, story);
}

/// So often, of all threads together.
fn bounded_by(preemptions: usize, story: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder.check(story);
}

/// Two watch a third. One of them dies, the other thinks better of it, and the third dies: each tie is taken out of two rings by
/// one of them, beside a neighbour that another one takes out.
#[test]
pub(crate) fn each_tie_ends_once_whoever_of_three_is_first() {
    bounded(|| {
        let scene = Scene::new();
        scene.tie(0, 1);
        let second = scene.tie(2, 1);
        let dies = {
            let scene = scene.clone();
            thread::spawn(move || scene.end(0))
        };
        let cuts = {
            let scene = scene.clone();
            thread::spawn(move || scene.cut(second, 2))
        };
        scene.end(1);
        dies.join().unwrap();
        let is_cut = cuts.join().unwrap();
        assert_eq!(scene.told[1].load(Counting), u32::from(!is_cut));
        scene.is_over();
    });
}

/// Two who watch each other die at once.
#[test]
pub(crate) fn two_who_die_at_once_leave_nothing() {
    bounded(|| {
        let scene = Scene::new();
        scene.tie(0, 1);
        scene.tie(1, 0);
        let other = {
            let scene = scene.clone();
            thread::spawn(move || scene.end(1))
        };
        scene.end(0);
        other.join().unwrap();
        scene.is_over();
    });
}

/// A tie is given back, while somebody else waits for one: what the first did with it is over.
#[test]
pub(crate) fn who_takes_a_tie_has_it_alone() {
    loom::model(|| {
        let scene = Scene::new();
        let tie = scene.tie(0, 1);
        let other = {
            let scene = scene.clone();
            thread::spawn(move || assert!(scene.cut(tie, 0)))
        };
        let taken = loop {
            match scene.ties.take_left() {
                Some(taken) => break taken,
                None => thread::yield_now(),
            }
        };
        taken.open([pid(1), pid(2)], |_| None);
        other.join().unwrap();
        assert_eq!(taken.index, tie.index);
    });
}

/// The top is the same tie again, but above another one than before.
#[test]
pub(crate) fn nobody_has_a_tie_twice() {
    loom::model(|| {
        let ties = Arc::new(Ties::new(1));
        let both = [(); 2].map(|()| ties.take().expect("memory"));
        both.into_iter().for_each(|tie| ties.give(tie));
        let other = {
            let ties = ties.clone();
            thread::spawn(move || match [(); 2].map(|()| ties.take_left()) {
                [Some(first), Some(second)] => {
                    ties.give(first);
                    Some(second)
                }
                [first, _] => first,
            })
        };
        let [first, second] = [(); 2].map(|()| ties.take_left());
        let theirs = other.join().unwrap();
        let mut all: Vec<u32> = [first, second, theirs]
            .into_iter()
            .flatten()
            .map(|tie| tie.index)
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "somebody has one twice");
    });
}

/// Who comes too late with a tie's number finds what its watcher was told, even if the tie is another one by then.
#[test]
pub(crate) fn who_is_too_late_finds_what_was_told() {
    struct Told(UnsafeCell<bool>);
    // SAFETY: the model checks that the accesses are ordered.
    unsafe impl Sync for Told {}
    // SAFETY: as above.
    unsafe impl Send for Told {}
    loom::model(|| {
        let scene = Scene::new();
        let told = Arc::new(Told(UnsafeCell::new(false)));
        let tie = scene.ties.take().expect("memory");
        tie.open([pid(0), pid(1)], |_| None);
        let teller = {
            let (scene, told) = (scene.clone(), told.clone());
            thread::spawn(move || {
                if tie.seize() {
                    // SAFETY: nobody looks before it is done.
                    told.0.with_mut(|told| unsafe { *told = true });
                    scene.ties.give(tie);
                    let again = scene.ties.take().expect("the same");
                    again.open([pid(0), pid(1)], |_| None);
                }
            })
        };
        if !tie.claim(1, pid(0)) {
            while !tie.is_gone(1) {
                thread::yield_now();
            }
            // SAFETY: it is done.
            assert!(told.0.with(|told| unsafe { *told }), "not told");
        }
        teller.join().unwrap();
    });
}

/// Somebody ties a process that ends at that moment, perhaps after it has met the bit in its word: either the end finds the tie, or there
/// is nobody to be tied to.
#[test]
pub(crate) fn a_tie_to_who_ends_is_found_or_not_made() {
    for meets_bit in [false, true] {
        loom::model(move || {
            let scene = Scene::new();
            let word = Arc::new(StateWord::new());
            word.occupy(pid(1));
            let watcher = {
                let (scene, word) = (scene.clone(), word.clone());
                thread::spawn(move || {
                    let tie = scene.ties.take().expect("memory");
                    tie.open([pid(0), pid(1)], |_| None);
                    let ring = scene.rings[1].lock(());
                    if word.bind(pid(1)) == Handover::Nothing {
                        return false;
                    }
                    ring.serve(pid(1));
                    ring.insert(&scene.ties, tie.knot(WATCHED));
                    true
                })
            };
            let has_met = meets_bit && word.take_wish().is_some();
            let (_, rest) = word.vacate(pid(1));
            let mut found = false;
            if has_met || rest.is_wished() {
                let ring = scene.rings[1].lock(());
                assert!(ring.close(pid(1)), "bound and not tied");
                found = ring.pop(&scene.ties).is_some();
            }
            assert_eq!(watcher.join().unwrap(), found, "a tie that nobody finds");
        });
    }
}
