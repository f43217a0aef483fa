//! Alarms that are called off on another core than the one that they were set on.

use crate::support::resources;
use alloc::vec::Vec;
use core::time::Duration;
use girder::{
    Cancelled, CoreMask, Instant, own_core, own_pid, receive_timeout, send_after, set_affinity,
    spawn_watched, yield_now,
};
use girder_core::sched::ExitReason;
use girder_lockfree::process::{set_alarm, take_back_alarm};
use girder_lockfree::wheel::Timer;

/// Alarms of one round, and rounds: together several times what a wheel has room for in the beginning.
const ALARMS: usize = 2_500;
const ROUNDS: usize = 16;
/// Half of what all but the first two rounds would take: a table that has grown once more, because the other core was held up
/// for a round, is less.
const ROOM: usize = 16 * ALARMS * (ROUNDS - 2);

fn go_to(core: usize) {
    set_affinity(own_pid(), &CoreMask::only(core)).expect("a core that there is");
    assert_eq!(own_core(), core);
}

/// So many that never ring.
fn set_alarms() -> impl Iterator<Item = Timer> {
    (0..ALARMS).map(|_| set_alarm(Instant::NEVER.nanos()).expect("there is memory"))
}

/// Lets this core come to what others want of its alarms, some at each turn.
async fn let_it_look() {
    for _ in 0..ALARMS / 8 {
        yield_now().await;
    }
}

#[girder::test(schedulers = 2)]
async fn a_message_is_taken_back_on_any_core() {
    for round in 0..40_u64 {
        go_to(1);
        let delay = match round % 2 {
            0 => Duration::MAX,
            _ => Duration::from_micros(round),
        };
        let Ok(name) = send_after(delay, own_pid(), round) else {
            panic!("there is memory");
        };
        go_to(0);
        let cancelled = name.cancel();
        match cancelled {
            Cancelled::InTime => {
                let came = receive_timeout::<u64>(Duration::from_micros(200)).await;
                assert!(came.is_err(), "it was taken back, and came");
            }
            // The other core is about to send it, and may be held up.
            Cancelled::TooLate => assert_eq!(girder::receive::<u64>().await, round),
        }
        assert_eq!(name.cancel(), Cancelled::TooLate);
        assert!(round % 2 == 1 || cancelled == Cancelled::InTime);
    }
}

#[girder::test(schedulers = 2)]
async fn alarms_that_are_called_off_elsewhere_leave_their_room() {
    let mut before = 0;
    for round in 0..ROUNDS {
        go_to(1);
        let_it_look().await;
        let alarms: Vec<Timer> = set_alarms().collect();
        go_to(0);
        alarms.into_iter().for_each(take_back_alarm);
        if round == 1 {
            before = resources().heap;
        }
    }
    go_to(1);
    let_it_look().await;
    let taken = resources().heap.saturating_sub(before);
    assert!(taken < ROOM, "{taken} bytes are not free again");
}

#[girder::test(schedulers = 2)]
async fn alarms_of_the_dead_leave_their_room_on_all_cores() {
    let mut before = 0;
    for round in 0..ROUNDS {
        let dies = || async {
            go_to(1);
            set_alarms().for_each(drop);
            go_to(0);
            panic!("as it should");
        };
        let (_, watch) = spawn_watched(dies).expect("there is room");
        assert!(matches!(watch.await, ExitReason::Panicked(_)));
        go_to(1);
        for _ in 0..ROUNDS {
            let_it_look().await;
        }
        if round == 1 {
            before = resources().heap;
        }
    }
    let taken = resources().heap.saturating_sub(before);
    assert!(taken < ROOM, "{taken} bytes are not free again");
}
