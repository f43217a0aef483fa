//! The handlers of the simulated deployment.

mod adversary;
mod bodies;
pub(crate) mod memory;
mod queues;

pub(crate) use adversary::{State, crash, interrupt_strikes};

use crate::sabotage::Sabotage;
use bodies::Bodies;
use girder_core::causes::{Cause, Causes};
use girder_core::sched::{Core, CoreId, Hardware, Io, Mem, Migration, Oracle, World};
use girder_lockfree::Token;
use girder_lockfree::process;
use girder_lockfree::process::here::Here;
use girder_lockfree::scarcity::Purpose;
use queues::Watched;
use std::cell::RefCell;
use std::fmt;

pub(crate) use queues::Watched as Queues;

thread_local! {
    static CORE: RefCell<Option<Core<Simulated>>> = const { RefCell::new(None) };
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Runs `f` with the state that all handlers share.
pub(crate) fn with_state<R>(f: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(|state| f(state.as_mut().expect("a simulation runs")))
}

/// Makes `state` the one that this thread's handlers share.
pub(crate) fn set_up(state: State) {
    STATE.set(Some(state));
}

/// Makes `core` the one that this thread simulates.
pub(crate) fn set_core(core: Core<Simulated>) {
    CORE.set(Some(core));
}

/// Ends the simulation.
pub(crate) fn tear_down() -> State {
    CORE.take();
    STATE.take().expect("it was set up")
}

/// Forgets a simulation that has failed: its tokens can't be ended any more.
pub(crate) fn abandon() {
    std::mem::forget(CORE.take());
    STATE.take();
}

/// Makes a call, and says for what there was no memory meanwhile.
pub(crate) fn lacking<R>(call: impl FnOnce() -> R) -> (R, Vec<Purpose>) {
    let before = lacks();
    let outcome = call();
    let lacked = with_state(|state| state.memory.failed()[before..].to_vec());
    (outcome, lacked)
}

/// How often there was no memory so far.
pub(crate) fn lacks() -> usize {
    with_state(|state| state.memory.failed().len())
}

/// True if this is what goes wrong in this run.
fn is_sabotaged(by: Sabotage) -> bool {
    with_state(|state| state.sabotage == Some(by))
}

/// True now and then, if this is what goes wrong in this run.
pub(crate) fn strikes_sabotage(by: Sabotage, one_in: u64) -> bool {
    with_state(|state| state.sabotage == Some(by) && state.rng.below(one_in) == 0)
}

/// The simulated core.
fn here() -> &'static Here {
    with_state(|state| state.here)
}

/// Lets the running process pay for some work.
pub(crate) fn work() {
    let reductions = with_state(|state| state.rng.below(4)) as u32;
    process::reduce(reductions);
    let pid = process::own_pid().expect("a process works");
    with_state(|state| *state.spent.entry(pid).or_default() += u64::from(reductions));
}

/// Waits for something of ours, which costs a reduction when it is ready.
pub(crate) async fn paid<T>(wait: impl Future<Output = T>) -> T {
    let output = wait.await;
    let pid = process::own_pid().expect("a process waits");
    with_state(|state| *state.spent.entry(pid).or_default() += 1);
    output
}

/// True if a process shall be polled with a waker that wakes nobody.
pub(crate) fn is_waker_lost() -> bool {
    strikes_sabotage(Sabotage::LoseWake, 10)
}

/// The deployment.
pub(crate) struct Simulated;

impl World for Simulated {
    type Ready = Watched;
    type Migration = Alone;
    type Lifecycle = Bodies;
    type Io = Console;
    type Mem = Unlimited;
    type Hardware = Clockwork;
    type Oracle = Seeded;

    fn visit<R>(f: impl FnOnce(&mut Core<Self>) -> R) -> R {
        CORE.with_borrow_mut(|core| f(core.as_mut().expect("a simulation runs")))
    }
}

/// A core whose interrupts come when the adversary likes.
pub(crate) struct Clockwork;

impl Hardware for Clockwork {
    fn now(&self) -> u64 {
        let ahead = is_sabotaged(Sabotage::FastClock);
        with_state(|state| state.now) + if ahead { 1_000_000 } else { 0 }
    }

    fn set_deadline(&mut self, at: Option<u64>) {
        if !strikes_sabotage(Sabotage::ForgetDeadline, 10) {
            with_state(|state| state.deadline = at);
        }
    }

    fn signal(&mut self, _: CoreId) {}

    fn take_causes(&mut self) -> Causes {
        let is_lost = strikes_sabotage(Sabotage::LoseCause, 10);
        let taken = with_state(State::take_causes);
        if is_lost && taken.contains(Cause::Timer) {
            with_state(|state| state.serve(taken));
            return Causes::EMPTY;
        }
        taken
    }

    fn serve(&mut self, causes: Causes) {
        // Whoever waits for a key is woken by the loop, as by everything else that it serves.
        if let Some(waker) = with_state(|state| state.serve(causes)) {
            waker.wake();
        }
    }

    fn wait(&mut self) {
        with_state(State::wait);
    }

    fn this_core(&self) -> CoreId {
        CoreId(0)
    }
}

/// There is one core.
pub(crate) struct Alone;

impl Migration for Alone {
    fn to_core(&mut self, token: Token, _: CoreId) -> Option<Token> {
        Some(token)
    }
}

/// What is printed is shown, and nobody presses a key.
pub(crate) struct Console;

impl Io for Console {
    fn print(&mut self, text: fmt::Arguments<'_>) {
        println!("{text}");
    }

    fn read_byte(&mut self) -> Option<u8> {
        None
    }
}

/// The host has pages enough.
pub(crate) struct Unlimited;

impl Mem for Unlimited {
    fn free_bytes(&self) -> usize {
        usize::MAX
    }
}

/// The adversary, as the scheduler knows it.
pub(crate) struct Seeded;

impl Oracle for Seeded {
    fn choose(&mut self, choices: usize) -> usize {
        with_state(|state| state.rng.below(choices as u64) as usize)
    }
}
