//! The arena against a model: blocks that are apart, keep what is written into them, and add up.

use super::state::{CHUNK_MAX, CHUNK_MIN};
use super::{Arena, Remains, State, Usage};
use allocator_api2::alloc::Allocator;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use proptest::prelude::*;
use std::vec::Vec;

/// An arena without a process: gone when it is dropped.
struct Whole(NonNull<State>);

impl Whole {
    fn new() -> Self {
        Self(State::create().expect("memory"))
    }

    fn arena(&self) -> Arena<'_> {
        Arena {
            state: self.0,
            process: PhantomData,
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let mut remains = Remains::new();
        // SAFETY: who borrowed it is gone.
        unsafe { State::leave(self.0, &mut remains) };
        while !remains.give_back(3) {}
    }
}

/// A block as the model has it: filled with its tag.
struct Block {
    place: NonNull<u8>,
    layout: Layout,
    tag: u8,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Allocate { size: usize, align: usize },
    Free { which: usize },
    Resize { which: usize, size: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![
        8 => 0..200_usize,
        4 => 200..9_000_usize,
        1 => 9_000..80_000_usize,
    ];
    let align = prop_oneof![6 => 0..5_u32, 1 => 5..8_u32].prop_map(|it| 1 << it);
    prop_oneof![
        4 => (size.clone(), align).prop_map(|(size, align)| Step::Allocate { size, align }),
        3 => any::<usize>().prop_map(|which| Step::Free { which }),
        2 => (any::<usize>(), size).prop_map(|(which, size)| Step::Resize { which, size }),
    ]
}

/// Writes the whole block, beyond what was asked for too.
fn fill(place: NonNull<[u8]>, tag: u8) {
    // SAFETY: a block that was just given out.
    unsafe { place.cast::<u8>().write_bytes(tag, place.len()) };
}

fn holds(block: &Block, length: usize) -> bool {
    // SAFETY: the block is in use, and was filled.
    let bytes = unsafe { core::slice::from_raw_parts(block.place.as_ptr(), length) };
    bytes.iter().all(|&byte| byte == block.tag)
}

fn allocated(arena: Arena<'_>, layout: Layout, tag: u8) -> Block {
    let place = arena.allocate(layout).expect("memory");
    assert!(place.len() >= layout.size());
    let place_of_bytes = place.cast::<u8>();
    assert!(place_of_bytes.addr().get().is_multiple_of(layout.align()));
    fill(place, tag);
    Block {
        place: place_of_bytes,
        layout,
        tag,
    }
}

fn free(arena: Arena<'_>, block: Block) {
    assert!(holds(&block, block.layout.size()), "block {}", block.tag);
    // SAFETY: from this arena, with this layout, and freed once.
    unsafe { arena.deallocate(block.place, block.layout) };
}

fn resize(arena: Arena<'_>, block: &mut Block, size: usize) {
    let Block { place, layout, tag } = *block;
    let new = Layout::from_size_align(size, layout.align()).expect("small");
    // SAFETY: from this arena with this layout; the right one of the two.
    let moved = unsafe {
        match size >= layout.size() {
            true => arena.grow(place, layout, new),
            false => arena.shrink(place, layout, new),
        }
    };
    let moved = moved.expect("memory");
    (block.place, block.layout) = (moved.cast(), new);
    assert!(holds(block, layout.size().min(size)), "lost in moving");
    fill(moved, tag);
}

proptest! {
    #[test]
    fn blocks_are_apart_and_add_up(steps in prop::collection::vec(step(), 1..200)) {
        let whole = Whole::new();
        let arena = whole.arena();
        let mut blocks = Vec::<Block>::new();
        for (tag, step) in steps.into_iter().enumerate() {
            match step {
                Step::Allocate { size, align } => {
                    let layout = Layout::from_size_align(size, align).expect("small");
                    blocks.push(allocated(arena, layout, tag as u8));
                }
                Step::Free { which } if !blocks.is_empty() => {
                    free(arena, blocks.swap_remove(which % blocks.len()));
                }
                Step::Resize { which, size } if !blocks.is_empty() => {
                    let which = which % blocks.len();
                    resize(arena, &mut blocks[which], size);
                }
                _ => {}
            }
            let Usage { live, held, .. } = arena.usage();
            let asked: usize = blocks.iter().map(|it| it.layout.size()).sum();
            assert!(asked <= live && live <= held, "{asked} {live} {held}");
        }
        while let Some(block) = blocks.pop() {
            free(arena, block);
        }
        prop_assert_eq!(arena.usage().live, 0);
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("small")
}

#[test]
fn a_service_that_allocates_for_ever_stays_flat() {
    let whole = Whole::new();
    let arena = whole.arena();
    let mut held = 0;
    for round in 0..1_000 {
        let sizes = (0..300).map(|number| 1 + number * 31 % 20_000);
        let blocks: Vec<_> = sizes
            .map(|size| allocated(arena, layout(size), 1))
            .collect();
        blocks.into_iter().for_each(|block| free(arena, block));
        let usage = arena.usage();
        assert_eq!(usage.live, 0);
        match round {
            0 => held = usage.held,
            _ => assert_eq!(usage.held, held, "grown in round {round}"),
        }
    }
}

#[test]
fn a_large_block_goes_back_when_it_is_freed() {
    let whole = Whole::new();
    let arena = whole.arena();
    let before = arena.usage();
    let block = allocated(arena, layout(1 << 20), 1);
    assert!(arena.usage().held >= before.held + (1 << 20));
    free(arena, block);
    assert_eq!(arena.usage().held, before.held);
    assert_eq!(arena.usage().live, before.live);
}

#[test]
fn chunks_double_up_to_their_bound() {
    let whole = Whole::new();
    let arena = whole.arena();
    let mut sizes = Vec::new();
    let mut held = arena.usage().held;
    assert_eq!(held, CHUNK_MIN);
    while sizes.len() < 10 {
        arena.allocate(layout(64)).expect("memory");
        let grown = arena.usage().held - core::mem::replace(&mut held, arena.usage().held);
        sizes.extend((grown > 0).then_some(grown));
    }
    assert!(
        sizes.is_sorted() && sizes.last() == Some(&CHUNK_MAX),
        "{sizes:?}"
    );
    assert_eq!(sizes.first(), Some(&CHUNK_MIN));
}

#[test]
fn nothing_is_given_out_beyond_the_limit_and_all_below_it() {
    let whole = Whole::new();
    let arena = whole.arena();
    let limit = 10_000;
    arena.set_limit(limit);
    let mut live = 0;
    while arena.allocate(layout(64)).is_ok() {
        live += 64;
    }
    assert!(
        arena.usage().held <= limit && live > limit * 8 / 10,
        "{live}"
    );
    assert!(arena.allocate(layout(limit)).is_err());
    arena.set_limit(2 * limit);
    assert!(arena.allocate(layout(64)).is_ok());
}

#[test]
fn what_no_machine_has_is_an_error() {
    let whole = Whole::new();
    let arena = whole.arena();
    for size in [1 << 46, isize::MAX as usize - 7] {
        assert!(arena.allocate(layout(size)).is_err());
    }
    let aligned = |align| Layout::from_size_align(8, align).expect("a layout");
    let block = arena
        .allocate(aligned(2 << 20))
        .expect("memory")
        .cast::<u8>();
    assert!(block.addr().get().is_multiple_of(2 << 20));
    assert!(arena.vec::<u8>().try_reserve(1 << 46).is_err());
    assert!(arena.string("").try_reserve(1 << 46).is_err());
    assert!(arena.map::<u64, u64>().try_reserve(1 << 46).is_err());
}

/// The price is what the process pays; here it is the loop's record that does.
#[test]
fn allocations_are_paid_for_in_proportion() {
    use crate::process::local;
    let whole = Whole::new();
    let arena = whole.arena();
    let price = |size: usize, count: usize| {
        let before = local().left();
        for _ in 0..count {
            let block = allocated(arena, layout(size), 1);
            free(arena, block);
        }
        before - local().left()
    };
    let (small, large) = (price(64, 10_000), price(64_000, 10));
    assert!(small.abs_diff(large) < 100, "{small} {large}");
    assert!(small.abs_diff(10_000 * 64 / 128) < 100, "{small}");
    assert_eq!(arena.usage().reductions, (small + large) as u64);
}

#[test]
fn containers_live_in_it() {
    let whole = Whole::new();
    let arena = whole.arena();
    let mut words = arena.map();
    for (number, word) in ["one", "two", "three", "two"].into_iter().enumerate() {
        words
            .entry(arena.string(word))
            .or_insert_with(|| arena.vec())
            .push(arena.boxed(number));
    }
    assert_eq!(words.len(), 3);
    assert_eq!(words["two"].iter().map(|it| **it).sum::<usize>(), 4);
    let numbers: hashbrown::HashSet<_, _, _> = {
        let mut set = arena.set();
        set.extend([1, 2, 2]);
        set
    };
    assert_eq!(numbers.len(), 2);
    assert_eq!(arena.copy(&[1, 2, 3])[1..], [2, 3]);
    drop((words, numbers));
    assert_eq!(arena.usage().live, 0);
}

#[test]
fn strings_are_cut_between_characters() {
    let whole = Whole::new();
    let arena = whole.arena();
    let mut text = arena.format(format_args!("{}-{}", 1, "ü"));
    text.push('é');
    text.extend(["a", "b"]);
    assert_eq!(text, "1-üéab");
    assert_eq!(text.pop(), Some('b'));
    text.truncate(4);
    assert_eq!((&*text, text.len()), ("1-ü", 4));
    assert_eq!(text.clone().into_bytes().len(), 4);
    text.clear();
    assert_eq!(text.pop(), None);
}
