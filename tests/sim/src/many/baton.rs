//! Who moves next, and what all cores share of the simulated machine.

use super::bound::Choices;
use super::{ManyEvent, ManyPlan, ManySabotage, ManyScenario};
use girder_core::causes::{Cause, Causes};
use girder_core::rng::Rng;
use girder_lockfree::process::Pid;
use girder_lockfree::process::here::{self, Here};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Times that the baton is passed in a run at most: one that needs more is going in circles.
const PASSES: u64 = 600_000;

/// The machine, and who has the right to run.
pub(super) struct Baton {
    pub(super) plan: ManyPlan,
    state: Mutex<State>,
    /// One for each core.
    calls: Vec<Condvar>,
}

/// A core's way to it.
#[derive(Clone)]
pub(super) struct Hands {
    pub(super) baton: Arc<Baton>,
    pub(super) number: usize,
}

/// What the processes of a run have come to.
#[derive(Debug, Default)]
pub(super) struct Score {
    /// Bodies that were made, that came to their end, and that were dropped.
    pub(super) made: usize,
    pub(super) finished: usize,
    pub(super) dropped: usize,
    /// Processes that were given up in mid-poll: their bodies are never dropped.
    pub(super) given_up: usize,
    /// Processes that were asked to die.
    pub(super) killed: usize,
    /// Those that have been born, and have not ended.
    pub(super) alive: Vec<Pid>,
}

/// What all cores share.
pub(super) struct State {
    pub(super) rng: Rng,
    pub(super) now: u64,
    pub(super) score: Score,
    pub(super) sabotage: Option<ManySabotage>,
    /// Who runs, and where.
    pub(super) running: BTreeMap<Pid, usize>,
    /// Somebody calls all cores together, or they stand still.
    pub(super) is_called: bool,
    pub(super) is_still: bool,
    /// Messages that were sent and not received, as far as they are counted.
    pub(super) under_way: usize,
    /// What each core has done of what the scenario counts.
    work: Vec<u64>,
    /// Who may run where.
    pub(super) choices: Choices,
    trace: Vec<(u64, usize, ManyEvent)>,
    cores: Vec<CoreState>,
    holder: usize,
    arrived: usize,
    passes: u64,
    is_over: bool,
    has_failed: bool,
    temper: Temper,
}

/// What kinds of things happen in a run.
#[derive(Clone, Copy, Debug)]
struct Temper {
    delays_signals: bool,
    stalls: bool,
    is_late: bool,
}

/// A core, as far as the machine is concerned.
struct CoreState {
    here: &'static Here,
    deadline: Option<u64>,
    /// When the signal arrives that is on its way.
    signal: Option<u64>,
    is_asleep: bool,
    stalled_until: u64,
}

impl std::fmt::Debug for CoreState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "({:?}, {:?}, asleep {}, timer {:?}, signal {:?})",
            self.here.pace(),
            self.here.doorbell(),
            self.is_asleep,
            self.deadline,
            self.signal
        )
    }
}

impl CoreState {
    /// When something happens to it by itself.
    fn next(&self) -> Option<u64> {
        self.deadline.into_iter().chain(self.signal).min()
    }
}

impl Baton {
    pub(super) fn new(plan: ManyPlan, mut rng: Rng, heres: &[&'static Here]) -> Self {
        // A core that is held up can't do its part.
        let may_be_rough = plan.scenario != ManyScenario::Spread;
        let mut flip = || rng.below(2) == 0 && may_be_rough;
        let temper = Temper {
            delays_signals: flip(),
            stalls: flip(),
            is_late: flip(),
        };
        let core = |&here| CoreState {
            here,
            deadline: None,
            signal: None,
            is_asleep: false,
            stalled_until: 0,
        };
        let state = State {
            rng,
            now: 0,
            score: Score::default(),
            sabotage: plan.sabotage,
            running: BTreeMap::new(),
            is_called: false,
            is_still: false,
            under_way: 0,
            work: vec![0; heres.len()],
            choices: Choices::default(),
            trace: Vec::new(),
            cores: heres.iter().map(core).collect(),
            holder: 0,
            arrived: 0,
            passes: 0,
            is_over: false,
            has_failed: false,
            temper,
        };
        Self {
            plan,
            state: Mutex::new(state),
            calls: heres.iter().map(|_| Condvar::new()).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever fails says so itself.
        self.state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    /// What each core has done.
    pub(super) fn work(&self) -> Vec<u64> {
        self.lock().work.clone()
    }

    /// What is left when all cores have ended.
    pub(super) fn end(&self) -> (Vec<(u64, usize, ManyEvent)>, Score, u64) {
        let mut state = self.lock();
        let trace = std::mem::take(&mut state.trace);
        (trace, std::mem::take(&mut state.score), state.passes)
    }
}

impl Hands {
    pub(super) fn here(&self) -> &'static Here {
        self.baton.lock().cores[self.number].here
    }

    /// Runs `f` with the machine; for whoever has the baton.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.baton.lock())
    }

    pub(super) fn note(&self, event: ManyEvent) {
        let number = self.number;
        self.with(|state| {
            if !state.is_over {
                let is_quiet = matches!(event, ManyEvent::Signal(_));
                assert!(!state.is_still || is_quiet, "{event:?} at a standstill");
                state.trace.push((state.now, number, event));
            }
        });
    }

    pub(super) fn is_over(&self) -> bool {
        self.with(|state| state.is_over)
    }

    /// Waits for all others, and for the baton, which the first one has to begin with.
    pub(super) fn arrive(&self) {
        let mut state = self.baton.lock();
        state.arrived += 1;
        if state.arrived == state.cores.len() {
            self.baton.calls.iter().for_each(Condvar::notify_all);
        }
        self.wait_for_baton(state);
    }

    /// Lets whoever the seed says move next.
    pub(super) fn pass(&self) {
        let mut state = self.baton.lock();
        if state.is_over {
            return; // all leave
        }
        state.go_on();
        self.hand_over(state);
    }

    /// Sleeps until something happens to this core.
    pub(super) fn sleep(&self) {
        let mut state = self.baton.lock();
        if state.is_over {
            return;
        }
        state.cores[self.number].is_asleep = true;
        let now = state.now;
        state.trace.push((now, self.number, ManyEvent::Sleep));
        state.go_on();
        self.hand_over(state);
    }

    fn hand_over(&self, mut state: MutexGuard<'_, State>) {
        state.passes += 1;
        if state.passes > PASSES {
            let failed = format!(
                "not done after {PASSES} steps: {:?}, {:?}",
                state.score, state.cores
            );
            drop(state);
            panic!("{failed}");
        }
        let next = state.choose();
        state.holder = next;
        if next != self.number {
            self.baton.calls[next].notify_all();
            self.wait_for_baton(state);
        } else {
            here::simulate_time(state.now);
        }
    }

    fn wait_for_baton(&self, mut state: MutexGuard<'_, State>) {
        let call = &self.baton.calls[self.number];
        while !state.has_failed
            && !state.is_over
            && (state.holder != self.number || state.arrived < state.cores.len())
        {
            state = call
                .wait(state)
                .unwrap_or_else(|broken| broken.into_inner());
        }
        let (has_failed, now) = (state.has_failed, state.now);
        drop(state);
        assert!(!has_failed, "another core has failed");
        here::simulate_time(now);
    }

    /// Ends the run for everybody.
    pub(super) fn fail(&self) {
        self.baton.lock().has_failed = true;
        self.baton.calls.iter().for_each(Condvar::notify_all);
    }

    /// Ends the turn of a core that leaves because the run is over.
    pub(super) fn leave(&self) {
        self.baton.calls.iter().for_each(Condvar::notify_all);
    }

    /// Brings this core the interrupts that are due. True if one has come: then the core looks up.
    pub(super) fn is_interrupted(&self) -> bool {
        self.with(|state| state.interrupt(self.number))
    }

    pub(super) fn set_deadline(&self, at: Option<u64>) {
        self.with(|state| state.cores[self.number].deadline = at);
    }

    /// Sends a core a signal.
    pub(super) fn signal(&self, target: usize) {
        self.note(ManyEvent::Signal(target));
        self.with(|state| state.send_signal(target));
    }

    /// Takes what this core is to look at.
    pub(super) fn take_causes(&self) -> Causes {
        self.is_interrupted();
        let here = self.here();
        let taken = Causes::from_word(here.doorbell().take());
        let is_deaf = self.with(|state| state.sabotage == Some(ManySabotage::LoseRings));
        match is_deaf {
            true => {
                taken
                    .filter(|cause| *cause != Cause::Wake)
                    .fold(Causes::EMPTY, |mut all, cause| {
                        all.insert(cause);
                        all
                    })
            }
            false => taken,
        }
    }
}

impl State {
    /// The core that moves has done a part of what is to be done.
    pub(super) fn count_work(&mut self) {
        self.work[self.holder] += 1;
    }

    /// Time passes, and now and then a core is held up.
    fn go_on(&mut self) {
        self.now += self.rng.below(2_000);
        if self.temper.stalls && self.rng.below(500) == 0 {
            let core = self.rng.below(self.cores.len() as u64) as usize;
            let until = self.now + self.rng.below(3_000_000);
            self.cores[core].stalled_until = until;
        }
    }

    /// Whose turn it is: anybody's who is awake and not held up. If all sleep, time passes until something happens; if
    /// nothing will, the run is over.
    fn choose(&mut self) -> usize {
        loop {
            (0..self.cores.len()).for_each(|core| self.rouse(core));
            let can_move = |core: &CoreState| !core.is_asleep && core.stalled_until <= self.now;
            let moving = || (0..self.cores.len()).filter(|&core| can_move(&self.cores[core]));
            let count = moving().count() as u64;
            if count > 0 {
                let chosen = moving().nth(self.rng.clone().below(count) as usize);
                self.rng.next_u64();
                return chosen.expect("one of them");
            }
            let held_up = self.cores.iter().filter(|core| !core.is_asleep);
            let held_up = held_up.map(|core| core.stalled_until);
            let next = self.cores.iter().filter_map(CoreState::next);
            match held_up.chain(next).filter(|&at| at > self.now).min() {
                Some(at) => self.now = at,
                None => {
                    self.is_over = true;
                    return 0;
                }
            }
        }
    }

    /// Wakes a core if something has happened to it.
    fn rouse(&mut self, core: usize) {
        if self.cores[core].is_asleep && self.interrupt(core) {
            self.cores[core].is_asleep = false;
        }
    }

    fn interrupt(&mut self, core: usize) -> bool {
        let (now, core) = (self.now, &mut self.cores[core]);
        let is_timer = core.deadline.is_some_and(|at| at <= now);
        if is_timer {
            core.deadline = None;
            let _ = core.here.doorbell().ring(Cause::Timer.bit());
        }
        let is_signal = core.signal.is_some_and(|at| at <= now);
        if is_signal {
            core.signal = None;
        }
        is_timer || is_signal
    }

    fn send_signal(&mut self, target: usize) {
        if self.sabotage == Some(ManySabotage::LoseSignals) {
            return;
        }
        let delay = match self.temper.delays_signals {
            true => self.rng.below(500_000),
            false => self.rng.below(3_000),
        };
        let at = self.now + delay;
        let signal = &mut self.cores[target].signal;
        *signal = Some(signal.map_or(at, |before| before.min(at)));
    }

    /// How late a timer may be.
    pub(super) fn lateness(&mut self) -> u64 {
        match self.temper.is_late && self.rng.below(4) == 0 {
            true => self.rng.below(2_000_000),
            false => self.rng.below(2_000),
        }
    }
}
