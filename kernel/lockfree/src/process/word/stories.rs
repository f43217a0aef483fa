//! What races for a process, on modelled atomics.

use super::*;
use loom::cell::UnsafeCell;
use loom::sync::Notify;
use loom::thread;
use std::sync::Arc;
use std::vec::Vec;

struct Shared {
    state: StateWord,
    told: [AtomicU64; 2],
    queue: Notify,
}

/// Two authors tell a process something and wake it; the process looks, and parks if it has
/// not been told everything. Whoever gets the token puts it into the queue. The process sees
/// both, is never left parked, and never runs twice at a time.
#[test]
pub(crate) fn no_wake_is_lost_and_the_token_is_one() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let state = StateWord::new();
        let pid = state.next_pid(0);
        state.occupy(pid);
        let told = [AtomicU64::new(0), AtomicU64::new(0)];
        let shared = Arc::new(Shared {
            state,
            told,
            queue: Notify::new(),
        });
        let authors: Vec<_> = (0..2)
            .map(|n| {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.told[n].store(1, Relaxed);
                    if shared.state.wake(pid) == Handover::Token {
                        shared.queue.notify();
                    }
                })
            })
            .collect();
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 8, "spins");
            // As a core does: one look says whether anybody wants anything.
            if !shared.state.is_plain() {
                assert_eq!(shared.state.begin(false), Begin::Run);
            }
            if shared.told.iter().all(|told| told.load(Relaxed) == 1) {
                break;
            }
            if shared.state.park(pid, Ear::Deaf) == Park::Parked {
                shared.queue.wait();
            }
        }
        for author in authors {
            author.join().unwrap();
        }
    });
}

/// Something that one thread at a time may touch; the model finds two.
struct Checked(UnsafeCell<u32>);

// SAFETY: the model checks that the accesses are ordered.
unsafe impl Sync for Checked {}

impl Checked {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn touch(&self) {
        // SAFETY: the pointer is valid; that nobody else uses it is what the model checks.
        self.0.with_mut(|it| unsafe { *it += 1 });
    }
}

/// A process whose body only the holder of its token touches.
struct Owned {
    state: StateWord,
    body: Checked,
    told: Checked,
}

impl Owned {
    fn new() -> (Arc<Self>, Pid) {
        let state = StateWord::new();
        let pid = state.next_pid(0);
        state.occupy(pid);
        let (body, told) = (Checked::new(), Checked::new());
        (Arc::new(Self { state, body, told }), pid)
    }
}

/// The process leaves its token to the slot by `leave`, while another core asks for it by `take`:
/// whoever has the token after both touches the body.
fn hand_over(
    before: fn(&StateWord, Pid),
    leave: fn(&StateWord, Pid) -> bool,
    take: fn(&StateWord, Pid) -> Handover,
) {
    loom::model(move || {
        let (owned, pid) = Owned::new();
        before(&owned.state, pid);
        let taker = {
            let owned = owned.clone();
            thread::spawn(move || {
                let has_token = take(&owned.state, pid) == Handover::Token;
                if has_token {
                    owned.body.touch();
                }
                has_token
            })
        };
        owned.body.touch();
        let has_left = leave(&owned.state, pid);
        if !has_left {
            owned.body.touch();
        }
        let has_taken = taker.join().unwrap();
        assert!(!has_taken || has_left, "two have the token");
    });
}

fn parks(state: &StateWord, pid: Pid) -> bool {
    state.park(pid, Ear::Deaf) == Park::Parked
}

fn is_suspended(state: &StateWord, pid: Pid) {
    assert_eq!(state.suspend(pid), Handover::Noted);
}

fn nothing_before(_: &StateWord, _: Pid) {}

/// A process parks, and the core that wakes it goes on with all that it wrote.
#[test]
pub(crate) fn a_wake_takes_the_body_over() {
    hand_over(nothing_before, parks, StateWord::wake);
}

/// A process sleeps, and the core on which its alarm rings goes on with all that it wrote.
#[test]
pub(crate) fn an_alarm_takes_the_body_over() {
    hand_over(nothing_before, parks, |state, pid| {
        match state.wake_sleeper(pid) {
            true => Handover::Token,
            false => Handover::Nothing,
        }
    });
}

/// A process parks, and the core that sends it a message goes on with all that it wrote.
#[test]
pub(crate) fn a_send_takes_the_body_over() {
    let listens = |state: &StateWord, pid| state.park(pid, Ear::Open) == Park::Parked;
    hand_over(nothing_before, listens, |state, pid| {
        match state.send(pid, 1, |_| {}) {
            Sent::Handed => Handover::Token,
            _ => Handover::Nothing,
        }
    });
}

/// A process parks, and the core that kills it drops all that it wrote.
#[test]
pub(crate) fn a_kill_takes_the_body_over() {
    hand_over(nothing_before, parks, StateWord::kill);
}

/// A process that somebody has suspended parks the slow way, and is killed.
#[test]
pub(crate) fn a_kill_takes_over_who_parked_suspended() {
    hand_over(is_suspended, parks, StateWord::kill);
}

/// A suspended process is left to its slot at the beginning of a turn, and resumed elsewhere.
#[test]
pub(crate) fn a_resume_takes_over_who_was_held() {
    let begins = |state: &StateWord, _| state.begin(true) == Begin::Hold;
    hand_over(is_suspended, begins, StateWord::resume);
}

/// A parked process is told something and woken by one core, suspended and resumed by another:
/// whoever has the token then goes on with all that the process wrote and was told, though
/// suspending has no ordering of its own.
#[test]
fn what_was_parked_and_told_passes_through_a_suspension() {
    loom::model(|| {
        let (owned, pid) = Owned::new();
        owned.body.touch();
        assert_eq!(owned.state.park(pid, Ear::Deaf), Park::Parked);
        let go_on = |owned: &Owned, handover| {
            if handover == Handover::Token {
                owned.body.touch();
                owned.told.touch();
            }
            handover == Handover::Token
        };
        let author = {
            let owned = owned.clone();
            thread::spawn(move || {
                owned.told.touch();
                go_on(&owned, owned.state.wake(pid))
            })
        };
        let _ = owned.state.suspend(pid);
        let is_resumer_s = go_on(&owned, owned.state.resume(pid));
        let is_author_s = author.join().unwrap();
        assert_ne!(is_resumer_s, is_author_s, "not one token");
    });
}

/// A wake races the process's end and the next one in the same slot: the newcomer, which
/// nobody wakes, stays parked.
#[test]
fn a_wake_never_reaches_a_stranger() {
    loom::model(|| {
        let state = Arc::new(StateWord::new());
        let old = state.next_pid(0);
        state.occupy(old);
        let waker = {
            let state = state.clone();
            thread::spawn(move || state.wake(old))
        };
        // The old process ends of its own accord, and a new one parks in its place.
        let _ = state.vacate(old);
        let new = state.next_pid(0);
        state.occupy(new);
        let parked = state.park(new, Ear::Deaf);
        assert_eq!(waker.join().unwrap(), Handover::Nothing);
        assert_eq!(parked, Park::Parked);
    });
}

/// A kill and a wake race for a parked process: exactly one of them gets the token, and the
/// process dies either way.
#[test]
fn kill_and_wake_hand_over_one_token() {
    loom::model(|| {
        let state = Arc::new(StateWord::new());
        let pid = state.next_pid(0);
        state.occupy(pid);
        assert_eq!(state.park(pid, Ear::Deaf), Park::Parked);
        let killer = {
            let state = state.clone();
            thread::spawn(move || state.kill(pid))
        };
        let woken = state.wake(pid);
        let killed = killer.join().unwrap();
        let tokens = [woken, killed]
            .iter()
            .filter(|&&it| it == Handover::Token)
            .count();
        assert_eq!(tokens, 1);
        assert_eq!(state.begin(false), Begin::Die);
    });
}

/// Somebody moves a process, wakes it and moves it again, while its holder looks and parks: the wishes
/// met end with the last one, and the wake hands over the one token or keeps it where it is.
#[test]
fn the_last_wish_for_a_level_is_met_and_no_wake_is_lost() {
    loom::model(|| {
        let state = Arc::new(StateWord::new());
        let pid = state.next_pid(0);
        state.occupy(pid);
        let holder = {
            let state = state.clone();
            thread::spawn(move || (state.take_wish(), state.park(pid, Ear::Deaf)))
        };
        let _ = state.set_level(pid, 1);
        let is_authors = state.wake(pid) == Handover::Token;
        let _ = state.set_level(pid, 3);
        let (first, parked) = holder.join().unwrap();
        let met = first.into_iter().chain(state.take_wish());
        let met: Vec<u8> = met.filter_map(|wish| wish.level).collect();
        assert_eq!(is_authors, parked == Park::Parked, "not one token");
        assert_eq!(met.last(), Some(&3), "{met:?}");
    });
}
