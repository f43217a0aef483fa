//! Anything in any order: what always holds.

use super::*;
use core::time::Duration;
use proptest::prelude::{Just, any, prop, prop_assert, prop_oneof, proptest};
use proptest::strategy::Strategy as Any;

#[derive(Clone, Debug)]
enum Step {
    /// Whoever this is, if it is there, ends like this.
    End(usize, Ended),
    /// The next start fails.
    FailNext,
    /// From now on whoever is asked to end does not, or does.
    Stubborn(bool),
    Pass(u64),
    Add(ChildRules),
    Terminate(usize),
    Restart(usize),
    Delete(usize),
    Stop,
}

const PERIOD: Duration = Duration::from_nanos(1_000);
const INTENSITY: u32 = 6;

/// What the processes are, as far as the machine has been told.
struct World {
    machine: Supervision<u32>,
    now: Instant,
    running: BTreeSet<u32>,
    /// Those that were asked to end, or killed, and have not.
    ending: BTreeMap<u32, ChildId>,
    fails_next: bool,
    is_stubborn: bool,
    added: u32,
    /// When somebody was started again whom nobody had wished back.
    restarts: Vec<Instant>,
    /// Whether somebody has wished what is done now.
    is_wished: bool,
    /// Those that are always started again.
    permanent: BTreeSet<u32>,
    /// Those whom somebody has wished to end, and nobody to be started again.
    wished_away: BTreeSet<u32>,
    rules: Rules,
}

fn ended() -> impl Any<Value = Ended> {
    prop_oneof![
        Just(Ended::Normal),
        Just(Ended::Shutdown),
        Just(Ended::Abnormal)
    ]
}

fn strategies() -> impl Any<Value = Strategy> {
    prop_oneof![
        Just(Strategy::OneForOne),
        Just(Strategy::OneForAll),
        Just(Strategy::RestForOne),
        Just(Strategy::SimpleOneForOne),
    ]
}

fn child_rules() -> impl Any<Value = ChildRules> {
    let restart = prop_oneof![
        3 => Just(Restart::Permanent),
        1 => Just(Restart::Transient),
        1 => Just(Restart::Temporary),
    ];
    let shutdown = prop_oneof![
        Just(Shutdown::BrutalKill),
        (0..500_u64).prop_map(|nanos| Shutdown::Within(Duration::from_nanos(nanos))),
        Just(Shutdown::Infinity),
    ];
    (restart, shutdown, any::<bool>()).prop_map(|(restart, shutdown, is_significant)| ChildRules {
        restart,
        shutdown,
        is_significant: is_significant && restart != Restart::Permanent,
    })
}

fn steps() -> impl Any<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..12_usize, ended()).prop_map(|(who, how)| Step::End(who, how)),
        1 => Just(Step::FailNext),
        1 => any::<bool>().prop_map(Step::Stubborn),
        4 => (0..400_u64).prop_map(Step::Pass),
        3 => child_rules().prop_map(Step::Add),
        2 => (0..12_usize).prop_map(Step::Terminate),
        2 => (0..12_usize).prop_map(Step::Restart),
        1 => (0..12_usize).prop_map(Step::Delete),
    ];
    let rare = prop_oneof![60 => step, 1 => Just(Step::Stop)];
    prop::collection::vec(rare, 1..60)
}

impl World {
    fn new(strategy: Strategy, children: &[ChildRules], auto_shutdown: AutoShutdown) -> Self {
        let rules = Rules {
            strategy,
            intensity: INTENSITY,
            period: PERIOD,
            auto_shutdown,
        };
        let numbered = children.iter().copied().zip(0..);
        let is_permanent = |(child, _): &(ChildRules, u32)| child.restart == Restart::Permanent;
        let machine = Supervision::new(rules, numbered.clone()).expect("sensible rules");
        Self {
            machine,
            now: Instant::from_nanos(0),
            running: BTreeSet::new(),
            ending: BTreeMap::new(),
            fails_next: false,
            is_stubborn: false,
            added: children.len() as u32,
            restarts: Vec::new(),
            is_wished: true,
            permanent: numbered
                .filter(is_permanent)
                .map(|(_, name)| name)
                .collect(),
            wished_away: BTreeSet::new(),
            rules,
        }
    }

    fn nth(&self, number: usize) -> Option<(ChildId, u32)> {
        let count = self.machine.count().max(1);
        let found = self.machine.children().nth(number % count);
        found.map(|(id, &name)| (id, name))
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::End(number, how) => {
                let Some((id, name)) = self.nth(number) else {
                    return;
                };
                if self.running.remove(&name) {
                    self.ending.remove(&name);
                    self.machine.ended(id, how);
                }
            }
            Step::FailNext => self.fails_next = true,
            Step::Stubborn(is) => self.is_stubborn = is,
            Step::Pass(nanos) => self.now = self.now + Duration::from_nanos(nanos),
            Step::Add(rules) => {
                if self.machine.add(rules, self.added).is_ok() {
                    if rules.restart == Restart::Permanent {
                        self.permanent.insert(self.added);
                    }
                    self.added += 1;
                    self.is_wished = true;
                }
            }
            Step::Terminate(number) => {
                if let Some((id, name)) = self.nth(number)
                    && self.machine.terminate(id).is_ok()
                {
                    self.wished_away.insert(name);
                }
            }
            Step::Restart(number) => {
                let restarted = self.nth(number).map(|it| self.machine.restart(it.0));
                self.is_wished |= restarted == Some(Ok(()));
            }
            Step::Delete(number) => {
                if let Some((id, name)) = self.nth(number)
                    && self.machine.delete(id).is_ok()
                {
                    assert!(!self.running.contains(&name), "removed while it runs");
                }
            }
            Step::Stop => self.machine.stop(),
        }
    }

    /// Does what is ordered, and looks whether it makes sense.
    fn settle(&mut self) -> Order {
        for _ in 0..10_000 {
            match self.machine.next(self.now) {
                Order::Start(id) => self.start(id),
                Order::Ask(id) => {
                    let name = self.expect_running(id);
                    assert_eq!(self.ending.insert(name, id), None, "asked twice");
                    self.look_at_order(name);
                    if !self.is_stubborn {
                        self.end(name, id, Ended::Shutdown);
                    }
                }
                Order::Kill(id) => {
                    let name = self.expect_running(id);
                    // One that was asked is killed where it stands, whatever else has been wished meanwhile.
                    if self.ending.insert(name, id).is_none() {
                        self.look_at_order(name);
                    }
                    self.end(name, id, Ended::Abnormal);
                }
                order => return order,
            }
        }
        panic!("it never comes to rest");
    }

    fn start(&mut self, id: ChildId) {
        let &name = self.machine.child(id).expect("there is one");
        assert!(!self.machine.is_ending(), "started in vain");
        if !self.is_wished {
            self.restarts.push(self.now);
        }
        match core::mem::take(&mut self.fails_next) {
            true => self.machine.start_failed(id),
            false => {
                assert!(self.running.insert(name), "started twice");
                self.wished_away.remove(&name);
                self.machine.started(id);
            }
        }
    }

    fn expect_running(&self, id: ChildId) -> u32 {
        let &name = self.machine.child(id).expect("there is one");
        assert!(
            self.running.contains(&name),
            "{name} is not there to be ended"
        );
        name
    }

    fn end(&mut self, name: u32, id: ChildId, how: Ended) {
        self.running.remove(&name);
        self.ending.remove(&name);
        self.machine.ended(id, how);
    }

    /// Names are given in order: whoever is ended for others has nobody behind it that runs, or is wished to end alone.
    fn look_at_order(&self, name: u32) {
        if self.rules.strategy == Strategy::SimpleOneForOne {
            return;
        }
        assert!(self.ending.len() <= 1, "one at a time");
        if self.machine.is_ending() {
            assert_eq!(self.running.last(), Some(&name), "not the last one");
        }
    }

    fn look_at_rest(&mut self, order: Order) {
        self.is_wished = false;
        match order {
            Order::Over(_) => assert!(self.running.is_empty(), "{:?} outlive it", self.running),
            _ if self.machine.is_settled() => self.look_whether_all_are_as_known(),
            _ => assert!(!self.ending.is_empty(), "it waits for nobody"),
        }
        let is_simple = self.rules.strategy == Strategy::SimpleOneForOne;
        if is_simple && self.machine.is_ending() {
            let asked: BTreeSet<u32> = self.ending.keys().copied().collect();
            assert_eq!(asked, self.running, "it waits, and has not asked all");
        }
        self.look_at_restarts();
    }

    /// Where each start is a restart, there are no more of them in any period than there may be.
    fn look_at_restarts(&self) {
        if matches!(
            self.rules.strategy,
            Strategy::OneForAll | Strategy::RestForOne
        ) {
            return;
        }
        for (number, &at) in self.restarts.iter().enumerate() {
            let next = self.restarts.get(number + INTENSITY as usize);
            assert!(
                next.is_none_or(|&next| next - at > PERIOD),
                "too many restarts"
            );
        }
    }

    fn look_whether_all_are_as_known(&self) {
        let known: BTreeSet<u32> = self
            .machine
            .children()
            .filter(|&(id, _)| self.machine.is_running(id))
            .map(|(_, &name)| name)
            .collect();
        assert_eq!(known, self.running);
        for (_, name) in self.machine.children() {
            let is_due = self.permanent.contains(name) && !self.wished_away.contains(name);
            assert!(!is_due || known.contains(name), "{name} is forgotten");
        }
        assert!(self.ending.is_empty(), "settled while somebody ends");
        let is_simple = self.rules.strategy == Strategy::SimpleOneForOne;
        assert!(
            !is_simple || known.len() == self.machine.count(),
            "one is kept that is gone"
        );
    }
}

proptest! {
    #[test]
    fn whatever_happens_it_comes_to_rest_and_knows_who_is_there(
        strategy in strategies(),
        children in prop::collection::vec(child_rules(), 0..6),
        auto in prop_oneof![Just(AutoShutdown::AnySignificant), Just(AutoShutdown::AllSignificant)],
        steps in steps(),
    ) {
        let mut world = World::new(strategy, &children, auto);
        for step in &steps {
            let order = world.settle();
            world.look_at_rest(order);
            world.take(step);
        }
        // What was wished last has begun before all are to end.
        let order = world.settle();
        world.look_at_rest(order);
        world.is_stubborn = false;
        world.machine.stop();
        let order = world.settle();
        world.look_at_rest(order);
        // Whoever was stubborn before goes at last.
        for (name, id) in world.ending.clone() {
            world.end(name, id, Ended::Shutdown);
        }
        let order = world.settle();
        prop_assert!(matches!(order, Order::Over(_)), "{order:?}");
        prop_assert!(world.running.is_empty());
    }
}
