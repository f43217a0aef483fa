//! Interrupts break in anywhere and leave no trace in the code they interrupt.

use crate::support::{HIGH_HERE, Rival, interrupts, preemptions};
use core::arch::asm;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::lock::Lock;
use girder_aarch64::preemption::PreemptionOff;
use girder_core::sched::sleep_until;
use girder_lockfree::process::here::now;
use girder_lockfree::process::{kill, spawn, yield_now};

#[girder::test(pinned = "looks at the counts of its core")]
async fn a_tick_breaks_into_a_spinning_process() {
    let rival = Rival::begin().await;
    for _ in 0..20 {
        let (preempted, spins) = (preemptions(), rival.spins());
        while rival.spins() == spins {
            core::hint::black_box(());
        }
        assert!(preemptions() > preempted);
    }
}

/// Takes what keeps preemption off, and counts interrupts up to then. None has been noted meanwhile: it
/// would wait to be served, and no other would come.
fn before_any_interrupt<T>(take: impl Fn() -> T) -> (T, u64) {
    loop {
        let count = interrupts();
        let taken = take();
        if interrupts() == count {
            return (taken, count);
        }
    }
}

#[girder::test(pinned = "looks at the counts of its core")]
async fn preemption_waits_while_it_is_off() {
    let rival = Rival::begin().await;
    let (off, interrupted) = before_any_interrupt(PreemptionOff::new);
    let (preempted, spins) = (preemptions(), rival.spins());
    while interrupts() == interrupted {
        core::hint::black_box(());
    }
    assert_eq!(preemptions(), preempted, "preempted although it was off");
    assert_eq!(rival.spins(), spins, "somebody else had the core");
    drop(off);
    assert!(
        preemptions() > preempted,
        "the pending preemption was forgotten"
    );
}

#[girder::test(pinned = "looks at the counts of its core")]
async fn a_held_lock_keeps_preemption_off() {
    let _rival = Rival::begin().await;
    let lock = Lock::new(7);
    let (guard, interrupted) = before_any_interrupt(|| lock.lock());
    let preempted = preemptions();
    while interrupts() == interrupted {
        core::hint::black_box(());
    }
    assert_eq!((*guard, preemptions()), (7, preempted));
    drop(guard);
    assert!(preemptions() > preempted);
    assert_eq!(*lock.lock(), 7);
}

/// Wakes every few microseconds, and leaves nothing in the vector registers as it was. While nobody else
/// gets the core meanwhile, it wakes less often: a slow machine gets there, and one that has stalled for
/// a moment comes back from it.
async fn interrupt_often() {
    const SHORTEST_NANOS: u64 = 10_000;
    let mut period_nanos = SHORTEST_NANOS;
    loop {
        let before = preemptions();
        sleep_until(now() + period_nanos).await;
        hold_pattern(&raw const ZERO, 1, now());
        period_nanos = if preemptions() == before {
            period_nanos * 2
        } else {
            SHORTEST_NANOS.max(period_nanos / 2)
        };
    }
}

static ZERO: u64 = 0;

/// All general registers that inline assembly can have, and all vector registers, hold a pattern
/// while the process is preempted, and others fill them with their own. The flags are carried along:
/// they are set before and tested after.
async fn hold_patterns() {
    const ROUNDS: u64 = 2_000;
    let other = spawn(interrupt_often(), HIGH_HERE).expect("there is room");
    yield_now().await;
    let counter = CoreBlock::with_current(|core| &raw const core.counters().preemptions);
    let first = preemptions();
    // The loops that the interrupt found waiting; a slow emulator may be late for some.
    let mut waited = 0;
    let mut round = 0;
    while preemptions() - first < ROUNDS {
        round += 1;
        let seed = u64::wrapping_mul(round, 0x9e37_79b9_7f4a_7c15);
        let before = preemptions();
        waited += u64::from(preemptions() == before);
        let damage = hold_pattern(counter.cast(), before, seed);
        assert_eq!(damage, 0, "round {round}: {damage:#x} registers changed");
    }
    kill(other);
    assert!(waited > 0, "no interrupt came while the pattern was held");
}

// Ten thousand preemptions in five parts, for a slow emulator takes its time over each.

#[girder::test(limit_ms = 300_000, pinned = "looks at the counts of its core")]
async fn registers_survive_ten_thousand_preemptions_part_1() {
    hold_patterns().await;
}

#[girder::test(limit_ms = 300_000, pinned = "looks at the counts of its core")]
async fn registers_survive_ten_thousand_preemptions_part_2() {
    hold_patterns().await;
}

#[girder::test(limit_ms = 300_000, pinned = "looks at the counts of its core")]
async fn registers_survive_ten_thousand_preemptions_part_3() {
    hold_patterns().await;
}

#[girder::test(limit_ms = 300_000, pinned = "looks at the counts of its core")]
async fn registers_survive_ten_thousand_preemptions_part_4() {
    hold_patterns().await;
}

#[girder::test(limit_ms = 300_000, pinned = "looks at the counts of its core")]
async fn registers_survive_ten_thousand_preemptions_part_5() {
    hold_patterns().await;
}

/// Fills x2..x15 and v0..v31 from `seed`, waits until the word at `counter` is not `start` any more,
/// and returns what is not as it was: the union of all differences' bits.
fn hold_pattern(counter: *const u64, start: u64, seed: u64) -> u64 {
    let damage: u64;
    // SAFETY: reads `counter`, which lives in a core's block for ever, and changes the registers it
    // names as clobbered.
    unsafe {
        asm!(
            // v<n> = seed + n in each 64-bit half
            ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
            "add x16, {seed}, #\\n",
            "dup v\\n\\().2d, x16",
            ".endr",
            ".irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15",
            "add x\\n, {seed}, #(\\n * 3)",
            ".endr",
            "2: ldr x16, [{counter}]",
            "cmp x16, {start}",
            "b.eq 2b",
            "mov {damage}, xzr",
            ".irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15",
            "add x16, {seed}, #(\\n * 3)",
            "eor x16, x16, x\\n",
            "orr {damage}, {damage}, x16",
            ".endr",
            ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
            "add x16, {seed}, #\\n",
            "umov x17, v\\n\\().d[0]",
            "eor x17, x17, x16",
            "orr {damage}, {damage}, x17",
            "umov x17, v\\n\\().d[1]",
            "eor x17, x17, x16",
            "orr {damage}, {damage}, x17",
            ".endr",
            seed = in(reg) seed,
            counter = in(reg) counter,
            start = in(reg) start,
            damage = out(reg) damage,
            out("x2") _, out("x3") _, out("x4") _, out("x5") _, out("x6") _, out("x7") _,
            out("x8") _, out("x9") _, out("x10") _, out("x11") _, out("x12") _, out("x13") _,
            out("x14") _, out("x15") _, out("x16") _, out("x17") _,
            out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _,
            out("v6") _, out("v7") _, out("v8") _, out("v9") _, out("v10") _, out("v11") _,
            out("v12") _, out("v13") _, out("v14") _, out("v15") _, out("v16") _, out("v17") _,
            out("v18") _, out("v19") _, out("v20") _, out("v21") _, out("v22") _, out("v23") _,
            out("v24") _, out("v25") _, out("v26") _, out("v27") _, out("v28") _, out("v29") _,
            out("v30") _, out("v31") _,
            options(nostack, readonly),
        );
    }
    damage
}
