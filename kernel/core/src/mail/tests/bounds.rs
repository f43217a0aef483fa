//! Mailboxes with limits.

use super::*;
use girder_lockfree::mail::gate_report;
use girder_lockfree::process::{ExitReason, NoProcess, Watch, suspend};

fn bound(limit: u32, overflow: Overflow) -> Bound {
    Bound::new(limit, overflow).expect("a limit")
}

fn spawn_bounded(
    limit: u32,
    overflow: Overflow,
    body: impl Future<Output = ()> + Send + 'static,
) -> Pid {
    process::spawn_bounded(body, 2, bound(limit, overflow)).expect("there is room")
}

fn spawn_watched(limit: u32, overflow: Overflow) -> (Pid, Watch) {
    let body = || async { receive::<()>().await };
    process::spawn_bounded_watched(body, 2, bound(limit, overflow)).expect("there is room")
}

/// Messages that the mailbox of this process counts.
fn counted(pid: Pid) -> u64 {
    gate_report(pid).expect("it has a gate").count
}

async fn idle() {
    receive::<()>().await;
}

#[test]
fn a_limit_has_to_be_one() {
    assert_eq!(Bound::new(0, Overflow::Drop), Err(BoundError::Zero));
    assert_eq!(
        Bound::new(u32::MAX, Overflow::End),
        Err(BoundError::TooLarge)
    );
    assert_eq!(bound(Bound::MOST, Overflow::End).limit(), Bound::MOST);
}

#[test]
fn a_full_mailbox_gives_the_message_back_and_has_room_again_when_one_is_received() {
    run(async {
        let me = own();
        let receiver = spawn_bounded(3, Overflow::Refuse, async move {
            assert_eq!(receive::<u32>().await, 0);
            send(me, 'x').unwrap();
            idle().await;
        });
        for number in 0..3_u32 {
            assert_eq!(send(receiver, number), Ok(Sent::Delivered));
        }
        assert_eq!(send(receiver, 3_u32), Err(SendError::Full(3)));
        assert_eq!(send(receiver, 'x'), Err(SendError::Full('x')));
        assert_eq!(
            (
                counted(receiver),
                traffic().expect("all cores come to rest").dropped
            ),
            (3, 0)
        );
        assert_eq!(receive::<char>().await, 'x');
        assert_eq!(send(receiver, 3_u32), Ok(Sent::Delivered));
        assert_eq!(send(receiver, 4_u32), Err(SendError::Full(4)));
        kill(receiver);
        yield_now().await;
        assert_eq!(send(receiver, 4_u32), Ok(Sent::ToNobody));
    });
}

#[test]
fn each_way_to_receive_makes_room() {
    run(async {
        let receiver = spawn_bounded(1, Overflow::Refuse, async {
            assert_eq!(receive::<u8>().await, 1);
            assert_eq!(receive_any().await.downcast::<u8>().unwrap(), 2);
            assert_eq!(receive_where(|&number: &u8| number > 2).await, 3);
            yield_now().await;
            assert_eq!(try_receive::<u8>(), Some(4));
            assert_eq!(receive::<[u8; 100]>().await, [5; 100]);
        });
        for number in 1..=4_u8 {
            assert_eq!(send(receiver, number), Ok(Sent::Delivered));
            assert!(send(receiver, number).is_err());
            yield_now().await;
            if number < 4 {
                assert_eq!(counted(receiver), 0);
            }
        }
        yield_now().await;
        assert_eq!(send(receiver, [5_u8; 100]), Ok(Sent::Delivered));
    });
}

#[test]
fn what_has_no_room_is_dropped_once_by_its_sender() {
    let drops = Arc::new(AtomicUsize::new(0));
    let in_process = drops.clone();
    run(async move {
        let receiver = spawn_bounded(2, Overflow::Drop, idle());
        let sent = [(); 5].map(|()| send(receiver, Witness(in_process.clone())).unwrap());
        assert_eq!(sent[..2], [Sent::Delivered; 2]);
        assert_eq!(sent[2..], [Sent::Dropped; 3]);
        assert_eq!(in_process.load(SeqCst), 3);
        let report = gate_report(receiver).expect("it has a gate");
        assert_eq!(
            (
                report.count,
                report.drops,
                traffic().expect("all cores come to rest").dropped
            ),
            (2, 3, 3)
        );
        kill(receiver);
    });
    assert_eq!(drops.load(SeqCst), 5);
}

#[test]
fn a_message_beyond_the_limit_ends_the_process_and_whoever_watches_is_told() {
    run(async {
        let (receiver, watch) = spawn_watched(2, Overflow::End);
        // Being suspended keeps it from nothing.
        suspend(receiver);
        assert_eq!(send(receiver, 'a'), Ok(Sent::Delivered));
        assert_eq!(send(receiver, 'b'), Ok(Sent::Delivered));
        assert_eq!(send(receiver, 'c'), Ok(Sent::ToNobody));
        assert_eq!(send(receiver, 'd'), Ok(Sent::ToNobody));
        assert_eq!(watch.await, ExitReason::MailboxLimit);
        assert_eq!(traffic().expect("all cores come to rest").dead_letters, 2);
        let (other, watch) = spawn_watched(2, Overflow::End);
        kill(other);
        assert_eq!(watch.await, ExitReason::Killed);
    });
}

#[test]
fn a_process_may_fill_its_own_mailbox_and_no_more() {
    run(async {
        let me = own();
        spawn_bounded(2, Overflow::Refuse, async move {
            assert_eq!(send(own(), 1_u8), Ok(Sent::Delivered));
            assert_eq!(send(own(), 2_u8), Ok(Sent::Delivered));
            assert_eq!(send(own(), 3_u8), Err(SendError::Full(3)));
            assert_eq!(receive::<u8>().await, 1);
            assert_eq!(send(own(), 3_u8), Ok(Sent::Delivered));
            send(me, 'x').unwrap();
        });
        assert_eq!(receive::<char>().await, 'x');
        let body = || async {
            assert_eq!(send(own(), 1_u8), Ok(Sent::Delivered));
            assert_eq!(send(own(), 2_u8), Ok(Sent::ToNobody));
            yield_now().await;
            panic!("it lives on");
        };
        let (_, watch) =
            process::spawn_bounded_watched(body, 2, bound(1, Overflow::End)).expect("room");
        assert_eq!(watch.await, ExitReason::MailboxLimit);
    });
}

#[test]
fn an_answer_comes_into_a_full_mailbox() {
    struct Ask(ReplyTo<u32>);

    run(async {
        let me = own();
        let server = spawn(async {
            loop {
                let Ask(reply_to) = receive().await;
                let _ = reply_to.reply(5);
            }
        });
        let asker = spawn_bounded(1, Overflow::Refuse, async move {
            send(own(), 1_u8).unwrap();
            for _ in 0..3 {
                assert_eq!(call(server, Ask).await, Ok(5));
            }
            assert_eq!(counted(own()), 1);
            assert_eq!(receive::<u8>().await, 1);
            assert_eq!(counted(own()), 0);
            send(me, 'x').unwrap();
        });
        assert_eq!(receive::<char>().await, 'x');
        kill(asker);
        kill(server);
        let full = spawn_bounded(1, Overflow::Refuse, idle());
        send(full, 1_u8).unwrap();
        assert_eq!(call(full, Ask).await, Err(CallError::Full));
        kill(full);
    });
}

/// The next process in the same slot counts its own, with a limit of its own, or none.
#[test]
fn a_limit_dies_with_its_process() {
    let mut driver = Driver::with_room_for(1);
    let mut last = None;
    for limit in [3, 1, 2] {
        let receiver = spawn_bounded(limit, Overflow::Refuse, idle());
        (0..limit).for_each(|number| put(receiver, number));
        assert_eq!(send(receiver, 9_u32), Err(SendError::Full(9)));
        if let Some(old) = last.replace(receiver) {
            assert_eq!(send(old, 9_u32), Ok(Sent::ToNobody));
            assert_eq!(gate_report(old), None);
        }
        let is_refused = process::spawn_bounded(idle(), 2, bound(1, Overflow::Drop));
        assert_eq!(is_refused, Err(NoProcess));
        kill(receiver);
        driver.run();
        let unbounded = spawn(idle());
        (0..10_u32).for_each(|number| put(unbounded, number));
        assert_eq!(gate_report(unbounded), None);
        kill(unbounded);
        driver.run();
        assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
    }
}
