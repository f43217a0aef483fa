//! More messages than there is memory or room for.

use super::*;

#[test]
fn without_memory_a_message_comes_back() {
    let table = Box::leak(Box::new(Table::new(1)));
    Box::leak(Box::new(Here::new())).simulate(table);
    let alone = process::spawn(async {}, 2).unwrap();
    let sent = (0..10_000).take_while(|&n| send(alone, n).is_ok()).count();
    assert!(sent >= 4, "a process may have so many");
    assert_eq!(send(alone, 7), Err(SendError::NoEnvelope(7)));
    assert_eq!(traffic().expect("all cores come to rest").refused, 2);
    let token = collect().newborn.queue.pop_front().unwrap();
    token.give_up().discontinue();
}

#[test]
fn a_receive_that_never_matches_ends_in_time_and_leaves_everything_in_order() {
    const SKIPPED: u32 = 100_000;
    run(async {
        let me = own();
        (0..SKIPPED).for_each(|number| put(me, number));
        let never = receive_where(|number: &u32| *number == u32::MAX);
        assert_eq!(timeout(LIMIT, never).await, Err(Elapsed));
        assert_eq!(receive_timeout::<char>(LIMIT).await, Err(Elapsed));
        for number in 0..SKIPPED {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

#[test]
fn messages_to_pids_out_of_thin_air_and_to_the_long_dead_go_to_nobody() {
    run(async {
        let gone = spawn(async {});
        yield_now().await;
        for stranger in ["0.0", "99999.1", "268435455.1", "1.7"] {
            if let Ok(pid) = stranger.parse::<Pid>() {
                assert_eq!(send(pid, 1_u8), Ok(Sent::ToNobody), "{stranger}");
                assert_eq!(send_wait(pid, 1_u8).await, Ok(Sent::ToNobody));
            }
        }
        // Others live in its slot meanwhile, one after the other.
        for _ in 0..10 {
            let newcomer = spawn(async {
                assert_eq!(receive_timeout::<u8>(LIMIT).await, Err(Elapsed));
            });
            assert_eq!(send(gone, 1_u8), Ok(Sent::ToNobody));
            kill(newcomer);
            yield_now().await;
        }
    });
}

#[test]
fn who_has_much_to_spend_keeps_few_of_the_envelopes_that_it_empties() {
    const MESSAGES: usize = 20_000;
    const KEPT_MOST: usize = 2_048 + 65;
    for wants_all in [true, false] {
        let mut driver = Driver::with_reductions(1_000_000);
        spawn(async move {
            (0..MESSAGES).for_each(|number| put(own(), number));
            for number in 0..MESSAGES - 1_000 {
                let received = match wants_all {
                    true => receive().await,
                    false => receive_where(|_: &usize| true).await,
                };
                assert_eq!(received, number);
            }
            let left = envelopes_in_use().expect("all cores come to rest");
            assert!(left <= 1_000 + KEPT_MOST, "{left} are not given back");
        });
        driver.run();
        assert_eq!(driver.yields, 0, "all of it is one budget");
    }
}
