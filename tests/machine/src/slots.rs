//! Somebody has all slots, by leaking a small block in each of many short lives: the kernel's own go on.

use crate::support::{NORMAL, NORMAL_HERE, settled_resources};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use girder_aarch64::lock::Lock;
use girder_core::mail::send;
use girder_core::sched::{ExitReason, Priority};
use girder_lockfree::process::{NoProcess, spawn, spawn_watched, yield_now};

const SYSTEM: u8 = Priority::Max.level();

/// Blocks that the ended have left, each of which leads to the next: so a slot waits for each of them.
struct Left(Option<Box<Left>>);

static LEFT: Lock<Option<Box<Left>>> = Lock::new(None);
static COUNT: AtomicU64 = AtomicU64::new(0);

async fn leave_a_block() {
    let mut block = Box::new(Left(None));
    let mut all = LEFT.lock();
    block.0 = all.take();
    *all = Some(block);
    drop(all);
    COUNT.fetch_add(1, Relaxed);
}

/// Bears such until nobody of this level is born any more; how many there were.
pub(crate) async fn use_up_all(level: u8) -> u64 {
    const AT_ONCE: usize = 256;
    let before = COUNT.load(Relaxed);
    let mut born = 0;
    loop {
        let births = (0..AT_ONCE).take_while(|_| spawn(leave_a_block(), level).is_ok());
        let births = births.count() as u64;
        born += births;
        while COUNT.load(Relaxed) < before + born {
            yield_now().await;
        }
        if births == 0 {
            return born;
        }
    }
}

/// Frees the blocks, and so the slots.
fn free_all() {
    loop {
        let mut all = LEFT.lock();
        let Some(mut first) = all.take() else { return };
        *all = first.0.take();
        drop(all);
        drop(first);
    }
}

/// Counts its drops.
struct Witness(Arc<AtomicU64>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Leaves a block, and reads nothing.
async fn be_deaf() {
    leave_a_block().await;
    pending().await
}

/// What keeps a shell: looks after one after the other, as soon as it may.
async fn keep(may_begin: Arc<AtomicBool>) {
    while !may_begin.load(Relaxed) {
        girder::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..100 {
        let (_, watch) = spawn_watched(yield_now, SYSTEM).expect("there is room");
        assert_eq!(watch.await, ExitReason::Returned);
    }
}

#[girder::test(
    limit_ms = 300_000,
    pinned = "mail is dropped where its receiver ended",
    long = "it takes as many births as memory has room for"
)]
async fn the_kernels_own_are_born_when_somebody_has_all_slots() {
    const MAILS: u64 = 3;
    let drops = Arc::new(AtomicU64::new(0));
    let deaf: Vec<_> = (0..5)
        .map(|_| spawn(be_deaf(), NORMAL_HERE).expect("there is room"))
        .collect();
    for deaf in &deaf {
        for _ in 0..MAILS {
            send(*deaf, Witness(drops.clone())).expect("there is room");
        }
    }
    let may_begin = Arc::new(AtomicBool::new(false));
    let begin = may_begin.clone();
    let keeper = move || async move { keep(begin).await };
    let (_, keeper) = spawn_watched(keeper, SYSTEM).expect("there is room");
    use_up_all(NORMAL_HERE).await;
    let is_memory_left = Vec::<u8>::new().try_reserve(4096).is_ok();
    assert!(is_memory_left, "slots were to be what is missing");
    for (round, deaf) in deaf.iter().enumerate() {
        assert_eq!(spawn(async {}, NORMAL).err(), Some(NoProcess));
        girder_lockfree::process::kill(*deaf);
        // His slot waits for his block. A reaper drops his mail, and ends.
        while drops.load(Relaxed) < (round as u64 + 1) * MAILS {
            girder::sleep(Duration::from_millis(1)).await;
        }
    }
    may_begin.store(true, Relaxed);
    assert_eq!(keeper.await, ExitReason::Returned);
    free_all();
    settled_resources().await;
    spawn(async {}, NORMAL).expect("there is room again");
}
