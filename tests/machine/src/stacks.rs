//! Stacks are used up: who awaits goes on as ever, who blocks is told so, and who does neither is given up.

use crate::support::{NORMAL, preemptions};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::task::Poll;
use core::time::Duration;
use girder::{CoreMask, Options, cores, own_core, own_pid, set_affinity, sleep};
use girder_aarch64::core_block::CoreBlock;
use girder_boot::{given_up, limit_stacks, stacks};
use girder_core::sched::ExitReason;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{
    Activity, NoStack, Pid, Watch, activity, block_on, kill, spawn, spawn_watched, wake, yield_now,
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
            core::hint::black_box(());
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
        core::hint::black_box(());
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
            core::hint::black_box(());
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

/// Blocks until it may go on, and says on which core it stands whenever it is woken.
async fn block_and_say_where(crowd: Arc<Crowd>, stands_on: Arc<AtomicU64>) {
    let wait = poll_fn(|_| {
        stands_on.store(own_core() as u64, Relaxed);
        match crowd.may_go.load(Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    });
    if block_on(wait).is_err() {
        crowd.refused.fetch_add(1, Relaxed);
    }
}

/// Processes that block, each on a core that was chosen for it.
#[derive(Default)]
struct Blocked {
    crowd: Arc<Crowd>,
    all: Vec<(Pid, Watch, Arc<AtomicU64>)>,
}

impl Blocked {
    /// One more, there; true if it could block.
    async fn add(&mut self, core: usize) -> bool {
        let refused = self.refused();
        let stands_on = Arc::new(AtomicU64::new(u64::MAX));
        let (crowd, own) = (self.crowd.clone(), stands_on.clone());
        let options = Options::new().affinity(CoreMask::only(core));
        let body = move || block_and_say_where(crowd, own);
        let (pid, watch) = options.spawn_watched(body).expect("there is room");
        self.all.push((pid, watch, stands_on));
        while activity(pid) != Some(Activity::Waiting) && self.refused() == refused {
            yield_now().await;
        }
        self.refused() == refused
    }

    fn refused(&self) -> u64 {
        self.crowd.refused.load(Relaxed)
    }

    async fn end(self) {
        self.crowd.may_go.store(true, Relaxed);
        for (pid, watch, _) in self.all {
            wake(pid);
            assert_eq!(watch.await, ExitReason::Returned);
        }
    }
}

/// Who goes to another core takes his stack along, so that one has a stack too many. A core without one has it at
/// once, before anybody is told that there is none: also where no loop has looked since.
#[girder::test(schedulers = 2, limit_ms = 120_000)]
async fn a_stack_that_is_left_over_goes_to_a_core_that_has_none() {
    let (here, there) = (own_core(), (own_core() + 1) % cores());
    set_affinity(own_pid(), &CoreMask::only(here)).expect("it is there");
    // A core with nothing to spare keeps the one that is brought.
    let mut spares = Blocked::default();
    for _ in 0..2 {
        assert!(spares.add(here).await, "more are made");
    }
    spares.end().await;
    let _no_more = NoMoreStacks::begin();
    let before = stacks();
    let mut blocked = Blocked::default();
    while blocked.add(there).await {}
    let (emigrant, _, stands_on) = &blocked.all[0];
    set_affinity(*emigrant, &CoreMask::only(here)).expect("it is there");
    while stands_on.load(Relaxed) != here as u64 {
        wake(*emigrant);
        yield_now().await;
    }
    assert!(blocked.add(there).await, "one was left over");
    blocked.end().await;
    assert_eq!(stacks(), before);
}

/// What a core has used at its busiest is not its own for ever: once it sleeps, it keeps a few, and others have the rest.
#[girder::test(schedulers = 2, limit_ms = 120_000)]
async fn stacks_that_an_idle_core_has_too_many_are_there_for_others() {
    const MANY: usize = 60;
    let (here, there) = (own_core(), (own_core() + 1) % cores());
    set_affinity(own_pid(), &CoreMask::only(here)).expect("it is there");
    let no_more = NoMoreStacks::begin();
    let mut own = Blocked::default();
    while own.add(here).await {}
    drop(no_more);
    let mut busiest = Blocked::default();
    for _ in 0..MANY {
        assert!(busiest.add(there).await, "more are made");
    }
    let _no_more = NoMoreStacks::begin();
    let before = stacks();
    busiest.end().await;
    for _ in 0..MANY / 2 {
        // It may not have come to sleep yet; if it never leaves them over, this hangs.
        while !own.add(here).await {
            sleep(Duration::from_millis(1)).await;
        }
    }
    own.end().await;
    assert_eq!(stacks(), before);
}

/// A process that never awaits.
fn spinner() -> (Pid, Watch) {
    let spin = || async {
        loop {
            core::hint::black_box(());
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
