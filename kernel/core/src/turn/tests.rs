use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

/// What the loop did, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Took(Causes),
    Served(Cause),
    Worked,
    Idled,
    Slept,
    StayedAwake,
}

/// A machine on which interrupts arrive as a script says: one entry before each step.
#[derive(Default)]
struct Fake {
    word: Causes,
    arrivals: VecDeque<Vec<Cause>>,
    /// Pieces of work that are ready; serving a `Wake` makes one more.
    ready: u32,
    trace: Vec<Event>,
}

impl Fake {
    fn step(&mut self, event: Event) {
        self.trace.push(event);
        for cause in self.arrivals.pop_front().unwrap_or_default() {
            self.word.insert(cause);
        }
    }
}

impl World for Fake {
    fn take_causes(&mut self) -> Causes {
        let taken = core::mem::take(&mut self.word);
        self.step(Event::Took(taken));
        taken
    }

    fn serve(&mut self, cause: Cause) {
        self.ready += u32::from(cause == Cause::Wake);
        self.step(Event::Served(cause));
    }

    fn work(&mut self) -> Progress {
        let Some(ready) = self.ready.checked_sub(1) else {
            self.step(Event::Idled);
            return Progress::Nothing;
        };
        self.ready = ready;
        self.step(Event::Worked);
        Progress::Did
    }

    fn wait(&mut self) {
        // Masked from here on: nothing arrives between the look and the sleep.
        let event = match self.word.is_empty() {
            true => Event::Slept,
            false => Event::StayedAwake,
        };
        self.step(event);
    }
}

fn script<const N: usize>(arrivals: [&[Cause]; N]) -> Fake {
    let arrivals = arrivals.map(<[Cause]>::to_vec).into();
    Fake {
        arrivals,
        ..Fake::default()
    }
}

#[test]
fn word_is_served_in_order_then_work_is_done() {
    let mut world = Fake {
        word: Causes::from_word(Cause::Console.bit() | Cause::Timer.bit() | Cause::Wake.bit()),
        ..Fake::default()
    };
    let word = world.word;
    assert_eq!(turn(&mut world), Turn::Worked);
    assert_eq!(
        world.trace,
        [
            Event::Took(word),
            Event::Served(Cause::Timer),
            Event::Served(Cause::Wake),
            Event::Served(Cause::Console),
            Event::Worked,
        ]
    );
}

#[test]
fn idle_core_sleeps_until_the_interrupt_and_serves_it_next() {
    let mut world = script([&[], &[], &[Cause::Console]]);
    assert_eq!(turn(&mut world), Turn::Waited);
    turn(&mut world);
    assert_eq!(
        world.trace[..4],
        [
            Event::Took(Causes::EMPTY),
            Event::Idled,
            Event::Slept,
            Event::Took(Cause::Console.into()),
        ]
    );
}

#[test]
fn cause_that_comes_after_the_word_was_taken_prevents_sleep() {
    for arrivals in [[&[Cause::Timer][..], &[]], [&[], &[Cause::Timer]]] {
        let mut world = script(arrivals);
        turn(&mut world);
        assert_eq!(world.trace.last(), Some(&Event::StayedAwake));
        turn(&mut world);
        assert!(world.trace.contains(&Event::Served(Cause::Timer)));
    }
}

#[test]
fn cause_that_comes_again_while_it_is_served_is_the_next_turns() {
    let mut world = script([&[], &[Cause::Console]]);
    world.word = Cause::Console.into();
    turn(&mut world);
    let served = |world: &Fake| {
        let is_served = |event: &&Event| **event == Event::Served(Cause::Console);
        world.trace.iter().filter(is_served).count()
    };
    assert_eq!(served(&world), 1);
    turn(&mut world);
    assert_eq!(served(&world), 2);
}

#[test]
fn flood_of_causes_does_not_keep_work_away() {
    let flood = std::iter::repeat_n(Cause::ALL.to_vec(), 100).collect();
    let mut world = Fake {
        arrivals: flood,
        ready: 3,
        ..Fake::default()
    };
    for _ in 0..3 {
        assert_eq!(turn(&mut world), Turn::Worked);
    }
}

fn any_arrivals() -> impl Strategy<Value = VecDeque<Vec<Cause>>> {
    let causes = prop::collection::vec(prop::sample::select(Cause::ALL.to_vec()), 0..3);
    prop::collection::vec(causes, 0..40).prop_map(VecDeque::from)
}

proptest! {
    #[test]
    fn whatever_arrives_is_served_and_work_never_sleeps(arrivals in any_arrivals()) {
        let mut world = Fake { arrivals, ..Fake::default() };
        while !(world.arrivals.is_empty() && world.word.is_empty() && world.ready == 0) {
            let (begun, ready) = (world.trace.len(), world.ready);
            let outcome = turn(&mut world);
            prop_assert!(ready == 0 || outcome == Turn::Worked);

            // Each turn: what was taken is served at once, each cause once, in order.
            let events = &world.trace[begun..];
            let Event::Took(taken) = events[0] else { panic!("a turn takes the word first") };
            let served: Vec<_> = taken.map(Event::Served).collect();
            prop_assert_eq!(&events[1..=served.len()], &served[..]);
        }
    }
}
