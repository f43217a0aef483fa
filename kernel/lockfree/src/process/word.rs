//! The life of a process in one atomic word.
//!
//! The word stands in the process's slot, whose memory never becomes anything else, so it can be
//! asked about by whoever holds an old pid. Its upper part is the slot's generation: every
//! transition by pid compares it in the same step that changes the rest, so nothing can happen to a
//! stranger that moved into the slot.
//!
//! ```text
//!            1 occupy              4 park
//!      free ----------> runnable ----------> waiting
//!        ^              |  |  ^  <----------    |
//!        |   7 vacate   |  |  |     5 wake      | 5 wake, while suspended
//!        +--------------+  |  |                 v
//!                          |  +-- 6 resume --- held
//!                          |                    ^
//!                          +--------------------+
//!                           3 begin, suspended
//! ```
//!
//! *Runnable* means that the continuation's token is with a queue, a desk, a packet or a core;
//! which of them is known to whoever holds the token and to nobody else, so going from ready to
//! running and back by yielding changes no word. *Waiting* means that the token stays with the
//! slot, until the one transition out of it hands it over. *Held* is a process that would run if it
//! were not suspended; its token stays with the slot too.
//!
//! Three flags can be added by anyone while the process is runnable, and the holder of the token
//! meets them at the next of its own transitions, never in a queue: `WOKEN` (a wake during its own
//! poll, so the poll counts as out of date), `SUSPEND` and `KILL`.
//!
//! # Orderings
//!
//! The token changes hands through this word in two directions. Parking releases what the process
//! has written; the wake, resume or kill that takes the token acquires it. A wake that finds the
//! process runnable releases what its author wrote, and `begin` or `park`, which meet the
//! flag, acquire it: so a process that is told "look again" sees what it was told about.

use crate::atomic::{AtomicU64, Ordering};

/// Bits of a slot's index, and of the word below the generation.
pub(crate) const INDEX_BITS: u32 = 28;
const FLAGS: u64 = (1 << INDEX_BITS) - 1;
/// The highest generation; a slot that has used it up is never occupied again.
const LAST_GENERATION: u64 = u64::MAX >> INDEX_BITS;

const PHASE: u64 = 0b111;
const FREE: u64 = 0;
const RUNNABLE: u64 = 1;
const WAITING: u64 = 2;
const HELD: u64 = 3;

const WOKEN: u64 = 1 << 3;
const SUSPEND: u64 = 1 << 4;
const KILL: u64 = 1 << 5;

/// Says who a process is, for ever: slot and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Pid(u64);

impl Pid {
    pub(crate) fn new(index: u32, generation: u64) -> Self {
        Self(generation << INDEX_BITS | u64::from(index))
    }

    pub(crate) fn index(self) -> u32 {
        (self.0 & FLAGS) as u32
    }

    fn generation(self) -> u64 {
        self.0 & !FLAGS
    }

    /// The number itself, never 0.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Takes a number that [`get`](Self::get) gave.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// The word.
#[derive(Debug)]
pub(crate) struct StateWord(AtomicU64);

/// What the author of a transition by pid has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Handover {
    /// Nothing: there is no such process, or it is not waiting for this.
    Nothing,
    /// The token is the author's now: put it into a queue.
    Token,
    /// A flag was added: the token's holder will meet it, sooner if its core is told.
    Noted,
}

/// What the holder of a token may do with it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Begin {
    /// Run it.
    Run,
    /// Forget the token: the process is suspended, and the slot has it.
    Hold,
    /// Let the process end.
    Die,
}

/// What became of a wish to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Park {
    /// Forget the token: the slot has it.
    Parked,
    /// Keep the token: something happened meanwhile, so run it again.
    Again,
}

/// What `vacate` made of the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Vacant {
    /// It may be occupied again.
    Usable,
    /// Its generations are used up.
    Retired,
}

impl StateWord {
    /// Creates the word of a free slot that was never occupied.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1 << INDEX_BITS | FREE))
    }

    /// The pid that the free slot's next process will have; for who took it from the free list.
    pub(crate) fn next_pid(&self, index: u32) -> Pid {
        Pid::new(index, self.0.load(Ordering::Relaxed) >> INDEX_BITS)
    }

    /// 1: makes the free slot that process.
    pub(crate) fn occupy(&self, pid: Pid) {
        debug_assert_eq!(
            self.0.load(Ordering::Relaxed),
            pid.generation() | FREE,
            "occupied twice"
        );
        // Release: the header that the slot points to, for whoever finds it by pid.
        self.0.store(pid.generation() | RUNNABLE, Ordering::Release);
    }

    /// A word that no process ever has.
    pub(crate) const NEVER: u64 = 0;

    /// The word of a process that is runnable, and nobody wants anything of it.
    pub(crate) const fn plain(pid: Pid) -> u64 {
        pid.0 & !FLAGS | RUNNABLE
    }

    /// True if the word is this one: for `plain`, a token holder may run without another step.
    #[inline(always)]
    pub(crate) fn is(&self, word: u64) -> bool {
        self.0.load(Ordering::Relaxed) == word
    }

    /// 3: begins a poll; the token's holder calls it. `keeps_woken` says that a poll that was
    /// broken off is being continued, so a wake since its beginning still counts.
    pub(crate) fn begin(&self, keeps_woken: bool) -> Begin {
        self.update(|word| match word {
            _ if word & KILL != 0 => (word, Begin::Die),
            _ if word & SUSPEND != 0 => (word & !PHASE | HELD, Begin::Hold),
            _ if keeps_woken => (word, Begin::Run),
            _ => (word & !WOKEN, Begin::Run),
        })
    }

    /// 4: the process has nothing to do; the token's holder calls it after a poll.
    #[inline(always)]
    pub(crate) fn park(&self, pid: Pid) -> Park {
        let plain = pid.generation() | RUNNABLE;
        let waiting = pid.generation() | WAITING;
        // Release: what the process has written. Acquire is `park_slowly`'s.
        let swapped = self
            .0
            .compare_exchange(plain, waiting, Ordering::Release, Ordering::Relaxed);
        if swapped.is_ok() {
            Park::Parked
        } else {
            self.park_slowly()
        }
    }

    #[cold]
    #[inline(never)]
    fn park_slowly(&self) -> Park {
        self.update(|word| {
            if word & (KILL | WOKEN) != 0 {
                return (word & !WOKEN, Park::Again);
            }
            (word & !PHASE | WAITING, Park::Parked)
        })
    }

    /// 5: tells a process to look again.
    pub(crate) fn wake(&self, pid: Pid) -> Handover {
        self.by_pid(pid, |word| match word & PHASE {
            // Written even if the flag is there already: this author's release has to be part of
            // what `begin` or `park` acquires.
            // A held process may have been suspended in mid-poll, so its wake counts as well.
            RUNNABLE | HELD => Some((word | WOKEN, Handover::Nothing)),
            WAITING if word & SUSPEND != 0 => Some((word & !PHASE | HELD, Handover::Nothing)),
            WAITING => Some((word & !PHASE | RUNNABLE, Handover::Token)),
            _ => None,
        })
    }

    /// Keeps a process from running until it is resumed.
    pub(crate) fn suspend(&self, pid: Pid) -> Handover {
        self.by_pid(pid, |word| match word & PHASE {
            FREE => None,
            _ if word & (SUSPEND | KILL) != 0 => None,
            RUNNABLE => Some((word | SUSPEND, Handover::Noted)),
            _ => Some((word | SUSPEND, Handover::Nothing)),
        })
    }

    /// 6: lets a suspended process run again.
    pub(crate) fn resume(&self, pid: Pid) -> Handover {
        self.by_pid(pid, |word| match word & PHASE {
            HELD => Some((word & !PHASE & !SUSPEND | RUNNABLE, Handover::Token)),
            FREE => None,
            _ if word & SUSPEND == 0 => None,
            _ => Some((word & !SUSPEND, Handover::Nothing)),
        })
    }

    /// Wants a process dead; being suspended does not keep it alive.
    pub(crate) fn kill(&self, pid: Pid) -> Handover {
        self.by_pid(pid, |word| match word & PHASE {
            FREE => None,
            _ if word & KILL != 0 => None,
            RUNNABLE => Some((word & !SUSPEND | KILL, Handover::Noted)),
            _ => Some((word & !PHASE & !SUSPEND | RUNNABLE | KILL, Handover::Token)),
        })
    }

    /// 7: the process has ended; the token's holder calls it. A transition by pid that comes at the
    /// same moment is lost, and rightly: it can only have added a flag.
    pub(crate) fn vacate(&self, pid: Pid) -> Vacant {
        let generation = pid.generation() >> INDEX_BITS;
        if generation == LAST_GENERATION {
            self.0.swap(pid.generation() | FREE, Ordering::Relaxed);
            return Vacant::Retired;
        }
        // A swap where a store would do on hardware: the model takes stores and swaps of several
        // threads for unordered, and then finds races that cannot be.
        self.0
            .swap((generation + 1) << INDEX_BITS | FREE, Ordering::Relaxed);
        Vacant::Usable
    }

    /// True while `pid` names a process.
    pub(crate) fn is_alive(&self, pid: Pid) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        word & !FLAGS == pid.generation() && word & PHASE != FREE
    }

    fn by_pid(&self, pid: Pid, step: impl Fn(u64) -> Option<(u64, Handover)>) -> Handover {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            if word & !FLAGS != pid.generation() {
                return Handover::Nothing;
            }
            let Some((next, outcome)) = step(word) else {
                return Handover::Nothing;
            };
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(now) => word = now,
            }
        }
    }

    fn update<R>(&self, step: impl Fn(u64) -> (u64, R)) -> R {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, outcome) = step(word);
            match self
                .0
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return outcome,
                Err(now) => word = now,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    /// Every word that can come about for one generation.
    fn all_words(pid: Pid) -> Vec<u64> {
        let mut found = vec![pid.generation() | RUNNABLE];
        let mut next = 0;
        while next < found.len() {
            let word = found[next];
            next += 1;
            for transition in transitions(word & PHASE) {
                let state = StateWord(AtomicU64::new(word));
                transition(&state, pid);
                let reached = state.0.load(Ordering::Relaxed);
                if reached & !FLAGS == pid.generation() && !found.contains(&reached) {
                    found.push(reached);
                }
            }
        }
        found
    }

    type Transition = fn(&StateWord, Pid);

    /// What may happen in a phase: anyone's transitions always, the token holder's while runnable.
    fn transitions(phase: u64) -> Vec<Transition> {
        let mut all: Vec<Transition> = vec![
            |state, pid| {
                let _ = state.wake(pid);
            },
            |state, pid| {
                let _ = state.suspend(pid);
            },
            |state, pid| {
                let _ = state.resume(pid);
            },
            |state, pid| {
                let _ = state.kill(pid);
            },
        ];
        if phase == RUNNABLE {
            all.push(|state, _| {
                let _ = state.begin(false);
            });
            all.push(|state, _| {
                let _ = state.begin(true);
            });
            all.push(|state, pid| {
                let _ = state.park(pid);
            });
        }
        all
    }

    fn occupied() -> (StateWord, Pid) {
        let state = StateWord::new();
        let pid = state.next_pid(5);
        state.occupy(pid);
        (state, pid)
    }

    fn with(word: u64) -> StateWord {
        StateWord(AtomicU64::new(word))
    }

    #[test]
    fn the_token_is_in_one_place_in_every_reachable_word() {
        let (_, pid) = occupied();
        let words = all_words(pid);
        for &word in &words {
            let flags = word & FLAGS;
            let phase = flags & PHASE;
            assert!([RUNNABLE, WAITING, HELD].contains(&phase), "{flags:#b}");
            // Who waits has met all flags but suspension; who is held keeps a wake for later.
            assert!(phase == RUNNABLE || flags & KILL == 0, "{flags:#b}");
            assert!(phase != WAITING || flags & WOKEN == 0, "{flags:#b}");
            assert!(phase != HELD || flags & SUSPEND != 0, "{flags:#b}");
            assert!(flags & KILL == 0 || flags & SUSPEND == 0, "{flags:#b}");
            for transition in [
                StateWord::wake,
                StateWord::suspend,
                StateWord::resume,
                StateWord::kill,
            ] {
                let state = with(word);
                let handover = transition(&state, pid);
                let after = state.0.load(Ordering::Relaxed) & PHASE;
                // The token changes hands exactly when the slot had it and has it no more.
                let left_slot = phase != RUNNABLE && after == RUNNABLE;
                assert_eq!(handover == Handover::Token, left_slot, "{flags:#b}");
            }
        }
        assert!(words.len() >= 8, "only {} words are reachable", words.len());
    }

    #[test]
    fn a_kill_is_met_before_anything_else() {
        let (_, pid) = occupied();
        for word in all_words(pid) {
            let state = with(word);
            let handover = state.kill(pid);
            assert!(word & KILL != 0 || handover != Handover::Nothing);
            assert_eq!(state.begin(false), Begin::Die);
        }
    }

    #[test]
    fn a_wake_during_the_poll_is_never_lost() {
        let (state, pid) = occupied();
        assert_eq!(state.begin(false), Begin::Run);
        assert_eq!(state.wake(pid), Handover::Nothing);
        assert_eq!(state.park(pid), Park::Again);
        assert_eq!(state.park(pid), Park::Parked);
        assert_eq!(state.wake(pid), Handover::Token);
    }

    #[test]
    fn a_wake_before_a_poll_that_was_broken_off_goes_on_counts() {
        let (state, pid) = occupied();
        assert_eq!(state.wake(pid), Handover::Nothing);
        assert_eq!(state.begin(true), Begin::Run);
        assert_eq!(state.park(pid), Park::Again);
    }

    #[test]
    fn a_suspended_process_keeps_its_wake_for_later() {
        let (state, pid) = occupied();
        assert_eq!(state.park(pid), Park::Parked);
        assert_eq!(state.suspend(pid), Handover::Nothing);
        assert_eq!(state.wake(pid), Handover::Nothing);
        assert_eq!(state.resume(pid), Handover::Token);
        assert!(state.is(StateWord::plain(pid)));
    }

    #[test]
    fn a_process_held_in_mid_poll_keeps_its_wake() {
        let (state, pid) = occupied();
        assert_eq!(state.suspend(pid), Handover::Noted);
        assert_eq!(state.begin(true), Begin::Hold);
        assert_eq!(state.wake(pid), Handover::Nothing);
        assert_eq!(state.resume(pid), Handover::Token);
        assert_eq!(state.begin(true), Begin::Run);
        assert_eq!(state.park(pid), Park::Again);
    }

    #[test]
    fn a_runnable_process_is_suspended_at_its_next_turn() {
        let (state, pid) = occupied();
        assert_eq!(state.suspend(pid), Handover::Noted);
        assert!(!state.is(StateWord::plain(pid)));
        assert_eq!(state.begin(false), Begin::Hold);
        assert_eq!(state.resume(pid), Handover::Token);
        assert_eq!(state.begin(false), Begin::Run);
    }

    #[test]
    fn an_old_pid_changes_nothing() {
        let (state, old) = occupied();
        assert_eq!(state.vacate(old), Vacant::Usable);
        let new = state.next_pid(5);
        assert_ne!(old, new);
        state.occupy(new);
        assert_eq!(state.park(new), Park::Parked);
        let before = state.0.load(Ordering::Relaxed);
        for transition in [
            StateWord::wake,
            StateWord::suspend,
            StateWord::resume,
            StateWord::kill,
        ] {
            assert_eq!(transition(&state, old), Handover::Nothing);
        }
        assert_eq!(state.0.load(Ordering::Relaxed), before);
        assert!(state.is_alive(new) && !state.is_alive(old));
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_retires() {
        let state = with(LAST_GENERATION << INDEX_BITS | FREE);
        let pid = state.next_pid(7);
        state.occupy(pid);
        assert_eq!(state.vacate(pid), Vacant::Retired);
        assert!(!state.is_alive(pid));
    }
}

#[cfg(all(test, loom))]
mod stories {
    use super::*;
    use loom::sync::{Arc, Notify};
    use loom::thread;
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
    fn no_wake_is_lost_and_the_token_is_one() {
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
                        shared.told[n].store(1, Ordering::Relaxed);
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
                assert_eq!(shared.state.begin(false), Begin::Run);
                if shared
                    .told
                    .iter()
                    .all(|told| told.load(Ordering::Relaxed) == 1)
                {
                    break;
                }
                if shared.state.park(pid) == Park::Parked {
                    shared.queue.wait();
                }
            }
            for author in authors {
                author.join().unwrap();
            }
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
            let parked = state.park(new);
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
            assert_eq!(state.park(pid), Park::Parked);
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
}
