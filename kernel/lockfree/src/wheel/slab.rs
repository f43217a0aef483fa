//! Where the nodes of a wheel live: chunks that are added and never move, and a list of free nodes.
//!
//! A node is named by its index. The first of them are the heads of the wheel's slots: every list is a ring
//! through its head, so putting a node in and taking it out ask for no special case.
//!
//! Each node knows the key by which the outside may name it, and has another one each time it is free
//! again, so a stale key fits nothing. One whose keys are used up is never used again (32 bytes in
//! 2^31 timers).
//!
//! # Links are not checked
//!
//! What links two nodes, or leads to the first free one, is written in this file alone, from indices of nodes that are
//! there, and nodes never go away. So following a link asks for no look whether there is such a node, which would be a
//! tenth of what a timer costs. Indices that come from outside are looked at: in keys, and of slots.

use super::Ringer;
use super::slots::HEADS;
use crate::heap::{Source, array_bytes, list_bytes, list_of_kernel, make_room_in};
use crate::scarcity::{Purpose, may_take};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// Nodes in a chunk.
const CHUNK: usize = 4096;
/// Bits of a node's generation in a key; above them the core's number, then the node's index.
const GENERATION_BITS: u32 = 31;
const CORE_BITS: u32 = 9;
const INDEX_BITS: u32 = 24;
const GENERATIONS: u64 = (1 << GENERATION_BITS) - 1;
/// Chunks that there is a place for from the beginning.
const FIRST_CHUNKS: usize = 4;
/// Chunks in a slab, at most.
const CHUNKS: usize = (1 << INDEX_BITS) / CHUNK;

/// The first node that is no slot's head.
const FIRST: u32 = HEADS;
const _: () = assert!((FIRST as usize) < CHUNK);

/// The end of the list of free nodes.
const NONE: u32 = u32::MAX;
/// In place of the neighbour before: it is in no ring.
const FREE: u32 = u32::MAX;

/// A timer that is set, a free place for one, or the head of a slot.
#[derive(Clone, Copy, Debug)]
struct Node<T> {
    next: u32,
    previous: u32,
    /// When it is due.
    tick: u64,
    /// What is due then.
    what: T,
    key: u64,
}

/// What a timer is known by outside: never 0.
pub(super) type Key = u64;

/// The core whose slab a key is of.
#[inline(always)]
pub(super) fn core_of(key: Key) -> usize {
    (key >> GENERATION_BITS) as usize & ((1 << CORE_BITS) - 1)
}

/// The nodes.
#[derive(Debug)]
pub(super) struct Slab<T> {
    chunks: Vec<Box<[Node<T>; CHUNK]>>,
    free: u32,
    /// Of the core whose slab it is, in its place in a key.
    core: u64,
}

/// What a node was found to be.
pub(super) enum Visit<T> {
    Due(T),
    /// Due at that tick.
    Later(u64),
}

/// Room for more timers, which is made apart from the wheel.
#[derive(Debug)]
pub struct Chunk<T> {
    nodes: Box<[Node<T>; CHUNK]>,
    order: Order,
}

/// What room a wheel needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The place of the new chunk.
    place: usize,
    core: u64,
}

impl Order {
    /// Makes the room. Until a timer is set in it, `filler` stands for what is due. `None` if there is no
    /// memory, or the wheel is as large as it may be. Whoever may be killed keeps preemption off until the wheel has it.
    pub fn make<T: Copy>(self, filler: T) -> Option<Chunk<T>> {
        if self.place >= CHUNKS {
            return None;
        }
        if !may_take(Purpose::Alarms) {
            return None;
        }
        let mut nodes = list_of_kernel(CHUNK)?;
        let first = (self.place * CHUNK) as u32;
        nodes.extend((first..first + CHUNK as u32).map(|index| self.node(index, filler)));
        let nodes = nodes.into_boxed_slice().try_into().ok()?;
        Some(Chunk { nodes, order: self })
    }

    /// A head is a ring of its own; the other nodes are a list of free ones.
    fn node<T>(self, index: u32, filler: T) -> Node<T> {
        let is_head = index < FIRST;
        Node {
            next: if is_head { index } else { index + 1 },
            previous: if is_head { index } else { FREE },
            tick: 0,
            what: filler,
            key: 1 | self.core | u64::from(index) << (u64::BITS - INDEX_BITS),
        }
    }
}

impl<T> Node<T> {
    /// Makes it a free node, before the others.
    #[inline(always)]
    fn retire(&mut self, index: u32, free: &mut u32) {
        self.key += 1;
        (self.next, self.previous) = (*free, FREE);
        // No generation is 0: one more than the highest is the first that the node does not have, nor anybody else.
        if self.key & GENERATIONS != 0 {
            *free = index;
        }
    }
}

/// The node of this index.
///
/// # Safety
///
/// It is there: see the head of this file.
#[inline(always)]
unsafe fn linked<T>(chunks: &mut [Box<[Node<T>; CHUNK]>], index: u32) -> &mut Node<T> {
    let (chunk, place) = (index as usize / CHUNK, index as usize % CHUNK);
    debug_assert!(chunk < chunks.len(), "a link to no node");
    // SAFETY: the caller's promise.
    unsafe { &mut chunks.get_unchecked_mut(chunk)[place] }
}

impl<T: Copy> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            free: NONE,
            core: 0,
        }
    }

    /// Says of which core it is, before there is any room.
    pub(super) fn set_core(&mut self, core: u32) {
        debug_assert!(core < 1 << CORE_BITS && self.chunks.is_empty());
        self.core = u64::from(core) << GENERATION_BITS;
        // Now, so that the first alarms of a core, whenever they come, look like no block that somebody has lost. Without
        // room it is made later.
        let _ = self.chunks.try_reserve(FIRST_CHUNKS);
    }

    /// Bytes of the room that was made, which is never taken away.
    pub(super) fn bytes(&self, source: &impl Source) -> usize {
        let each = self.chunks.iter().map(|chunk| {
            let nodes = NonNull::from(&chunk[0]);
            // SAFETY: made so, and there as long as the slab.
            unsafe { array_bytes(nodes, CHUNK, source) }
        });
        list_bytes(&self.chunks, source) + each.sum::<usize>()
    }

    /// What room to make next.
    pub(super) fn order(&self) -> Order {
        Order {
            place: self.chunks.len(),
            core: self.core,
        }
    }

    /// Takes room in. It comes back if there is no memory, or if somebody else has meanwhile brought what
    /// was ordered.
    pub(super) fn add(&mut self, mut chunk: Chunk<T>) -> Result<(), Chunk<T>> {
        let order = self.order();
        let is_wanted = chunk.order == order && may_take(Purpose::AlarmList);
        if !is_wanted || !make_room_in(&mut self.chunks) {
            return Err(chunk);
        }
        let heads = if order.place == 0 { FIRST } else { 0 };
        chunk.nodes[CHUNK - 1].next = self.free;
        self.free = (order.place * CHUNK) as u32 + heads;
        self.chunks.push(chunk.nodes);
        Ok(())
    }

    /// Puts a timer behind all others of this ring. Returns its key, and whether it is alone there. `None`
    /// if no node is free.
    #[inline(always)]
    pub(super) fn insert(&mut self, slot: u64, tick: u64, what: T) -> Option<(Key, bool)> {
        let index = self.free;
        if index as usize / CHUNK >= self.chunks.len() {
            return None;
        }
        let head = slot as u32;
        let last = core::mem::replace(&mut self.chunks[0][slot as usize % CHUNK].previous, index);
        // SAFETY: that chunk is there, as has just been found.
        let node = unsafe { linked(&mut self.chunks, index) };
        let free = core::mem::replace(&mut node.next, head);
        node.previous = last;
        node.tick = tick;
        node.what = what;
        let key = node.key;
        self.free = free;
        let is_alone = last == head;
        if is_alone {
            self.chunks[0][slot as usize % CHUNK].next = index;
        } else {
            // SAFETY: a link.
            unsafe { linked(&mut self.chunks, last) }.next = index;
        }
        Some((key, is_alone))
    }

    /// Gives what is due of a ring in which everything is to `ringer`, and frees the nodes: so many at the most. Returns the
    /// node that is first now, and how many are left of those that might have been.
    #[inline(always)]
    pub(super) fn ring_all<R: Ringer<T>>(
        &mut self,
        head: u32,
        most: usize,
        ringer: &mut R,
    ) -> (u32, usize) {
        let mut index = self.first(head);
        let mut left = most;
        let Self { chunks, free, .. } = self;
        let mut first_free = *free;
        let mut portion = R::Portion::default();
        while index != head && left > 0 {
            // SAFETY: a link.
            let node = unsafe { linked(chunks, index) };
            let Node { next, what, .. } = *node;
            node.retire(index, &mut first_free);
            left -= 1;
            index = next;
            ringer.ring(what, &mut portion);
        }
        *free = first_free;
        ringer.end(portion);
        (index, left)
    }

    /// Looks at a node of a ring that is being emptied: frees it if it is due by now. Returns the next one as well.
    #[inline(always)]
    pub(super) fn visit(&mut self, index: u32, now: u64) -> (Visit<T>, u32) {
        let node = &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK];
        let Node {
            next, tick, what, ..
        } = *node;
        if tick > now {
            return (Visit::Later(tick), next);
        }
        node.retire(index, &mut self.free);
        (Visit::Due(what), next)
    }

    /// Takes the timer of this key out of its ring and frees its node. Returns what would have been due, and the
    /// head of the ring if that is empty now.
    #[inline(always)]
    pub(super) fn remove(&mut self, key: Key) -> Option<(T, Option<u32>)> {
        let index = (key >> (u64::BITS - INDEX_BITS)) as u32;
        let chunk = self.chunks.get_mut(index as usize / CHUNK)?;
        let node = &mut chunk[index as usize % CHUNK];
        if node.key != key {
            return None;
        }
        let Node {
            next,
            previous,
            what,
            ..
        } = *node;
        node.retire(index, &mut self.free);
        if next == previous {
            // Only the head was beside it.
            self.close(next);
            return Some((what, Some(next)));
        }
        // SAFETY: links.
        unsafe {
            linked(&mut self.chunks, previous).next = next;
            linked(&mut self.chunks, next).previous = previous;
        }
        Some((what, None))
    }

    /// The head of a slot; there are none before there is room.
    #[inline(always)]
    fn head(&mut self, head: u32) -> &mut Node<T> {
        &mut self.chunks[0][head as usize % CHUNK]
    }

    /// The first node of a slot, or its head.
    #[inline(always)]
    pub(super) fn first(&mut self, head: u32) -> u32 {
        self.head(head).next
    }

    #[inline(always)]
    fn at(&mut self, index: u32) -> &mut Node<T> {
        &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }

    /// Puts a node behind all others of this ring. True if it is alone there.
    #[inline(always)]
    pub(super) fn append(&mut self, head: u32, index: u32) -> bool {
        let last = core::mem::replace(&mut self.at(head).previous, index);
        let node = self.at(index);
        node.previous = last;
        node.next = head;
        self.at(last).next = index;
        last == head
    }

    /// Puts all nodes of this ring behind all others of another one. False if there are none.
    pub(super) fn append_all(&mut self, target: u32, head: u32) -> bool {
        let Node { next, previous, .. } = *self.at(head);
        if next == head {
            return false;
        }
        let last = core::mem::replace(&mut self.at(target).previous, previous);
        self.at(last).next = next;
        self.at(next).previous = last;
        self.at(previous).next = target;
        self.close(head);
        true
    }

    /// Takes all nodes out of a ring.
    #[inline(always)]
    pub(super) fn close(&mut self, head: u32) {
        let node = self.head(head);
        node.next = head;
        node.previous = head;
    }

    /// Takes all nodes before this one out of a ring; they stay linked as they are.
    pub(super) fn cut(&mut self, head: u32, first: u32) {
        self.at(head).next = first;
        self.at(first).previous = head;
    }

    /// How many nodes there are.
    pub(super) fn count(&self) -> u32 {
        (self.chunks.len() * CHUNK) as u32
    }

    /// The timer that is set in this node.
    pub(super) fn timer(&mut self, index: u32) -> Option<(Key, T)> {
        let node = self.at(index);
        if index < FIRST || node.previous == FREE {
            return None;
        }
        Some((node.key, node.what))
    }
}
