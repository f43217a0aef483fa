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
