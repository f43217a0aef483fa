//! Looks at all cores while they stand still, beside everything else that goes on.

use super::ManyEvent;
use super::baton::State;
use super::programs::point;
use super::world::{hands, with_state};
use girder_lockfree::process::crew::at_standstill;
use girder_lockfree::process::{own_pid, views};

/// Looks again and again.
pub(super) async fn look(rounds: u32) {
    for _ in 0..rounds {
        point().await;
        // A simulated process is broken off at its points alone, so it must not wait for its turn where it stands.
        while with_state(|state| std::mem::replace(&mut state.is_called, true)) {
            point().await;
        }
        look_once();
        walk();
        with_state(|state| state.is_called = false);
    }
}

/// Whoever did anything meanwhile would be found: see `Hands::note`.
fn look_once() {
    let own = own_pid().expect("a process");
    at_standstill(|all| {
        let hands = hands();
        let alive = with_state(|state| {
            assert!(state.running.keys().all(|&pid| pid == own), "somebody runs");
            state.is_still = true;
            state.score.alive.clone()
        });
        for pid in alive {
            let seen = all.view(pid).expect("it has not ended");
            assert!(seen.account.is_some(), "{pid:?} is not looked at");
            hands.pass();
        }
        let (used, under_way) = (all.envelopes_in_use(), with_state(|state| state.under_way));
        // Messages of those that died for want of memory have gone uncounted.
        let is_exact = with_state(|state| state.score.crashed == 0);
        assert!(
            !is_exact || used >= under_way,
            "{used} of {under_way} messages"
        );
        with_state(|state| state.is_still = false);
    })
    .expect("all cores come");
}

/// Looks at all processes one after the other, while others go on in between. Whoever lives all the time is seen once; and many
/// are seen at each standstill, for which this core signals all others twice.
fn walk() {
    let hands = hands();
    let look = |state: &mut State| (state.score.alive.clone(), state.signals_of(hands.number));
    let (before, signals) = with_state(look);
    let seen: Vec<_> = views().collect();
    let (after, signals_after) = with_state(look);
    for &pid in before.intersection(&after) {
        let of_it: Vec<_> = seen.iter().filter(|(it, _)| *it == pid).collect();
        let [(_, view)] = of_it[..] else {
            panic!("{pid:?} was seen {} times", of_it.len());
        };
        assert!(view.account.is_some(), "{pid:?} is not looked at");
    }
    let standstills = (signals_after - signals).div_ceil(2 * hands.baton.plan.cores);
    let most = seen.len() / 16 + 2;
    assert!(standstills <= most, "{standstills} standstills");
}

impl State {
    /// How often a core has signalled others.
    fn signals_of(&self, core: usize) -> usize {
        let signals = self
            .trace
            .iter()
            .filter(|(_, from, event)| *from == core && matches!(event, ManyEvent::Signal(_)));
        signals.count()
    }
}

/// Lets time pass for one that waits where it stands.
pub(super) fn wait() {
    hands().pass();
    with_state(|state| state.now += state.rng.below(10_000));
}
