//! What races for links and exit signals. There are two processes; that of number 0 is the lower end.

use super::super::ends::enter;
use super::super::link::{Inserted, insert};
use super::super::ring::Verdict;
use super::{bounded, bounded_by, pid};
use crate::cell::UnsafeCell;
use crate::process::ties::{Ring, Ties};
use crate::process::word::StateWord;
use loom::thread;
use std::sync::Arc;

pub(crate) mod signals;

struct Scene {
    ties: Ties,
    rings: [Ring; 2],
    words: [StateWord; 2],
    /// Signals that came to each.
    told: [Told; 2],
    care: Care,
}

/// What who makes a link does besides.
#[derive(Clone, Copy)]
struct Care {
    /// It waits for whoever has claimed that since.
    waits: bool,
    /// It looks once more for a link before it tells that nobody is there.
    looks: bool,
}

/// What goes wrong takes both: one is broken off while it makes a link, the other one while it ends.
const TWICE: usize = 2;

const CAREFUL: Care = Care {
    waits: true,
    looks: true,
};

/// A count that the model watches.
struct Told(UnsafeCell<u32>);

// SAFETY: the model checks that the accesses are ordered.
unsafe impl Sync for Told {}
// SAFETY: as above.
unsafe impl Send for Told {}

impl Told {
    fn count(&self) -> u32 {
        // SAFETY: the model checks it.
        self.0.with(|count| unsafe { *count })
    }

    fn add(&self) {
        // SAFETY: as above.
        self.0.with_mut(|count| unsafe { *count += 1 });
    }
}

impl Scene {
    fn new() -> Arc<Self> {
        Self::with(CAREFUL)
    }

    fn with(care: Care) -> Arc<Self> {
        let scene = Self {
            care,
            ties: Ties::new(1),
            rings: [Ring::new(), Ring::new()],
            words: [0, 1].map(|_| StateWord::new()),
            told: [0, 1].map(|_| Told(UnsafeCell::new(0))),
        };
        for number in 0..2 {
            scene.words[number].occupy(pid(number));
            scene.rings[number].lock(()).serve(pid(number));
        }
        Arc::new(scene)
    }

    fn is_linked(&self, own: usize) -> bool {
        let mine = self.rings[own].lock(());
        mine.link_to(&self.ties, pid(1 - own)).is_some()
    }

    /// As the running process does that wants a link. If it is told itself that the other one is gone: what it had been told before that.
    fn link(&self, own: usize) -> Option<u32> {
        loop {
            if self.is_linked(own) {
                return None;
            }
            let tie = self.ties.take().expect("memory");
            let number = tie.open([pid(1), pid(0)], |_| None);
            let inserted = insert(&self.ties, (tie, number), |side| {
                let end = 1 - side;
                enter(&self.rings[end], &self.words[end], pid(end), ())
            });
            match inserted {
                Inserted::Tied => return None,
                Inserted::Claimed => {
                    while self.care.waits && !tie.is_gone(number) {
                        thread::yield_now();
                    }
                    return None;
                }
                Inserted::There => self.ties.give(tie),
                Inserted::Gone => {
                    self.ties.give(tie);
                    let mine = self.rings[own].lock(());
                    let is_linked = || mine.link_to(&self.ties, pid(1 - own)).is_some();
                    if self.care.looks && is_linked() {
                        return None;
                    }
                    let before = self.told[own].count();
                    self.told[own].add();
                    return Some(before);
                }
            }
            if own == 0 {
                return None;
            }
            thread::yield_now();
        }
    }

    /// As the end of a process does.
    fn end(&self, own: usize) {
        let _ = self.words[own].vacate(pid(own));
        let _ = self.rings[own].lock(()).close(pid(own));
        loop {
            let its = self.rings[own].lock(());
            let Some((index, side)) = its.pop(&self.ties).and_then(|knot| knot.parts()) else {
                return;
            };
            let tie = self.ties.at(index).expect("a tie");
            if !tie.seize() {
                continue;
            }
            drop(its);
            let other = tie.end(1 - side).index() as usize;
            let theirs = self.rings[other].lock(());
            theirs.remove(&self.ties, tie.knot(1 - side));
            match theirs.judge(&self.words[other], pid(other), false) {
                Verdict::Nothing => {}
                Verdict::Message | Verdict::Ends(_) => self.told[other].add(),
            }
            drop(theirs);
            assert!(tie.unload().is_none());
            self.ties.give(tie);
        }
    }

    /// As the running process does that wants a link no more.
    fn unlink(&self, own: usize) -> bool {
        let mine = self.rings[own].lock(());
        let found = mine.link_to(&self.ties, pid(1 - own));
        let Some((index, _)) = found.and_then(|knot| knot.parts()) else {
            return false;
        };
        let tie = self.ties.at(index).expect("a tie");
        let number = tie.number();
        let is_mine = tie.seize();
        drop(mine);
        if is_mine {
            let rings = [Some(&self.rings[1]), Some(&self.rings[0])];
            self.ties.take_out(tie, rings, || ());
            assert!(tie.unload().is_none());
            self.ties.give(tie);
            return true;
        }
        while !tie.is_gone(number) {
            thread::yield_now();
        }
        false
    }

    fn told(&self, number: usize) -> u32 {
        let _ring = self.rings[number].lock(());
        self.told[number].count()
    }
}

/// Two link each other at once, and there is one link, which both find as soon as they have asked for it.
#[test]
pub(crate) fn two_who_link_each_other_at_once_make_one() {
    bounded(|| {
        let scene = Scene::new();
        let other = {
            let scene = scene.clone();
            thread::spawn(move || {
                assert_eq!(scene.link(1), None);
                assert!(scene.is_linked(1), "linked, and does not know it");
            })
        };
        assert_eq!(scene.link(0), None);
        other.join().unwrap();
        assert!(scene.is_linked(0) && scene.is_linked(1));
        assert_eq!(scene.ties.in_use(), 1, "two links");
    });
}

/// Who links itself to one that ends is told once: by that, or by itself. Its tie may be another one before it has put it in.
#[test]
pub(crate) fn a_link_to_who_ends_is_told_once() {
    for own in 0..2 {
        bounded(move || {
            let scene = Scene::new();
            let other = {
                let scene = scene.clone();
                thread::spawn(move || {
                    scene.end(1 - own);
                    if let Some(again) = scene.ties.take_left() {
                        again.open([pid(3), pid(2)], |_| None);
                        scene.ties.give(again);
                    }
                })
            };
            scene.link(own);
            other.join().unwrap();
            assert_eq!(scene.told(own), 1, "told twice, or never");
            assert!(!scene.is_linked(own), "to the dead");
        });
    }
}

/// Who links itself to one that ends may cut that, and is told nothing after it: by the time that it is linked it can find the link, or
/// has been told.
fn a_link_can_be_cut_at_once(care: Care) {
    for own in 0..2 {
        bounded_by(TWICE, move || {
            let scene = Scene::with(care);
            let other = {
                let scene = scene.clone();
                thread::spawn(move || scene.end(1 - own))
            };
            scene.link(own);
            let is_cut = scene.unlink(own);
            let told = scene.told(own);
            assert_eq!(told, u32::from(!is_cut), "neither cut nor told");
            other.join().unwrap();
            assert_eq!(scene.told(own), told, "told after it was cut");
        });
    }
}

#[test]
pub(crate) fn who_has_just_made_a_link_can_cut_it() {
    a_link_can_be_cut_at_once(CAREFUL);
}

#[test]
#[should_panic(expected = "neither cut nor told")]
fn a_link_that_is_claimed_and_not_waited_for() {
    a_link_can_be_cut_at_once(Care {
        waits: false,
        ..CAREFUL
    });
}

/// One that links and ends is linked back meanwhile: the other one has its signal once, and is told of nobody only if it has had that.
fn a_link_back_is_told_once(care: Care) {
    for own in 0..2 {
        bounded_by(TWICE, move || {
            let scene = Scene::with(care);
            let other = {
                let scene = scene.clone();
                thread::spawn(move || {
                    scene.link(1 - own);
                    scene.end(1 - own);
                })
            };
            let before = scene.link(own);
            other.join().unwrap();
            let told = before.map_or(1, |before| before + 1);
            assert_eq!(scene.told(own), told, "told of one link twice");
        });
    }
}

#[test]
pub(crate) fn who_is_linked_already_is_not_told_of_nobody() {
    a_link_back_is_told_once(CAREFUL);
}

#[test]
#[should_panic(expected = "told of one link twice")]
fn a_link_that_is_not_looked_for_again() {
    a_link_back_is_told_once(Care {
        looks: false,
        ..CAREFUL
    });
}

/// Who has cut a link has been told before, or never is.
#[test]
pub(crate) fn who_has_cut_a_link_is_told_nothing_more() {
    for own in 0..2 {
        bounded(move || {
            let scene = Scene::new();
            scene.link(own);
            let other = {
                let scene = scene.clone();
                thread::spawn(move || scene.end(1 - own))
            };
            let is_cut = scene.unlink(own);
            // Not under the lock: what was told is known to whoever comes back from there.
            let told = scene.told[own].count();
            assert_eq!(told, u32::from(!is_cut), "cut and told");
            other.join().unwrap();
            assert_eq!(scene.told[own].count(), told, "told after it was cut");
            assert_eq!(scene.ties.in_use(), 0, "a tie is lost");
        });
    }
}

/// Both ends of a link cut it, and one makes another.
#[test]
pub(crate) fn a_link_that_both_cut_is_cut_once() {
    bounded(|| {
        let scene = Scene::new();
        scene.link(0);
        let other = {
            let scene = scene.clone();
            thread::spawn(move || {
                let is_cut = scene.unlink(1);
                scene.link(1);
                is_cut
            })
        };
        let mine = scene.unlink(0);
        let theirs = other.join().unwrap();
        let cut = u32::from(mine) + u32::from(theirs);
        let left = scene.ties.in_use();
        assert!(
            cut == 1 && left == 1 || cut == 2 && left == 0,
            "{cut} {left}"
        );
        assert_eq!(scene.is_linked(0), left == 1);
        assert_eq!(scene.is_linked(1), left == 1);
    });
}

/// Two who are linked end at once: one of them is told, or neither, and nothing is left.
#[test]
pub(crate) fn two_who_are_linked_may_end_at_once() {
    bounded(|| {
        let scene = Scene::new();
        scene.link(0);
        let other = {
            let scene = scene.clone();
            thread::spawn(move || scene.end(1))
        };
        scene.end(0);
        other.join().unwrap();
        assert!(scene.told(0) + scene.told(1) <= 1, "told by the dead");
        assert_eq!(scene.ties.in_use(), 0, "a tie is lost");
    });
}

/// A link that is put in above although somebody has claimed it since: what goes wrong if nobody looks.
#[test]
#[should_panic(expected = "to the dead")]
fn a_link_that_is_put_in_without_a_look() {
    bounded(|| {
        let scene = Scene::new();
        let other = {
            let scene = scene.clone();
            thread::spawn(move || scene.end(0))
        };
        let tie = scene.ties.take().expect("memory");
        tie.open([pid(1), pid(0)], |_| None);
        let low = enter(&scene.rings[0], &scene.words[0], pid(0), ());
        if let Some(low) = low {
            low.insert_link(&scene.ties, tie.knot(1));
            drop(low);
            scene.rings[1]
                .lock(())
                .insert_link(&scene.ties, tie.knot(0));
        }
        other.join().unwrap();
        assert!(!scene.is_linked(1), "to the dead");
    });
}
