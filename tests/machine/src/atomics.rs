//! Atomic operations, of which an image has two forms: one for cores with the Large System Extensions, one for
//! all others. Whichever runs, it does what the operation says.

use core::hint::black_box;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};
use girder_aarch64::cpu;

#[girder::test]
fn the_code_has_the_form_that_its_core_can_run() {
    let atomics = girder_boot::atomics();
    assert!(atomics.places > 1_000, "{atomics:?}");
    let expected = match cpu::has_large_system_extensions() {
        true => atomics.places,
        false => 0,
    };
    assert_eq!(atomics.rewritten, expected);
}

/// Each operation with all that may be seen of it: the value returned, the one that is there afterwards, and
/// what is made of either in the same breath, which reads the registers that the loop leaves.
macro_rules! operations {
    ($name:ident, $atomic:ty, $value:ty) => {
        #[girder::test]
        fn $name() {
            let values: [$value; 6] = [
                0,
                1,
                0x5a,
                <$value>::MAX,
                <$value>::MAX / 2,
                <$value>::MAX / 2 + 1,
            ];
            for old in values {
                for operand in values {
                    operate(black_box(old), black_box(operand));
                    exchange(black_box(old), black_box(operand));
                }
            }

            #[inline(never)]
            fn operate(old: $value, operand: $value) {
                let word = <$atomic>::new(old);
                let word = black_box(&word);
                let is = |expected: $value| assert_eq!(word.swap(old, AcqRel), expected);
                let sum = word.fetch_add(operand, AcqRel).wrapping_add(operand);
                assert_eq!(sum, old.wrapping_add(operand));
                is(sum);
                let difference = word.fetch_sub(operand, Relaxed).wrapping_sub(operand);
                assert_eq!(difference, old.wrapping_sub(operand));
                is(difference);
                assert_eq!(word.fetch_add(1, Release) == 0, old == 0);
                is(old.wrapping_add(1));
                assert_eq!(word.fetch_sub(1, Release) == 1, old == 1);
                is(old.wrapping_sub(1));
                assert_eq!(
                    word.fetch_and(operand, Acquire) & operand == 0,
                    old & operand == 0
                );
                is(old & operand);
                assert_eq!(word.fetch_and(!1, AcqRel), old);
                is(old & !1);
                assert_eq!(word.fetch_and(!operand, SeqCst), old);
                is(old & !operand);
                assert_eq!(word.fetch_or(operand, SeqCst) | operand, old | operand);
                is(old | operand);
                assert_eq!(word.fetch_or(4, Relaxed), old);
                is(old | 4);
                assert_eq!(word.fetch_xor(operand, AcqRel) ^ operand, old ^ operand);
                is(old ^ operand);
                assert_eq!(word.fetch_xor(2, AcqRel), old);
                is(old ^ 2);
                assert_eq!(word.fetch_nand(operand, AcqRel), old);
                is(!(old & operand));
                assert_eq!(word.fetch_max(operand, AcqRel), old);
                is(old.max(operand));
            }

            #[inline(never)]
            fn exchange(old: $value, expected: $value) {
                const NEW: $value = 0x35;
                let word = <$atomic>::new(old);
                let word = black_box(&word);
                let result = match old == expected {
                    true => Ok(old),
                    false => Err(old),
                };
                let after = |expected: $value| assert_eq!(word.swap(old, SeqCst), expected);
                let left = if old == expected { NEW } else { old };
                assert_eq!(
                    word.compare_exchange(expected, NEW, AcqRel, Acquire),
                    result
                );
                after(left);
                assert_eq!(
                    word.compare_exchange(expected, NEW, Release, Relaxed),
                    result
                );
                after(left);
                assert_eq!(
                    word.compare_exchange(0, NEW, Acquire, Relaxed).is_ok(),
                    old == 0
                );
                after(if old == 0 { NEW } else { old });
                assert_eq!(
                    word.compare_exchange(1, 0, SeqCst, SeqCst).is_ok(),
                    old == 1
                );
                after(if old == 1 { 0 } else { old });
                // It may give up for no reason, and then nothing has happened.
                let weak = word.compare_exchange_weak(expected, NEW, AcqRel, Relaxed);
                assert!(weak == result || weak == Err(old));
                after(if weak.is_ok() { NEW } else { old });
                let update = word.fetch_update(AcqRel, Acquire, |value| value.checked_add(3));
                assert_eq!(update.is_ok(), old.checked_add(3).is_some());
                after(old.checked_add(3).unwrap_or(old));
            }
        }
    };
}

operations!(operations_on_bytes, AtomicU8, u8);
operations!(operations_on_16_bits, AtomicU16, u16);
operations!(operations_on_32_bits, AtomicU32, u32);
operations!(operations_on_64_bits, AtomicU64, u64);
