//! The clock only goes forward, and nobody is woken early.

use core::time::Duration;
use girder::{Cancelled, Instant, own_pid, receive, send_after, send_every};
use girder_aarch64::timer;
use girder_core::sched::sleep_until;
use girder_lockfree::process::here::now;

#[girder::test]
fn the_counter_never_goes_back() {
    let mut last = timer::now();
    for _ in 0..10_000 {
        let now = timer::now();
        assert!(now >= last);
        last = now;
    }
}

#[girder::test]
async fn a_sleeper_is_never_woken_early() {
    for nanos in [20_000, 200_000, 1_000_000] {
        let at = now() + nanos;
        sleep_until(at).await;
        let early = at.saturating_sub(now());
        assert_eq!(early, 0, "{early} ns early");
    }
}

/// By the time that the timer is set, the deadline is over.
#[girder::test]
async fn a_deadline_in_the_past_fires_at_once() {
    for _ in 0..100 {
        sleep_until(now() + 1).await;
    }
    sleep_until(now().saturating_sub(1)).await;
}

#[girder::test]
async fn a_message_is_sent_later_and_never_early() {
    struct Due(Instant);

    for micros in [0, 50, 3_000] {
        let delay = Duration::from_micros(micros);
        let due = Instant::now() + delay;
        assert!(send_after(delay, own_pid(), Due(due)).is_ok());
        let Due(due) = receive().await;
        assert!(Instant::now() >= due, "early");
    }
    let Ok(never) = send_after(Duration::MAX, own_pid(), ()) else {
        panic!("there is memory");
    };
    assert_eq!(never.cancel(), Cancelled::InTime);
    assert_eq!(never.cancel(), Cancelled::TooLate);
}

#[girder::test]
async fn messages_are_sent_again_and_again_until_called_off() {
    let mut number = 0_u32;
    let next = move || {
        number += 1;
        number
    };
    let beat = send_every(Duration::from_micros(200), own_pid(), next).expect("there is room");
    for number in 1..=5 {
        assert_eq!(receive::<u32>().await, number);
    }
    assert_eq!(beat.cancel(), Cancelled::InTime);
}
