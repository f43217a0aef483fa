//! Blocks that are freed on another core than their own.

use super::*;

#[test]
fn a_block_that_another_core_frees_serves_at_home_again() {
    let memory = memory(8 << 20);
    let heaps = [const { Heap::new() }; 2];
    let layout = Layout::new::<[u64; 128]>();
    // SAFETY: alone; what is freed was taken.
    unsafe {
        for _ in 0..100 {
            let blocks: Vec<_> = (0..50)
                .map(|_| {
                    heaps[0]
                        .allocate(layout, 1, memory)
                        .expect("there is memory")
                })
                .collect();
            for block in blocks {
                heaps[1].free(block, layout, memory);
            }
        }
        assert_eq!((heaps[0].usage().spans, heaps[1].usage().spans), (1, 0));
    }
}

/// Each thread has a heap, and the blocks go round.
#[test]
fn cores_that_free_each_others_blocks_lose_none() {
    use std::sync::mpsc::channel;
    use std::thread;
    struct Parcel(NonNull<u8>, Layout);
    // SAFETY: the block is the parcel's.
    unsafe impl Send for Parcel {}

    let memory = memory(32 << 20);
    let heaps: &'static [Heap; 3] = Box::leak(Box::new([const { Heap::new() }; 3]));
    let before = memory.blocks.lock().expect("fresh").count();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::<Parcel>()).unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(core, receiver)| {
            let next = senders[(core + 1) % 3].clone();
            thread::spawn(move || {
                let mut numbers = Numbers(core as u64 + 1);
                for _ in 0..2_000 {
                    let layout = numbers.layout();
                    // SAFETY: this thread alone uses this heap.
                    let block = unsafe { heaps[core].allocate(layout, 1, memory) };
                    if let Some(block) = block {
                        // Whoever has ended takes no more.
                        if next.send(Parcel(block, layout)).is_err() {
                            unreachable!("the receivers wait for the senders");
                        }
                    }
                    while let Ok(Parcel(block, layout)) = receiver.try_recv() {
                        // SAFETY: as above.
                        unsafe { heaps[core].free(block, layout, memory) };
                    }
                }
                drop(next);
                for Parcel(block, layout) in receiver {
                    // SAFETY: as above.
                    unsafe { heaps[core].free(block, layout, memory) };
                }
            })
        })
        .collect();
    drop(senders);
    for thread in threads {
        thread.join().expect("no thread fails");
    }
    for heap in heaps {
        // SAFETY: alone: the threads have ended.
        unsafe { heap.trim(memory) };
    }
    assert_eq!(memory.blocks.lock().expect("as above").count(), before);
}

/// Takes blocks until there are no more, `most` at most.
fn take_all(heap: &Heap, layout: Layout, most: usize, memory: &Memory) -> Vec<NonNull<u8>> {
    // SAFETY: alone: one thread.
    let take = || unsafe { heap.allocate(layout, 1, memory) };
    core::iter::from_fn(take).take(most).collect()
}

/// Preemption is off meanwhile.
#[test]
fn what_others_have_brought_back_is_put_away_in_slices() {
    const BACK: usize = 1_000;
    let layout = Layout::from_size_align(1024, 8).expect("possible");
    let memory = memory(16 << 20);
    let [own, other] = [const { Heap::new() }; 2];
    let all = take_all(&own, layout, 2 * BACK, memory);
    // Of each span half stays in use, or the whole would go back to memory at once.
    for &block in all.iter().step_by(2) {
        // SAFETY: taken, and freed once.
        unsafe { other.free(block, layout, memory) };
    }
    // SAFETY: alone: one thread.
    let used = || unsafe { own.usage() }.used() / 1024;
    let before = used();
    let mut blocks = Vec::new();
    for _ in 0..BACK / 2 {
        let before = used();
        blocks.extend(take_all(&own, layout, 1, memory));
        assert!(before + 1 - used() <= home::SLICE);
    }
    assert!(before + blocks.len() - used() > home::SLICE);
    // SAFETY: alone; taken, and freed once.
    unsafe {
        for &block in blocks.iter().chain(all.iter().skip(1).step_by(2)) {
            own.free(block, layout, memory);
        }
        own.trim(memory);
    }
    assert_eq!(memory.blocks.lock().expect("as above").count().spans, 0);
}

#[test]
fn without_memory_all_that_others_have_brought_back_is_looked_at() {
    /// More than whole spans have.
    const SOME: usize = 40;
    let [large, small] = [4096, 64].map(|size| Layout::from_size_align(size, 8).expect("possible"));
    let memory = memory(4 << 20);
    let [own, other] = [const { Heap::new() }; 2];
    let all = take_all(&own, large, usize::MAX, memory);
    for &block in &all[..SOME] {
        // SAFETY: taken, and freed once.
        unsafe { own.free(block, large, memory) };
    }
    let others = take_all(&own, small, 2 * (home::SLICE + 1), memory);
    while !take_all(&own, large, 1, memory).is_empty() {}
    // The one that is wanted comes first, so all the others are met before it; none of their spans becomes empty.
    let wanted = all[SOME];
    // SAFETY: as above.
    unsafe { other.free(wanted, large, memory) };
    for &block in others.iter().step_by(2) {
        // SAFETY: as above.
        unsafe { other.free(block, small, memory) };
    }
    assert_eq!(take_all(&own, large, 2, memory), [wanted]);
}
