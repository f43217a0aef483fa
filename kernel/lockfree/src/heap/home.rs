//! The blocks that are at home on one core: its spans, by size.
//!
//! Of each size there is one span in use, and a table leads from a request to it: so taking a block is a look
//! into that table and into the span's head. When it is full, the next is, in this order: what other cores have
//! brought back; another span with room; a new one.
//!
//! A block that is freed at home goes back into its span at once. An empty span goes back to memory, unless it is
//! the one in use: so who takes and frees at the border of a span does not move memory each time, and no
//! size keeps more than one empty span.

use super::charge::{Books, OVER};
use super::class::{CLASSES, Fit, SMALL, STEP, STEPS, steps};
use super::links::{insert, remove};
use super::returned::Returned;
use super::span::{Put, Span};
use super::{Blocks, Use};
use crate::process::here::Here;
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};

/// No block is larger: what a process may have at most is twice that, and a charge has to tell it.
const LARGEST: usize = 32 << 30;

/// Blocks that others have brought back and that are put where they belong at a time: preemption is off meanwhile.
pub(super) const SLICE: usize = 256;

/// Where memory comes from.
pub trait Source {
    /// Runs `f` with all memory; `None` if that can't be had now.
    fn with<R>(&self, f: impl FnOnce(&mut Blocks) -> R) -> Option<R>;
}

/// What has become of a block at once.
pub(super) enum Freed {
    /// Nothing yet.
    Not,
    /// It is free; it was this owner's, and cost as much.
    Whole(u32, u64),
    /// The same, and its span is to be looked at.
    Look(u32, NonNull<Span>),
}

/// A core's blocks.
///
/// Whoever calls a method that says *alone* is, as long as that takes, the only one that does.
#[derive(Debug)]
pub struct Heap {
    /// The span in use, for each number of steps.
    direct: [Cell<NonNull<Span>>; STEPS],
    /// The span in use, for each size.
    current: [Cell<NonNull<Span>>; CLASSES],
    /// Other spans with room.
    roomy: [Cell<Option<NonNull<Span>>>; CLASSES],
    /// All spans.
    pub(super) all: Cell<Option<NonNull<Span>>>,
    returned: Returned,
    /// What was taken of it, and is not back in its spans yet: the first, which leads to the next.
    coming: Cell<*mut u8>,
    /// What is charged, besides to those who live.
    pub(super) books: Books,
}

// SAFETY: the cells are touched by whoever is alone, as the methods ask for; `returned` is made for all.
unsafe impl Sync for Heap {}
// SAFETY: it owns its spans.
unsafe impl Send for Heap {}

impl Heap {
    /// No blocks.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self::with(Returned::new())
    }

    /// No blocks.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self::with(Returned::new())
    }

    const fn with(returned: Returned) -> Self {
        Self {
            direct: [const { Cell::new(Span::nowhere()) }; STEPS],
            current: [const { Cell::new(Span::nowhere()) }; CLASSES],
            roomy: [const { Cell::new(None) }; CLASSES],
            all: Cell::new(None),
            returned,
            coming: Cell::new(null_mut()),
            books: Books::new(),
        }
    }

    /// Takes a block for an owner.
    ///
    /// # Safety
    ///
    /// Alone.
    pub unsafe fn allocate(
        &self,
        layout: Layout,
        owner: u32,
        source: &impl Source,
    ) -> Option<NonNull<u8>> {
        match Fit::of(layout) {
            Fit::Class(class) => loop {
                // SAFETY: a span of this heap, or the one without blocks.
                let block = unsafe { self.current[usize::from(class)].get().as_ref() }.take(owner);
                // SAFETY: the caller's promise.
                if block.is_some() || !unsafe { self.refill(class, source) } {
                    return block;
                }
            },
            large if large.size() > LARGEST => None,
            large => source.with(|blocks| blocks.take_large(large, owner))?,
        }
    }

    /// The same, if that is a matter of a look: for a small block of a span that has one, and an owner whose charge that
    /// does not bring over its limit.
    ///
    /// # Safety
    ///
    /// Alone, with the charge as well.
    #[inline(always)]
    pub(super) unsafe fn allocate_at_once(
        &self,
        layout: Layout,
        owner: u32,
        charge: &Cell<u64>,
    ) -> Option<NonNull<u8>> {
        // No layout is so large that this would run over. And one comparison is followed by another, not by a jump.
        let steps = (layout.size() + (STEP - 1)) >> STEP.trailing_zeros();
        if (layout.align() > STEP) | (steps >= STEPS) {
            return None;
        }
        // SAFETY: a span of this heap, or the one without blocks.
        let span = unsafe { self.direct[steps].get().as_ref() };
        let sum = charge.get().wrapping_add(span.price);
        if sum & OVER != 0 {
            return None;
        }
        let block = span.take(owner)?;
        charge.set(sum);
        Some(block)
    }

    /// Sees to it that the span in use has a free block. False if there is no memory.
    ///
    /// # Safety
    ///
    /// Alone.
    unsafe fn refill(&self, class: u8, source: &impl Source) -> bool {
        let current = &self.current[usize::from(class)];
        // SAFETY: a span of this heap, or the one without blocks.
        let span = unsafe { current.get().as_ref() };
        if span.freshen() {
            return true;
        }
        loop {
            // SAFETY: the caller's promise.
            let count = unsafe { self.take_some_returned(SLICE, source) };
            if !span.is_nowhere() && !span.is_full() {
                return true;
            }
            if let Some(span) = self.roomy[usize::from(class)].get() {
                // SAFETY: who is in the list is a span of this heap.
                unsafe { self.unlist(span.as_ref()) };
                self.set_current(class, span);
                return true;
            }
            if let Some(memory) = source.with(|blocks| blocks.take(0, Use::Span, 0)).flatten() {
                // SAFETY: just taken.
                let span = unsafe { Span::build(memory, class, self.mark()) };
                self.enter(span);
                self.set_current(class, span);
                return true;
            }
            // Without memory what else was brought back may be of use.
            if count == 0 {
                return false;
            }
        }
    }

    fn set_current(&self, class: u8, span: NonNull<Span>) {
        let before = self.current[usize::from(class)].replace(span);
        // SAFETY: spans of this heap, or the one without blocks.
        unsafe {
            before.as_ref().set_current(false);
            span.as_ref().set_current(true);
        }
        for steps in steps(class) {
            self.direct[steps].set(span);
        }
    }

    /// Frees a block. Returns who owned it.
    ///
    /// # Safety
    ///
    /// Alone. The block was taken with this layout, of this heap or another one with this source,
    /// and nobody uses it any more.
    pub unsafe fn free(&self, block: NonNull<u8>, layout: Layout, source: &impl Source) -> u32 {
        let fit = Fit::of(layout);
        if fit.order().is_some() {
            // SAFETY: the caller's promise.
            let owner = source.with(|blocks| unsafe { blocks.give_large(block, fit) });
            return owner.unwrap_or_default();
        }
        let span = Span::of(block);
        // SAFETY: a block of such a layout is in a span.
        let home = unsafe { span.as_ref() }.home.get();
        if home == self.mark() {
            // SAFETY: as above.
            let (put, owner) = unsafe { span.as_ref() }.put(block);
            if put == Put::Look {
                // SAFETY: the caller's promise.
                unsafe { self.look(span, source) };
            }
            return owner;
        }
        // Nobody else changes the word of a block that is used.
        // SAFETY: as above.
        let owner = unsafe { span.as_ref() }.owner(block);
        // SAFETY: that of a heap, which lives as long as its spans.
        let home = unsafe { &*home.wrapping_byte_add(Here::HEAP) };
        home.returned.push(block, |before| {
            // SAFETY: a block has room for a pointer, and is nobody's.
            unsafe { block.cast::<*mut u8>().write(before) }
        });
        owner
    }

    /// The same, if that is a matter of a look: for a small block that is at home here.
    ///
    /// # Safety
    ///
    /// As for `free`.
    #[inline(always)]
    pub(super) unsafe fn free_at_once(&self, block: NonNull<u8>, layout: Layout) -> Freed {
        if (layout.align() > STEP) | (layout.size() > SMALL) {
            return Freed::Not;
        }
        let span = Span::of(block);
        // SAFETY: a block of such a layout is in a span.
        let it = unsafe { span.as_ref() };
        if it.home.get() != self.mark() {
            return Freed::Not;
        }
        match it.put(block) {
            (Put::Nothing, owner) => Freed::Whole(owner, it.price),
            (Put::Look, owner) => Freed::Look(owner, span),
        }
    }

    /// What its spans know it by: the address of the core that has it, which whoever frees has at hand. (If a core has it;
    /// nothing is read there.)
    #[inline(always)]
    fn mark(&self) -> *const Self {
        core::ptr::from_ref(self).wrapping_byte_sub(Here::HEAP)
    }

    /// Puts some of what other cores have brought back where it belongs: how many, which is none if there are none.
    ///
    /// # Safety
    ///
    /// Alone.
    pub(super) unsafe fn take_some_returned(&self, most: usize, source: &impl Source) -> usize {
        let mut next = self.coming.replace(null_mut());
        if next.is_null() && !self.returned.is_empty() {
            next = self.returned.take();
        }
        let mut count = 0;
        while count < most
            && let Some(block) = NonNull::new(next)
        {
            count += 1;
            // SAFETY: a block of this heap that was pushed with its link.
            unsafe {
                next = block.cast::<*mut u8>().read();
                let span = Span::of(block).as_ref();
                if span.put(block).0 == Put::Look {
                    self.look(NonNull::from(span), source);
                }
            }
        }
        self.coming.set(next);
        count
    }

    /// Looks what to do with a span that has become empty, or is full no more.
    ///
    /// # Safety
    ///
    /// Alone; the span is of this heap.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn look(&self, span: NonNull<Span>, source: &impl Source) {
        // SAFETY: the caller's promise.
        unsafe {
            let is_listed = span.as_ref().is_listed.get();
            if span.as_ref().is_current() {
                return;
            }
            if span.as_ref().used() == 0 {
                self.release(span, source);
            } else if !is_listed {
                self.list(span.as_ref());
            }
        }
    }

    /// Gives an empty span that is not in use back to memory.
    ///
    /// # Safety
    ///
    /// As for `look`.
    unsafe fn release(&self, span: NonNull<Span>, source: &impl Source) {
        // SAFETY: the caller's promise.
        unsafe {
            if span.as_ref().is_listed.get() {
                self.unlist(span.as_ref());
            }
            remove(&self.all, span.as_ref(), |span| &span.all);
        }
        // SAFETY: nobody uses a block of it, and it is in no list. (Without the source it is lost.)
        let _ = source.with(|blocks| unsafe { blocks.give(span.cast()) });
    }

    /// Enters a span among all.
    fn enter(&self, span: NonNull<Span>) {
        // SAFETY: a span that has just been made.
        unsafe { insert(&self.all, span.as_ref(), |span| &span.all) }
    }

    /// Puts a span into the list of those with room.
    ///
    /// # Safety
    ///
    /// Alone; it is of this heap and not in the list.
    unsafe fn list(&self, span: &Span) {
        span.is_listed.set(true);
        let list = &self.roomy[usize::from(span.class)];
        // SAFETY: the caller's promise.
        unsafe { insert(list, span, |span| &span.roomy) }
    }

    /// Takes a span out of that list.
    ///
    /// # Safety
    ///
    /// Alone; it is in the list.
    unsafe fn unlist(&self, span: &Span) {
        span.is_listed.set(false);
        let list = &self.roomy[usize::from(span.class)];
        // SAFETY: the caller's promise.
        unsafe { remove(list, span, |span| &span.roomy) }
    }

    /// Gives back every span that is empty, those in use included, however much others have brought back.
    ///
    /// # Safety
    ///
    /// Alone.
    pub unsafe fn trim(&self, source: &impl Source) {
        // SAFETY: the caller's promise.
        unsafe {
            while self.take_some_returned(SLICE, source) > 0 {}
            self.trim_current(source);
        }
    }

    /// Gives back those in use that are empty.
    ///
    /// # Safety
    ///
    /// Alone.
    pub(super) unsafe fn trim_current(&self, source: &impl Source) {
        for (class, current) in (0..).zip(&self.current) {
            let span = current.get();
            // SAFETY: as in `allocate`.
            let it = unsafe { span.as_ref() };
            if !it.is_nowhere() && it.used() == 0 {
                self.set_current(class, Span::nowhere());
                // SAFETY: the caller's promise.
                unsafe { self.release(span, source) };
            }
        }
        let _ = source.with(Blocks::trim);
    }
}

#[cfg(not(loom))]
impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}
