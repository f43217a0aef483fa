//! What becomes of questions when one of those ends whom they concern.

use super::*;

#[test]
fn a_callee_that_crashes_with_the_question_ends_its_call() {
    run_with(async |doomed| {
        let server = spawn(async {
            let _held = receive::<Double>().await;
            hang().await;
        });
        doomed.add(server);
        assert_eq!(ask(server).await, Err(CallError::NoAnswer));
    });
}

#[test]
fn a_callee_that_crashes_beside_the_question_ends_its_call() {
    run_with(async |doomed| {
        let server = spawn(async {
            receive::<()>().await;
        });
        doomed.add(server);
        assert_eq!(ask(server).await, Err(CallError::NoAnswer));
    });
}

#[test]
fn what_a_callee_forgets_its_end_answers() {
    run(async {
        let server = spawn(async {
            core::mem::forget(receive::<Double>().await);
            sleep(LIMIT).await;
        });
        assert_eq!(ask(server).await, Err(CallError::NoAnswer));
        assert!(here::now() >= 1_000, "before its end");
    });
}

#[test]
fn a_worker_answers_what_was_passed_on() {
    run(async {
        let worker = spawn(doubler());
        let server = spawn(async move {
            loop {
                let question: Double = receive().await;
                send(worker, question).unwrap();
            }
        });
        for number in 0..10_000 {
            let answer = call(server, |reply_to| Double(number, reply_to)).await;
            assert_eq!(answer, Ok(2 * number));
        }
        assert!(
            envelopes_in_use().expect("all cores come to rest") < 4,
            "old notes are kept"
        );
        kill(server);
        kill(worker);
    });
}

#[test]
fn whoever_was_asked_first_ends_the_call_even_if_it_has_passed_it_on() {
    run_with(async |doomed| {
        let me = own();
        let worker = spawn(async move {
            let Double(number, reply_to) = receive().await;
            receive::<()>().await;
            assert_eq!(reply_to.reply(number), Ok(Sent::ToNobody));
            send(me, 'x').unwrap();
        });
        let server = spawn(async move {
            send(worker, receive::<Double>().await).unwrap();
            hang().await;
        });
        doomed.add(server);
        assert_eq!(ask(server).await, Err(CallError::NoAnswer));
        send(worker, ()).unwrap();
        assert_eq!(receive_any().await.downcast::<char>().unwrap(), 'x');
        assert_eq!(traffic().expect("all cores come to rest").late_answers, 1);
    });
}

#[test]
fn ten_thousand_open_questions_end_with_their_callee_in_slices() {
    const QUESTIONS: usize = 10_000;
    let driver = run_with(async |doomed| {
        let me = own();
        let server = spawn(async move {
            let mut held = Vec::new();
            for _ in 0..QUESTIONS {
                held.push(receive::<Double>().await);
            }
            hang().await;
        });
        doomed.add(server);
        for _ in 0..QUESTIONS {
            spawn(async move { put(me, ask(server).await) });
        }
        for _ in 0..QUESTIONS {
            let answer: Result<u32, CallError> = receive().await;
            assert_eq!(answer, Err(CallError::NoAnswer));
        }
    });
    assert!(
        driver.yields >= QUESTIONS / REDUCTIONS as usize - 1,
        "all at once"
    );
}

#[test]
fn a_crowd_of_open_questions_leaves_no_crowd_of_notes() {
    run(async {
        let me = own();
        let server = spawn(async {
            let mut held = Vec::new();
            loop {
                let Double(number, reply_to) = receive().await;
                held.push(reply_to);
                if number == 0 {
                    held.drain(..).for_each(drop);
                }
            }
        });
        let rounds = [1_000, 1_000, 1_000];
        for number in rounds {
            for number in (0..number).rev() {
                spawn(async move {
                    let ask = call(server, |reply_to| Double(number, reply_to));
                    put(me, ask.await);
                });
            }
            for _ in 0..number {
                assert!(receive::<Result<u32, CallError>>().await.is_err());
            }
        }
        // And those that this process has emptied since it was last given something to spend.
        let emptied = REDUCTIONS as usize;
        assert!(
            envelopes_in_use().expect("all cores come to rest") <= 1_002 + emptied,
            "{}",
            envelopes_in_use().expect("all cores come to rest")
        );
        for _ in 0..1_000 {
            let answer = call(server, |reply_to| Double(0, reply_to)).await;
            assert_eq!(answer, Err(CallError::NoAnswer));
        }
        assert!(
            envelopes_in_use().expect("all cores come to rest") <= 2,
            "{}",
            envelopes_in_use().expect("all cores come to rest")
        );
        kill(server);
    });
}

#[test]
fn an_answer_to_whoever_is_gone_comes_to_nothing() {
    for is_crash in [false, true] {
        run_with(async move |doomed| {
            let me = own();
            let server = spawn(async move {
                let Double(number, reply_to) = receive().await;
                receive::<()>().await;
                assert_eq!(reply_to.reply(number), Ok(Sent::ToNobody));
                send(me, 'x').unwrap();
            });
            let asker = spawn(async move {
                let _ = ask(server).await;
                unreachable!("ended before");
            });
            if is_crash {
                doomed.add(asker);
            }
            yield_now().await;
            yield_now().await;
            kill(asker);
            yield_now().await;
            send(server, ()).unwrap();
            assert_eq!(receive::<char>().await, 'x');
        });
    }
}
