//! Waiting for mail, with a time, in a combinator, or for something else.

use super::*;

#[test]
fn a_wait_for_mail_ends_in_time_and_takes_what_is_there_at_once() {
    run(async {
        assert_eq!(receive_timeout::<u8>(LIMIT).await, Err(Elapsed));
        assert!(here::now() >= 1_000);
        send(own(), 1_u8).unwrap();
        assert_eq!(receive_timeout::<u8>(Duration::ZERO).await, Ok(1));
        send(own(), ()).unwrap();
        assert!(timeout(Duration::MAX, receive_any()).await.is_ok());
    });
}

#[test]
fn who_sleeps_is_not_kept_awake_by_its_mail() {
    let mut driver = Driver::new();
    let sleeper = spawn(async {
        sleep(LIMIT).await;
        assert_eq!(receive::<u32>().await, 0);
        assert!(here::now() >= 1_000);
    });
    driver.collect();
    let token = driver.ready.pop_front().unwrap();
    driver.turn(token);
    (0..10_u32).for_each(|number| put(sleeper, number));
    driver.collect();
    assert!(driver.ready.is_empty(), "woken by mail");
    driver.run();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn a_receive_inside_a_combinator_with_wakers_of_its_own_is_found() {
    struct Wrapped<F>(F, Arc<AtomicUsize>);

    struct Flag(core::task::Waker);

    impl alloc::task::Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.wake_by_ref();
        }
    }

    impl<F: Future + Unpin> Future for Wrapped<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            self.1.fetch_add(1, SeqCst);
            let waker = Arc::new(Flag(context.waker().clone())).into();
            Pin::new(&mut self.0).poll(&mut Context::from_waker(&waker))
        }
    }

    run(async {
        let me = own();
        spawn(async move {
            yield_now().await;
            yield_now().await;
            send(me, 5_u8).unwrap();
        });
        let polls = Arc::new(AtomicUsize::new(0));
        assert_eq!(Wrapped(receive::<u8>(), polls.clone()).await, 5);
        assert!(polls.load(SeqCst) > 1);
    });
}
