//! The handlers of the simulated deployment.

use crate::checks::{Event, Trace};
use girder_core::causes::{Cause, Causes};
use girder_core::rng::Rng;
use girder_core::sched::{
    Core, CoreId, Hardware, Io, Levels, Lifecycle, Mem, Migration, Next, Oracle, Outcome, Priority,
    Ready, World,
};
use girder_lockfree::Token;
use girder_lockfree::process::here::{self, Here};
use girder_lockfree::process::{Polled, Runnable};
use std::cell::{Cell, RefCell};
use std::fmt;

thread_local! {
    static CORE: RefCell<Option<Core<Simulated>>> = const { RefCell::new(None) };
    pub(crate) static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
    /// The running process has been broken off by a simulated interrupt.
    static IS_BROKEN_OFF: Cell<bool> = const { Cell::new(false) };
}

/// What all handlers share.
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) here: &'static Here,
    pub(crate) now: u64,
    pub(crate) deadline: Option<u64>,
    pub(crate) trace: Trace,
    /// Nothing is left that could ever happen by itself.
    pub(crate) is_quiet: bool,
}

/// Runs `f` with the shared state.
pub(crate) fn with_state<R>(f: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(|state| f(state.as_mut().expect("a simulation runs")))
}

/// Makes `core` the one that this thread simulates.
pub(crate) fn set_core(core: Option<Core<Simulated>>) {
    CORE.set(core);
}

/// The deployment.
pub(crate) struct Simulated;

impl World for Simulated {
    type Ready = Levels;
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

impl State {
    /// Lets time pass.
    pub(crate) fn pass(&mut self, nanos: u64) {
        self.now += nanos;
        here::simulate_time(self.now);
    }

    fn is_due(&self) -> bool {
        self.deadline.is_some_and(|at| at <= self.now)
    }

    /// True if the timer's interrupt strikes now: when it is due, sooner or later.
    fn timer_strikes(&mut self) -> bool {
        self.is_due() && self.rng.below(3) > 0
    }
}

/// Breaks the running process off, if the adversary says so. Called before and after every call of
/// the runtime by simulated programs.
pub(crate) fn interrupt_strikes() -> bool {
    let strikes = with_state(|state| {
        let nanos = state.rng.below(40_000);
        state.pass(nanos);
        // An interrupt of no account now and then, besides the timer's. A process that has to leave
        // does so at the next chance.
        here::simulate_leaving() || state.timer_strikes() || state.rng.below(50) == 0
    });
    IS_BROKEN_OFF.set(strikes);
    strikes
}

/// Processes whose frame is their body.
pub(crate) struct Bodies;

impl Lifecycle for Bodies {
    fn resume(process: Runnable) -> Next {
        let is_put_off = with_state(|state| state.is_due() && state.rng.below(3) > 0);
        let outcome = if is_put_off {
            Outcome::PutOff(process.put_off())
        } else {
            run(process)
        };
        Simulated::visit(|core| core.settle(here(), outcome))
    }

    fn go_on(token: Token) -> Next {
        let is_put_off = with_state(|state| state.is_due() && state.rng.below(3) > 0);
        let outcome = if is_put_off {
            Outcome::PutOff(token)
        } else {
            run(token.simulate_going_on())
        };
        Simulated::visit(|core| core.settle(here(), outcome))
    }

    fn end(token: Token) -> Next {
        with_state(|state| state.trace.note(state.now, Event::Killed(token.pid())));
        let finished = if token.has_frame() {
            token.give_up()
        } else {
            token.drop_future()
        };
        Simulated::visit(|core| core.settle_at_length(Outcome::Done(finished)))
    }
}

/// The simulated core.
fn here() -> &'static Here {
    with_state(|state| state.here)
}

fn run(process: Runnable) -> Outcome {
    let pid = process.pid();
    let level = process.level();
    let priority = Priority::from_level(level);
    let rival = Simulated::visit(|core| core.ready().most_urgent());
    let is_passed_over = rival.is_some_and(|rival| rival.is_more_urgent_than(priority));
    assert!(!is_passed_over, "{priority:?} was run before {rival:?}");
    note(Event::Resume(pid, level));
    let polled = process.poll();
    let is_broken_off = IS_BROKEN_OFF.take();
    match polled {
        Polled::Waiting(token) if is_broken_off => {
            note(Event::Preempt(pid));
            return Outcome::Preempted(token.simulate_frame());
        }
        Polled::Yielded(_) | Polled::YieldedWithCare(_) => note(Event::Yield(pid)),
        Polled::Waiting(_) => note(Event::Wait(pid)),
        Polled::Done(_) => note(Event::Done(pid)),
    }
    polled.into()
}

fn note(event: Event) {
    with_state(|state| state.trace.note(state.now, event));
}

/// A core whose timer is late by whatever the adversary likes.
pub(crate) struct Clockwork;

impl Hardware for Clockwork {
    fn now(&self) -> u64 {
        with_state(|state| state.now)
    }

    fn set_deadline(&mut self, at: Option<u64>) {
        with_state(|state| state.deadline = at);
    }

    fn signal(&mut self, _: CoreId) {}

    fn take_causes(&mut self) -> Causes {
        with_state(|state| {
            if !state.timer_strikes() {
                return Causes::EMPTY;
            }
            state.deadline = None;
            Causes::from(Cause::Timer)
        })
    }

    fn serve(&mut self, _: Causes) {}

    fn wait(&mut self) {
        with_state(|state| match state.deadline {
            Some(at) => {
                let late = state.rng.below(10_000);
                let nanos = at.saturating_sub(state.now) + late;
                state.pass(nanos);
            }
            None => state.is_quiet = true,
        });
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

/// Nobody types.
pub(crate) struct Console;

impl Io for Console {
    fn print(&mut self, text: fmt::Arguments<'_>) {
        println!("{text}");
    }

    fn read_byte(&mut self) -> Option<u8> {
        None
    }
}

/// The host has memory enough.
pub(crate) struct Unlimited;

impl Mem for Unlimited {
    fn free_bytes(&self) -> usize {
        usize::MAX
    }
}

/// The adversary.
pub(crate) struct Seeded;

impl Oracle for Seeded {
    fn choose(&mut self, choices: usize) -> usize {
        with_state(|state| state.rng.below(choices as u64) as usize)
    }
}
