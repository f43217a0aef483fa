//! What is kept of processes that have died of a panic or a fault.

use alloc::string::String;
use core::hint::black_box;
use core::time::Duration;
use girder::{ExitReason, Pid, sleep, spawn_watched, yield_now};
use girder_boot::{OBITUARIES_KEPT, obituaries, obituary, write_place};
use girder_core::obituaries::Obituary;

/// What is kept of this process.
fn of(pid: Pid) -> Option<Obituary> {
    let (numbers, _) = obituaries();
    numbers.filter_map(obituary).find(|kept| kept.pid == pid)
}

/// Has such processes die until one is told of: in each second only some are, and tests of all kinds crash.
async fn told<F: Future<Output = ()> + 'static>(make: fn() -> F) -> Obituary {
    for _ in 0..100 {
        let (pid, watch) = spawn_watched(make).expect("there is room");
        let reason = watch.await;
        if let Some(kept) = of(pid) {
            assert_eq!(kept.reason, reason);
            return kept;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody is told of");
}

fn place(kept: &Obituary) -> String {
    let mut place = String::new();
    write_place(kept, &mut place).expect("there is memory");
    place
}

#[inline(never)]
fn panics_far_down(depth: u32) -> u32 {
    match black_box(depth) {
        0 => panic!("as far down as that"),
        depth => panics_far_down(depth - 1) + black_box(1),
    }
}

#[inline(never)]
fn reads_nothing() -> u32 {
    // SAFETY: nothing is mapped there: the access faults, and the process ends.
    unsafe { core::ptr::read_volatile(black_box(8) as *const u32) }
}

/// Who panicked where, and not how the language panics.
#[girder::test]
async fn a_panic_is_kept_with_its_words_its_maker_and_where_it_stood() {
    let kept = told(|| async {
        black_box(panics_far_down(2));
    })
    .await;
    let ExitReason::Panicked(words) = &kept.reason else {
        panic!("{}", kept.reason);
    };
    assert!(words.as_str().contains("as far down as that"), "{words:?}");
    assert_eq!(kept.makers[0], girder_lockfree::process::own_pid());
    let place = place(&kept);
    let first = place.lines().next().unwrap_or_default();
    assert!(first.contains("obituaries::panics_far_down+0x"), "{place}");
    assert!(place.lines().count() > 3, "{place}");
}

/// The instruction itself, and the calls that led there.
#[girder::test]
async fn a_fault_is_kept_with_the_instruction_that_caused_it() {
    let kept = told(|| async {
        black_box(reads_nothing());
    })
    .await;
    assert!(matches!(kept.reason, ExitReason::Faulted(_)));
    let place = place(&kept);
    let first = place.lines().next().unwrap_or_default();
    assert!(first.contains("obituaries::reads_nothing+0x"), "{place}");
}

/// The stack is used up, and what was on it is told all the same.
#[girder::test]
async fn an_overflow_is_kept_with_the_calls_that_led_to_it() {
    #[expect(unconditional_recursion, reason = "that is the point")]
    #[inline(never)]
    fn recurses(depth: u64) -> u64 {
        let here = black_box([depth; 32]);
        recurses(depth + 1) + here[depth as usize % 32]
    }
    let kept = told(|| async {
        black_box(recurses(0));
    })
    .await;
    assert!(matches!(kept.reason, ExitReason::Overflowed(_)));
    let place = place(&kept);
    let calls = place.matches("recurses+0x").count();
    assert!(calls > 5, "{place}");
}

/// Who returns, who wants to go, and who is killed has not crashed.
#[girder::test]
async fn nobody_else_is_told_of() {
    let (returned, watch) = spawn_watched(|| async {}).expect("there is room");
    watch.await;
    let (exited, watch) =
        spawn_watched(|| async { girder::exit("it is enough") }).expect("there is room");
    watch.await;
    let (killed, watch) = spawn_watched(|| async {
        loop {
            yield_now().await;
        }
    })
    .expect("there is room");
    girder::kill(killed);
    watch.await;
    for pid in [returned, exited, killed] {
        assert!(of(pid).is_none(), "{pid}");
    }
}

/// In a flood most are counted, and what is kept does not grow.
#[girder::test]
async fn a_flood_of_deaths_is_counted() {
    const FLOOD: u64 = 2_000;
    let told_of = || {
        let (numbers, silenced) = obituaries();
        assert!(numbers.clone().count() <= OBITUARIES_KEPT);
        (numbers.end, silenced)
    };
    // Those that were silenced before are told with the next, which is to be counted for itself.
    let _ = told(|| async { panic!("before the flood") }).await;
    let (kept_before, silenced_before) = told_of();
    for _ in 0..FLOOD {
        let (_, watch) = spawn_watched(|| async { panic!("one of many") }).expect("there is room");
        watch.await;
    }
    let _ = told(|| async { panic!("after the flood") }).await;
    let (kept, silenced) = told_of();
    let all = (kept - kept_before) + (silenced - silenced_before);
    assert!(all > FLOOD, "{all}");
    assert!(silenced > silenced_before, "all were told of");
}
