//! Mail for a process that waits for it in the middle of ordinary code, with its stack.

use crate::support::until_it_waits;
use alloc::vec::Vec;
use core::time::Duration;
use girder::{
    CallError, CoreMask, ExitReason, Options, Overflow, Pid, ReplyTo, Sent, Watch, block_on, call,
    cores, kill, own_pid, receive, receive_blocking, receive_timeout, send, send_wait,
    spawn_watched,
};

const ROUNDS: u32 = 300;

struct Ball(u32);
struct Throw(Pid, u32);
struct Double(u32, ReplyTo<u32>);

/// Deep enough in ordinary code that what is kept of it would show damage.
#[inline(never)]
fn next_ball(depth: u32) -> u32 {
    if depth == 0 {
        let Ball(number) = receive_blocking().expect("there is a stack");
        return number;
    }
    let own = core::hint::black_box([depth; 4]);
    let number = next_ball(depth - 1);
    assert_eq!(own, [depth; 4]);
    number
}

/// Throws back so many balls, each one higher.
fn throw_back(rounds: u32) {
    for _ in 0..rounds {
        let Throw(to, number) = receive_blocking().expect("there is a stack");
        send(to, Ball(number + 1)).expect("there is memory");
    }
}

/// Plays with one that runs on this core, or on any.
fn play(core: Option<usize>) {
    let mut options = Options::new();
    if let Some(core) = core {
        options = options.affinity(CoreMask::only(core));
    }
    let body = || async { throw_back(ROUNDS) };
    let (peer, watch) = options.spawn_watched(body).expect("there is room");
    for number in 0..ROUNDS {
        send(peer, Throw(own_pid(), number)).expect("there is memory");
        assert_eq!(next_ball(3), number + 1);
    }
    assert_eq!(block_on(watch), Ok(ExitReason::Returned));
}

#[girder::test]
fn what_has_come_is_received_at_once() {
    for number in 0..3 {
        send(own_pid(), Ball(number)).expect("there is memory");
    }
    let received = [(); 3].map(|()| next_ball(2));
    assert_eq!(received, [0, 1, 2]);
}

#[girder::test]
fn two_that_block_throw_a_ball_to_and_fro_wherever_they_run() {
    play(None);
}

#[girder::test]
fn two_that_block_throw_a_ball_to_and_fro_on_any_two_cores() {
    let last = cores() - 1;
    play(Some(0));
    play(Some(last));
    play(Some(last / 2));
}

#[girder::test]
async fn who_receives_in_turn_by_both_ways_misses_nothing() {
    let (peer, watch) = spawn_watched(|| async {
        for number in 0..ROUNDS {
            let Ball(received) = match number % 2 {
                0 => receive().await,
                _ => receive_blocking().expect("there is a stack"),
            };
            assert_eq!(received, number);
        }
    })
    .expect("there is room");
    for number in 0..ROUNDS {
        send(peer, Ball(number)).expect("there is memory");
        if number % 7 == 0 {
            until_it_waits(peer).await;
        }
    }
    assert_eq!(watch.await, ExitReason::Returned);
}

#[girder::test]
fn a_question_is_asked_and_answered_in_ordinary_code() {
    let (server, watch) = spawn_watched(|| async {
        for _ in 0..ROUNDS {
            let Double(number, reply) = receive_blocking().expect("there is a stack");
            assert!(reply.reply(2 * number).is_ok());
        }
    })
    .expect("there is room");
    let ask = |number| block_on(call(server, |reply| Double(number, reply)));
    for number in 0..ROUNDS {
        assert_eq!(ask(number), Ok(Ok(2 * number)));
    }
    assert_eq!(block_on(watch), Ok(ExitReason::Returned));
    assert_eq!(ask(1), Ok(Err(CallError::NoAnswer)));
}

#[girder::test]
fn a_receive_in_ordinary_code_ends_when_its_time_is_up() {
    let received = block_on(receive_timeout::<Ball>(Duration::from_millis(1)));
    assert!(received.is_ok_and(|ball| ball.is_err()));
}

#[girder::test]
fn room_is_waited_for_in_ordinary_code() {
    let receiver = || async {
        for number in 0..ROUNDS {
            assert_eq!(next_ball(1), number);
        }
    };
    let options = Options::new().mailbox(1, Overflow::Refuse);
    let (to, watch) = options.spawn_watched(receiver).expect("there is room");
    for number in 0..ROUNDS {
        let sent = block_on(send_wait(to, Ball(number))).expect("there is a stack");
        assert_eq!(sent.ok(), Some(Sent::Delivered));
    }
    assert_eq!(block_on(watch), Ok(ExitReason::Returned));
}

/// While they wait, and while what they wait for is on its way.
#[girder::test]
async fn who_blocks_for_mail_is_killed_like_anybody() {
    let victims: Vec<(Pid, Watch)> = (0..8)
        .map(|_| {
            let body = || async {
                loop {
                    next_ball(2);
                }
            };
            spawn_watched(body).expect("there is room")
        })
        .collect();
    for (number, (victim, _)) in victims.iter().enumerate() {
        until_it_waits(*victim).await;
        if number % 2 == 1 {
            send(*victim, Ball(0)).expect("there is memory");
        }
        kill(*victim);
    }
    for (victim, watch) in victims {
        assert_eq!(watch.await, ExitReason::Killed);
        assert_eq!(send(victim, Ball(1)).ok(), Some(Sent::ToNobody));
    }
}
