//! What races for one exit signal.

use super::super::super::ring::Verdict;
use super::{Scene, Told, bounded, pid};
use crate::cell::UnsafeCell;
use crate::process::ExitReason;
use crate::process::word::{Begin, Handover};
use core::ptr::NonNull;
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed as Counting};

/// Who says that it traps no more has got all messages before; who says that it does, is not ended after that. `is_at_once`: as it
/// is, in one section.
fn trapping_is_before_or_after(is_at_once: bool) {
    for traps in [false, true] {
        bounded(move || {
            let scene = Scene::new();
            scene.rings[0].lock(()).set_traps(!traps);
            let messages = Arc::new(AtomicU32::new(0));
            let author = {
                let (scene, messages) = (scene.clone(), messages.clone());
                thread::spawn(move || {
                    let ring = scene.rings[0].lock(());
                    let verdict = ring.judge(&scene.words[0], pid(0), false);
                    let late = (!is_at_once).then(|| ring);
                    if late.is_some() {
                        drop(late);
                        thread::yield_now();
                    }
                    if verdict == Verdict::Message {
                        messages.fetch_add(1, Counting);
                    }
                })
            };
            assert_eq!(scene.rings[0].lock(()).set_traps(traps), !traps);
            let is_to_die = matches!(scene.words[0].begin(false), Begin::Die);
            let told = messages.load(Counting);
            author.join().unwrap();
            let dies_now = matches!(scene.words[0].begin(false), Begin::Die);
            match traps {
                true => assert_eq!(is_to_die, dies_now, "ended although it traps"),
                false => assert_eq!(
                    told,
                    messages.load(Counting),
                    "told although it does not trap"
                ),
            }
        });
    }
}

#[test]
pub(crate) fn who_changes_its_mind_about_signals_is_heard() {
    trapping_is_before_or_after(true);
}

/// A message that is published when the lock is let go.
#[test]
#[should_panic(expected = "told although it does not trap")]
fn a_signal_that_is_told_after_it_was_decided() {
    trapping_is_before_or_after(false);
}

/// Who is ended by a signal finds its reason; of two signals, one is that. Its own crash writes after both.
#[test]
pub(crate) fn a_doom_has_one_reason() {
    for crashes in [false, true] {
        bounded(move || {
            let scene = Scene::new();
            let place = Arc::new(Told(UnsafeCell::new(0)));
            let mut room = Some(NonNull::<ExitReason>::dangling());
            scene.rings[0].lock(()).leave_words(&mut room);
            let authors = [1, 2].map(|reason| {
                let (scene, place) = (scene.clone(), place.clone());
                thread::spawn(move || {
                    let ring = scene.rings[0].lock(());
                    let Verdict::Ends(handover) = ring.judge(&scene.words[0], pid(0), false) else {
                        return false;
                    };
                    assert_eq!(handover, Handover::Noted);
                    // SAFETY: the model checks it.
                    place.0.with_mut(|place| unsafe { *place = reason });
                    true
                })
            });
            if crashes {
                scene.words[0].crash();
                let words = scene.rings[0].lock(()).crash(pid(0));
                assert!(words.is_some());
                // SAFETY: as above.
                place.0.with_mut(|place| unsafe { *place = 3 });
            } else if scene.words[0].begin(false) == Begin::Die {
                let doom = scene.rings[0].lock(()).doom(pid(0));
                assert!(doom.is_some(), "killed by nobody");
                assert_ne!(place.count(), 0, "no reason");
            }
            let dooms = authors.map(|it| u32::from(it.join().unwrap()));
            let dooms: u32 = dooms.into_iter().sum();
            match crashes {
                true => assert_eq!((dooms.min(1), place.count()), (dooms, 3), "two reasons"),
                false => assert_eq!(dooms, 1, "two reasons, or none"),
            }
        });
    }
}
