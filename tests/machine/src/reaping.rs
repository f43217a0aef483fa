//! What ended processes have left is dropped, whatever the destructors in it do and however busy the core is.

use crate::support::{HIGH_HERE, NORMAL_HERE, stands_still};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use girder_boot::hindered_reapers;
use girder_core::mail::send;
use girder_core::sched::ExitReason;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{Pid, block_on, kill, spawn, spawn_watched, yield_now};

/// Counts its drops.
struct Witness(Arc<AtomicU64>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A message whose destructor takes more quanta than one that hurries may.
struct Slow;

impl Drop for Slow {
    fn drop(&mut self) {
        let end = now() + 10_000_000;
        while now() < end {
            core::hint::black_box(());
        }
    }
}

/// A message whose destructor is this.
struct Endless(fn());

impl Drop for Endless {
    fn drop(&mut self) {
        self.0();
    }
}

/// Somebody who reads nothing; he stays on this core.
fn deaf(level: u8) -> Pid {
    spawn(pending(), level).expect("there is room")
}

/// Leaves such a message unread, and others behind it and in other mailboxes: these are dropped all the same.
/// And the log says of that reaper that it was ended.
async fn the_rest_is_dropped_beside(endless: fn()) {
    const OTHERS: u64 = 5;
    let hindered = hindered_reapers();
    let drops = Arc::new(AtomicU64::new(0));
    let victims: Vec<_> = (0..OTHERS).map(|_| deaf(NORMAL_HERE)).collect();
    for victim in &victims {
        send(*victim, Witness(drops.clone())).expect("there is room");
    }
    send(victims[0], Endless(endless)).expect("there is room");
    send(victims[0], Witness(drops.clone())).expect("there is room");
    for victim in victims {
        kill(victim);
    }
    // One that is slow has another beside it, which may be done with the rest before.
    while drops.load(Relaxed) <= OTHERS || hindered_reapers() == hindered {
        girder::sleep(core::time::Duration::from_millis(5)).await;
    }
    assert_eq!(hindered_reapers() - hindered, 1);
}

static TURNS: AtomicU64 = AtomicU64::new(0);

/// It has a thousand quanta, as the destructors of one that was killed have.
#[girder::test(
    pinned = "mail is dropped where its receiver ended",
    limit_ms = 300_000
)]
async fn a_message_whose_destructor_never_ends_keeps_no_other_from_being_dropped() {
    the_rest_is_dropped_beside(|| {
        loop {
            TURNS.fetch_add(1, Relaxed);
        }
    })
    .await;
    assert!(stands_still(|| TURNS.load(Relaxed)).await > 0);
}

#[girder::test(pinned = "mail is dropped where its receiver ended")]
async fn a_message_whose_destructor_blocks_keeps_no_other_from_being_dropped() {
    the_rest_is_dropped_beside(|| {
        let _ = block_on(pending::<()>());
    })
    .await;
}

/// Who has no time left to it by more urgent ones gets some before mail piles up behind it, also if some of the
/// mail is slow to drop. Meanwhile those that are as urgent take turns.
#[girder::test(
    pinned = "mail is dropped where its receiver ended",
    limit_ms = 300_000
)]
async fn mail_does_not_pile_up_behind_a_flood_of_urgent_processes() {
    const VICTIMS: u64 = 500;
    const MOST_LEFT: u64 = 100;
    /// Processes of the flood.
    const FLOOD: u64 = 2;
    /// Nobody else would end the flood if the test fails.
    const LIFE_NANOS: u64 = 120_000_000_000;
    let drops = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let flood = Arc::new(AtomicU64::new(0));
    let end = now() + LIFE_NANOS;
    let (dropped, floods) = (drops.clone(), flood.clone());
    // It begins the flood itself: nobody of the ordinary level would come to do anything after that.
    let urgent = move || async move {
        for _ in 0..FLOOD {
            let (over, flood) = (over.clone(), floods.clone());
            let turns = async move {
                while !over.load(Relaxed) && now() < end {
                    flood.fetch_add(1, Relaxed);
                    yield_now().await;
                }
            };
            spawn(turns, HIGH_HERE).expect("there is room");
        }
        let mut own = 0;
        let slow = [100, 300];
        for number in 0..VICTIMS {
            let victim = deaf(HIGH_HERE);
            if slow.contains(&number) {
                send(victim, Slow).expect("there is room");
            }
            send(victim, Witness(dropped.clone())).expect("there is room");
            yield_now().await;
            own += 1;
            kill(victim);
        }
        while dropped.load(Relaxed) < VICTIMS - MOST_LEFT {
            assert!(now() < end, "{} were dropped", dropped.load(Relaxed));
            yield_now().await;
            own += 1;
        }
        over.store(true, Relaxed);
        // Each of them has one in the time of one of its own, and some more where it was broken off.
        let floods = floods.load(Relaxed);
        assert!(
            floods <= 2 * FLOOD * own,
            "{floods} turns of the flood beside {own}"
        );
    };
    let (_, watch) = spawn_watched(urgent, HIGH_HERE).expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    while drops.load(Relaxed) < VICTIMS {
        yield_now().await;
    }
}
