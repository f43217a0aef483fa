//! What safe code may do with a mailbox that nobody has in mind: each comes to an answer, and no message is lost.

use super::*;
use core::task::Waker;
use girder_lockfree::mail::{NotAsked, Question, ask};
use girder_lockfree::process::is_spent;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is passed over.
struct Noise;
/// What is taken out between.
struct Other;

type Begun = Pin<Box<Receive<Witness>>>;

fn poll_by_hand<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A receive that has passed over some noise, after a change of the list.
fn begun() -> Begun {
    put(own(), Noise);
    put(own(), Other);
    assert!(poll_by_hand(&mut Box::pin(receive::<Witness>())).is_pending());
    assert!(try_receive::<Other>().is_some());
    let mut begun = Box::pin(receive::<Witness>());
    assert!(poll_by_hand(&mut begun).is_pending());
    begun
}

#[test]
fn a_receive_that_goes_to_another_process_finds_that_ones_messages() {
    let drops = Arc::new(AtomicUsize::new(0));
    let seen = drops.clone();
    run(async move {
        let other = spawn(async {
            let mut moved: Begun = receive().await;
            // The same happens to this mailbox as to the other one.
            let _own = begun();
            assert!(poll_by_hand(&mut moved).is_pending(), "another's message");
        });
        let begun = begun();
        put(own(), Witness(seen.clone()));
        assert!(try_receive::<char>().is_none(), "only taken in");
        put(other, begun);
        yield_now().await;
        yield_now().await;
        assert_eq!(seen.load(SeqCst), 0);
        assert!(try_receive::<Witness>().is_some(), "lost");
    });
    assert_eq!(drops.load(SeqCst), 1);
}

struct Asked(ReplyTo<u32>);

/// Asks somebody who answers at once, and waits until the answer is there.
async fn answered() -> Question<u32> {
    let server = spawn(async {
        let Asked(reply_to) = receive().await;
        assert_eq!(reply_to.reply(7), Ok(Sent::Delivered));
    });
    let question = ask(server, Asked).expect("there is memory");
    yield_now().await;
    yield_now().await;
    question
}

#[test]
fn a_filter_can_not_take_an_answer_out() {
    let drops = Arc::new(AtomicUsize::new(0));
    let seen = drops.clone();
    run(async move {
        let mut question = answered().await;
        put(own(), Witness(seen.clone()));
        put(own(), 1_u32);
        let mut poll = || -> Poll<Result<u32, NotAsked>> {
            question.poll(&Context::from_waker(Waker::noop()))
        };
        let filter = |_: &Witness| {
            let polled = catch_unwind(AssertUnwindSafe(&mut poll));
            assert!(polled.is_err(), "it was taken from below the filter");
            true
        };
        drop(receive_where(filter).await);
        assert!(try_receive::<Witness>().is_none(), "received twice");
        assert_eq!(poll(), Poll::Ready(Ok(7)));
        assert_eq!(receive::<u32>().await, 1);
    });
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn an_urgent_message_that_comes_while_a_filter_asks_is_not_lost() {
    run(async {
        let lane = urgent_lane().expect("there is memory");
        let urgent = UrgentAddr::<u32>::of(&lane);
        let nobody = spawn(async {});
        put(own(), 'a');
        let filter = |_: &char| {
            urgent.send(1).unwrap();
            // What is in the mailbox now can't be the answer, so this looks there.
            ask(nobody, Asked).is_ok()
        };
        assert_eq!(receive_where(filter).await, 'a');
        assert_eq!(try_receive::<u32>(), Some(1));
    });
}

#[test]
fn who_receives_without_awaiting_pays_as_well() {
    run(async {
        (0..REDUCTIONS).for_each(|number| put(own(), number));
        yield_now().await;
        while !is_spent() {
            assert!(try_receive::<i32>().is_some(), "all for nothing");
        }
        yield_now().await;
        while try_receive::<i32>().is_some() {}
    });
}
