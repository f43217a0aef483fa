//! The deployment, on hardware that the baton simulates.

use super::baton::{Hands, State};
use super::either::{AnyMigration, AnyReady};
use super::packets::forget_held_back;
use super::want::{call_undertaker, take_crash};
use super::{ManyEvent, ManySabotage};
use crate::world::{Console, Unlimited};
use girder_core::causes::Causes;
use girder_core::sched::{Core, CoreId, Hardware, Lifecycle, Next, Oracle, Outcome, World};
use girder_lockfree::Token;
use girder_lockfree::process::here::{self, Here};
use girder_lockfree::process::{Pid, Polled, Runnable};
use std::cell::{Cell, RefCell};

thread_local! {
    static CORE: RefCell<Option<Core<Several>>> = const { RefCell::new(None) };
    static HANDS: RefCell<Option<Hands>> = const { RefCell::new(None) };
    /// The running process has been broken off by a simulated interrupt.
    static IS_BROKEN_OFF: Cell<bool> = const { Cell::new(false) };
}

/// This thread's hands.
pub(super) fn hands() -> Hands {
    HANDS.with_borrow(|hands| hands.clone().expect("a core is simulated"))
}

/// Runs `f` with the machine.
pub(super) fn with_state<R>(f: impl FnOnce(&mut State) -> R) -> R {
    hands().with(f)
}

/// Sends a signal to the core with this address.
pub(super) fn signal(address: u64) {
    hands().signal(address as usize);
}

/// A core that has not come to its end.
pub(super) struct Underway(Hands);

impl Underway {
    pub(super) fn new(hands: Hands, core: Core<Several>) -> Self {
        CORE.set(Some(core));
        HANDS.set(Some(hands.clone()));
        Self(hands)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        // The tokens of a run that has gone wrong can't be ended any more; the judge finds who is missing.
        std::mem::forget(CORE.take());
        forget_held_back();
        if std::thread::panicking() {
            self.0.fail();
        } else {
            self.0.leave();
        }
    }
}

/// Gives up what a core was about to do when the run was over.
pub(super) fn forget(next: Next) {
    std::mem::forget(next);
}

/// Where an interrupt may strike, and another core move on. True if the process was broken off.
pub(super) fn strikes() -> bool {
    let hands = hands();
    hands.pass();
    with_state(|state| state.now += state.rng.below(20_000));
    // One that has to leave does so at the next chance, interrupt or not.
    let leaves = here::simulate_leaving();
    let strikes = hands.is_interrupted() && hands.here().doorbell().is_rung();
    IS_BROKEN_OFF.set(leaves || strikes);
    leaves || strikes
}

/// The deployment.
pub(super) struct Several;

impl World for Several {
    type Ready = AnyReady;
    type Migration = AnyMigration;
    type Lifecycle = Bodies;
    type Io = Console;
    type Mem = Unlimited;
    type Hardware = Clockwork;
    type Oracle = Seeded;

    fn visit<R>(f: impl FnOnce(&mut Core<Self>) -> R) -> R {
        CORE.with_borrow_mut(|core| f(core.as_mut().expect("a core is simulated")))
    }
}

/// A core whose interrupts come when the adversary likes.
pub(super) struct Clockwork;

impl Hardware for Clockwork {
    fn now(&self) -> u64 {
        with_state(|state| state.now)
    }

    fn set_deadline(&mut self, at: Option<u64>) {
        let late = with_state(State::lateness);
        hands().set_deadline(at.map(|at| at.saturating_add(late)));
    }

    fn signal(&mut self, core: CoreId) {
        hands().signal(core.0 as usize);
    }

    fn take_causes(&mut self) -> Causes {
        hands().pass();
        hands().take_causes()
    }

    fn serve(&mut self, _: Causes) {}

    /// A few times, for another core moves meanwhile.
    fn lingers(&mut self, turns: u32) -> bool {
        let hands = hands();
        (0..turns.min(4)).any(|_| {
            hands.pass();
            hands.is_interrupted();
            hands.here().doorbell().is_rung()
        })
    }

    fn wait(&mut self) {
        let hands = hands();
        hands.pass();
        if hands.here().doorbell().try_leave() {
            hands.sleep();
        }
    }

    fn rest(&mut self, _: &dyn Fn() -> bool) {
        hands().pass();
    }

    fn this_core(&self) -> CoreId {
        CoreId(hands().number as u32)
    }
}

/// Processes whose frame is their body.
pub(super) struct Bodies;

impl Lifecycle for Bodies {
    fn resume(process: Runnable, here: &'static Here) -> (Outcome, &'static Here) {
        let outcome = match is_put_off() {
            true => Outcome::PutOff(process.put_off()),
            false => run(process),
        };
        (outcome, here)
    }

    fn go_on(token: Token) -> Next {
        let outcome = if is_put_off() {
            Outcome::PutOff(token)
        } else {
            let mut process = token.simulate_going_on();
            process.give_core(hands().here());
            run(process)
        };
        Several::visit(|core| core.settle(hands().here(), outcome))
    }

    fn end(token: Token) -> Next {
        let pid = token.pid();
        begin(pid);
        let finished = if token.has_frame() {
            with_state(|state| state.score.given_up += 1);
            token.give_up()
        } else {
            token.local().set_here(hands().here());
            token.drop_future()
        };
        end(pid);
        Several::visit(|core| core.settle_at_length(Outcome::Done(finished)))
    }
}

/// Something has come up before a process begins.
fn is_put_off() -> bool {
    let hands = hands();
    hands.pass();
    hands.is_interrupted();
    hands.here().doorbell().is_rung()
}

/// Notes that this core runs a process: nobody else does.
fn begin(pid: Pid) {
    let hands = hands();
    hands.note(ManyEvent::Resume(pid.get()));
    let other = hands.with(|state| state.running.insert(pid, hands.number));
    assert_eq!(other, None, "{pid:?} runs on two cores");
    hands.with(|state| {
        state.choices.check(pid, hands.number);
        state.whereabouts.begins(pid, hands.number);
    });
}

fn stop(pid: Pid) {
    let before = with_state(|state| state.running.remove(&pid));
    assert!(before.is_some(), "{pid:?} did not run");
}

fn end(pid: Pid) {
    stop(pid);
    hands().note(ManyEvent::End(pid.get()));
    with_state(|state| state.score.alive.remove(&pid));
    call_undertaker();
}

fn run(process: Runnable) -> Outcome {
    let pid = process.pid();
    begin(pid);
    let polled = process.poll();
    let (is_broken_off, has_crashed) = (IS_BROKEN_OFF.take(), take_crash());
    match polled {
        Polled::Waiting(token)
        | Polled::Listening(token)
        | Polled::Yielded(token)
        | Polled::YieldedWithCare(token)
            if has_crashed =>
        {
            with_state(|state| {
                state.score.crashed += 1;
                state.score.given_up += 1;
            });
            let finished = token.simulate_crash();
            end(pid);
            Outcome::Done(finished)
        }
        Polled::Waiting(token)
        | Polled::Listening(token)
        | Polled::Yielded(token)
        | Polled::YieldedWithCare(token)
            if is_broken_off =>
        {
            stop(pid);
            hands().note(ManyEvent::Preempt(pid.get()));
            with_state(|state| state.whereabouts.is_broken_off(pid));
            Outcome::Preempted(token.simulate_frame())
        }
        Polled::Done(_) => {
            end(pid);
            polled.into()
        }
        _ => {
            stop(pid);
            polled.into()
        }
    }
}

/// True if kills go nowhere.
pub(super) fn loses_kills() -> bool {
    with_state(|state| state.sabotage == Some(ManySabotage::LoseKills))
}

/// The adversary, as the scheduler knows it.
pub(super) struct Seeded;

impl Oracle for Seeded {
    fn choose(&mut self, choices: usize) -> usize {
        with_state(|state| state.rng.below(choices as u64) as usize)
    }
}
