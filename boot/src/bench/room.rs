//! Messages to mailboxes with a limit: beside the limit, and at it.

use super::{NORMAL, NORMAL_HERE};
use girder_core::mail::{Addr, Bound, Overflow, Pid, SendError, Sent, receive, send, send_wait};
use girder_lockfree::process::{spawn, spawn_bounded, yield_now};

/// A message of no consequence.
struct Ball;

/// Says that all have come.
struct Done;

/// One that receives so many, with room for some.
fn receiver(level: u8, room: u32, messages: u64) -> Pid {
    let own = Addr::own().expect("a benchmark is a process");
    let bound = Bound::new(room, Overflow::Refuse).expect("a limit");
    let body = async move {
        for _ in 0..messages {
            let Ball = receive().await;
        }
        own.send(Done).expect("there is memory");
    };
    spawn_bounded(body, level, bound).expect("there is room")
}

/// A sender that fills half a mailbox and lets its receiver empty it; per message.
pub(super) async fn bounded(messages: u64) -> u64 {
    const AT_ONCE: u64 = 32;
    let rounds = messages / AT_ONCE;
    // On one core: the yield is to be enough for it to empty its mailbox.
    let to = receiver(NORMAL_HERE, 2 * AT_ONCE as u32, rounds * AT_ONCE);
    for _ in 0..rounds {
        for _ in 0..AT_ONCE {
            // There is room, unless ticks have kept the receiver from its turns, on a machine that loses time.
            while let Err(error) = send(to, Ball) {
                assert!(matches!(error, SendError::Full(_)), "no memory");
                yield_now().await;
            }
        }
        yield_now().await;
    }
    let Done = receive().await;
    rounds * AT_ONCE
}

/// A sender that waits for room each time, for there is room for one; per message.
pub(super) async fn waiting(messages: u64) -> u64 {
    let to = receiver(NORMAL, 1, messages);
    let sends = async move {
        for _ in 0..messages {
            let sent = send_wait(to, Ball).await;
            assert_eq!(sent.ok(), Some(Sent::Delivered), "no room");
        }
    };
    spawn(sends, NORMAL).expect("there is room");
    let Done = receive().await;
    messages
}
