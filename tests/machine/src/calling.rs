//! Who asks is told when there will be no answer, however the process that was asked comes to its end.

use crate::support::Rival;
use core::future::pending;
use core::hint::black_box;
use core::mem::forget;
use core::time::Duration;
use girder::{
    CallError, Pid, ReplyTo, call, call_timeout, cast, kill, own_pid, receive, send, sleep, spawn,
    spawn_watched, traffic, yield_now,
};

struct Double(u32, ReplyTo<u32>);

async fn doubler() {
    loop {
        let Double(number, reply_to) = receive().await;
        let _ = reply_to.reply(2 * number);
    }
}

async fn ask(to: Pid) -> Result<u32, CallError> {
    call(to, |reply_to| Double(1, reply_to)).await
}

fn start(body: impl Future<Output = ()> + Send + 'static) -> Pid {
    spawn(body).expect("there is room")
}

/// That nothing is to be said is not that nothing is said: what stands for that must not be taken for it where the linker
/// has put what is alike into one place.
#[girder::test]
async fn an_answer_of_nothing_is_an_answer() {
    struct Done(ReplyTo<()>);

    let server = start(async {
        let Done(reply_to) = receive().await;
        let _ = reply_to.reply(());
        drop(receive::<Done>().await);
        pending().await
    });
    assert_eq!(call(server, Done).await, Ok(()));
    assert_eq!(call(server, Done).await, Err(CallError::NoAnswer));
    kill(server);
}

#[girder::test]
async fn a_call_of_one_that_panics_over_it_ends() {
    let server = start(async {
        let Double(number, _reply_to) = receive().await;
        assert_eq!(number, 0, "this one panics, and that is right");
    });
    assert_eq!(ask(server).await, Err(CallError::NoAnswer));
}

#[girder::test]
async fn a_call_of_one_that_faults_over_it_ends() {
    let server = start(async {
        let Double(_, reply_to) = receive().await;
        let null = black_box(core::ptr::null::<u32>());
        // SAFETY: none; that is what the process ends for.
        let number = unsafe { null.read_volatile() };
        let _ = reply_to.reply(number);
    });
    assert_eq!(ask(server).await, Err(CallError::NoAnswer));
}

#[girder::test]
async fn a_call_of_a_spinner_that_is_killed_ends() {
    let rival = Rival::begin().await;
    let killer = start(async {
        let server: Pid = receive().await;
        kill(server);
    });
    let server = start(async move {
        let _question: Double = receive().await;
        let _ = send(killer, own_pid());
        loop {
            black_box(());
        }
    });
    assert_eq!(ask(server).await, Err(CallError::NoAnswer));
    drop(rival);
}

#[girder::test]
async fn a_call_whose_question_is_forgotten_ends_with_whoever_forgot() {
    let server = start(async {
        forget(receive::<Double>().await);
        sleep(Duration::from_millis(1)).await;
    });
    assert_eq!(ask(server).await, Err(CallError::NoAnswer));
}

#[girder::test]
async fn a_worker_s_answer_comes_too_late_if_whoever_was_asked_has_crashed() {
    let worker = start(async {
        let Double(number, reply_to) = receive().await;
        let () = receive().await;
        let _ = reply_to.reply(number);
        pending().await
    });
    let server = start(async move {
        let question: Double = receive().await;
        assert!(send(worker, question).is_ok());
        panic!("this one panics, and that is right");
    });
    let late = traffic().expect("all cores come to rest").late_answers;
    assert_eq!(ask(server).await, Err(CallError::NoAnswer));
    assert!(send(worker, ()).is_ok());
    while traffic().expect("all cores come to rest").late_answers == late {
        yield_now().await;
    }
    kill(worker);
}

/// Whoever makes a question crashes over it: what it was to travel in comes back, or thousands of such would use up
/// all memory.
#[girder::test]
async fn one_that_crashes_while_it_makes_a_question_asks_nothing() {
    let server = start(doubler());
    for _ in 0..100 {
        let make = move || async move {
            let question = |_: ReplyTo<u32>| -> Double { panic!("and that is right") };
            let _ = call(server, question).await;
        };
        let (_, watch) = spawn_watched(make).expect("there is room");
        assert!(watch.await.is_crash());
    }
    assert_eq!(ask(server).await, Ok(2));
    kill(server);
}

#[girder::test]
async fn a_thousand_open_questions_end_with_one_crash() {
    const QUESTIONS: u32 = 1_000;
    let me = own_pid();
    let server = start(async {
        for _ in 0..QUESTIONS {
            forget(receive::<Double>().await);
        }
        panic!("this one panics, and that is right");
    });
    for _ in 0..QUESTIONS {
        start(async move {
            let answer = ask(server).await;
            assert!(send(me, answer).is_ok());
        });
    }
    for _ in 0..QUESTIONS {
        let answer: Result<u32, CallError> = receive().await;
        assert_eq!(answer, Err(CallError::NoAnswer));
    }
}

#[girder::test]
async fn a_call_ends_in_time_and_a_cast_at_once() {
    let server = start(async {
        let Double(_, late) = receive().await;
        let Double(_, reply_to) = receive().await;
        let _ = late.reply(0);
        let _ = reply_to.reply(2);
        pending().await
    });
    let limit = Duration::from_millis(2);
    let answer = call_timeout(limit, server, |reply_to| Double(1, reply_to)).await;
    assert_eq!(answer, Err(CallError::TimedOut));
    assert_eq!(ask(server).await, Ok(2));
    assert!(cast(server, |reply_to| Double(1, reply_to)).is_ok());
    assert_eq!(ask(own_pid()).await, Err(CallError::OwnQuestion));
    kill(server);
    assert_eq!(ask(server).await, Err(CallError::NoAnswer));
}
