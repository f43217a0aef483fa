//! Messages, in the shapes that the peers were measured in.
//!
//! Each takes a number of operations and returns how many there were. It runs twice: the first time
//! warms up.

use super::{NORMAL, marks, report};
use alloc::sync::Arc;
use alloc::vec::Vec;
use girder_core::mail::{Addr, Pid, ReplyTo, call, receive, send};
use girder_lockfree::process::{here, spawn, yield_now};

/// Runs a benchmark to warm up, and once more to report it.
pub(super) async fn measure<F: Future<Output = u64>>(name: &str, count: u64, run: fn(u64) -> F) {
    run(count).await;
    marks::begin();
    let start = here::now();
    let ops = run(count).await;
    let nanos = here::now() - start;
    marks::end();
    report(name, ops, nanos);
}

/// A message of no consequence.
pub(super) struct Ball(u64);

/// Whom to send to from now on.
struct Peer(Addr<Ball>);

/// A question whose answer is one more.
struct Ask(u64, ReplyTo<u64>);

pub(super) fn own<M: Send + 'static>() -> Addr<M> {
    Addr::own().expect("a benchmark is a process")
}

fn start(body: impl Future<Output = ()> + Send + 'static) -> Pid {
    spawn(body, NORMAL).expect("there is room")
}

#[inline(always)]
pub(super) fn throw(to: Addr<Ball>, ball: u64) {
    to.send(Ball(ball)).expect("there is memory");
}

/// Answers so many balls.
pub(super) async fn answer(peer: Addr<Ball>, rounds: u64) {
    for _ in 0..rounds {
        let Ball(ball) = receive().await;
        throw(peer, ball);
    }
}

/// Throws so many balls, and waits for each.
pub(super) async fn play(peer: Addr<Ball>, rounds: u64) {
    for ball in 0..rounds {
        throw(peer, ball);
        let Ball(back) = receive().await;
        assert_eq!(back, ball, "a ball was lost or doubled");
    }
}

/// Two processes, one small message each way; per round trip.
pub(super) async fn ping_pong_local(rounds: u64) -> u64 {
    play_in_pairs(1, rounds).await
}

/// 64 such pairs at once.
pub(super) async fn pairs(rounds: u64) -> u64 {
    play_in_pairs(64, rounds).await
}

async fn play_in_pairs(pairs: u64, rounds: u64) -> u64 {
    let (own, each) = (own(), rounds / pairs);
    for _ in 0..pairs {
        start(async move {
            let me = self::own();
            play(Addr::of(start(answer(me, each))), each).await;
            throw(own, 0);
        });
    }
    for _ in 0..pairs {
        receive::<Ball>().await;
    }
    each * pairs
}

/// 1,000 processes in a ring, and a token that goes round; per hop.
pub(super) async fn ring(hops: u64) -> u64 {
    const SIZE: u64 = 1_000;
    let (own, rounds) = (own(), hops / SIZE);
    let members: Vec<_> = (0..SIZE)
        .map(|_| {
            start(async move {
                let (Peer(next), end) = (receive().await, rounds * SIZE);
                for _ in 0..rounds {
                    let Ball(token) = receive().await;
                    // The last one is for whoever waits for the end.
                    let to = if token + 1 == end { own } else { next };
                    throw(to, token + 1);
                }
            })
        })
        .collect();
    for (member, next) in members.iter().zip(members.iter().cycle().skip(1)) {
        let peer = Peer(Addr::of(*next));
        Addr::of(*member).send(peer).expect("there is memory");
    }
    throw(Addr::of(members[0]), 0);
    let Ball(end) = receive().await;
    assert_eq!(end, rounds * SIZE, "a hop was lost or doubled");
    end
}

/// 64 producers, one receiver; per message.
pub(super) async fn fan_in(messages: u64) -> u64 {
    const PRODUCERS: u64 = 64;
    let (own, each) = (own(), messages / PRODUCERS);
    for _ in 0..PRODUCERS {
        start(async move {
            let mut sent = 0;
            while produce(own, &mut sent, each) {
                yield_now().await;
            }
        });
    }
    let mut left = each * PRODUCERS;
    while left > 0 {
        receive::<Ball>().await;
        left -= 1;
    }
    each * PRODUCERS
}

/// Sends balls until there are so many. True if there was no memory: who produces faster than it lasts gives way to
/// who consumes. (No await in the loop, so nothing of it has to be kept in the future.)
fn produce(to: Addr<Ball>, sent: &mut u64, each: u64) -> bool {
    let mut ball = *sent;
    while ball < each && to.send(Ball(ball)).is_ok() {
        ball += 1;
    }
    *sent = ball;
    ball < each
}

/// All that are to ping each other, and which of them the receiver is.
struct All(Arc<[Addr<Big>]>, usize);

enum Big {
    Ping(Addr<Big>),
    Pong,
}

/// Processes that each ping all others, which answer; per message.
pub(super) async fn big(processes: u64) -> u64 {
    let own = own();
    let all: Arc<[_]> = (0..processes)
        .map(|_| Addr::of(start(member(own))))
        .collect();
    for (place, one) in all.iter().enumerate() {
        let _ = send(one.pid(), All(all.clone(), place));
    }
    for _ in 0..processes {
        receive::<Ball>().await;
    }
    2 * processes * (processes - 1)
}

async fn member(suite: Addr<Ball>) {
    // What comes before the list waits until it is there.
    let mut left = ping_others(receive().await);
    while left > 0 {
        if let Big::Ping(from) = receive().await {
            let _ = from.send(Big::Pong);
        }
        left -= 1;
    }
    throw(suite, 0);
}

/// Pings all others, beginning with the next one, and returns how many messages will come of that: theirs and the answers.
/// (No await in here, as in `produce`.)
fn ping_others(All(all, place): All) -> usize {
    let me = all[place];
    for others in [&all[place + 1..], &all[..place]] {
        for other in others {
            let _ = other.send(Big::Ping(me));
        }
    }
    2 * (all.len() - 1)
}

/// Questions and answers, between two processes of their own, as the balls above.
pub(super) async fn calls(count: u64) -> u64 {
    let own = own();
    let server = start(async move {
        for _ in 0..count {
            let Ask(number, reply_to) = receive().await;
            let _ = reply_to.reply(number + 1);
        }
    });
    start(async move {
        for number in 0..count {
            let answer = call(server, |reply_to| Ask(number, reply_to)).await;
            assert_eq!(answer, Ok(number + 1));
        }
        throw(own, 0);
    });
    receive::<Ball>().await;
    count
}

/// Processes that each send their maker one message and end; it receives all.
pub(super) async fn spawn_exit(count: u64) -> u64 {
    apart(move |own| async move {
        for _ in 0..count {
            start(async move { throw(own, 0) });
        }
        for _ in 0..count {
            receive::<Ball>().await;
        }
    })
    .await;
    count
}

/// The same, one after another.
pub(super) async fn spawn_join(count: u64) -> u64 {
    apart(move |own| async move {
        for _ in 0..count {
            start(async move { throw(own, 0) });
            receive::<Ball>().await;
        }
    })
    .await;
    count
}

/// Runs this in a process of its own, so that the layers of futures in which the suite calls benchmarks are no part of
/// each of its polls. It is given its own address.
async fn apart<F>(body: impl FnOnce(Addr<Ball>) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let suite = own();
    start(async move {
        body(own()).await;
        throw(suite, 0);
    });
    receive::<Ball>().await;
}

/// A tree of processes of fan-out 10 whose leaves add up; per process.
pub(super) async fn skynet(leaves: u64) -> u64 {
    let own = own();
    start(node(own, 0, leaves));
    let Ball(sum) = receive().await;
    assert_eq!(sum, leaves * (leaves - 1) / 2, "a leaf was lost");
    let mut processes = 0;
    let mut level = leaves;
    while level > 0 {
        processes += level;
        level /= 10;
    }
    processes
}

async fn node(parent: Addr<Ball>, first: u64, leaves: u64) {
    if leaves == 1 {
        return throw(parent, first);
    }
    let (own, each) = (own(), leaves / 10);
    for child in 0..10 {
        begin_node(own, first + child * each, each);
    }
    let mut sum = 0;
    for _ in 0..10 {
        sum += receive::<Ball>().await.0;
    }
    throw(parent, sum);
}

/// Where a future would otherwise contain itself.
fn begin_node(parent: Addr<Ball>, first: u64, leaves: u64) {
    start(node(parent, first, leaves));
}
