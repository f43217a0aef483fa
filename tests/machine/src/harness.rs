//! The harness survives whatever a test does, and tells the endings apart.

use girder::check::rng;

#[girder::test]
fn a_test_that_returns_passes() {}

#[girder::test(expect = "panic", panic_message = "on purpose")]
fn a_panic_ends_the_test_alone() {
    panic!("on purpose");
}

/// Longer than any buffer on the way, and not ASCII: it is cut, never split.
#[girder::test(expect = "panic", panic_message = "über")]
fn a_long_panic_message_is_cut() {
    panic!("über{:ü>2000}", "");
}

#[girder::test(expect = "panic", panic_message = "index out of bounds")]
fn an_index_out_of_bounds_panics() {
    let numbers = [1, 2, 3];
    let index = core::hint::black_box(7);
    assert_ne!(numbers[index], 0);
}

#[girder::test(ignored = "shows that a reason is given")]
fn an_ignored_test_does_not_run() {
    unreachable!("an ignored test has run");
}

#[girder::test]
fn the_generator_repeats_within_a_test() {
    let draw = || {
        core::array::from_fn::<u64, 8, _>({
            let mut rng = rng();
            move |_| rng.next_u64()
        })
    };
    assert_eq!(draw(), draw());
}

#[girder::test(expect = "timeout", limit_ms = 50)]
fn a_test_that_hangs_is_abandoned() {
    loop {
        core::hint::spin_loop();
    }
}

/// Its guard is lost with it, but the kernel's own locks are free: they keep preemption off.
#[girder::test(expect = "timeout", limit_ms = 50)]
fn a_test_that_hangs_asleep_is_abandoned() {
    loop {
        girder_aarch64::cpu::wait_for_event();
    }
}
