//! Processes that keep what they know in arenas, and are killed wherever they stand.

use super::{Shared, any_priority, paid, point, sleep_until, spawn};
use crate::world::{lacking, with_state};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_lockfree::arena::{Arena, Vec, with};
use girder_lockfree::process::{self, Pid, here, yield_now};

/// Spawns some, small and large, and one that kills some of them.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    let mut victims = std::vec::Vec::new();
    for _ in 0..10 {
        let own = Rng::new(rng.next_u64());
        let steps = 1 + rng.below(150);
        victims.extend(spawn(any_priority(rng), score, begin(own, steps)));
    }
    let rng = Rng::new(rng.next_u64());
    spawn(Priority::High, score, kills(rng, victims));
}

/// Without its first chunk a process ends.
async fn begin(rng: Rng, steps: u64) {
    with(async move |arena: Arena<'_>| keep(rng, steps, arena).await).await;
}

/// Keeps words of all lengths, some of them in chunks of their own. Memory may run out at any time: it does without.
async fn keep(mut rng: Rng, steps: u64, arena: Arena<'_>) {
    let mut words = arena.map();
    let mut paid_for = 0;
    // Those that hardly ever await die in mid-poll.
    let awaits_each = [3, 1_000][rng.below(2) as usize];
    for step in 0..steps {
        point().await;
        let length = [10, 100, 3_000, 20_000][rng.below(4) as usize];
        let mut word = arena.vec();
        let make_room = || word.try_reserve_exact(length).is_ok() && words.try_reserve(1).is_ok();
        let (has_room, lacked) = lacking(make_room);
        assert!(has_room || !lacked.is_empty(), "refused beside memory");
        if has_room {
            word.resize(length, step as u8);
            if let Some(old) = words.insert(rng.below(20), word) {
                check(&old);
            }
        }
        paid_for = pay(arena, paid_for);
        let kept: usize = words.values().map(Vec::len).sum();
        assert!(arena.usage().live >= kept, "blocks are missing");
        if rng.below(awaits_each) == 0 {
            yield_now().await;
        }
    }
    words.values().for_each(|word| check(word));
    drop(words);
    assert_eq!(arena.usage().live, 0, "blocks did not come back");
}

fn check(word: &[u8]) {
    let first = word[0];
    assert!(word.iter().all(|&byte| byte == first), "a block was shared");
}

/// What the arena has paid for since the last step, the laws are to know of.
fn pay(arena: Arena<'_>, before: u64) -> u64 {
    let pid = process::own_pid().expect("it is a process's");
    let paid = arena.usage().reductions;
    with_state(|state| *state.spent.entry(pid).or_default() += paid - before);
    paid
}

async fn kills(mut rng: Rng, victims: std::vec::Vec<Pid>) {
    for _ in 0..6 {
        paid(sleep_until(here::now() + rng.below(1_000_000))).await;
        let index = rng.below(1 + victims.len() as u64) as usize;
        if let Some(&victim) = victims.get(index)
            && process::kill(victim) == process::Request::Taken
        {
            with_state(|state| state.laws.kill(victim));
        }
        point().await;
    }
}
