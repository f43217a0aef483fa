//! The adversary: everything that may happen to a core, decided by a seed.
//!
//! A run has a *temper*, drawn first, which says what kinds of things happen in it at all. Without
//! that, each fault would hide another: a process that is woken for nothing every now and then never
//! shows that its own wake was lost.

use super::memory::Memory;
use crate::checks::Trace;
use crate::laws::Laws;
use crate::machine::Plan;
use crate::sabotage::Sabotage;
use girder_core::causes::{Cause, Causes};
use girder_core::rng::Rng;
use girder_lockfree::process::here::{self, Here};
use girder_lockfree::process::inspect::on_desk;
use girder_lockfree::process::{self, Pid};
use girder_lockfree::scarcity::Purpose;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

thread_local! {
    /// The running process has been broken off by a simulated interrupt.
    static IS_BROKEN_OFF: Cell<bool> = const { Cell::new(false) };
    /// It has ended where it stands, for want of memory.
    static HAS_CRASHED: Cell<bool> = const { Cell::new(false) };
}

/// What kinds of things happen in a run.
#[derive(Clone, Copy, Debug)]
struct Temper {
    wakes_for_nothing: bool,
    stalls_interrupts: bool,
    is_late: bool,
    chatters: bool,
}

/// What all handlers share.
pub(crate) struct State {
    pub(crate) here: &'static Here,
    pub(crate) rng: Rng,
    pub(crate) now: u64,
    pub(crate) deadline: Option<u64>,
    pub(crate) trace: Trace,
    pub(crate) laws: Laws,
    pub(crate) sabotage: Option<Sabotage>,
    /// Nothing is left that could ever happen by itself.
    pub(crate) is_quiet: bool,
    pub(crate) memory: Memory,
    /// Reductions that processes have paid.
    pub(crate) spent: BTreeMap<Pid, u64>,
    /// Those who wait to be told of an end.
    pub(crate) watching: BTreeSet<Pid>,
    /// Those who had spent too much when they came to wait for mail: they are given more when they next yield.
    pub(crate) owing: BTreeSet<Pid>,
    /// Programs send messages, which cost what they cost.
    pub(crate) has_mail: bool,
    /// Nanoseconds that the core was asleep.
    pub(crate) slept: u64,
    /// Everybody who was ever born: whom to wake for nothing.
    pub(crate) born: Vec<Pid>,
    /// Keys that will be typed, and that were and wait to be read.
    pub(crate) keys: (u32, u32),
    pub(crate) reader: Option<Waker>,
    /// Time for which no interrupt got through although the timer's was due.
    pub(crate) held_up: u64,
    temper: Temper,
    /// The core's status word, and what has been taken from it to be served.
    word: Causes,
    taken: Causes,
    stalled_until: u64,
}

impl State {
    pub(crate) fn new(here: &'static Here, mut rng: Rng, plan: Plan) -> Self {
        let mut flip = || rng.below(2) == 0;
        let (wakes_for_nothing, is_fickle) = (flip(), flip());
        let temper = Temper {
            wakes_for_nothing,
            stalls_interrupts: flip(),
            is_late: flip(),
            chatters: flip(),
        };
        Self {
            here,
            rng,
            now: 0,
            deadline: None,
            trace: Trace::default(),
            laws: Laws::default(),
            sabotage: plan.sabotage,
            is_quiet: false,
            memory: Memory::new(plan.shortage, is_fickle),
            spent: BTreeMap::new(),
            watching: BTreeSet::new(),
            owing: BTreeSet::new(),
            has_mail: false,
            slept: 0,
            born: Vec::new(),
            keys: (0, 0),
            reader: None,
            held_up: 0,
            temper,
            word: Causes::EMPTY,
            taken: Causes::EMPTY,
            stalled_until: 0,
        }
    }

    /// Lets time pass.
    fn pass(&mut self, nanos: u64) {
        if self.deadline.is_some_and(|at| at <= self.now) || self.is_stalled() {
            self.held_up += nanos;
        }
        self.now += nanos;
        here::simulate_time(self.now);
    }

    fn is_stalled(&self) -> bool {
        self.now < self.stalled_until
    }

    /// Lets some of what may happen now happen.
    fn raise(&mut self) {
        if self.temper.stalls_interrupts && self.rng.below(400) == 0 {
            self.stalled_until = self.now + self.rng.below(20_000_000);
        }
        if self.is_stalled() {
            return;
        }
        let patience = if self.temper.is_late { 12 } else { 2 };
        if self.deadline.is_some_and(|at| at <= self.now) && self.rng.below(patience) == 0 {
            self.deadline = None;
            self.word.insert(Cause::Timer);
        }
        if self.keys.0 > 0 && self.rng.below(20) == 0 {
            self.type_key();
        }
        if self.temper.chatters && self.rng.below(30) == 0 {
            let any = [Cause::Crash, Cause::Ping, Cause::Wake, Cause::Console];
            self.word.insert(any[self.rng.below(4) as usize]);
        }
    }

    fn type_key(&mut self) {
        self.keys.0 -= 1;
        self.keys.1 += 1;
        self.word.insert(Cause::Console);
    }

    /// True if an interrupt takes the core from whoever runs.
    pub(super) fn is_called(&self) -> bool {
        !self.is_stalled() && !self.word.is_empty()
    }

    /// True if an interrupt will come, sooner or later.
    fn will_be_called(&self) -> bool {
        self.deadline.is_some() || !self.word.is_empty() || self.sabotage.is_some()
    }

    /// True if something has come up before a process begins.
    pub(super) fn is_put_off(&mut self) -> bool {
        self.raise();
        self.is_called()
    }

    /// Empties the status word.
    pub(super) fn take_causes(&mut self) -> Causes {
        self.laws.look_up();
        self.raise();
        assert!(self.taken.is_empty(), "{:?} were never served", self.taken);
        self.taken = self.word;
        std::mem::take(&mut self.word)
    }

    /// Takes note that causes are served, and returns whoever waits for one of them.
    pub(super) fn serve(&mut self, causes: Causes) -> Option<Waker> {
        // Those that sabotage has lost are nobody's fault.
        let is_right = self.sabotage.is_some() || causes == self.taken;
        assert!(
            is_right,
            "{causes:?} were served in place of {:?}",
            self.taken
        );
        self.taken = Causes::EMPTY;
        let has_key = causes.contains(Cause::Console);
        has_key.then(|| self.reader.take()).flatten()
    }

    /// Sleeps until something happens, or for ever.
    pub(super) fn wait(&mut self) {
        let before = self.now;
        self.sleep();
        self.slept += self.now - before;
    }

    fn sleep(&mut self) {
        // What sabotage has lost makes a core sleep that should not: that is found by its end.
        self.laws.rest(self.deadline, self.sabotage.is_none());
        if !self.word.is_empty() {
            return;
        }
        match self.deadline {
            // Somebody else's interrupt, or none that anybody knows of.
            Some(at) if self.temper.chatters && self.rng.below(3) == 0 => {
                let left = at.saturating_sub(self.now);
                let nanos = self.rng.below(left);
                self.pass(nanos);
                self.raise();
            }
            Some(at) => {
                let is_much = self.temper.is_late && self.rng.below(4) == 0;
                let late = self.rng.below(if is_much { 50_000_000 } else { 10_000 });
                self.pass(at.saturating_sub(self.now) + late);
                self.deadline = None;
                self.word.insert(Cause::Timer);
            }
            None if self.keys.0 > 0 => self.type_key(),
            None => self.is_quiet = true,
        }
    }

    /// True if there is memory for this.
    pub(crate) fn has_memory(&mut self, purpose: Purpose) -> bool {
        self.memory.has(purpose, &mut self.rng)
    }

    fn anybody(&mut self) -> Option<Pid> {
        let is_wanted = self.temper.wakes_for_nothing && self.rng.below(6) == 0;
        let index = self.rng.below(self.born.len() as u64) as usize;
        self.born.get(index).copied().filter(|_| is_wanted)
    }
}

/// Breaks the running process off, if the adversary says so. Called before and after every call of
/// the runtime by simulated programs.
pub(crate) fn interrupt_strikes() -> bool {
    if let Some(pid) = super::with_state(State::anybody) {
        process::wake(pid);
    }
    // A process that has to leave does so at the next chance, interrupt or not.
    let leaves = here::simulate_leaving();
    let (newborn, woken) = on_desk();
    let is_laden = !newborn.is_empty() || !woken.is_empty();
    let strikes = super::with_state(|state| {
        let is_delayed = is_laden && !leaves && !state.will_be_called();
        assert!(!is_delayed, "left on the desk, and nobody will look");
        let nanos = state.rng.below(40_000);
        state.pass(nanos);
        state.raise();
        leaves || state.is_called()
    });
    IS_BROKEN_OFF.set(strikes);
    strikes
}

/// Ends the running process, which has to come back at once.
pub(crate) fn crash() {
    HAS_CRASHED.set(true);
}

/// True once if the process that has just come back has ended like that.
pub(super) fn take_crash() -> bool {
    HAS_CRASHED.take()
}

/// True once if the process that has just come back was broken off.
pub(super) fn take_break() -> bool {
    IS_BROKEN_OFF.take()
}
