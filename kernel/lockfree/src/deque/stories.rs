//! What races for a deque, on modelled atomics.
//!
//! What is put in are bodies that the model watches. Whoever takes one uses it up, so one that is taken twice or
//! seen too early fails.

use super::*;
use crate::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;
use std::vec::Vec;

type Small = Deque<Body, 2>;
type Taken = Vec<u32>;

struct Body(UnsafeCell<u32>);

// SAFETY: whoever takes it out of the deque uses it alone: that is what is tried, and the model looks.
unsafe impl Sync for Body {}

/// The deque, and all that is ever put in.
struct Scene {
    deque: Small,
    bodies: [Body; 4],
}

impl Scene {
    fn new() -> Self {
        Self {
            deque: Small::new(),
            bodies: core::array::from_fn(|_| Body(UnsafeCell::new(0))),
        }
    }

    /// Makes a body; the owner of the deque does.
    fn body(&self, number: u32) -> NonNull<Body> {
        let body = &self.bodies[number as usize];
        // SAFETY: nobody has it yet.
        body.0.with_mut(|it| unsafe { *it = number });
        NonNull::from(body)
    }

    fn steal(&self) -> Option<u32> {
        match self.deque.pop_top() {
            Steal::Taken(body) => Some(use_up(body)),
            Steal::Empty | Steal::Lost => None,
        }
    }
}

fn use_up(body: NonNull<Body>) -> u32 {
    // SAFETY: the scene lives until all threads have ended.
    let body = unsafe { body.as_ref() };
    // SAFETY: this thread has taken it; the model looks whether nobody else has.
    let number = body.0.with_mut(|it| unsafe { core::mem::take(&mut *it) });
    assert_ne!(number, 0, "taken twice");
    number
}

/// So many thieves, each of whom tries so often, beside what the owner does; all that was taken, in order.
fn all_taken(
    thieves: usize,
    tries: usize,
    owner: fn(&Scene, &mut Owner<'_, Body, 2>) -> Taken,
) -> Taken {
    let scene = Arc::new(Scene::new());
    let thieves: Vec<_> = (0..thieves)
        .map(|_| {
            let scene = scene.clone();
            thread::spawn(move || (0..tries).filter_map(|_| scene.steal()).collect::<Taken>())
        })
        .collect();
    let mut own = scene.deque.own().expect("nobody else wants it");
    let mut taken = owner(&scene, &mut own);
    for thief in thieves {
        taken.extend(thief.join().unwrap());
    }
    while let Some(body) = own.pop_bottom() {
        taken.push(use_up(body));
    }
    taken.sort_unstable();
    taken
}

/// Puts so many in; what there is no room for is used up.
fn push(scene: &Scene, own: &mut Owner<'_, Body, 2>, last: u32) -> Taken {
    let mut kept = Taken::new();
    for number in 1..=last {
        if let Err(back) = own.push_bottom(scene.body(number)) {
            kept.push(use_up(back));
        }
    }
    kept
}

/// Puts so many in and takes one.
fn push_and_pop(scene: &Scene, own: &mut Owner<'_, Body, 2>, last: u32) -> Taken {
    let mut taken = push(scene, own, last);
    taken.extend(own.pop_bottom().map(use_up));
    taken
}

/// The owner takes one of two while somebody steals twice: the fences decide who gets the second.
#[test]
pub(crate) fn nothing_is_taken_twice_and_nothing_is_lost() {
    loom::model(|| {
        let taken = all_taken(1, 2, |scene, own| push_and_pop(scene, own, 2));
        assert_eq!(taken, [1, 2]);
    });
}

/// The last one: owner and two thieves want it.
#[test]
pub(crate) fn the_last_one_is_taken_once() {
    loom::model(|| {
        let taken = all_taken(2, 1, |scene, own| push_and_pop(scene, own, 1));
        assert_eq!(taken, [1]);
    });
}

/// What a thief finds was put in before the owner took another one, and is seen whole all the same.
#[test]
pub(crate) fn what_was_put_in_before_a_take_is_seen_whole() {
    loom::model(|| {
        let taken = all_taken(1, 1, |scene, own| push_and_pop(scene, own, 2));
        assert_eq!(taken, [1, 2]);
    });
}

/// A slot is used again only when what was there has been taken.
#[test]
pub(crate) fn a_slot_is_used_again_when_it_was_taken() {
    loom::model(|| {
        let taken = all_taken(1, 2, |scene, own| push(scene, own, 3));
        assert_eq!(taken, [1, 2, 3]);
    });
}
