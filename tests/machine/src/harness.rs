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
        core::hint::black_box(());
    }
}

/// Its guard is lost with it, but the kernel's own locks are free: they keep preemption off.
#[girder::test(expect = "timeout", limit_ms = 50)]
fn a_test_that_hangs_asleep_is_abandoned() {
    loop {
        girder_aarch64::cpu::wait_for_event();
    }
}

/// The masks go with the test: the next one that hangs is interrupted all the same.
#[girder::test(expect = "panic", panic_message = "masked")]
fn a_panic_with_interrupts_masked_ends_the_test() {
    girder_aarch64::cpu::mask_interrupts();
    panic!("masked");
}

#[girder::test(expect = "panic", panic_message = "before the inner one")]
fn a_panic_while_a_panic_is_worded_ends_the_test() {
    struct Panics;

    impl core::fmt::Display for Panics {
        fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            panic!("the inner one")
        }
    }

    panic!("before the inner one {Panics}");
}

#[girder::test(expect = "timeout", limit_ms = 50)]
fn a_panic_that_is_never_worded_is_abandoned() {
    struct Hangs;

    impl core::fmt::Display for Hangs {
        fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            loop {
                core::hint::black_box(());
            }
        }
    }

    panic!("{Hangs}");
}

/// There is room for the panic, but not for its wording.
#[girder::test(expect = "fault")]
fn a_panic_at_the_end_of_the_stack_ends_the_test() {
    const SLOT: usize = 64 * 1024;
    const LEFT: usize = 200;

    fn sink(depth: usize) -> usize {
        let here = core::hint::black_box([depth; 2]);
        let left = here.as_ptr().addr() % SLOT % girder_aarch64::stack::STACK_SIZE as usize;
        if left < LEFT {
            panic!("deep down: {here:?}");
        }
        sink(depth + 1) + here[1]
    }

    core::hint::black_box(sink(0));
}

/// Rounding towards zero, left behind: the next test checks that it is gone.
#[girder::test]
fn rounding_is_changed_here() {
    // SAFETY: changes how this test's floating point rounds, and nothing else.
    unsafe { core::arch::asm!("msr fpcr, {}", in(reg) 0b11_u64 << 22) }
}

#[girder::test]
fn rounding_is_the_default_afterwards() {
    let control: u64;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mrs {}, fpcr", out(reg) control) }
    assert_eq!(control, 0);
}

#[girder::test(expect = "fault")]
fn an_illegal_state_ends_the_test() {
    // SAFETY: never goes on behind it: the return is to a level that this core does not have below.
    unsafe {
        core::arch::asm!(
            "mrs {state}, daif", "msr daifset, #0xf", "orr {state}, {state}, #(1 << 20)",
            "orr {state}, {state}, #0b0100", "adr {here}, 2f", "msr elr_el1, {here}",
            "msr spsr_el1, {state}", "eret", "2: nop", state = out(reg) _, here = out(reg) _)
    }
}
