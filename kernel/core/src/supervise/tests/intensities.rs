//! Too many restarts, and starts that fail.

use super::*;
use Ended::Abnormal;
use Restart::{Permanent, Temporary, Transient};
use Strategy::{OneForAll, OneForOne, RestForOne};
use core::time::Duration;

const STRATEGIES: [Strategy; 4] = [OneForOne, OneForAll, RestForOne, Strategy::SimpleOneForOne];

fn two(strategy: Strategy, intensity: u32) -> Family {
    let rules = Rules {
        strategy,
        intensity,
        period: Duration::from_nanos(100),
        ..Rules::default()
    };
    Family::new(rules, &[('a', child(Permanent)), ('b', child(Permanent))])
}

#[test]
fn one_restart_too_many_ends_all() {
    for strategy in STRATEGIES {
        let mut family = two(strategy, 2);
        let id = family.id('b');
        assert_eq!(family.end('b', Abnormal).matches("start b").count(), 1);
        assert_eq!(family.end('b', Abnormal).matches("start b").count(), 1);
        assert_eq!(family.end('b', Abnormal), "ask a", "{strategy:?}");
        assert_eq!(family.last, Order::Over(Verdict::TooManyRestarts(id)));
    }
}

#[test]
fn restarts_that_are_a_period_apart_go_on_for_ever() {
    for strategy in STRATEGIES {
        let mut family = two(strategy, 1);
        for _ in 0..50 {
            family.end('a', Abnormal);
            assert_eq!(family.members(), "ab");
            family.now = family.now + Duration::from_nanos(101);
        }
    }
}

/// They are the supervisor's, whichever child they are of.
#[test]
fn restarts_of_all_children_count_together() {
    let mut family = two(OneForOne, 1);
    family.end('a', Abnormal);
    assert_eq!(family.end('b', Abnormal), "ask a");
}

/// A restart of a group is one.
#[test]
fn those_that_end_for_others_do_not_count() {
    let mut family = two(OneForAll, 1);
    assert_eq!(family.end('b', Abnormal), "ask a, start a, start b");
    family.now = family.now + Duration::from_nanos(101);
    assert_eq!(family.end('a', Abnormal), "ask b, start a, start b");
}

#[test]
fn ends_that_want_no_restart_do_not_count() {
    let mut family = two(OneForOne, 0);
    for (name, restart) in [('t', Temporary), ('u', Transient)] {
        family.machine.add(child(restart), name).expect("settled");
        family.settle();
        family.told();
        assert_eq!(family.end(name, Ended::Normal), "");
    }
    assert_eq!(family.last, Order::Wait(None));
    assert_eq!(family.members(), "ab(u)");
}

#[test]
fn who_can_not_be_started_again_at_first_is_tried_again() {
    let mut family = two(OneForOne, 10);
    family.failing.insert('b', 3);
    assert_eq!(family.end('b', Abnormal), "fail b, fail b, fail b, start b");
}

#[test]
fn each_attempt_counts_as_a_restart() {
    let mut family = two(OneForOne, 3);
    family.failing.insert('b', 10);
    let id = family.id('b');
    assert_eq!(family.end('b', Abnormal), "fail b, fail b, fail b, ask a");
    assert_eq!(family.last, Order::Over(Verdict::TooManyRestarts(id)));
}

/// It begins again with the one that failed: those before it are there, and with `one_for_all` they end once more.
#[test]
fn a_start_that_fails_in_the_middle_of_a_restart_begins_it_again() {
    let children = ['a', 'b', 'c'].map(|name| (name, child(Permanent)));
    let mut family = Family::new(rules(RestForOne), &children);
    family.failing.insert('b', 1);
    let told = family.end('a', Abnormal);
    assert_eq!(told, "ask c, ask b, start a, fail b, start b, start c");
    let mut family = Family::new(rules(OneForAll), &children);
    family.failing.insert('b', 1);
    let told = family.end('c', Abnormal);
    assert_eq!(
        told,
        "ask b, ask a, start a, fail b, ask a, start a, start b, start c"
    );
}

#[test]
fn a_child_that_does_not_begin_ends_those_that_have() {
    for strategy in STRATEGIES {
        let children = ['a', 'b', 'c'].map(|name| (name, child(Permanent)));
        let mut family = Family::unborn(rules(strategy), &children);
        family.failing.insert('c', 1);
        let id = family.id('c');
        family.settle();
        let told = family.told();
        assert_eq!(
            told, "start a, start b, fail c, ask b, ask a",
            "{strategy:?}"
        );
        assert_eq!(family.last, Order::Over(Verdict::StartFailed(id)));
    }
}

/// Others that wait to be dealt with have their turn in between.
#[test]
fn who_fails_again_and_again_keeps_nobody_waiting() {
    let mut family = two(OneForOne, 100);
    family.failing.insert('a', 2);
    let [a, b] = ['a', 'b'].map(|name| family.id(name));
    family.machine.ended(a, Abnormal);
    family.machine.ended(b, Abnormal);
    family.settle();
    assert_eq!(family.told(), "fail a, start b, fail a, start a");
}
