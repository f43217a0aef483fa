//! Random requests against a model.

mod returned;

use super::*;
use std::alloc::Layout;
use std::boxed::Box;
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::vec::Vec;

/// Memory of a test.
struct Memory {
    blocks: Mutex<Blocks>,
    /// Requests for memory that are still met.
    left: Mutex<usize>,
}

impl Source for Memory {
    fn with<R>(&self, f: impl FnOnce(&mut Blocks) -> R) -> Option<R> {
        Some(f(&mut self.blocks.lock().expect("no test panics in here")))
    }
}

/// The same, that is there only so often.
struct Scarce<'a>(&'a Memory);

impl Source for Scarce<'_> {
    fn with<R>(&self, f: impl FnOnce(&mut Blocks) -> R) -> Option<R> {
        let mut left = self.0.left.lock().expect("no test panics in here");
        *left = left.checked_sub(1)?;
        self.0.with(f)
    }
}

fn memory(size: usize) -> &'static Memory {
    let layout = Layout::from_size_align(size, SPAN).expect("possible");
    // SAFETY: the layout has a size.
    let start = unsafe { std::alloc::alloc(layout) } as usize;
    let mut blocks = Blocks::new();
    // Odd borders, as machines have them.
    // SAFETY: just allocated, for ever.
    unsafe { blocks.add(start + 8..start + size - 24, None) };
    assert_eq!(blocks.walk(), blocks.count());
    Box::leak(Box::new(Memory {
        blocks: Mutex::new(blocks),
        left: Mutex::new(usize::MAX),
    }))
}

/// Numbers from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn layout(&mut self) -> Layout {
        let size = match self.below(10) {
            0..=5 => self.below(600),
            6 | 7 => self.below(5_000),
            8 => self.below(40_000),
            _ => self.below(300_000),
        };
        let align = 1
            << match self.below(20) {
                0 => self.below(18),
                1 | 2 => self.below(10),
                _ => self.below(5),
            };
        Layout::from_size_align(size as usize, align).expect("possible")
    }
}

/// What a test has taken: address, size, layout, owner.
#[derive(Default)]
struct Taken {
    all: Vec<(NonNull<u8>, Layout, u32)>,
    ranges: BTreeMap<usize, usize>,
}

impl Taken {
    fn add(&mut self, block: NonNull<u8>, layout: Layout, owner: u32) {
        let start = block.as_ptr() as usize;
        assert!(start.is_multiple_of(layout.align()));
        let end = start + layout.size().max(1);
        let before = self.ranges.range(..end).next_back();
        assert!(
            before.is_none_or(|(_, &before)| before <= start),
            "they overlap"
        );
        self.ranges.insert(start, end);
        // SAFETY: so long is the block.
        unsafe { block.as_ptr().write_bytes(owner as u8, layout.size()) };
        self.all.push((block, layout, owner));
    }

    fn remove(&mut self, index: usize) -> (NonNull<u8>, Layout, u32) {
        let (block, layout, owner) = self.all.swap_remove(index);
        self.ranges.remove(&(block.as_ptr() as usize));
        // SAFETY: so long is the block.
        let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr(), layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == owner as u8), "overwritten");
        (block, layout, owner)
    }
}

/// What the spans of a heap say agrees with itself, and with who owns what.
fn check(heaps: &[Heap], memory: &Memory, taken: &Taken) {
    let mut owned = BTreeMap::<u32, usize>::new();
    let (mut spans, mut used) = (0, 0);
    for heap in heaps {
        // SAFETY: alone: the tests have one thread.
        unsafe {
            heap.walk(|span| {
                let owners: Vec<_> = span.owners().collect();
                assert_eq!(owners.len(), span.used());
                used += span.size() * span.used();
                for owner in owners {
                    *owned.entry(owner).or_default() += 1;
                }
            });
            spans += heap.usage().spans;
        }
    }
    let mut expected = BTreeMap::<u32, usize>::new();
    for (_, layout, owner) in &taken.all {
        if let class::Fit::Class(_) = class::Fit::of(*layout) {
            *expected.entry(*owner).or_default() += 1;
        }
    }
    assert_eq!(owned, expected, "who owns what");
    let count = memory.blocks.lock().expect("no test panics in here").walk();
    assert_eq!(count, memory.blocks.lock().expect("as above").count());
    assert_eq!(count.spans, spans * SPAN);
    assert!(used <= count.spans);
}

#[test]
fn random_requests_on_some_cores_never_overlap_and_all_comes_back() {
    for seed in 1..6 {
        let memory = memory(64 << 20);
        let before = memory.blocks.lock().expect("fresh").count();
        let heaps = [const { Heap::new() }; 3];
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut taken = Taken::default();
        for round in 0..20_000 {
            let heap = &heaps[numbers.below(3) as usize];
            let is_growing = (round / 4_000) % 2 == 0;
            // SAFETY: alone: one thread; what is freed was taken.
            unsafe {
                if taken.all.is_empty() || numbers.below(10) < if is_growing { 7 } else { 3 } {
                    let (layout, owner) = (numbers.layout(), 1 + numbers.below(100) as u32);
                    if let Some(block) = heap.allocate(layout, owner, memory) {
                        taken.add(block, layout, owner);
                    }
                } else {
                    let index = numbers.below(taken.all.len() as u64) as usize;
                    let (block, layout, owner) = taken.remove(index);
                    assert_eq!(heap.free(block, layout, memory), owner);
                }
            }
        }
        // SAFETY: as above.
        unsafe { heaps.iter().for_each(|heap| heap.trim(memory)) };
        check(&heaps, memory, &taken);
        while !taken.all.is_empty() {
            let (block, layout, _) = taken.remove(0);
            // SAFETY: as above.
            unsafe { heaps[0].free(block, layout, memory) };
        }
        // SAFETY: as above.
        unsafe { heaps.iter().for_each(|heap| heap.trim(memory)) };
        check(&heaps, memory, &taken);
        assert_eq!(memory.blocks.lock().expect("as above").count(), before);
    }
}

#[test]
fn memory_that_runs_out_is_nothing_worse_than_no_block() {
    let memory = memory(16 << 20);
    let heaps = [const { Heap::new() }; 1];
    let mut numbers = Numbers(7);
    for allowed in 0..200 {
        *memory.left.lock().expect("fresh") = allowed;
        let mut taken = Taken::default();
        for _ in 0..400 {
            let layout = numbers.layout();
            // SAFETY: alone: one thread.
            if let Some(block) = unsafe { heaps[0].allocate(layout, 1, &Scarce(memory)) } {
                taken.add(block, layout, 1);
            }
        }
        check(&heaps, memory, &taken);
        while let Some(last) = taken.all.len().checked_sub(1) {
            let (block, layout, _) = taken.remove(last);
            // SAFETY: taken, and freed once.
            unsafe { heaps[0].free(block, layout, memory) };
        }
        // SAFETY: alone.
        unsafe { heaps[0].trim(memory) };
        assert_eq!(memory.blocks.lock().expect("as above").count().spans, 0);
    }
}

/// What the kernel was charged with, and what a walk finds to be the kernel's.
fn kernels(heap: &Heap, memory: &Memory) -> (Held, Held) {
    let mut found = Held::default();
    let mut add = |owner, bytes| {
        assert_eq!(owner, KERNEL);
        found.add(bytes);
    };
    // SAFETY: alone: the tests have one thread.
    let charged = unsafe {
        heap.walk(|span| span.owners().for_each(|owner| add(owner, span.size())));
        heap.charges().kernel()
    };
    let blocks = memory.blocks.lock().expect("no test panics in here");
    blocks.walk_owned(&mut add);
    (charged, found)
}

/// Whatever serves a request that finds no room of its kind, it is charged by what it takes, and the same is taken off.
#[test]
fn with_all_memory_used_up_what_is_charged_is_what_is_there() {
    for size in [1 << 20, 3 << 20, 5 << 20] {
        let memory = memory(size);
        let heap = Heap::new();
        let mut numbers = Numbers(size as u64);
        for _ in 0..20 {
            let mut taken = Vec::new();
            for _ in 0..400 {
                let layout = numbers.layout();
                // SAFETY: alone: one thread.
                if let Some(block) = unsafe { heap.allocate_for_kernel(layout, memory) } {
                    taken.push((block, layout));
                }
            }
            let (charged, found) = kernels(&heap, memory);
            assert_eq!(charged, found);
            assert_eq!(charged.blocks, taken.len());
            for (block, layout) in taken {
                // SAFETY: taken, and freed once.
                unsafe { heap.free_of_kernel(block, layout, memory) };
            }
            assert_eq!(kernels(&heap, memory), Default::default());
            // SAFETY: alone.
            unsafe { heap.trim(memory) };
        }
    }
}

/// However memory went to pieces, it comes together again; and no step of that walks a list.
#[test]
fn what_comes_back_in_any_order_is_whole_again() {
    let memory = memory(40 << 20);
    let mut blocks = memory.blocks.lock().expect("fresh");
    let largest = (0..12)
        .rev()
        .find(|&order| {
            let block = blocks.take(order, Use::Large, 1);
            // SAFETY: just taken.
            block.map(|block| unsafe { blocks.give(block) }).is_some()
        })
        .expect("there is memory");
    let before = blocks.count();
    let mut numbers = Numbers(3);
    for round in 0..5 {
        let mut taken = Vec::new();
        while let Some(block) = blocks.take(numbers.below(1 + round) as u32, Use::Large, 1) {
            taken.push(block);
            assert_eq!(blocks.walk(), blocks.count());
        }
        while !taken.is_empty() {
            let block = taken.swap_remove(numbers.below(taken.len() as u64) as usize);
            // SAFETY: taken, and given back once.
            assert_eq!(unsafe { blocks.give(block) }, 1);
        }
        assert_eq!((blocks.count(), blocks.walk()), (before, before));
        let whole = blocks.take(largest, Use::Large, 1).expect("it is whole");
        // SAFETY: just taken.
        unsafe { blocks.give(whole) };
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let memory = memory(8 << 20);
    let heap = Heap::new();
    for size in [9 << 20, 1 << 30, 1 << 40, isize::MAX as usize & !0xfff] {
        let layout = Layout::from_size_align(size, 8).expect("possible");
        // SAFETY: alone.
        assert_eq!(unsafe { heap.allocate(layout, 1, memory) }, None);
    }
}

#[test]
fn no_more_than_one_empty_span_of_a_size_is_kept() {
    let memory = memory(8 << 20);
    let heap = Heap::new();
    let layout = Layout::new::<[u64; 12]>();
    // SAFETY: alone; what is freed was taken.
    unsafe {
        let blocks: Vec<_> = (0..3_000)
            .map(|_| heap.allocate(layout, 1, memory))
            .collect();
        assert!(heap.usage().spans >= 4);
        for block in blocks.into_iter().flatten() {
            heap.free(block, layout, memory);
        }
        assert_eq!(heap.usage().spans, 1);
    }
}
