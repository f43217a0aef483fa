//! What safe code may do with a mailbox that nobody has in mind: each comes to an answer, and no message is lost.

use super::*;
use core::task::Waker;

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
