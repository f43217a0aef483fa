use super::*;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn pointers<const N: usize>(places: &mut [u64; N]) -> [NonNull<u64>; N] {
    let mut places = places.iter_mut();
    array::from_fn(|_| NonNull::from(places.next().expect("as many")))
}

#[test]
fn there_is_one_owner() {
    let deque = Deque::<u64, 4>::new();
    assert!(deque.own().is_some());
    assert!(deque.own().is_none());
}

#[test]
fn a_full_one_gives_back_what_it_was_to_take() {
    let mut places = [0; 5];
    let pointers = pointers(&mut places);
    let deque = Deque::<u64, 4>::new();
    let mut own = deque.own().expect("the first to ask");
    for &pointer in &pointers[..4] {
        assert_eq!(own.push_bottom(pointer), Ok(()));
    }
    assert_eq!(own.push_bottom(pointers[4]), Err(pointers[4]));
    assert_eq!(deque.pop_top(), Steal::Taken(pointers[0]));
    assert_eq!(own.push_bottom(pointers[4]), Ok(()));
    assert_eq!(deque.len_roughly(), 4);
}

/// Any order of the three steps, against a queue that is right beyond doubt.
#[test]
fn it_does_what_a_plain_queue_does() {
    const STEPS: usize = 100_000;
    let mut places = [0; 64];
    let pointers = pointers(&mut places);
    let deque = Deque::<u64, 8>::new();
    let mut own = deque.own().expect("the first to ask");
    let mut model = VecDeque::new();
    let mut random = 1_u64;
    for step in 0..STEPS {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let pointer = pointers[step % pointers.len()];
        match random >> 62 {
            0 => assert_eq!(own.pop_bottom(), model.pop_back()),
            1 => assert_eq!(
                deque.pop_top(),
                model.pop_front().map_or(Steal::Empty, Steal::Taken)
            ),
            _ if model.len() == 8 => assert_eq!(own.push_bottom(pointer), Err(pointer)),
            _ => {
                assert_eq!(own.push_bottom(pointer), Ok(()));
                model.push_back(pointer);
            }
        }
        assert_eq!(deque.len_roughly(), model.len());
    }
}

/// Real threads: each number is taken once, by somebody.
#[test]
fn each_is_taken_once_by_real_threads() {
    const NUMBERS: usize = 20_000;
    let taken: Vec<AtomicU64> = (0..NUMBERS).map(|_| AtomicU64::new(0)).collect();
    let deque = Deque::<AtomicU64, 16>::new();
    let is_over = AtomicBool::new(false);
    let take = |found: NonNull<AtomicU64>| {
        // SAFETY: one of `taken`, which outlives all threads.
        unsafe { found.as_ref() }.fetch_add(1, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    if let Steal::Taken(found) = deque.pop_top() {
                        take(found);
                    }
                    std::thread::yield_now();
                }
            });
        }
        let mut own = deque.own().expect("the first to ask");
        for (number, place) in taken.iter().enumerate() {
            while own.push_bottom(NonNull::from(place)).is_err() {
                own.pop_bottom().into_iter().for_each(take);
            }
            if number % 3 == 0 {
                own.pop_bottom().into_iter().for_each(take);
            }
        }
        while let Some(found) = own.pop_bottom() {
            take(found);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(taken.iter().all(|it| it.load(Ordering::Relaxed) == 1));
}
