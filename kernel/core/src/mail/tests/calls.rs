//! Questions and answers.

mod ends;

use super::*;

struct Double(u32, ReplyTo<u32>);

async fn doubler() {
    loop {
        let Double(number, reply_to) = receive().await;
        let _ = reply_to.reply(2 * number);
    }
}

#[test]
fn a_call_gets_its_answer_past_whatever_is_in_the_mailbox() {
    run(async {
        let server = spawn(doubler());
        (0..200_u32).for_each(|number| put(own(), number));
        for number in 0..3 {
            let answer = call(server, |reply_to| Double(number, reply_to)).await;
            assert_eq!(answer, Ok(2 * number));
        }
        for number in 0..200 {
            assert_eq!(receive::<u32>().await, number);
        }
        kill(server);
    });
}

#[test]
fn a_question_that_is_dropped_ends_its_call() {
    run(async {
        let deaf = spawn(async { drop(receive::<Double>().await) });
        let ask = |reply_to| Double(1, reply_to);
        assert_eq!(call(deaf, ask).await, Err(CallError::NoAnswer));
        assert_eq!(call(deaf, ask).await, Err(CallError::NoAnswer));
        let victim = spawn(receive::<()>());
        spawn(async move {
            let _ = kill(victim);
        });
        assert_eq!(call(victim, ask).await, Err(CallError::NoAnswer));
    });
}

#[test]
fn a_late_answer_is_dropped_and_counted() {
    run(async {
        let me = own();
        let slow = spawn(async move {
            let Double(number, reply_to) = receive().await;
            sleep(10 * LIMIT).await;
            let _ = reply_to.reply(number);
            send(me, 'x').unwrap();
        });
        let ask = |reply_to| Double(1, reply_to);
        let answer = call_timeout(LIMIT, slow, ask).await;
        assert_eq!(answer, Err(CallError::TimedOut));
        assert!((1_000..5_000).contains(&here::now()));
        // What comes first is the answer, and nobody sees it.
        assert_eq!(receive_any().await.downcast::<char>().unwrap(), 'x');
        assert_eq!(traffic().expect("all cores come to rest").late_answers, 1);
    });
}

#[test]
fn a_late_answer_is_not_the_answer_to_the_next_question() {
    run(async {
        let slow = spawn(async {
            let Double(first, late) = receive().await;
            let Double(second, in_time) = receive().await;
            let _ = late.reply(first);
            let _ = in_time.reply(second);
        });
        let first = call_timeout(LIMIT, slow, |reply_to| Double(1, reply_to)).await;
        assert_eq!(first, Err(CallError::TimedOut));
        assert_eq!(call(slow, |reply_to| Double(2, reply_to)).await, Ok(2));
        assert_eq!(try_receive::<()>(), None);
        assert_eq!(traffic().expect("all cores come to rest").late_answers, 1);
    });
}

/// Asks for the double of 1.
async fn ask(to: Pid) -> Result<u32, CallError> {
    call(to, |reply_to| Double(1, reply_to)).await
}

/// Waits for ever, or until it crashes there.
async fn hang() {
    core::future::pending::<()>().await;
}

#[test]
fn a_process_that_asks_itself_gets_an_error() {
    run(async {
        assert_eq!(ask(own()).await, Err(CallError::OwnQuestion));
        assert_eq!(try_receive::<Double>().map(|it| it.0), None);
    });
}

#[test]
fn nobody_is_not_waited_for() {
    run(async {
        let gone = spawn(async {});
        yield_now().await;
        assert_eq!(ask(gone).await, Err(CallError::NoAnswer));
        assert_eq!(traffic().expect("all cores come to rest").dead_letters, 1);
    });
}

#[test]
fn a_question_that_was_given_up_is_read_and_its_answer_dropped_by_its_author() {
    run(async {
        let me = own();
        let busy = spawn(async move {
            sleep(10 * LIMIT).await;
            let Double(number, reply_to) = receive().await;
            assert_eq!(reply_to.reply(number), Ok(Sent::ToNobody));
            send(me, 'x').unwrap();
        });
        let answer = call_timeout(LIMIT, busy, |reply_to| Double(1, reply_to)).await;
        assert_eq!(answer, Err(CallError::TimedOut));
        assert_eq!(receive::<char>().await, 'x');
        assert_eq!(traffic().expect("all cores come to rest").late_answers, 1);
    });
}

#[test]
fn a_question_that_was_given_up_with_its_answer_in_the_mailbox_is_forgotten() {
    run(async {
        let me = own();
        let server = spawn(doubler());
        let mut asking = Box::pin(ask(server));
        let first = core::future::poll_fn(|context| Poll::Ready(asking.as_mut().poll(context)));
        assert!(first.await.is_pending());
        send(me, 1_u8).unwrap();
        yield_now().await;
        drop(asking);
        send(me, 2_u8).unwrap();
        assert_eq!([receive::<u8>().await, receive().await], [1, 2]);
        assert_eq!(traffic().expect("all cores come to rest").late_answers, 1);
        kill(server);
    });
}

/// Polls several at a time.
async fn all<T, F: Future<Output = T>>(futures: Vec<F>) -> Vec<T> {
    let mut futures: Vec<_> = futures
        .into_iter()
        .map(|future| (Box::pin(future), None))
        .collect();
    core::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *output = Some(value),
                    Poll::Pending => is_done = false,
                }
            }
        }
        match is_done {
            true => Poll::Ready(futures.iter_mut().filter_map(|it| it.1.take()).collect()),
            false => Poll::Pending,
        }
    })
    .await
}

#[test]
fn several_calls_at_a_time_get_each_its_own_answer() {
    run(async {
        let server = spawn(async {
            let mut held = Vec::new();
            while held.len() < 5 {
                held.push(receive::<Double>().await);
            }
            // The last one first.
            while let Some(Double(number, reply_to)) = held.pop() {
                let _ = reply_to.reply(2 * number);
                yield_now().await;
            }
        });
        let calls = (0..5).map(|number| call(server, move |reply_to| Double(number, reply_to)));
        assert_eq!(
            all(calls.collect()).await,
            [Ok(0), Ok(2), Ok(4), Ok(6), Ok(8)]
        );
    });
}

#[test]
fn who_is_asked_may_ask_others_meanwhile() {
    async fn chain(next: Option<Pid>) {
        loop {
            let Double(number, reply_to) = receive().await;
            let answer = match next {
                Some(next) => call(next, |reply_to| Double(number + 1, reply_to)).await,
                None => Ok(2 * number),
            };
            let _ = reply_to.reply(answer.unwrap());
        }
    }

    run(async {
        let mut next = None;
        for _ in 0..10 {
            next = Some(spawn(chain(next)));
        }
        let first = next.unwrap();
        for _ in 0..3 {
            assert_eq!(ask(first).await, Ok(20));
        }
        process::processes()
            .filter(|&pid| pid != own())
            .for_each(|pid| {
                kill(pid);
            });
    });
}

#[test]
fn a_question_is_received_in_every_way() {
    run(async {
        let me = own();
        let server = spawn(async move {
            let _ = receive_any().await.downcast::<Double>().unwrap().1.reply(1);
            let Double(_, reply_to) = receive_where(|it: &Double| it.0 == 1).await;
            let _ = reply_to.reply(2);
            send(me, 'x').unwrap();
            receive::<()>().await;
            let Double(_, reply_to) = try_receive().unwrap();
            let _ = reply_to.reply(3);
            let Ok(Double(_, reply_to)) = receive_timeout(LIMIT).await else {
                panic!("none came");
            };
            let _ = reply_to.reply(4);
        });
        assert_eq!(ask(server).await, Ok(1));
        assert_eq!(ask(server).await, Ok(2));
        assert_eq!(receive::<char>().await, 'x');
        spawn(async move { put(server, ()) });
        assert_eq!(ask(server).await, Ok(3));
        assert_eq!(ask(server).await, Ok(4));
    });
}

#[test]
fn large_questions_and_answers_travel_in_boxes() {
    struct Large([u64; 50], ReplyTo<[u64; 60]>);

    run(async {
        let server = spawn(async {
            for _ in 0..2 {
                let Large(numbers, reply_to) = receive().await;
                assert!(reply_to.reply([numbers[49]; 60]).is_ok());
            }
            drop(receive_any().await.downcast::<Large>());
            hang().await;
        });
        let ask = |reply_to| Large([7; 50], reply_to);
        assert_eq!(call(server, ask).await, Ok([7; 60]));
        assert_eq!(call(server, ask).await, Ok([7; 60]));
        assert_eq!(call(server, ask).await, Err(CallError::NoAnswer));
        kill(server);
        assert_eq!(call(server, ask).await, Err(CallError::NoAnswer));
    });
}

#[test]
fn a_right_that_is_kept_out_of_its_question_answers_when_that_was_read() {
    run(async {
        let server = spawn(async { while receive::<u8>().await != 0 {} });
        // Let drop at once.
        let answer = call(server, |reply_to: ReplyTo<u32>| {
            drop(reply_to);
            1_u8
        });
        assert_eq!(answer.await, Err(CallError::NoAnswer));
        // Used too early.
        let answer = call(server, |reply_to: ReplyTo<u32>| {
            assert_eq!(reply_to.reply(5), Err(5));
            1_u8
        });
        assert_eq!(answer.await, Err(CallError::NoAnswer));
        // Given to somebody else.
        let answer = call(server, |reply_to: ReplyTo<u32>| {
            spawn(async move {
                yield_now().await;
                yield_now().await;
                assert_eq!(reply_to.reply(5), Ok(Sent::Delivered));
            });
            1_u8
        });
        assert_eq!(answer.await, Ok(5));
        put(server, 0_u8);
    });
}

#[test]
fn without_memory_for_its_note_a_question_is_answered_with_that() {
    let mut driver = Driver::with_room_for(3);
    let log = Log::new();
    let server = spawn(async {
        receive::<Double>().await;
        hang().await;
    });
    let asker = {
        let log = log.clone();
        spawn(async move {
            while send(own(), 0_u64).is_ok() {}
            assert_eq!(receive::<u64>().await, 0);
            log.add(ask(server).await);
            while send(own(), 0_u64).is_ok() {}
            log.add(ask(server).await);
        })
    };
    driver.run();
    let both = [CallError::NoEnvelope; 2].map(Err::<u32, _>);
    assert_eq!(log.take(), both);
    assert!(!process::is_alive(asker));
    kill(server);
    driver.run();
}

#[test]
fn a_cast_is_answered_to_nobody() {
    run(async {
        let me = own();
        let server = spawn(async move {
            let Double(number, reply_to) = receive().await;
            send(me, reply_to.reply(2 * number)).unwrap();
        });
        let sent = cast(server, |reply_to| Double(1, reply_to)).map_err(|_| ());
        assert_eq!(sent, Ok(Sent::Delivered));
        let replied: Result<Sent, u32> = receive().await;
        assert_eq!(replied, Ok(Sent::ToNobody));
    });
}

#[test]
#[should_panic(expected = "only who has asked is answered")]
fn a_call_is_awaited_where_it_was_begun() {
    run(async {
        let server = spawn(doubler());
        let mut asking = Box::pin(ask(server));
        let first = core::future::poll_fn(|context| Poll::Ready(asking.as_mut().poll(context)));
        assert!(first.await.is_pending());
        spawn(async move {
            let _ = asking.await;
        });
    });
}
