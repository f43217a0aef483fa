//! A process that dies in mid-poll dies alone, and everything that the kernel lent it comes back.

use crate::support::{HIGH, NORMAL, Rival, overflow_stack, settled_resources, until_it_waits};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::arch::asm;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use girder_core::sched::{ExitReason, sleep_until};
use girder_lockfree::process::here::now;
use girder_lockfree::process::{is_alive, kill, spawn_watched, yield_now};

/// How a process ends that does this.
async fn end_of(body: impl Future<Output = ()> + Send + 'static) -> ExitReason {
    let (pid, watch) = spawn_watched(move || body, NORMAL).expect("there is room");
    let reason = watch.await;
    assert!(!is_alive(pid), "told before it was gone");
    reason
}

/// Words that the reason has to have.
fn says(reason: &ExitReason, words: &str) -> bool {
    alloc::format!("{reason}").contains(words)
}

#[girder::test]
async fn a_panic_ends_its_process_alone() {
    let rival = Rival::begin().await;
    let reason = end_of(async { panic!("number {}", black_box(7)) }).await;
    assert!(
        matches!(reason, ExitReason::Panicked(_)) && says(&reason, "number 7"),
        "{reason}"
    );
    let spins = rival.spins();
    while rival.spins() == spins {
        yield_now().await;
    }
}

#[girder::test]
async fn an_overflow_is_told_apart_from_other_faults() {
    let reason = end_of(async {
        black_box(overflow_stack(0));
    })
    .await;
    assert!(
        matches!(reason, ExitReason::Overflowed(_)) && says(&reason, "stack overflow"),
        "{reason}"
    );
}

/// Each level asks the kernel for memory and for a process, at another depth each time: an overflow may
/// well come up with preemption off, if nobody sees to it that it comes before.
#[girder::test(limit_ms = 300_000)]
async fn an_overflow_on_the_way_into_the_kernel_is_the_processs_own() {
    const DEPTHS: u64 = 64;

    /// Some steps down, of a size that shifts all that follows.
    fn from(depth: u64) -> u64 {
        if depth == 0 {
            sink(0)
        } else {
            black_box(from(depth - 1)) + 1
        }
    }

    fn sink(depth: u64) -> u64 {
        let here = black_box([depth; 32]);
        // Nothing is kept: what a dead process owned would be lost.
        drop(black_box(Box::new(depth)));
        drop(spawn_watched(|| async {}, NORMAL));
        black_box(crate::support::resources());
        if black_box(true) {
            sink(depth + 1) + here[0]
        } else {
            0
        }
    }

    for depth in 0..DEPTHS {
        let reason = end_of(async move {
            black_box(from(depth));
        })
        .await;
        assert!(
            matches!(reason, ExitReason::Overflowed(_)),
            "{depth}: {reason}"
        );
    }
}

#[girder::test]
async fn faults_end_their_process_alone() {
    let rival = Rival::begin().await;
    let undefined = end_of(async {
        // SAFETY: never goes on behind it.
        unsafe { asm!("udf #0") }
    })
    .await;
    assert!(says(&undefined, "undefined instruction"), "{undefined}");
    let wild = end_of(async {
        // SAFETY: faults at the first instruction.
        unsafe { asm!("br {}", in(reg) black_box(0x10_usize)) }
    })
    .await;
    assert!(says(&wild, "instruction abort"), "{wild}");
    let lost = end_of(async {
        // SAFETY: never goes on behind it: there is no stack to go on with.
        unsafe { asm!("mov sp, {}", "str xzr, [sp]", in(reg) 0x100_usize) }
    })
    .await;
    assert!(says(&lost, "data abort on write"), "{lost}");
    for reason in [undefined, wild, lost] {
        assert!(matches!(reason, ExitReason::Faulted(_)), "{reason}");
    }
    assert!(rival.spins() > 0);
}

/// Neither the masks nor the rounding of one that died, or was broken off, reach anybody else.
#[girder::test]
async fn processor_state_dies_with_its_process() {
    const TOWARDS_ZERO: u64 = 0b11 << 22;

    fn rounding() -> u64 {
        let control: u64;
        // SAFETY: reads a register.
        unsafe { asm!("mrs {}, fpcr", out(reg) control) }
        control
    }

    fn round_towards_zero() {
        // SAFETY: changes how this process's floating point rounds, and nothing else.
        unsafe { asm!("msr fpcr, {}", in(reg) TOWARDS_ZERO) }
    }

    end_of(async {
        round_towards_zero();
        girder_aarch64::cpu::mask_interrupts();
        panic!("masked");
    })
    .await;
    assert_eq!(rounding(), 0);
    end_of(async {
        round_towards_zero();
        // SAFETY: never goes on behind it.
        unsafe { asm!("udf #0") }
    })
    .await;
    assert_eq!(rounding(), 0);
    end_of(async { round_towards_zero() }).await;
    assert_eq!(rounding(), 0);

    let is_over = Arc::new(AtomicU64::new(0));
    let spinner = is_over.clone();
    let (_, watch) = spawn_watched(
        move || async move {
            round_towards_zero();
            while spinner.load(Relaxed) == 0 {
                black_box(());
            }
            assert_eq!(rounding(), TOWARDS_ZERO, "lost over a preemption");
        },
        NORMAL,
    )
    .expect("there is room");
    sleep_until(now() + 3_000_000).await;
    assert_eq!(rounding(), 0, "learnt from one that was broken off");
    is_over.store(1, Relaxed);
    assert_eq!(watch.await, ExitReason::Returned);
}

/// Counts how often one like it was dropped.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[girder::test]
async fn no_destructor_runs_in_a_mid_poll_death() {
    let drops = Arc::new(AtomicU64::new(0));
    let counted = Counted(drops.clone());
    let reason = end_of(async move {
        let _counted = &counted;
        panic!("with something in hand");
    })
    .await;
    assert!(reason.is_crash());
    assert_eq!(drops.load(Relaxed), 0);
    // The process held one; nobody gives it back.
    assert_eq!(Arc::strong_count(&drops), 2);
}

#[girder::test]
async fn a_destructor_that_panics_is_a_death_like_any_other() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }

    let at_return = end_of(async {
        let _panics = Panics;
    })
    .await;
    assert!(says(&at_return, "in a destructor"), "{at_return}");

    let has_begun = Arc::new(AtomicU64::new(0));
    let begun = has_begun.clone();
    let (pid, watch) = spawn_watched(
        move || async move {
            let _panics = Panics;
            begun.store(1, Relaxed);
            core::future::pending::<()>().await;
        },
        HIGH,
    )
    .expect("there is room");
    while has_begun.load(Relaxed) == 0 {
        yield_now().await;
    }
    until_it_waits(pid).await;
    kill(pid);
    let when_killed = watch.await;
    assert!(says(&when_killed, "in a destructor"), "{when_killed}");
}

/// Each way to die, many times: slots, blocks and stacks are the same as after the first few.
#[girder::test(limit_ms = 300_000)]
async fn more_than_a_thousand_deaths_give_everything_back() {
    /// Many more than warm up, so that what each of them kept would show.
    const DEATHS: usize = 1_200;
    const WARM_UP: usize = 20;

    /// On several cores a pool may come to its size late, but not each time.
    const TIMES: usize = 4;

    die_often(WARM_UP).await;
    for time in 1..=TIMES {
        let before = settled_resources().await;
        die_often(DEATHS).await;
        // Less is no fault: alarms of earlier tests end now and then.
        let after = settled_resources().await;
        if after.heap <= before.heap && after.physical <= before.physical {
            return;
        }
        assert!(time < TIMES, "{before:?}, then {after:?}");
    }
}

async fn die_often(rounds: usize) {
    /// It takes the clock's time to give one up.
    const ONE_GIVEN_UP_IN: usize = 40;
    for round in 0..rounds {
        let reason = match round % 3 {
            0 => end_of(async { panic!("again") }).await,
            // SAFETY: never goes on behind it.
            1 => end_of(async { unsafe { asm!("udf #0") } }).await,
            _ => end_of(async { yield_now().await }).await,
        };
        assert_eq!(reason.is_crash(), round % 3 < 2, "{round}: {reason}");
        if round.is_multiple_of(ONE_GIVEN_UP_IN) {
            assert_eq!(be_given_up().await, ExitReason::Killed);
        }
    }
}

/// How a spinner ends that is killed.
async fn be_given_up() -> ExitReason {
    // No count that it would own: that would be lost with it.
    static SPINS: AtomicU64 = AtomicU64::new(0);
    let spinner = || async {
        loop {
            SPINS.fetch_add(1, Relaxed);
        }
    };
    SPINS.store(0, Relaxed);
    let (pid, watch) = spawn_watched(spinner, NORMAL).expect("there is room");
    while SPINS.load(Relaxed) == 0 {
        yield_now().await;
    }
    kill(pid);
    watch.await
}

/// One that dies every now and then beside one that is woken every millisecond: both go on, again and
/// again, however slow the machine.
#[girder::test]
async fn deaths_do_not_keep_others_from_being_woken() {
    const PERIODS: u64 = 50;
    const DEATHS: u64 = 5;
    let deaths = Arc::new(AtomicU64::new(0));
    let seen = deaths.clone();
    let (pid, periodic) = spawn_watched(
        move || async move {
            let start = now();
            let mut period = 0;
            while period < PERIODS || seen.load(Relaxed) < DEATHS {
                period += 1;
                sleep_until(start + period * 1_000_000).await;
            }
        },
        HIGH,
    )
    .expect("there is room");
    while is_alive(pid) {
        let held = Box::new(7);
        end_of(async move { panic!("death {held}") }).await;
        deaths.fetch_add(1, Relaxed);
    }
    assert_eq!(periodic.await, ExitReason::Returned);
}
