//! Looks at all cores while they stand still, beside everything else that goes on.

use super::programs::point;
use super::world::{hands, with_state};
use girder_lockfree::process::crew::at_standstill;
use girder_lockfree::process::own_pid;

/// Looks again and again.
pub(super) async fn look(rounds: u32) {
    for _ in 0..rounds {
        point().await;
        // A simulated process is broken off at its points alone, so it must not wait for its turn where it stands.
        while with_state(|state| std::mem::replace(&mut state.is_called, true)) {
            point().await;
        }
        look_once();
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
        assert!(used >= under_way, "{used} of {under_way} messages");
        with_state(|state| state.is_still = false);
    })
    .expect("all cores come");
}

/// Lets time pass for one that waits where it stands.
pub(super) fn wait() {
    hands().pass();
    with_state(|state| state.now += state.rng.below(10_000));
}
