//! How all are ended, and what comes in between.

use super::*;
use Ended::{Abnormal, Normal};
use Restart::{Permanent, Temporary};
use Strategy::{OneForAll, OneForOne, RestForOne, SimpleOneForOne};
use core::time::Duration;

const DEADLINE: Duration = Duration::from_nanos(50);

fn with(shutdown: Shutdown) -> ChildRules {
    ChildRules {
        shutdown,
        ..child(Permanent)
    }
}

/// One to be asked, one to be killed, one to be waited for.
fn three(strategy: Strategy) -> Family {
    let children = [
        ('a', with(Shutdown::Within(DEADLINE))),
        ('b', with(Shutdown::BrutalKill)),
        ('c', with(Shutdown::Infinity)),
    ];
    Family::new(rules(strategy), &children)
}

#[test]
fn all_end_in_the_opposite_of_their_order_and_as_they_are_to() {
    for strategy in [OneForOne, OneForAll, RestForOne, SimpleOneForOne] {
        let mut family = three(strategy);
        family.machine.stop();
        family.settle();
        assert_eq!(family.told(), "ask c, kill b, ask a", "{strategy:?}");
        assert_eq!(family.last, Order::Over(Verdict::Stopped));
    }
}

#[test]
fn whoever_is_not_gone_at_its_deadline_is_killed() {
    let mut family = three(OneForOne);
    family.stubborn.insert('a');
    family.now = Instant::from_nanos(7);
    family.machine.stop();
    family.settle();
    assert_eq!(family.told(), "ask c, kill b, ask a");
    assert_eq!(family.last, Order::Wait(Some(Instant::from_nanos(57))));
    family.now = Instant::from_nanos(56);
    family.settle();
    assert_eq!(family.told(), "");
    family.now = Instant::from_nanos(57);
    family.settle();
    assert_eq!(family.told(), "kill a");
    assert_eq!(family.last, Order::Over(Verdict::Stopped));
}

#[test]
fn who_has_no_deadline_is_waited_for() {
    let mut family = three(OneForOne);
    family.stubborn.insert('c');
    family.machine.stop();
    family.settle();
    family.now = Instant::NEVER;
    family.settle();
    assert_eq!(family.told(), "ask c");
    assert_eq!(family.last, Order::Wait(None));
    assert_eq!(family.end('c', Normal), "kill b, ask a");
}

#[test]
fn those_that_are_alike_are_asked_at_once_and_share_a_deadline() {
    let rules = rules(SimpleOneForOne);
    let children = ['a', 'b', 'c', 'd'].map(|name| (name, with(Shutdown::Within(DEADLINE))));
    let mut family = Family::new(rules, &children);
    family.stubborn.extend(['b', 'c', 'd']);
    family.machine.stop();
    family.settle();
    assert_eq!(family.told(), "ask d, ask c, ask b, ask a");
    assert_eq!(family.last, Order::Wait(Some(Instant::from_nanos(50))));
    assert_eq!(family.end('c', Abnormal), "");
    family.now = Instant::from_nanos(50);
    family.settle();
    assert_eq!(family.told(), "kill d, kill b");
    assert_eq!(family.last, Order::Over(Verdict::Stopped));
    assert_eq!(family.machine.count(), 0);
}

/// One that is just being terminated keeps its own deadline; the others do not wait for it.
#[test]
fn those_that_are_alike_are_asked_at_once_even_while_one_is_terminated() {
    let rules = rules(SimpleOneForOne);
    let children = ['a', 'b', 'c'].map(|name| (name, with(Shutdown::Within(DEADLINE))));
    let mut family = Family::new(rules, &children);
    family.stubborn.extend(['a', 'b', 'c']);
    let b = family.id('b');
    family.machine.terminate(b).expect("it is there");
    family.settle();
    assert_eq!(family.told(), "ask b");
    family.now = Instant::from_nanos(10);
    family.machine.stop();
    family.settle();
    assert_eq!(family.told(), "ask c, ask a");
    family.now = Instant::from_nanos(60);
    family.settle();
    assert_eq!(family.told(), "kill c, kill b, kill a");
    assert_eq!(family.last, Order::Over(Verdict::Stopped));
}

/// Their end is no news: it starts nothing and counts for nothing.
#[test]
fn who_ends_before_it_is_its_turn_to_is_passed_over() {
    for strategy in [OneForOne, SimpleOneForOne] {
        let mut family = three(strategy);
        let b = family.id('b');
        family.machine.stop();
        family.machine.ended(b, Abnormal);
        family.settle();
        assert_eq!(family.told(), "ask c, ask a", "{strategy:?}");
    }
}

#[test]
fn an_end_among_those_that_end_for_another_is_no_restart_of_its_own() {
    let mut family = three(OneForAll);
    let [a, b] = ['a', 'b'].map(|name| family.id(name));
    family.machine.ended(a, Abnormal);
    family.machine.ended(b, Abnormal);
    family.settle();
    assert_eq!(family.told(), "ask c, start a, start b, start c");
}

/// With `rest_for_one` one before the rest may end meanwhile: then there is another restart, when that is through.
#[test]
fn an_end_before_the_rest_is_dealt_with_afterwards() {
    let mut family = three(RestForOne);
    family.stubborn.insert('c');
    let [a, b, c] = ['a', 'b', 'c'].map(|name| family.id(name));
    family.machine.ended(b, Abnormal);
    family.settle();
    family.machine.ended(a, Abnormal);
    family.settle();
    assert_eq!(family.told(), "ask c");
    family.stubborn.clear();
    family.machine.ended(c, Normal);
    family.settle();
    let told = "start b, start c, ask c, kill b, start a, start b, start c";
    assert_eq!(family.told(), told);
}

#[test]
fn all_may_be_ended_in_the_middle_of_anything() {
    // While a group ends: whoever is being waited for keeps its deadline.
    let mut family = three(RestForOne);
    family.stubborn.extend(['c', 'a']);
    let [a, b, c] = ['a', 'b', 'c'].map(|name| family.id(name));
    family.machine.ended(b, Abnormal);
    family.settle();
    family.machine.stop();
    family.settle();
    assert_eq!(family.told(), "ask c");
    family.machine.ended(c, Normal);
    family.settle();
    assert_eq!(family.told(), "ask a");
    family.machine.ended(a, Normal);
    family.settle();
    assert_eq!(family.last, Order::Over(Verdict::Stopped));
}

/// Whoever is asked to stop while it is being told how a start went has to wait for that.
#[test]
fn a_child_that_is_being_started_is_ended_when_it_is_there() {
    for strategy in [OneForOne, SimpleOneForOne] {
        let mut family = three(strategy);
        let c = family.id('c');
        family.machine.ended(c, Abnormal);
        assert_eq!(family.machine.next(family.now), Order::Start(c));
        family.machine.stop();
        family.settle();
        assert_eq!(
            (family.told().as_str(), family.last),
            ("", Order::Wait(None))
        );
        family.machine.started(c);
        family.settle();
        assert_eq!(family.told(), "ask c, kill b, ask a");
        assert_eq!(family.last, Order::Over(Verdict::Stopped));
    }
    let mut family = three(OneForOne);
    let c = family.id('c');
    family.machine.ended(c, Abnormal);
    assert_eq!(family.machine.next(family.now), Order::Start(c));
    family.machine.stop();
    family.machine.start_failed(c);
    family.settle();
    assert_eq!(family.told(), "kill b, ask a");
}

#[test]
fn what_is_over_stays_over() {
    let mut family = three(OneForOne);
    family.machine.stop();
    family.settle();
    family.told();
    let a = family.id('a');
    family.machine.stop();
    family.machine.ended(a, Abnormal);
    family.settle();
    assert_eq!(
        (family.told().as_str(), family.last),
        ("", Order::Over(Verdict::Stopped))
    );
    assert_eq!(
        family.machine.add(child(Temporary), 'd'),
        Err(Refusal::Busy)
    );
}

#[test]
fn a_supervisor_without_children_ends_at_once() {
    for strategy in [OneForOne, SimpleOneForOne] {
        let mut family = Family::new(rules(strategy), &[]);
        family.machine.stop();
        family.settle();
        assert_eq!(family.last, Order::Over(Verdict::Stopped));
    }
}
