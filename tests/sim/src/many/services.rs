//! Services, and who uses them: questions with large answers, mailboxes with limits, memory of a process's own, hibernation, and who
//! waits for the end of others. What needs memory of the kernel's, and is in no other scenario.

use super::bound::spawn_on;
use super::programs::{Body, Witness, any_priority, born, count_newborn, counted, point, spawn};
use super::want::{had, lacks};
use super::world::with_state;
use girder_core::mail::{Bound, Overflow, ReplyTo, call, receive, send_wait};
use girder_core::rng::Rng;
use girder_core::sched::ExitReason;
use girder_lockfree::arena::{Arena, with};
use girder_lockfree::process::{
    self, CoreMask, Down, Pid, hibernate, own_core, spawn_watched, yield_now,
};
use std::pin::Pin;

/// More than fits into an envelope.
type Large = [u64; 40];

/// Questions of one client.
const QUESTIONS: u64 = 6;
const CLIENTS: u64 = 2;
/// Letters of one sender.
const LETTERS: u64 = 8;
const SENDERS: u64 = 2;

/// A question: the answer is as large.
struct Question(Large, ReplyTo<Large>);

/// The scenario.
pub(super) fn start(rng: &mut Rng) {
    for _ in 0..2 {
        let server = spawn(any_priority(rng), serve());
        for client in 0..CLIENTS {
            spawn(any_priority(rng), ask(server, client));
        }
    }
    let (level, priority) = (any_priority(rng).level(), any_priority(rng));
    spawn(any_priority(rng), async move {
        let receiver = bounded(level);
        for sender in 0..SENDERS {
            // Each where it is begun.
            let core = CoreMask::only(own_core());
            spawn_on(core, priority, write(receiver, sender));
            point().await;
        }
    });
    for _ in 0..2 {
        let level = any_priority(rng).level();
        spawn(any_priority(rng), watch(level));
    }
    for _ in 0..3 {
        let steps = 1 + rng.below(8);
        keeper(any_priority(rng).level(), steps);
    }
    for _ in 0..3 {
        let lives = 1 + rng.below(4);
        spawn(any_priority(rng), live(lives));
    }
}

async fn serve() {
    for _ in 0..CLIENTS * QUESTIONS {
        let Question(number, reply_to) = receive::<Question>().await;
        point().await;
        let before = lacks();
        let is_sent = reply_to.reply(number).is_ok();
        assert!(is_sent || lacks() > before || has_deaths(), "not answered");
        point().await;
    }
}

/// Somebody has died for want of memory, and all others are on their way to it.
fn has_deaths() -> bool {
    with_state(|state| state.score.crashed > 0)
}

async fn ask(server: Pid, client: u64) {
    for round in 0..QUESTIONS {
        let number = [client << 32 | round; 40];
        let answer = call(server, |reply_to| Question(number, reply_to)).await;
        assert_eq!(had(answer), number, "another answer");
        point().await;
    }
}

/// One whose mailbox takes two messages.
fn bounded(level: u8) -> Pid {
    let bound = Bound::new(2, Overflow::Refuse).expect("a limit");
    let body = counted(async {
        let mut next = [0; SENDERS as usize];
        for _ in 0..SENDERS * LETTERS {
            let (from, number) = receive::<(u64, u64)>().await;
            assert_eq!(number, next[from as usize], "lost or doubled");
            next[from as usize] += 1;
            point().await;
        }
    });
    born(|| process::spawn_bounded(body, level, bound))
}

async fn write(receiver: Pid, from: u64) {
    for number in 0..LETTERS {
        had(send_wait(receiver, (from, number)).await);
        point().await;
    }
}

/// Waits for the ends of others, one that returns and one that is killed.
async fn watch(level: u8) {
    for _ in 0..3 {
        let body = counted(async {
            yield_now().await;
            point().await;
        });
        let (pid, watch) = watched(body, level);
        count_newborn(pid);
        let reference = had(process::monitor(pid));
        point().await;
        let reason = watch.await;
        assert!(
            reason == ExitReason::Returned || has_deaths(),
            "it {reason}"
        );
        point().await;
        let down: Down = receive().await;
        assert_eq!((down.reference, down.pid), (reference, pid));
        let was_there = down.reason != ExitReason::NoProcess;
        assert!(!was_there || down.reason == reason, "it {}", down.reason);
        point().await;
    }
}

fn watched(body: impl Future<Output = ()> + Send + 'static, level: u8) -> (Pid, process::Watch) {
    let before = lacks();
    match spawn_watched(move || body, level) {
        Ok(told) => told,
        Err(refused) => {
            assert!(lacks() > before, "refused, and there was memory");
            super::programs::count_refused();
            had(Err(refused))
        }
    }
}

/// Keeps what it knows in an arena, which never leaves it.
fn keeper(level: u8, steps: u64) {
    let witness = Witness;
    let keep = async move |arena: Arena<'_>| {
        let mut words = arena.map();
        for step in 0..steps {
            point().await;
            let mut word = arena.vec();
            let length = [10, 3_000, 20_000][step as usize % 3];
            let before = lacks();
            if word.try_reserve_exact(length).is_err() || words.try_reserve(1).is_err() {
                assert!(lacks() > before, "refused, and there was memory");
                continue;
            }
            word.resize(length, step as u8);
            words.insert(step % 4, word);
            yield_now().await;
        }
        let kept: usize = words.values().map(|word| word.len()).sum();
        assert!(arena.usage().live >= kept, "blocks are missing");
    };
    let make = move || Body::new(async move { with(keep).await }, witness);
    born(|| process::spawn_with(make, level));
}

/// A life, and the next one.
fn live(lives: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        point().await;
        yield_now().await;
        if lives == 0 {
            return;
        }
        // This body is dropped when the next one has begun, which is counted as another one.
        with_state(|state| {
            state.score.made += 1;
            state.score.finished += 1;
        });
        hibernate((Witness, lives - 1), |(witness, lives)| {
            Body::new(live(lives), witness)
        })
        .await
    })
}
