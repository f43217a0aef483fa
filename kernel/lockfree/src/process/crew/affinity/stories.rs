//! What races for a process's choice, on modelled atomics.
//!
//! Whoever writes is the thread that begins: of several accesses of one thread to a word the model turns only the last
//! round, so it has to be the readers that come later.

use super::masks::Masks;
use super::*;
use crate::process::word::{Begin, Handover};
use loom::thread;
use std::sync::Arc;

struct Scene {
    affinities: Affinities,
    state: StateWord,
}

fn scene() -> (Arc<Scene>, Pid) {
    let state = StateWord::new();
    let pid = state.next_pid(0);
    state.occupy(pid);
    let affinities = Affinities::new(4, 2);
    affinities.make(0).expect("there is memory");
    (Arc::new(Scene { affinities, state }), pid)
}

fn pair(first: usize) -> CoreMask {
    CoreMask::only(first).with(first + 1)
}

/// Somebody chooses for a process while its holder is about to give it a core: whoever takes the wish sees the choice,
/// so it is never taken in vain.
#[test]
pub(crate) fn who_takes_the_wish_sees_the_choice() {
    for takes_by_beginning in [false, true] {
        loom::model(move || {
            let (scene, pid) = scene();
            let holder = {
                let scene = scene.clone();
                thread::spawn(move || {
                    let has_met = match takes_by_beginning {
                        true => !scene.state.is_plain() && scene.state.begin(false) != Begin::Run,
                        false => scene.state.take_wish().is_some(),
                    };
                    has_met.then(|| scene.affinities.cores_of(pid))
                })
            };
            let choice = Affinity(Affinity::ONE | 1);
            scene.affinities.choose(pid, choice).expect("memory");
            assert_eq!(scene.state.bind(pid), Handover::Noted);
            let met = holder.join().unwrap();
            let is_right = |cores| cores == Some(CoreMask::only(1));
            assert!(met.is_none_or(is_right), "a wish without its choice");
            let met_later = scene.state.take_wish().is_some();
            assert!(met.is_some() != met_later, "a wish is lost or there twice");
        });
    }
}

/// Somebody chooses for a process that was bound before, and its holder looks without having been told: what it
/// finds is a mask, the old one or the new one, and never half of one.
#[test]
pub(crate) fn a_choice_comes_with_its_mask() {
    loom::model(|| {
        let (scene, pid) = scene();
        let holder = {
            let scene = scene.clone();
            thread::spawn(move || scene.affinities.cores_of(pid))
        };
        let choice = scene.affinities.keep(&pair(1)).expect("there is a place");
        scene.affinities.choose(pid, choice).expect("memory");
        let found = holder.join().unwrap();
        assert!(
            found.is_none_or(|it| it == pair(1)),
            "a mask that is not made"
        );
    });
}

/// Two intern the same set: whoever finds it, or makes it once more, has a number that means it.
#[test]
fn a_set_that_is_found_has_been_made() {
    loom::model(|| {
        let masks = Arc::new(Masks::new(4));
        let other = {
            let masks = masks.clone();
            thread::spawn(move || masks.intern(&pair(2)))
        };
        let own = masks.intern(&pair(2)).expect("there are two places");
        assert_eq!(masks.mask(own), pair(2), "a mask that is not made");
        let others = other.join().unwrap().expect("there are two places");
        assert_eq!(masks.mask(others), pair(2));
    });
}
