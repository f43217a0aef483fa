//! Futures that are not treated as futures should be: whoever does that may die of it, and nobody else.

use alloc::boxed::Box;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use girder::{ExitReason, receive, send, sleep, spawn_watched};
use girder_lockfree::process::hibernate;

type Any = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Polls a future once, whatever comes of it.
async fn begin(future: &mut Any) {
    poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

#[girder::test]
async fn a_future_that_is_polled_after_its_end_ends_its_process() {
    let (_, watch) = spawn_watched(|| async {
        let mut over: Any = Box::pin(async {});
        begin(&mut over).await;
        begin(&mut over).await;
    })
    .expect("there is room");
    let reason = watch.await;
    let ExitReason::Panicked(words) = &reason else {
        panic!("{reason}");
    };
    assert!(words.as_str().contains("completion"), "{reason}");
}

/// Begun here, and dropped, polled on or forgotten there: what it had begun is nobody's any more, or goes on there.
async fn go_astray(begun: fn() -> Any) {
    for fate in 0..3 {
        let (other, watch) = spawn_watched(move || async move {
            let mut future: Any = receive().await;
            match fate {
                0 => drop(future),
                1 => {
                    begin(&mut future).await;
                    drop(future);
                }
                _ => {
                    begin(&mut future).await;
                    panic!("with the future of another")
                }
            }
        })
        .expect("there is room");
        let mut future = begun();
        begin(&mut future).await;
        assert!(send(other, future).is_ok(), "there is memory");
        let reason = watch.await;
        match fate {
            2 => assert!(matches!(reason, ExitReason::Panicked(_)), "{reason}"),
            _ => assert_eq!(reason, ExitReason::Returned),
        }
        // Whoever has begun it is as well as before.
        sleep(Duration::from_millis(1)).await;
    }
}

#[girder::test]
async fn a_sleep_that_ends_elsewhere_harms_nobody() {
    go_astray(|| Box::pin(sleep(Duration::from_millis(2)))).await;
}

#[girder::test]
async fn a_receive_that_ends_elsewhere_harms_nobody() {
    struct Never;
    go_astray(|| {
        Box::pin(async {
            let _: Never = receive().await;
        })
    })
    .await;
}

/// One that is given up before it was begun, and one in the middle.
#[girder::test]
async fn a_hibernation_that_is_dropped_does_not_happen() {
    let (_, watch) = spawn_watched(|| async {
        drop(hibernate((), |()| async { panic!("it was dropped") }));
        let mut begun = Box::pin(async {
            hibernate((), |()| async { panic!("it was dropped") }).await;
        });
        poll_fn(|context| {
            let _ = begun.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
        drop(begun);
        sleep(Duration::from_millis(1)).await;
    })
    .expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
}
