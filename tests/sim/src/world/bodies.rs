//! Running and ending simulated processes: a frame is the body itself.

use super::adversary::{take_break, take_crash};
use super::{Simulated, State, here, is_sabotaged, strikes_sabotage, with_state};
use crate::checks::Event;
use crate::sabotage::Sabotage;
use girder_core::sched::{Lifecycle, Next, Outcome, Priority, World};
use girder_lockfree::Token;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Polled, Runnable};
use girder_lockfree::scarcity::Purpose;

/// Processes whose frame is their body.
pub(crate) struct Bodies;

impl Lifecycle for Bodies {
    fn resume(process: Runnable, _: &'static Here) -> (Outcome, &'static Here) {
        let priority = Priority::from_level(process.level());
        with_state(|state| state.laws.choose(process.pid(), priority, state.now));
        let outcome = match with_state(State::is_put_off) {
            true => put_off(process.put_off()),
            false => {
                let token = process.put_off();
                let owes = with_state(|state| state.owing.remove(&token.pid()));
                let is_spent = token.is_spent() && !owes;
                assert!(!is_spent, "{:?} was granted nothing", token.pid());
                run(token.simulate_going_on())
            }
        };
        (outcome, here())
    }

    fn go_on(token: Token) -> Next {
        settle(match with_state(State::is_put_off) {
            true => put_off(token),
            false if is_killed(&token) && is_sabotaged(Sabotage::NoGrace) => {
                return Self::end(token);
            }
            false => run(token.simulate_going_on()),
        })
    }

    fn end(token: Token) -> Next {
        let pid = token.pid();
        if is_sabotaged(Sabotage::ForgetQuestions) {
            token.simulate_forgetting_questions();
        }
        if !token.has_frame() && is_sabotaged(Sabotage::NeverDie) {
            return settle(run(token.simulate_going_on()));
        }
        let finished = if token.has_frame() {
            with_state(|state| state.laws.give_up(pid, state.now));
            note(Event::Abandoned(pid));
            token.give_up()
        } else {
            note(Event::Killed(pid));
            match is_sabotaged(Sabotage::NeverDrop) {
                true => token.give_up(),
                false => token.drop_future(),
            }
        };
        Simulated::visit(|core| core.settle_at_length(Outcome::Done(finished)))
    }
}

fn is_killed(token: &Token) -> bool {
    with_state(|state| state.laws.is_killed(token.pid()))
}

fn settle(outcome: Outcome) -> Next {
    Simulated::visit(|core| core.settle(here(), outcome))
}

fn put_off(token: Token) -> Outcome {
    note(Event::PutOff(token.pid()));
    with_state(|state| state.laws.put_off(token.pid(), state.now));
    Outcome::PutOff(token)
}

fn run(process: Runnable) -> Outcome {
    let (pid, level) = (process.pid(), process.level());
    note(Event::Resume(pid, level));
    with_state(|state| {
        let priority = Priority::from_level(level);
        state.laws.begin(pid, priority, state.now, state.held_up);
    });
    if strikes_sabotage(Sabotage::EndInstead, 100) {
        note(Event::Done(pid));
        return Outcome::Done(process.put_off().drop_future());
    }
    let polled = process.poll();
    let (is_broken_off, has_crashed) = (take_break(), take_crash());
    match polled {
        Polled::Waiting(token)
        | Polled::Listening(token)
        | Polled::Yielded(token)
        | Polled::YieldedWithCare(token)
            if has_crashed =>
        {
            return end_in_mid_poll(token);
        }
        // Whatever it was about to come back for, it has not come back yet.
        Polled::Waiting(token)
        | Polled::Listening(token)
        | Polled::Yielded(token)
        | Polled::YieldedWithCare(token)
            if is_broken_off =>
        {
            with_state(|state| state.laws.break_off(pid, state.now, state.held_up));
            note(Event::Preempt(pid));
            return Outcome::Preempted(match is_sabotaged(Sabotage::ForgetFrame) {
                true => token,
                false => token.simulate_frame(),
            });
        }
        Polled::Yielded(_) | Polled::YieldedWithCare(_) => note(Event::Yield(pid)),
        Polled::Waiting(_) | Polled::Listening(_) => note(Event::Wait(pid)),
        Polled::Done(_) => note(Event::Done(pid)),
    }
    if let Polled::Listening(token) = &polled
        && token.is_spent()
    {
        with_state(|state| state.owing.insert(pid));
    }
    let waits = matches!(polled, Polled::Waiting(_) | Polled::Listening(_));
    with_state(|state| state.laws.end(pid, waits));
    if let Polled::Yielded(token)
    | Polled::YieldedWithCare(token)
    | Polled::Waiting(token)
    | Polled::Listening(token) = &polled
    {
        let spent = with_state(|state| state.spent.get(&pid).copied());
        // Messages cost more than what a program pays by itself, and the kernel's own processes pay what they pay.
        let is_exact = with_state(|state| !state.has_mail && state.born.contains(&pid));
        let spent = spent.unwrap_or(0);
        // Without a record some are not counted.
        let has_no_record = with_state(|state| state.memory.failed().contains(&Purpose::Record));
        let is_right = token.reductions() == spent
            || !is_exact && token.reductions() > spent
            || has_no_record && token.reductions() < spent;
        assert!(is_right, "reductions of {pid:?}");
    }
    polled.into()
}

/// It could not go on, and nobody goes on with it.
fn end_in_mid_poll(token: Token) -> Outcome {
    let pid = token.pid();
    with_state(|state| state.laws.end(pid, false));
    note(Event::Crashed(pid));
    Outcome::Done(token.simulate_crash())
}

fn note(event: Event) {
    with_state(|state| state.trace.note(state.now, event));
}
