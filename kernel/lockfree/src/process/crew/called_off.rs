//! What others want of a core's alarms: that some be taken back, and that those of the dead be sought.
//!
//! A wheel is its core's alone, so whoever calls an alarm off elsewhere leaves a note with its name and rings. The name says
//! whether it is still that alarm; if it has rung meanwhile, the note names nothing. So nobody waits for an answer, and it does
//! not matter how late the core comes to it: until then the alarm keeps its place, and rings for nobody or for
//! somebody who looks and goes on waiting.
//!
//! # Who rings
//!
//! Only who puts the first note in. Whoever finds one there comes before the core's next take of all, for a take
//! leaves nothing; and who has put that one in rings after it has. The owner takes its word first, then the notes. So each
//! note is there when the core takes the ring that was made for it, or for one before it; ten thousand alarms that are
//! called off in one go are one ring, or some. The same is true of the mark that somebody has died: who finds it set
//! goes on.
//!
//! # Orderings
//!
//! Notes are a stack that is pushed to and taken whole, as an inbox is. Who sets the mark releases the end of the process,
//! also where it was set before: the core, which acquires by taking the mark, is to find that process gone.

use super::inbox::Stack;
use crate::atomic::{AtomicU32, Relaxed};
use crate::heap::list_of_kernel;
use crate::order::Site;
use crate::scarcity::{Purpose, may_take};
use crate::wheel::Timer;
use alloc::boxed::Box;
use core::fmt;
use core::ptr::{NonNull, null_mut, slice_from_raw_parts_mut};

/// The alarm of this name is called off.
pub(in crate::process) struct Note {
    timer: Timer,
    next: *mut Note,
}

/// What others have left for a core.
pub(in crate::process) struct CalledOff {
    notes: Stack<Note>,
    /// 1 if there are.
    has_dead: AtomicU32,
}

/// What a core has taken of it; its own.
#[derive(Debug)]
pub(in crate::process) struct Notes(*mut Note);

// SAFETY: it owns its notes, which are of no thread.
unsafe impl Send for Notes {}

impl CalledOff {
    #[cfg(not(loom))]
    pub(in crate::process) const fn new() -> Self {
        Self {
            notes: Stack::new(),
            has_dead: AtomicU32::new(0),
        }
    }

    #[cfg(loom)]
    pub(in crate::process) fn new() -> Self {
        Self {
            notes: Stack::new(),
            has_dead: AtomicU32::new(0),
        }
    }

    /// Leaves a note. True if the core has to be rung at. Without memory nothing is left: the alarm stays until it is due.
    /// For whoever keeps preemption off.
    #[must_use]
    pub(super) fn add(&self, timer: Timer) -> bool {
        if !may_take(Purpose::CallingOff) {
            return false;
        }
        let Some(mut list) = list_of_kernel(1) else {
            return false;
        };
        let next = null_mut();
        list.push(Note { timer, next });
        let note = NonNull::from(Box::leak(list.into_boxed_slice())).cast::<Note>();
        self.notes.push(note, |before| {
            // SAFETY: made above, and nobody else's until the push has succeeded.
            unsafe { (*note.as_ptr()).next = before };
        })
    }

    /// Says that a process has ended that may have left alarms. True if the core has to be rung at.
    #[must_use]
    pub(super) fn seek_dead(&self) -> bool {
        self.has_dead.swap(1, Site::DeadTell.ordering()) == 0
    }

    /// True if there is nothing of either.
    #[inline(always)]
    pub(in crate::process) fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.has_dead.load(Relaxed) == 0
    }

    /// True if alarms of the dead are to be sought: once. For its core.
    pub(in crate::process) fn take_dead(&self) -> bool {
        self.has_dead.swap(0, Site::DeadTake.ordering()) == 1
    }

    /// Takes all notes; for its core.
    pub(in crate::process) fn take(&self) -> Notes {
        Notes(self.notes.take())
    }
}

impl Notes {
    pub(in crate::process) const NONE: Self = Self(null_mut());

    /// True if there is none.
    #[inline(always)]
    pub(in crate::process) fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// Adds others.
    pub(in crate::process) fn append(&mut self, mut others: Self) {
        while let Some(note) = others.pop_note() {
            // SAFETY: just taken out.
            unsafe { (*note.as_ptr()).next = self.0 };
            self.0 = note.as_ptr();
        }
    }

    fn pop_note(&mut self) -> Option<NonNull<Note>> {
        let note = NonNull::new(self.0)?;
        // SAFETY: whoever has taken the notes has them alone.
        self.0 = unsafe { note.as_ref() }.next;
        Some(note)
    }

    /// Takes one out: which alarm is called off.
    pub(in crate::process) fn pop(&mut self) -> Option<Timer> {
        let note = self.pop_note()?;
        // SAFETY: as in `pop_note`.
        let timer = unsafe { note.as_ref() }.timer;
        // SAFETY: `add` has made it, as a list of one.
        drop(unsafe { Box::from_raw(slice_from_raw_parts_mut(note.as_ptr(), 1)) });
        Some(timer)
    }
}

impl fmt::Debug for CalledOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CalledOff")
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use crate::doorbell::Doorbell;
    use loom::thread;
    use std::sync::Arc;

    const LOOK: u32 = 1;

    struct Scene {
        called_off: CalledOff,
        doorbell: Doorbell,
        /// Whether they have ended.
        ended: [AtomicU32; 2],
    }

    fn scene() -> Arc<Scene> {
        Arc::new(Scene {
            called_off: CalledOff::new(),
            doorbell: Doorbell::new(),
            ended: [0, 0].map(AtomicU32::new),
        })
    }

    impl Scene {
        fn ring(&self, has_to: bool) {
            if has_to {
                let _ = self.doorbell.ring(LOOK);
            }
        }

        /// The core's look at notes, if it was rung at: how many it finds.
        fn look(&self) -> usize {
            if self.doorbell.take() == 0 {
                return 0;
            }
            let mut notes = self.called_off.take();
            std::iter::from_fn(|| notes.pop()).count()
        }

        /// Its look for the dead, if there is a mark: whom it finds, besides those it has found.
        fn seek(&self, found: &mut [bool; 2]) {
            if self.called_off.take_dead() {
                for (found, ended) in found.iter_mut().zip(&self.ended) {
                    *found |= ended.load(Relaxed) == 1;
                }
            }
        }
    }

    /// Two call an alarm off while the core looks: once the rings are answered that were made, there is no note that nobody has
    /// looked at.
    #[test]
    pub(crate) fn each_note_is_found_by_a_ring_that_was_made() {
        loom::model(|| {
            let scene = scene();
            let callers: std::vec::Vec<_> = (0..2)
                .map(|_| {
                    let scene = scene.clone();
                    thread::spawn(move || scene.ring(scene.called_off.add(Timer::of_nobody())))
                })
                .collect();
            let mut found = scene.look();
            for caller in callers {
                caller.join().unwrap();
            }
            found += scene.look();
            assert_eq!(found, 2, "a note that nobody looks at");
        });
    }

    /// Two end elsewhere while the core looks, and one of them finds the mark set: each is found gone.
    #[test]
    pub(crate) fn whoever_has_ended_is_found_gone() {
        loom::model(|| {
            let scene = scene();
            let ends = [0, 1].map(|n| {
                let scene = scene.clone();
                thread::spawn(move || {
                    scene.ended[n].store(1, Relaxed);
                    let _ = scene.called_off.seek_dead();
                })
            });
            let mut found = [false; 2];
            scene.seek(&mut found);
            for end in ends {
                end.join().unwrap();
            }
            scene.seek(&mut found);
            assert_eq!(found, [true; 2], "taken for alive");
        });
    }
}
