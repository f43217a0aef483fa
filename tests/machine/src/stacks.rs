//! Stacks are used up: who awaits goes on as ever, who blocks is told so, and who does neither is given up.

use crate::support::{NORMAL, preemptions};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::task::Poll;
use girder_aarch64::core_block::CoreBlock;
use girder_boot::{given_up, limit_stacks, stacks};
use girder_core::sched::ExitReason;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{
    NoStack, Pid, Watch, block_on, kill, spawn, spawn_watched, yield_now,
};

/// Those that could not block, and whom the rest waits for.
#[derive(Default)]
struct Crowd {
    refused: AtomicU64,
    may_go: AtomicBool,
}

impl Crowd {
    /// Blocks until it may go on, if it can.
    fn block(&self) {
        let wait = poll_fn(|context| {
            context.waker().wake_by_ref();
            match self.may_go.load(Relaxed) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        if block_on(wait).is_err() {
            self.refused.fetch_add(1, Relaxed);
        }
    }
}

fn out_of_stacks() -> u64 {
    CoreBlock::with_current(|core| core.counters().no_stack.load(Relaxed))
}

/// No more stacks are made as long as this lives.
struct NoMoreStacks;

impl NoMoreStacks {
    fn begin() -> Self {
        limit_stacks(stacks().made);
        Self
    }
}

impl Drop for NoMoreStacks {
    fn drop(&mut self) {
        limit_stacks(0);
    }
}

/// As many as there are stacks block, and one more is told that it can't. Then nobody is broken off, and all who await go on
/// as ever; when the others have gone, everything is as before.
#[girder::test(alone = "each core has stacks of its own")]
async fn out_of_stacks_preemption_waits_and_nobody_else_suffers() {
    let _no_more = NoMoreStacks::begin();
    let before = stacks();
    let crowd = Arc::new(Crowd::default());
    let mut watches = Vec::new();
    while crowd.refused.load(Relaxed) == 0 {
        let crowd = crowd.clone();
        let body = move || async move { crowd.block() };
        watches.push(spawn_watched(body, NORMAL).expect("there is room").1);
        yield_now().await;
    }
    assert!(watches.len() > 8, "{}", watches.len());
    let steps = Arc::new(AtomicU64::new(0));
    let counter = steps.clone();
    let walks = async move {
        loop {
            counter.fetch_add(1, Relaxed);
            yield_now().await;
        }
    };
    let walker = spawn(walks, NORMAL).expect("there is room");
    for _ in 0..3 {
        let (waits, breaks, so_far) = (out_of_stacks(), preemptions(), steps.load(Relaxed));
        while out_of_stacks() == waits {
            core::hint::spin_loop();
        }
        assert_eq!((preemptions(), steps.load(Relaxed)), (breaks, so_far));
        assert_eq!(block_on(yield_now()), Err(NoStack));
        for _ in 0..10 {
            yield_now().await;
        }
        assert!(
            steps.load(Relaxed) >= so_far + 10,
            "a bystander stands still"
        );
    }
    crowd.may_go.store(true, Relaxed);
    for watch in watches {
        assert_eq!(watch.await, ExitReason::Returned);
    }
    assert_eq!(block_on(yield_now()), Ok(()));
    let breaks = preemptions();
    while preemptions() == breaks {
        core::hint::spin_loop();
    }
    kill(walker);
    assert_eq!(stacks(), before);
}

/// Nobody gives one back, but more may be made now: that is found out without anybody's help.
#[girder::test(alone = "each core has stacks of its own")]
async fn preemption_goes_on_when_there_are_stacks_again() {
    let no_more = NoMoreStacks::begin();
    let crowd = Arc::new(Crowd::default());
    let mut pids = Vec::new();
    while crowd.refused.load(Relaxed) == 0 {
        let crowd = crowd.clone();
        pids.push(spawn(async move { crowd.block() }, NORMAL).expect("there is room"));
        yield_now().await;
    }
    drop(no_more);
    // Of this process, that is: while one that was blocked goes on, there is a stack.
    let is_broken_off = || {
        let (breaks, end) = (preemptions(), now() + 2_000_000);
        while now() < end {
            core::hint::spin_loop();
        }
        preemptions() > breaks
    };
    while !is_broken_off() {
        yield_now().await;
    }
    for pid in pids {
        kill(pid);
    }
}

/// A process that never awaits.
fn spinner() -> (Pid, Watch) {
    let spin = || async {
        loop {
            core::hint::spin_loop();
        }
    };
    spawn_watched(spin, NORMAL).expect("there is room")
}

/// Nobody on this core could end it otherwise, and whoever runs it would be the last to have the core.
#[girder::test(alone = "each core has stacks of its own")]
async fn one_that_never_awaits_is_given_up_for_want_of_a_stack() {
    let _no_more = NoMoreStacks::begin();
    let before = stacks();
    let crowd = Arc::new(Crowd::default());
    let mut watches = Vec::new();
    while crowd.refused.load(Relaxed) == 0 {
        let crowd = crowd.clone();
        let body = move || async move { crowd.block() };
        watches.push(spawn_watched(body, NORMAL).expect("there is room").1);
        yield_now().await;
    }
    for _ in 0..3 {
        let (_, watch) = spinner();
        assert_eq!(watch.await, ExitReason::StackLimit);
    }
    // With a stack to break it off with it goes on for as long as it likes.
    crowd.may_go.store(true, Relaxed);
    for watch in watches {
        assert_eq!(watch.await, ExitReason::Returned);
    }
    let (pid, watch) = spinner();
    let breaks = preemptions();
    while preemptions() < breaks + 30 {
        yield_now().await;
    }
    kill(pid);
    assert_eq!(watch.await, ExitReason::Killed);
    assert_eq!(stacks(), before);
}

/// Many more of them than stacks: some have one and share the cores, the others are given up, and everybody else goes on.
#[girder::test(limit_ms = 120_000)]
async fn more_spinners_than_stacks_leave_the_cores_to_others() {
    const MORE: usize = 40;
    let _no_more = NoMoreStacks::begin();
    let before = stacks();
    let so_far = given_up();
    let spinners: Vec<_> = (0..before.made + MORE).map(|_| spinner()).collect();
    while given_up() < so_far + MORE as u64 / 2 {
        yield_now().await;
    }
    for (pid, _) in &spinners {
        kill(*pid);
    }
    for (_, watch) in spinners {
        let reason = watch.await;
        let is_one = matches!(reason, ExitReason::Killed | ExitReason::StackLimit);
        assert!(is_one, "{reason}");
    }
    assert_eq!(stacks(), before);
}
