//! Who moves next, and what all cores share of the simulated machine.

mod chance;

use super::bound::Choices;
use super::encounters::Deed;
use super::locked::Queues;
use super::packets::Packets;
use super::whereabouts::{Condition, Whereabouts};
use super::{ManyEvent, ManyPlan, ManySabotage, ManyScenario};
use crate::world::memory::Memory;
use girder_core::causes::{Cause, Causes};
use girder_core::rng::Rng;
use girder_lockfree::process::Pid;
use girder_lockfree::process::crew::Crew;
use girder_lockfree::process::here::{self, Here};
use girder_lockfree::scarcity::Purpose;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread};

/// Times that the baton is passed in a run at most: one that needs more is going in circles.
const PASSES: u64 = 600_000;
/// The same where there are 100,000 processes.
const PASSES_OF_MANY: u64 = 4_000_000;

/// Later than anything that comes to pass: what is left on a wheel by then, the judge finds there.
const NEVER: u64 = 1 << 60;

/// The machine, and who has the right to run.
pub(super) struct Baton {
    pub(super) plan: ManyPlan,
    /// Where queues are behind locks: all of them.
    pub(super) locked: Queues,
    state: Mutex<State>,
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
    /// Those that died for want of memory, and those that could not be made.
    pub(super) crashed: usize,
    pub(super) refused: usize,
    /// Messages that never come of themselves, and nobody has taken back.
    pub(super) delayed: usize,
    /// Alarms that were called off on another core than their own, as far as they are counted.
    pub(super) elsewhere: u64,
    /// Which operations have met a target in which condition, and how often.
    pub(super) met: BTreeMap<(Deed, Condition), u32>,
    /// Those that have been born, and have not ended.
    pub(super) alive: BTreeSet<Pid>,
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
    pub(super) whereabouts: Whereabouts,
    pub(super) packets: Packets,
    /// What there is no memory for, and who sees to it that all others end when somebody has died of that.
    pub(super) memory: Memory,
    pub(super) undertaker: Option<Pid>,
    pub(super) trace: Vec<(u64, usize, ManyEvent)>,
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
    /// Cores are signalled, and processes told to look again, for nothing.
    disturbs: bool,
    /// To one chance that another core moves on, so many that the same does.
    persistence: u64,
}

/// A core, as far as the machine is concerned.
struct CoreState {
    here: &'static Here,
    deadline: Option<u64>,
    /// When the signal arrives that is on its way.
    signal: Option<u64>,
    is_asleep: bool,
    stalled_until: u64,
    /// Its thread, which is parked unless it has the baton.
    thread: Option<Thread>,
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
    /// When something happens to it by itself, if that is ever.
    fn next(&self) -> Option<u64> {
        let deadline = self.deadline.filter(|&at| at < NEVER);
        deadline.into_iter().chain(self.signal).min()
    }
}

impl Baton {
    pub(super) fn new(
        plan: ManyPlan,
        mut rng: Rng,
        heres: &[&'static Here],
        crew: &'static Crew,
    ) -> Self {
        // A core that is held up can't do its part.
        let may_be_rough = !ManyScenario::EVEN.contains(&plan.scenario);
        let mut flip = || rng.below(2) == 0 && may_be_rough;
        let (delays_signals, stalls, is_late) = (flip(), flip(), flip());
        let (disturbs, persists, are_late) = (flip(), flip(), flip());
        let temper = Temper {
            delays_signals,
            stalls,
            is_late,
            disturbs,
            persistence: if persists { 1 + rng.below(6) } else { 0 },
        };
        let core = |&here| CoreState {
            here,
            deadline: None,
            signal: None,
            is_asleep: false,
            stalled_until: 0,
            thread: None,
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
            whereabouts: Whereabouts::default(),
            packets: Packets::new(crew, are_late),
            memory: Memory::new(plan.shortage, false),
            undertaker: None,
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
            locked: heres.iter().map(|_| Mutex::default()).collect(),
            state: Mutex::new(state),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever fails says so itself.
        self.state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    /// What each core has done.
    pub(super) fn work(&self) -> Vec<u64> {
        self.lock().work.clone()
    }

    /// How often there was no memory for this.
    pub(super) fn lacks_of(&self, purpose: Purpose) -> usize {
        let state = self.lock();
        let failed = state.memory.failed().iter();
        failed.filter(|&&it| it == purpose).count()
    }

    /// What was asked for, in order.
    pub(super) fn allocations(&self) -> Vec<Purpose> {
        self.lock().memory.asked().to_vec()
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
        state.cores[self.number].thread = Some(thread::current());
        if state.arrived == state.cores.len() {
            state.call_all();
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
        let has_many = ManyScenario::EVEN.contains(&self.baton.plan.scenario);
        let most = if has_many { PASSES_OF_MANY } else { PASSES };
        if state.passes > most {
            let failed = format!(
                "not done after {most} steps: {:?}, {:?}",
                state.score, state.cores
            );
            drop(state);
            panic!("{failed}");
        }
        let next = state.choose();
        state.holder = next;
        if next == self.number {
            here::simulate_time(state.now);
            return;
        }
        let thread = state.cores[next].thread.clone();
        // Unlocked before: whoever is called would wait for the lock as well.
        drop(state);
        thread.inspect(Thread::unpark);
        self.wait_for_baton(self.baton.lock());
    }

    fn wait_for_baton<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        while !state.has_failed
            && !state.is_over
            && (state.holder != self.number || state.arrived < state.cores.len())
        {
            drop(state);
            thread::park();
            state = self.baton.lock();
        }
        let (has_failed, now) = (state.has_failed, state.now);
        drop(state);
        assert!(!has_failed, "another core has failed");
        here::simulate_time(now);
    }

    /// Ends the run for everybody.
    pub(super) fn fail(&self) {
        let mut state = self.baton.lock();
        state.has_failed = true;
        state.call_all();
    }

    /// Ends the turn of a core that leaves because the run is over.
    pub(super) fn leave(&self) {
        self.baton.lock().call_all();
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
    /// True if nothing is left to happen.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Has all look whether it is their turn.
    fn call_all(&self) {
        let threads = self.cores.iter().filter_map(|core| core.thread.as_ref());
        threads.for_each(Thread::unpark);
    }

    /// The core that moves has done a part of what is to be done.
    pub(super) fn count_work(&mut self) {
        self.work[self.holder] += 1;
    }
}
