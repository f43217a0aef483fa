//! What is received, and in which order.

use super::*;

#[test]
fn messages_arrive_in_order_whenever_they_are_looked_for() {
    run(async {
        let me = own();
        spawn(async move {
            for number in 0..500_u32 {
                send(me, number).unwrap();
                if number % 7 == 0 {
                    yield_now().await;
                }
            }
        });
        for number in 0..500 {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

#[test]
fn other_types_stay_where_they_are_in_order() {
    run(async {
        for number in 0..3_u32 {
            send(own(), number).unwrap();
            send(own(), 'a').unwrap();
            send(own(), [number; 100]).unwrap();
        }
        assert_eq!(receive::<[u32; 100]>().await, [0; 100]);
        assert_eq!(receive::<char>().await, 'a');
        let odd = receive_where(|number: &u32| number % 2 == 1).await;
        assert_eq!(odd, 1);
        assert_eq!([receive::<u32>().await, receive().await], [0, 2]);
        assert_eq!(receive_any().await.downcast::<char>().unwrap(), 'a');
        let block = receive_any().await.downcast::<char>().unwrap_err();
        assert_eq!(block.downcast::<[u32; 100]>().unwrap(), [1; 100]);
        assert_eq!(receive::<[u32; 100]>().await, [2; 100]);
        assert_eq!(try_receive::<char>(), Some('a'));
        assert_eq!(try_receive::<char>(), None);
    });
}

#[test]
fn a_filter_is_asked_once_about_each_message_in_slices_that_are_paid_for() {
    const SKIPPED: usize = 100_000;
    let asked = Arc::new(AtomicUsize::new(0));
    let driver = {
        let asked = asked.clone();
        run(async move {
            let me = own();
            (0..SKIPPED as u64).for_each(|number| put(me, number));
            spawn(async move {
                for late in 0..10 {
                    yield_now().await;
                    send(me, u64::MAX - 9 + late).unwrap();
                }
            });
            let wants = |number: &u64| {
                asked.fetch_add(1, SeqCst);
                *number == u64::MAX
            };
            assert_eq!(receive_where(wants).await, u64::MAX);
            assert_eq!(asked.load(SeqCst), SKIPPED + 10);
            for number in 0..SKIPPED as u64 {
                assert_eq!(receive::<u64>().await, number);
            }
            (0..9).for_each(|_| assert!(try_receive::<u64>().is_some()));
        })
    };
    // One reduction for sixteen looks, and one for each that is taken.
    let least = SKIPPED / 16 / REDUCTIONS as usize + SKIPPED / REDUCTIONS as usize;
    assert!(driver.yields >= least, "only {} yields", driver.yields);
}

#[test]
fn what_is_large_or_oddly_aligned_travels_in_a_box() {
    #[repr(align(64))]
    #[derive(Debug, PartialEq)]
    struct Odd(u8);

    #[repr(align(32))]
    #[derive(Debug, PartialEq)]
    struct Nothing;

    run(async {
        send(own(), [7_u64; 1000]).unwrap();
        send(own(), Odd(3)).unwrap();
        send(own(), Nothing).unwrap();
        send(own(), ()).unwrap();
        assert_eq!(receive::<()>().await, ());
        assert_eq!(receive::<Nothing>().await, Nothing);
        let odd = receive::<Odd>().await;
        assert!(odd == Odd(3) && (&raw const odd).addr().is_multiple_of(64));
        assert_eq!(receive::<[u64; 1000]>().await, [7; 1000]);
    });
}

#[test]
#[should_panic(expected = "a filter can't receive")]
fn a_filter_that_receives_is_stopped() {
    run(async {
        send(own(), 1_u8).unwrap();
        send(own(), 2_u8).unwrap();
        let greedy = |_: &u8| try_receive::<u8>().is_some();
        receive_where(greedy).await;
    });
}
