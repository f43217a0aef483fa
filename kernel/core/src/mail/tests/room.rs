//! Waiting for room in a full mailbox.

use super::*;
use girder_lockfree::mail::gate_report;
use girder_lockfree::process::{resume, suspend};

fn spawn_bounded(limit: u32, body: impl Future<Output = ()> + Send + 'static) -> Pid {
    let bound = Bound::new(limit, Overflow::Refuse).expect("a limit");
    process::spawn_bounded(body, 2, bound).expect("there is room")
}

/// One that receives when it is told to.
fn spawn_reluctant(limit: u32, log: &Log<u32>) -> Pid {
    let log = log.clone();
    spawn_bounded(limit, async move {
        loop {
            log.add(receive::<u32>().await);
        }
    })
}

fn waiting(pid: Pid) -> u32 {
    gate_report(pid).expect("it has a gate").waiting
}

#[test]
fn who_waits_is_served_in_order_of_arrival() {
    let log = Log::new();
    let received = log.clone();
    run(async move {
        let receiver = spawn_reluctant(2, &received);
        suspend(receiver);
        let me = own();
        for number in 0..10_u32 {
            spawn(async move {
                assert_eq!(send_wait(receiver, number).await, Ok(Sent::Delivered));
                send(me, 'x').unwrap();
            });
            yield_now().await;
        }
        assert_eq!(waiting(receiver), 8);
        assert_eq!(send(receiver, 99_u32), Err(SendError::Full(99)));
        resume(receiver);
        for _ in 0..10 {
            assert_eq!(receive::<char>().await, 'x');
        }
        assert_eq!(waiting(receiver), 0);
        // There is room again, and nothing to wait for.
        assert_eq!(send_wait(receiver, 10_u32).await, Ok(Sent::Delivered));
        yield_now().await;
        kill(receiver);
    });
    assert_eq!(log.take(), Vec::from_iter(0..=10));
}

#[test]
fn a_sender_that_always_waits_loses_nothing() {
    let log = Log::new();
    let received = log.clone();
    run(async move {
        let receiver = spawn_reluctant(1, &received);
        for number in 0..500_u32 {
            Addr::of(receiver).send_wait(number).await.unwrap();
        }
        while waiting(receiver) > 0 || gate_report(receiver).unwrap().count > 0 {
            yield_now().await;
        }
        kill(receiver);
    });
    assert_eq!(log.take(), Vec::from_iter(0..500));
}

#[test]
fn who_gives_up_has_its_message_dropped_and_leaves_no_place_behind() {
    let drops = Arc::new(AtomicUsize::new(0));
    let in_process = drops.clone();
    run(async move {
        let receiver = spawn_bounded(1, async {
            receive::<()>().await;
            for _ in 0..3 {
                receive::<Witness>().await;
            }
        });
        suspend(receiver);
        send(receiver, ()).unwrap();
        let witness = || Witness(in_process.clone());
        let wait = timeout(LIMIT, send_wait(receiver, witness()));
        assert_eq!(wait.await.unwrap_err(), Elapsed);
        assert_eq!((in_process.load(SeqCst), waiting(receiver)), (1, 0));
        // One of three is killed while it waits, the one in the middle.
        let senders = [(); 3].map(|()| {
            let witness = witness();
            spawn(async move {
                send_wait(receiver, witness).await.unwrap();
            })
        });
        yield_now().await;
        assert_eq!(waiting(receiver), 3);
        kill(senders[1]);
        yield_now().await;
        assert_eq!((in_process.load(SeqCst), waiting(receiver)), (2, 2));
        resume(receiver);
        while in_process.load(SeqCst) < 4 {
            yield_now().await;
        }
        assert_eq!(
            send_wait(receiver, witness()).await.unwrap(),
            Sent::Delivered
        );
    });
    assert_eq!(drops.load(SeqCst), 5);
}

/// More of them than are told at a turn, and they are all that there is room for.
#[test]
fn all_who_wait_are_told_of_the_receivers_end() {
    const SENDERS: u32 = 100;
    let mut driver = Driver::with_room_for(SENDERS + 1);
    let drops = Arc::new(AtomicUsize::new(0));
    let told = Log::new();
    let receiver = spawn_bounded(1, receive::<()>());
    put(receiver, Witness(drops.clone()));
    for _ in 0..SENDERS {
        let (witness, told) = (Witness(drops.clone()), told.clone());
        spawn(async move {
            told.add(send_wait(receiver, witness).await.unwrap());
        });
    }
    suspend(receiver);
    driver.run();
    assert_eq!(waiting(receiver), SENDERS);
    kill(receiver);
    driver.run();
    assert_eq!(told.take(), [Sent::ToNobody; SENDERS as usize]);
    assert_eq!(drops.load(SeqCst), SENDERS as usize + 1);
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        0,
        "an envelope was lost"
    );
    // Its slot serves again, with a line of its own.
    let next = spawn_bounded(1, receive::<()>());
    put(next, ());
    driver.run();
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        0,
        "an envelope was lost"
    );
}

#[test]
fn who_ends_just_after_a_receive_leaves_nothing_behind_its_line() {
    run(async {
        let me = own();
        let receiver = spawn_bounded(1, async {
            // What it has emptied is still in its mailbox when it ends.
            receive::<u32>().await;
        });
        suspend(receiver);
        for number in 0..3_u32 {
            spawn(async move {
                let sent = send_wait(receiver, number).await;
                send(me, sent.expect("there is memory")).unwrap();
            });
            yield_now().await;
        }
        assert_eq!(waiting(receiver), 2);
        resume(receiver);
        let mut told = [Sent::Dropped; 3];
        for place in &mut told {
            *place = receive().await;
        }
        assert_eq!(told, [Sent::Delivered, Sent::Delivered, Sent::ToNobody]);
    });
}

#[test]
fn who_waits_in_mid_poll_and_is_given_up_leaves_a_message_and_no_place() {
    let mut driver = Driver::new();
    let log = Log::new();
    let receiver = spawn_reluctant(1, &log);
    suspend(receiver);
    driver.run();
    put(receiver, 0_u32);
    for number in 1..=2_u32 {
        spawn(async move {
            send_wait(receiver, number).await.unwrap();
        });
    }
    driver.collect();
    // The first is given up as it stands when its poll has come back, before it is parked.
    let first = driver.ready.pop_front().unwrap();
    let Start::Run(process) = first.start() else {
        panic!("it was asked for something");
    };
    match process.poll() {
        Polled::Waiting(token) | Polled::Listening(token) => token.give_up().discontinue(),
        other => panic!("{other:?}"),
    }
    driver.run();
    assert_eq!(waiting(receiver), 2);
    resume(receiver);
    driver.run();
    assert_eq!(log.take(), [0, 1, 2]);
    kill(receiver);
    driver.run();
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        0,
        "an envelope was lost"
    );
}

#[test]
fn nobody_waits_for_itself_nor_for_the_dead() {
    run(async {
        let me = own();
        spawn_bounded(1, async move {
            assert_eq!(send_wait(own(), 1_u8).await, Ok(Sent::Delivered));
            assert_eq!(send_wait(own(), 2_u8).await, Err(SendError::Full(2)));
            send(me, 'x').unwrap();
        });
        assert_eq!(receive::<char>().await, 'x');
        let gone = spawn_bounded(1, async {});
        yield_now().await;
        assert_eq!(send_wait(gone, [0_u64; 100]).await, Ok(Sent::ToNobody));
        let unbounded = spawn(async {
            receive::<[u64; 100]>().await;
        });
        assert_eq!(
            send_wait(unbounded, [0_u64; 100]).await,
            Ok(Sent::Delivered)
        );
    });
}

#[test]
fn a_large_message_waits_in_a_box() {
    run(async {
        let receiver = spawn_bounded(1, async {
            for number in 0..5 {
                assert_eq!(receive::<[u64; 100]>().await, [number; 100]);
            }
        });
        for number in 0..5_u64 {
            send_wait(receiver, [number; 100]).await.unwrap();
        }
    });
}
