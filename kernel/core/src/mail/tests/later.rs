//! Messages that are sent at a time.

use super::*;
use crate::time::{Cancelled, Instant, NoPeriodic, PERIOD_MIN, send_after, send_at, send_every};
use girder_lockfree::process::simulate_counting_alarms;

const TICK: u64 = 1_024;

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

#[test]
fn a_message_comes_at_its_time_and_the_earliest_first() {
    run(async {
        for delay in [30, 10, 20] {
            send_after(micros(delay), own(), delay).unwrap();
        }
        for delay in [10, 20, 30] {
            assert_eq!(receive::<u64>().await, delay);
            assert!((delay * 1_000..delay * 1_000 + 2 * TICK).contains(&here::now()));
        }
        assert_eq!(simulate_counting_alarms(), 0);
    });
}

#[test]
fn a_time_that_is_over_is_the_next_tick_and_never_never_comes() {
    run(async {
        sleep(micros(50)).await;
        let start = here::now();
        send_at(Instant::from_nanos(0), own(), 'p').unwrap();
        send_after(Duration::ZERO, own(), 'z').unwrap();
        assert_eq!([receive::<char>().await, receive().await], ['p', 'z']);
        assert!(here::now() <= start + TICK);
        let latest = [Duration::MAX, Duration::from_nanos(u64::MAX)];
        let never = latest.map(|delay| send_after(delay, own(), 'n').unwrap());
        assert_eq!(
            receive_timeout::<char>(Duration::from_secs(90_000)).await,
            Err(Elapsed)
        );
        assert_eq!(never.map(|it| it.cancel()), [Cancelled::InTime; 2]);
    });
}

#[test]
fn who_cancels_is_told_whether_it_was_in_time() {
    let drops = Arc::new(AtomicUsize::new(0));
    let in_process = drops.clone();
    run(async move {
        let early = send_after(micros(10), own(), Witness(in_process.clone())).unwrap();
        assert_eq!(early.cancel(), Cancelled::InTime);
        assert_eq!(in_process.load(SeqCst), 1);
        assert_eq!(early.cancel(), Cancelled::TooLate);
        // The next one in its place is another one.
        let next = send_after(micros(10), own(), 'x').unwrap();
        assert_eq!(early.cancel(), Cancelled::TooLate);
        assert_eq!(receive::<char>().await, 'x');
        assert_eq!(next.cancel(), Cancelled::TooLate);
        let large = send_after(micros(10), own(), [7_u64; 100]).unwrap();
        let me = own();
        spawn(async move { put(me, large.cancel()) });
        assert_eq!(receive::<Cancelled>().await, Cancelled::InTime);
    });
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_message_outlives_whoever_set_it_however_that_ends() {
    for is_crash in [false, true] {
        run_with(async move |doomed| {
            let me = own();
            let author = spawn(async move {
                send_after(micros(10), me, 'x').unwrap();
                core::future::pending::<()>().await;
            });
            match is_crash {
                true => doomed.add(author),
                false => {
                    yield_now().await;
                    kill(author);
                }
            }
            assert_eq!(receive::<char>().await, 'x');
        });
    }
}

#[test]
fn what_finds_its_receiver_gone_is_dropped_once() {
    const MESSAGES: usize = 1_000;
    let drops = Arc::new(AtomicUsize::new(0));
    let in_process = drops.clone();
    run(async move {
        let gone = spawn(async {});
        for _ in 0..MESSAGES {
            send_after(micros(5), gone, Witness(in_process.clone())).unwrap();
        }
        sleep(micros(20)).await;
    });
    assert_eq!(drops.load(SeqCst), MESSAGES);
    let traffic = traffic().expect("all cores come to rest");
    assert_eq!((traffic.dead_letters, traffic.unread), (MESSAGES as u64, 0));
}

#[test]
fn ten_thousand_come_at_one_time_each_once() {
    run(async {
        for number in 0..10_000_u32 {
            send_after(micros(5), own(), number).unwrap();
        }
        for number in 0..10_000 {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

#[test]
fn what_finds_no_room_is_dropped() {
    run(async {
        let me = own();
        let bound = Bound::new(1, Overflow::Refuse).unwrap();
        let body = async move {
            let () = receive().await;
            while let Some(number) = try_receive::<u32>() {
                put(me, number);
            }
        };
        let receiver = process::spawn_bounded(body, 2, bound).unwrap();
        for number in 0..3_u32 {
            send_after(micros(5), receiver, number).unwrap();
        }
        sleep(micros(20)).await;
        assert!(send(receiver, ()).is_err(), "no room is left");
        kill(receiver);
    });
    let traffic = traffic().expect("all cores come to rest");
    // The one that had room was there when its receiver ended.
    assert_eq!(
        (traffic.dropped, traffic.unread, traffic.dead_letters),
        (2, 1, 0)
    );
}

#[test]
fn without_memory_what_was_to_be_sent_comes_back() {
    let table = Box::leak(Box::new(Table::new(1)));
    Box::leak(Box::new(Here::new())).simulate(table);
    here::simulate_time(0);
    let alone = process::spawn(async {}, 2).unwrap();
    while send(alone, 0_u8).is_ok() {}
    let back = send_after(micros(1), alone, 7_u8);
    assert_eq!(back.unwrap_err().into_message(), 7);
    assert_eq!(simulate_counting_alarms(), 0);
    let token = collect().newborn.queue.pop_front().unwrap();
    token.give_up().discontinue();
}

#[test]
fn what_is_sent_again_and_again_keeps_step() {
    run(async {
        let mut number = 0_u64;
        let beat = send_every(micros(100), own(), move || {
            number += 1;
            number
        });
        let beat = beat.unwrap();
        for number in 1..10_u64 {
            assert_eq!(receive::<u64>().await, number);
            let due = number * 100_000;
            assert!(
                (due..due + 2 * TICK).contains(&here::now()),
                "{}",
                here::now()
            );
        }
        assert_eq!(beat.cancel(), Cancelled::InTime);
        assert_eq!(receive_timeout::<u64>(micros(500)).await, Err(Elapsed));
        assert_eq!(beat.cancel(), Cancelled::TooLate);
    });
}

#[test]
fn a_period_that_would_flood_its_receiver_is_refused() {
    run(async {
        for period in [Duration::ZERO, PERIOD_MIN - Duration::from_nanos(1)] {
            let refused = send_every(period, own(), || 1_u8);
            assert_eq!(refused, Err(NoPeriodic::TooShort));
        }
        sleep(micros(50)).await;
        assert_eq!(try_receive::<u8>(), None);
        let beat = send_every(PERIOD_MIN, own(), || 1_u8).unwrap();
        assert_eq!(receive::<u8>().await, 1);
        assert_eq!(beat.cancel(), Cancelled::InTime);
    });
}

#[test]
fn what_is_sent_again_and_again_ends_with_its_receiver() {
    run(async {
        let receiver = spawn(async {
            receive::<u8>().await;
        });
        let beat = send_every(micros(10), receiver, || 1_u8).unwrap();
        sleep(micros(100)).await;
        assert_eq!(beat.cancel(), Cancelled::TooLate);
    });
}
