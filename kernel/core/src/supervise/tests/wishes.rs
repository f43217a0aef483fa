//! What others wish: children that are added, ended, started again and removed.

use super::*;
use Ended::{Abnormal, Normal};
use Restart::{Permanent, Temporary, Transient};
use Strategy::{OneForAll, OneForOne, RestForOne, SimpleOneForOne};

const ALL: [Strategy; 4] = [OneForOne, OneForAll, RestForOne, SimpleOneForOne];

fn two(strategy: Strategy) -> Family {
    let children = ['a', 'b'].map(|name| (name, child(Permanent)));
    Family::new(rules(strategy), &children)
}

#[test]
fn a_new_child_is_the_last_one() {
    let mut family = two(RestForOne);
    family.machine.add(child(Permanent), 'c').expect("settled");
    family.settle();
    assert_eq!(
        (family.told().as_str(), family.members().as_str()),
        ("start c", "abc")
    );
    assert_eq!(family.end('b', Abnormal), "ask c, start b, start c");
}

#[test]
fn a_new_child_that_can_not_be_started_is_not_kept() {
    for strategy in ALL {
        let mut family = two(strategy);
        family.failing.insert('c', 1);
        let id = family.machine.add(child(Permanent), 'c').expect("settled");
        family.settle();
        assert_eq!(
            (family.told().as_str(), family.members().as_str()),
            ("fail c", "ab")
        );
        assert_eq!(family.machine.child(id), None);
        assert_eq!(family.last, Order::Wait(None), "and nothing is tried again");
    }
}

#[test]
fn whoever_is_ended_by_a_wish_stays_ended_until_one_wishes_otherwise() {
    for strategy in [OneForOne, OneForAll, RestForOne] {
        let mut family = two(strategy);
        let a = family.id('a');
        assert_eq!(family.machine.restart(a), Err(Refusal::Running));
        assert_eq!(family.machine.delete(a), Err(Refusal::Running));
        family.machine.terminate(a).expect("it is there");
        family.settle();
        assert_eq!(
            (family.told().as_str(), family.members().as_str()),
            ("ask a", "(a)b")
        );
        // Once more is no harm.
        family.machine.terminate(a).expect("it is known");
        family.settle();
        assert_eq!(family.told(), "");
        family.machine.restart(a).expect("it is not running");
        family.settle();
        assert_eq!(
            (family.told().as_str(), family.members().as_str()),
            ("start a", "ab")
        );
        family.machine.terminate(a).expect("it is there");
        family.settle();
        assert_eq!(family.machine.delete(a), Ok('a'));
        assert_eq!(family.members(), "b");
        assert_eq!(family.machine.terminate(a), Err(Refusal::NotFound));
        assert_eq!(family.machine.restart(a), Err(Refusal::NotFound));
        assert_eq!(family.machine.delete(a), Err(Refusal::NotFound));
    }
}

#[test]
fn what_is_ended_by_a_wish_and_not_kept_anyway_is_removed() {
    let mut family = two(OneForOne);
    family.machine.add(child(Temporary), 'c').expect("settled");
    family.settle();
    for (mut family, name) in [(family, 'c'), (two(SimpleOneForOne), 'b')] {
        let id = family.id(name);
        family.machine.terminate(id).expect("it is there");
        family.settle();
        assert_eq!(family.machine.terminate(id), Err(Refusal::NotFound));
    }
}

#[test]
fn a_restart_by_a_wish_that_fails_leaves_the_child_as_it_was() {
    let mut family = two(OneForOne);
    let a = family.id('a');
    family.machine.terminate(a).expect("it is there");
    family.settle();
    family.failing.insert('a', 1);
    family.machine.restart(a).expect("it is not running");
    family.settle();
    assert_eq!(
        (family.told().as_str(), family.members().as_str()),
        ("ask a, fail a", "(a)b")
    );
    assert_eq!(family.last, Order::Wait(None));
}

/// As in OTP, where a group is started whoever belongs to it.
#[test]
fn the_group_starts_again_whom_a_wish_had_ended() {
    let mut family = two(OneForAll);
    family
        .machine
        .terminate(family.id('b'))
        .expect("it is there");
    family.settle();
    family.told();
    assert_eq!(family.end('a', Abnormal), "start a, start b");
}

#[test]
fn nothing_is_taken_in_the_middle_of_something() {
    let mut family = two(OneForAll);
    family.stubborn.insert('b');
    family.machine.ended(family.id('a'), Abnormal);
    let a = family.id('a');
    for _ in 0..2 {
        assert!(!family.machine.is_settled());
        assert_eq!(
            family.machine.add(child(Permanent), 'c'),
            Err(Refusal::Busy)
        );
        assert_eq!(family.machine.terminate(a), Err(Refusal::Busy));
        assert_eq!(family.machine.restart(a), Err(Refusal::Busy));
        assert_eq!(family.machine.delete(a), Err(Refusal::Busy));
        family.settle();
    }
}

#[test]
fn who_has_ended_normally_can_be_wished_back() {
    let children = [('a', child(Transient))];
    let mut family = Family::new(rules(OneForOne), &children);
    family.end('a', Normal);
    family
        .machine
        .restart(family.id('a'))
        .expect("it is not running");
    family.settle();
    assert_eq!(
        (family.told().as_str(), family.members().as_str()),
        ("start a", "a")
    );
}

/// A place is used again, an id is not.
#[test]
fn an_id_never_comes_to_mean_another_child() {
    let mut family = Family::new(rules(SimpleOneForOne), &[]);
    let old = family.machine.add(child(Temporary), 'a').expect("settled");
    family.settle();
    family.end('a', Normal);
    let new = family.machine.add(child(Temporary), 'b').expect("settled");
    family.settle();
    family.machine.ended(old, Abnormal);
    assert!(old != new && family.machine.is_running(new));
    assert_eq!(family.machine.child(old), None);
}
