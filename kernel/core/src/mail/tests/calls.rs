//! Questions and answers.

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
        assert_eq!(traffic().late_answers, 1);
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
        assert_eq!(traffic().late_answers, 1);
    });
}
