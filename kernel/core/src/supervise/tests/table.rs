//! What follows when a child ends by itself: each strategy, each type of restart, each way to end. As OTP's manual has it, and
//! `supervisor_SUITE`: the second of three children is of that type and ends so, the first and the third are permanent ones.

use super::*;
use Ended::{Abnormal, Normal, Shutdown as Asked};
use Restart::{Permanent, Temporary, Transient};
use Strategy::{OneForAll, OneForOne, RestForOne, SimpleOneForOne};

const ALONE: &str = "start b";
const REST: &str = "ask c, start b, start c";
const ALL: &str = "ask c, ask a, start a, start b, start c";

/// What is done, and who there is then.
const TABLE: &[(Strategy, Restart, Ended, &str, &str)] = &[
    (OneForOne, Permanent, Normal, ALONE, "abc"),
    (OneForOne, Permanent, Asked, ALONE, "abc"),
    (OneForOne, Permanent, Abnormal, ALONE, "abc"),
    (OneForOne, Transient, Normal, "", "a(b)c"),
    (OneForOne, Transient, Asked, "", "a(b)c"),
    (OneForOne, Transient, Abnormal, ALONE, "abc"),
    (OneForOne, Temporary, Normal, "", "ac"),
    (OneForOne, Temporary, Asked, "", "ac"),
    (OneForOne, Temporary, Abnormal, "", "ac"),
    (OneForAll, Permanent, Normal, ALL, "abc"),
    (OneForAll, Permanent, Asked, ALL, "abc"),
    (OneForAll, Permanent, Abnormal, ALL, "abc"),
    (OneForAll, Transient, Normal, "", "a(b)c"),
    (OneForAll, Transient, Asked, "", "a(b)c"),
    (OneForAll, Transient, Abnormal, ALL, "abc"),
    (OneForAll, Temporary, Normal, "", "ac"),
    (OneForAll, Temporary, Asked, "", "ac"),
    (OneForAll, Temporary, Abnormal, "", "ac"),
    (RestForOne, Permanent, Normal, REST, "abc"),
    (RestForOne, Permanent, Asked, REST, "abc"),
    (RestForOne, Permanent, Abnormal, REST, "abc"),
    (RestForOne, Transient, Normal, "", "a(b)c"),
    (RestForOne, Transient, Asked, "", "a(b)c"),
    (RestForOne, Transient, Abnormal, REST, "abc"),
    (RestForOne, Temporary, Normal, "", "ac"),
    (RestForOne, Temporary, Asked, "", "ac"),
    (RestForOne, Temporary, Abnormal, "", "ac"),
    (SimpleOneForOne, Permanent, Normal, ALONE, "abc"),
    (SimpleOneForOne, Permanent, Asked, ALONE, "abc"),
    (SimpleOneForOne, Permanent, Abnormal, ALONE, "abc"),
    (SimpleOneForOne, Transient, Normal, "", "ac"),
    (SimpleOneForOne, Transient, Asked, "", "ac"),
    (SimpleOneForOne, Transient, Abnormal, ALONE, "abc"),
    (SimpleOneForOne, Temporary, Normal, "", "ac"),
    (SimpleOneForOne, Temporary, Asked, "", "ac"),
    (SimpleOneForOne, Temporary, Abnormal, "", "ac"),
];

fn three(strategy: Strategy, second: Restart) -> Family {
    let others = child(Permanent);
    let children = [('a', others), ('b', child(second)), ('c', others)];
    Family::new(rules(strategy), &children)
}

#[test]
fn an_end_is_answered_as_the_table_says() {
    for &(strategy, restart, how, done, members) in TABLE {
        let mut family = three(strategy, restart);
        let told = family.end('b', how);
        let row = (strategy, restart, how);
        assert_eq!(
            (told.as_str(), family.members().as_str()),
            (done, members),
            "{row:?}"
        );
        assert_eq!(family.last, Order::Wait(None));
    }
    let rows: BTreeSet<String> = TABLE
        .iter()
        .map(|&(strategy, restart, how, ..)| std::format!("{strategy:?} {restart:?} {how:?}"))
        .collect();
    assert_eq!(rows.len(), 4 * 3 * 3, "a row is missing");
}

/// A temporary one that was ended for the others' sake is not theirs any more; a transient one is started with them.
#[test]
fn those_that_end_for_others_come_back_unless_temporary() {
    let mut family = three(OneForAll, Temporary);
    assert_eq!(family.end('c', Abnormal), "ask b, ask a, start a, start c");
    assert_eq!(family.members(), "ac");
    let mut family = three(OneForAll, Transient);
    family.end('b', Normal);
    assert_eq!(
        family.end('c', Abnormal),
        "ask a, start a, start b, start c"
    );
    let mut family = three(RestForOne, Transient);
    family.end('b', Normal);
    assert_eq!(
        family.end('a', Abnormal),
        "ask c, start a, start b, start c"
    );
}

#[test]
fn the_last_one_has_no_rest_and_the_first_one_has_all() {
    let mut family = three(RestForOne, Permanent);
    assert_eq!(family.end('c', Abnormal), "start c");
    assert_eq!(
        family.end('a', Abnormal),
        "ask c, ask b, start a, start b, start c"
    );
}

/// What auto_shutdown says, of two that are significant and one that is not.
#[test]
fn the_end_of_significant_ones_is_their_supervisors() {
    let family = |auto_shutdown| {
        let plain = child(Transient);
        let weighty = ChildRules {
            is_significant: true,
            ..plain
        };
        let rules = Rules {
            auto_shutdown,
            ..rules(OneForOne)
        };
        Family::new(rules, &[('a', weighty), ('b', weighty), ('c', plain)])
    };
    let mut any = family(AutoShutdown::AnySignificant);
    assert_eq!(any.end('c', Normal), "");
    assert_eq!(any.end('a', Abnormal), "start a");
    let id = any.id('a');
    assert_eq!(any.end('a', Normal), "ask b");
    assert_eq!(any.last, Order::Over(Verdict::SignificantEnded(id)));
    let mut all = family(AutoShutdown::AllSignificant);
    assert_eq!(all.end('a', Normal), "");
    let id = all.id('b');
    assert_eq!(all.end('b', Asked), "ask c");
    assert_eq!(all.last, Order::Over(Verdict::SignificantEnded(id)));
}

/// As in OTP, whoever is ended by a wish does not count.
#[test]
fn a_significant_one_that_is_terminated_ends_nobody() {
    let weighty = ChildRules {
        is_significant: true,
        ..child(Transient)
    };
    let auto_shutdown = AutoShutdown::AnySignificant;
    let rules = Rules {
        auto_shutdown,
        ..rules(OneForOne)
    };
    let mut family = Family::new(rules, &[('a', weighty), ('b', weighty)]);
    family
        .machine
        .terminate(family.id('a'))
        .expect("it is there");
    family.settle();
    assert_eq!(
        (family.told().as_str(), family.members().as_str()),
        ("ask a", "(a)b")
    );
    assert_eq!(family.last, Order::Wait(None));
}

#[test]
fn who_is_significant_in_vain_is_refused() {
    for (auto_shutdown, restart) in [
        (AutoShutdown::Never, Transient),
        (AutoShutdown::AnySignificant, Permanent),
    ] {
        let rules = Rules {
            auto_shutdown,
            ..Rules::default()
        };
        let weighty = ChildRules {
            is_significant: true,
            ..child(restart)
        };
        let refused = Supervision::new(rules, [(weighty, 'a')]);
        assert_eq!(refused.err(), Some(Refusal::Significant));
    }
}
