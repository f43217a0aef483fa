//! What races for messages, on modelled atomics.
//!
//! A letter is what a story has in place of an envelope: plain memory, with the number of the one
//! sent before it, that the model lets only one thread at a time touch.

use super::slabs::Returned;
use crate::process::word::{Ear, MAIL_SHIFT, Park, Pid, Sent, StateWord};
use loom::cell::UnsafeCell;
use loom::sync::{Mutex, Notify};
use loom::thread;
use std::sync::Arc;
use std::vec::Vec;

/// Letters of a story, by number; 0 is none.
const LETTERS: usize = 4;

struct Letter(UnsafeCell<u32>);

// SAFETY: the model checks that the accesses are ordered.
unsafe impl Sync for Letter {}

struct Post {
    state: StateWord,
    letters: [Letter; LETTERS],
    /// What was put straight into the mailbox: the token's.
    handed: Letter,
    /// Somebody has put the process's token into a queue.
    is_queued: Mutex<bool>,
    woken: Notify,
}

impl Post {
    /// A process that runs, and letters.
    fn new() -> (Arc<Self>, Pid) {
        let state = StateWord::new();
        let pid = state.next_pid(0);
        state.occupy(pid);
        let letters = [(); LETTERS].map(|()| Letter(UnsafeCell::new(0)));
        let woken = Notify::new();
        let post = Self {
            state,
            letters,
            handed: Letter(UnsafeCell::new(0)),
            is_queued: Mutex::new(false),
            woken,
        };
        (Arc::new(post), pid)
    }

    fn write(&self, letter: u32, before: u32) {
        // SAFETY: the pointer is valid; that nobody else uses it is what the model checks.
        self.letters[letter as usize]
            .0
            .with_mut(|it| unsafe { *it = before });
    }

    fn send(&self, pid: Pid, letter: u32) -> Sent {
        let link = |before: u64| self.write(letter, (before >> MAIL_SHIFT) as u32);
        let sent = self.state.send(pid, letter, link);
        if sent == Sent::Handed {
            self.put(pid, letter);
        }
        if matches!(sent, Sent::Token | Sent::Handed) {
            *self.is_queued.lock().unwrap() = true;
            self.woken.notify();
        }
        sent
    }

    /// Puts a letter into the mailbox, as the token's holder; where there is one already, it is left in the word.
    fn put(&self, pid: Pid, letter: u32) {
        // SAFETY: as in `write`.
        let has_mail = self.handed.0.with(|it| unsafe { *it != 0 });
        if has_mail {
            let link = |before: u64| self.write(letter, (before >> MAIL_SHIFT) as u32);
            assert_eq!(self.state.send(pid, letter, link), Sent::Left);
            return;
        }
        self.write(letter, 0);
        // SAFETY: as in `write`.
        self.handed.0.with_mut(|it| unsafe { *it = letter });
    }

    /// The letters of a stack, newest first.
    fn open(&self, newest: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut letter = newest;
        while letter != 0 {
            found.push(letter);
            // SAFETY: as in `write`.
            letter = self.letters[letter as usize]
                .0
                .with_mut(|it| unsafe { *it });
        }
        found
    }

    fn take(&self) -> Vec<u32> {
        self.open(self.state.take())
    }

    /// What was put straight into the mailbox, once.
    fn take_handed(&self) -> Vec<u32> {
        // SAFETY: as in `write`.
        let letter = self
            .handed
            .0
            .with_mut(|it| unsafe { core::mem::take(&mut *it) });
        self.open(letter)
    }
}

/// Two senders and a receiver that waits for mail whenever there is none: it finds both letters, each
/// once and whole, and is never left waiting beside one (loom reports that as a deadlock).
#[test]
pub(crate) fn who_waits_for_mail_finds_all_of_it() {
    two_letters_to_one_that_waits(Ear::Open, 0);
}

/// The same for one that is of another level than most.
#[test]
fn who_waits_apart_finds_all_of_it() {
    two_letters_to_one_that_waits(Ear::Apart, 0);
}

/// The same for one that has passed over a letter which is in its mailbox still.
#[test]
fn who_has_passed_over_a_letter_finds_all_others() {
    two_letters_to_one_that_waits(Ear::Apart, 3);
}

fn two_letters_to_one_that_waits(ear: Ear, passed_over: u32) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(move || {
        let (post, pid) = Post::new();
        if passed_over != 0 {
            post.put(pid, passed_over);
        }
        let senders: Vec<_> = (1..=2)
            .map(|letter| {
                let post = post.clone();
                thread::spawn(move || assert_ne!(post.send(pid, letter), Sent::Nobody))
            })
            .collect();
        let mut found = Vec::new();
        let mut turns = 0;
        while found.len() < 2 {
            turns += 1;
            assert!(turns < 8, "spins");
            if post.state.has_mail() {
                found.extend(post.take());
            } else if post.state.park(pid, ear) == Park::Parked {
                while !core::mem::take(&mut *post.is_queued.lock().unwrap()) {
                    post.woken.wait();
                }
                if passed_over == 0 {
                    found.extend(post.take_handed());
                }
            }
        }
        found.sort();
        assert_eq!(found, [1, 2]);
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

/// One sender's letters are found in the order in which they were sent, wherever the looks fall.
#[test]
fn one_sender_s_order_is_kept() {
    loom::model(|| {
        let (post, pid) = Post::new();
        let sender = {
            let post = post.clone();
            thread::spawn(move || {
                let _ = post.send(pid, 1);
                let _ = post.send(pid, 2);
            })
        };
        let mut found = Vec::new();
        for _ in 0..2 {
            found.extend(post.take().into_iter().rev());
        }
        sender.join().unwrap();
        found.extend(post.take().into_iter().rev());
        assert_eq!(found, [1, 2]);
    });
}

/// Two senders race the receiver's end and the next process in its slot, which gets a letter of its
/// own. Each letter ends in exactly one place: taken by its receiver, left at the end, or still its
/// sender's. The stranger finds its own and nothing else.
#[test]
pub(crate) fn no_letter_is_lost_and_none_reaches_a_stranger() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (post, old) = Post::new();
        let sender = {
            let post = post.clone();
            thread::spawn(move || {
                let sent = post.send(old, 1);
                if sent == Sent::Nobody {
                    post.write(1, 0); // its own again
                }
                sent
            })
        };
        let taken = post.take();
        let (_, rest) = post.state.vacate(old);
        let left = post.open(rest.newest());
        let new = post.state.next_pid(0);
        post.state.occupy(new);
        assert_eq!(post.send(new, 2), Sent::Left);
        let stranger_s = post.take();
        let sent = sender.join().unwrap();
        assert_eq!(stranger_s, [2], "a stranger's letter");
        assert_eq!(post.state.take(), 0, "it came after the end");
        let found = taken.len() + left.len();
        assert_eq!(found, usize::from(sent == Sent::Left), "lost or doubled");
    });
}

/// A process that parked is woken by a letter, suspended and killed meanwhile: one of the three gets the
/// token, and the letter is there.
#[test]
fn a_letter_races_a_kill_for_one_token() {
    loom::model(|| {
        let (post, pid) = Post::new();
        assert_eq!(post.state.park(pid, Ear::Open), Park::Parked);
        let killer = {
            let post = post.clone();
            thread::spawn(move || {
                use crate::process::word::Handover;
                post.state.kill(pid) == Handover::Token
            })
        };
        let is_sender_s = post.send(pid, 1) == Sent::Handed;
        let is_killer_s = killer.join().unwrap();
        assert_ne!(is_sender_s, is_killer_s, "not one token");
        let mut found = post.take_handed();
        found.extend(post.take());
        assert_eq!(found, [1]);
    });
}

/// Two cores bring letters home while their owner takes what is there: it gets each once, and whole.
#[test]
pub(crate) fn what_is_brought_home_arrives_once() {
    loom::model(|| {
        let (post, _) = Post::new();
        let returned = Arc::new(Returned::new());
        let bringer = |letter| {
            let (post, returned) = (post.clone(), returned.clone());
            move || returned.push(letter, |before| post.write(letter, before))
        };
        let other = thread::spawn(bringer(1));
        let mut found = post.open(returned.take());
        other.join().unwrap();
        bringer(2)();
        found.extend(post.open(returned.take()));
        found.sort();
        assert_eq!(found, [1, 2]);
    });
}

/// The same for a chain that is brought in one step, and a single one that races it.
#[test]
fn a_chain_that_is_brought_home_arrives_whole() {
    loom::model(|| {
        let (post, _) = Post::new();
        let returned = Arc::new(Returned::new());
        let other = {
            let (post, returned) = (post.clone(), returned.clone());
            thread::spawn(move || {
                post.write(2, 1);
                returned.push(2, |before| post.write(1, before));
            })
        };
        let mut found = post.open(returned.take());
        returned.push(3, |before| post.write(3, before));
        found.extend(post.open(returned.take()));
        other.join().unwrap();
        found.extend(post.open(returned.take()));
        found.sort();
        assert_eq!(found, [1, 2, 3]);
    });
}
