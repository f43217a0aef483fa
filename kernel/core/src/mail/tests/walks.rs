//! The walk through a long list on which urgent messages are found: in slices, with others' turns between them.

use super::lanes::{MANY, lane};
use super::*;
use girder_lockfree::process::reduce;

/// Somebody who takes turns as long as there is a receiver for what it does in each; they are counted.
fn bystander(mut deed: impl FnMut(usize) + Send + 'static) -> (Pid, Arc<AtomicUsize>) {
    let turns = Arc::new(AtomicUsize::new(0));
    let in_process = turns.clone();
    let pid = spawn(async move {
        loop {
            deed(in_process.fetch_add(1, SeqCst));
            yield_now().await;
        }
    });
    (pid, turns)
}

/// Turns that others have while a process passes so many messages, at one reduction for sixteen.
const WALK: usize = MANY as usize / 16 / REDUCTIONS as usize;

#[test]
fn a_look_for_urgent_messages_goes_in_slices_that_are_paid_for() {
    run(async {
        let lane = lane();
        let me = own();
        (0..MANY).for_each(|number| put(me, number));
        UrgentAddr::<u32>::of(&lane).send(u32::MAX).unwrap();
        let (other, turns) = bystander(|_| {});
        assert_eq!(receive::<u32>().await, u32::MAX);
        let taken = turns.load(SeqCst);
        assert!(taken >= WALK, "only {taken} turns of others");
        kill(other);
    });
}

#[test]
fn urgent_ones_that_are_at_the_front_already_are_counted_off_in_slices() {
    run(async {
        let lane = lane();
        let urgent = UrgentAddr::<u32>::of(&lane);
        let me = own();
        (0..MANY).for_each(|number| urgent.send(number).map(drop).unwrap());
        assert_eq!(receive::<u32>().await, 0);
        put(me, MANY + 1);
        urgent.send(MANY).unwrap();
        let (other, turns) = bystander(|_| {});
        assert_eq!(receive::<u32>().await, 1);
        let taken = turns.load(SeqCst);
        assert!(taken >= WALK, "only {taken} turns of others");
        kill(other);
        for number in 2..=MANY + 1 {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

/// Somebody sends more in each turn than the receiver can look at in one of its own: it receives what is at the front all the same.
#[test]
fn a_flood_that_is_faster_than_the_look_keeps_nothing_from_being_received() {
    const EACH: u32 = 32 * REDUCTIONS as u32;
    const TURNS: usize = 40;

    run(async {
        let lane = lane();
        let urgent = UrgentAddr::<u32>::of(&lane);
        let me = own();
        let (other, turns) = bystander(move |turn| {
            if turn < TURNS {
                (0..EACH).for_each(|number| put(me, number));
                urgent.send(EACH + turn as u32).unwrap();
            }
        });
        for first in 0..3 {
            assert_eq!(receive::<u32>().await, EACH + first);
        }
        let taken = turns.load(SeqCst);
        assert!(taken < TURNS, "received when the flood was over");
        while turns.load(SeqCst) < TURNS {
            yield_now().await;
        }
        kill(other);
        // Nothing was lost, and whoever does not wait for anything finds all that has come.
        for urgent in 3..TURNS as u32 {
            assert_eq!(receive::<u32>().await, EACH + urgent);
        }
        for _ in 0..TURNS {
            for number in 0..EACH {
                assert_eq!(try_receive::<u32>(), Some(number));
            }
        }
        assert_eq!(try_receive::<u32>(), None);
    });
}

/// The answer to a question, urgent messages and others, all while the receiver is on its way through the list.
#[test]
fn what_comes_between_two_slices_finds_its_place() {
    struct Ask(ReplyTo<u32>);

    run(async {
        let lane = lane();
        let urgent = UrgentAddr::<u32>::of(&lane);
        let me = own();
        (0..MANY).for_each(|number| put(me, number));
        urgent.send(MANY + 1).unwrap();
        let (other, _) = bystander(move |turn| {
            if turn < 20 {
                let number = 2 * MANY + turn as u32;
                urgent.send(number + MANY).unwrap();
                put(me, number);
            }
        });
        let server = spawn(async move {
            let Ask(reply) = receive().await;
            yield_now().await;
            assert_eq!(reply.reply(7), Ok(Sent::Delivered));
        });
        assert_eq!(call(server, Ask).await, Ok(7));
        assert_eq!(receive::<u32>().await, MANY + 1);
        let mut received = Vec::new();
        while received.len() < MANY as usize + 40 {
            received.push(receive::<u32>().await);
        }
        kill(other);
        let of =
            |range: core::ops::Range<u32>| received.iter().filter(move |it| range.contains(it));
        assert!(of(0..MANY).copied().eq(0..MANY));
        assert!(of(2 * MANY..3 * MANY).copied().eq(2 * MANY..2 * MANY + 20));
        assert!(of(3 * MANY..4 * MANY).copied().eq(3 * MANY..3 * MANY + 20));
        // All of them had come before the first ordinary one was found.
        assert!(received[..20].iter().all(|it| *it >= 3 * MANY));
    });
}

/// All that was looked at is taken, as nothing but answers can be, and its envelopes are used for something else.
#[test]
fn answers_that_were_passed_are_taken_between_two_slices() {
    struct Ask(ReplyTo<u32>);

    const CALLS: u32 = 16;
    run(async {
        let lane = lane();
        let urgent = UrgentAddr::<u32>::of(&lane);
        let me = own();
        let server = spawn(async move {
            for number in 0..CALLS {
                let Ask(reply) = receive().await;
                assert_eq!(reply.reply(number), Ok(Sent::Delivered));
            }
            (0..CALLS).for_each(|number| put(me, number));
            urgent.send(CALLS).unwrap();
        });
        let mut calls: Vec<_> = (0..CALLS).map(|_| Box::pin(call(server, Ask))).collect();
        poll_once(|context| {
            assert!(
                calls
                    .iter_mut()
                    .all(|it| it.as_mut().poll(context).is_pending())
            )
        })
        .await;
        while process::is_alive(server) {
            yield_now().await;
        }
        reduce(REDUCTIONS.cast_unsigned() + 1);
        yield_now().await;
        reduce(REDUCTIONS.cast_unsigned());
        poll_once(|context| {
            assert!(
                Box::pin(receive::<u32>())
                    .as_mut()
                    .poll(context)
                    .is_pending()
            )
        })
        .await;
        yield_now().await;
        let mut answers = Vec::new();
        let mut note = |poll: Poll<_>| match poll {
            Poll::Ready(answer) => answers.push(answer),
            Poll::Pending => panic!("no answer"),
        };
        poll_once(|context| {
            calls
                .iter_mut()
                .for_each(|it| note(it.as_mut().poll(context)))
        })
        .await;
        assert!(answers.into_iter().eq((0..CALLS).map(Ok)));
        let other = spawn(async { receive::<()>().await });
        (0..CALLS).for_each(|number| put(other, number));
        kill(other);
        assert_eq!(receive::<u32>().await, CALLS);
        for number in 0..CALLS {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

/// Does something once with the context of this process.
async fn poll_once(mut deed: impl FnMut(&mut Context<'_>)) {
    core::future::poll_fn(|context| {
        deed(context);
        Poll::Ready(())
    })
    .await;
}

/// What was not looked at yet keeps its place.
#[test]
fn a_lane_that_is_closed_between_two_slices_loses_nothing() {
    run(async {
        let mut lane = Some(lane());
        let me = own();
        let urgent = UrgentAddr::<u32>::of(lane.as_ref().unwrap());
        (0..MANY).for_each(|number| put(me, number));
        urgent.send(MANY).unwrap();
        let lane = lane.take();
        let closer = spawn(async move {
            yield_now().await;
            drop(lane);
        });
        for number in 0..=MANY {
            assert_eq!(receive::<u32>().await, number);
        }
        assert!(!process::is_alive(closer));
        let new = self::lane();
        put(me, 1_u32);
        UrgentAddr::<u32>::of(&new).send(2).unwrap();
        assert_eq!([receive::<u32>().await, receive().await], [2, 1]);
    });
}
