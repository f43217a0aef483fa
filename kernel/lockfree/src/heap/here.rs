//! The heap of the core that the running code is on.
//!
//! Most blocks are a matter of a look at this core's span, and nothing is called for them. What takes more is called as
//! the last thing, and switches preemption on again by itself: so the short way saves no register.

use super::charge::{self, Books, Held, Taken, add, price};
use super::home::{Freed, SLICE};
use super::span::Span;
use super::{Heap, KERNEL, Source, is_in_span, true_size};
use crate::process::heap::{Refused, note_refusal};
use crate::process::here::Here;
use crate::process::platform::{self, PreemptionOff};
use crate::process::{Kind, Local};
use core::alloc::Layout;
use core::ptr::NonNull;

/// This core has no heap of its own yet: it schedules nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHeap;

/// Takes a block for whoever runs.
#[inline(always)]
pub fn allocate(layout: Layout, source: &impl Source) -> Result<Option<NonNull<u8>>, NoHeap> {
    let local = platform::local();
    let stay = PreemptionOff::of(local);
    let Some(here) = local.here() else {
        return Err(NoHeap);
    };
    let (heap, owner) = (here.heap(), local.owner());
    // SAFETY: alone, says `with_heap`.
    match unsafe { heap.allocate_at_once(layout, owner, local.charge()) } {
        Some(block) => Ok(Some(block)),
        None => {
            let (size, align) = (layout.size(), layout.align());
            Ok(allocate_slowly(size, align, stay, here, source))
        }
    }
}

/// Takes what is not a matter of a look. Without memory once more, after what is kept has been given back. (Size and
/// alignment come first, as the global allocator is asked: so whoever goes the short way leaves them where they are.)
#[cold]
#[inline(never)]
fn allocate_slowly(
    size: usize,
    align: usize,
    stay: PreemptionOff,
    here: &'static Here,
    source: &impl Source,
) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(size, align).ok()?;
    let found = match try_slowly(stay, here, layout, source) {
        Err(Refused::ForWantOfMemory) if platform::make_room() => {
            let stay = PreemptionOff::new();
            // Somewhere else, perhaps.
            let here = stay.local().here()?;
            try_slowly(stay, here, layout, source)
        }
        other => other,
    };
    found
        .or_else(|refused| {
            note_refusal(refused);
            match refused {
                Refused::ForWantOfMemory => platform::reserved_block(layout).ok_or(refused),
                Refused::ByLimit => Err(refused),
            }
        })
        .ok()
}

/// The charge of whoever runs.
#[inline(always)]
fn charge_of(local: &Local) -> &core::cell::Cell<u64> {
    // SAFETY: on a host no record leads to a core, so nobody comes here; on the machine it is the running code's own.
    unsafe { local.charge() }
}

fn try_slowly(
    stay: PreemptionOff,
    here: &'static Here,
    layout: Layout,
    source: &impl Source,
) -> Result<NonNull<u8>, Refused> {
    let local = platform::local();
    local.weigh_mail();
    let price = price(true_size(layout));
    if !may_have(local, here, price) {
        return Err(Refused::ByLimit);
    }
    // SAFETY: alone, says `with_heap`; preemption has been off since this heap was found.
    let block = unsafe { here.heap().allocate(layout, local.owner(), source) };
    let block = block.ok_or(Refused::ForWantOfMemory)?;
    let paid = block_price(block, layout, source);
    if paid != price && !may_have(local, here, paid) {
        // SAFETY: just taken, and nobody has seen it.
        unsafe { here.heap().free(block, layout, source) };
        return Err(Refused::ByLimit);
    }
    add(charge_of(local), paid);
    drop(stay);
    if platform::may_wait()
        && let Some((has, limit)) = local.take_alarm()
    {
        platform::tell_memory_alarm(has, limit);
    }
    Ok(block)
}

/// True if that does not bring whoever runs over its limit. What others have freed is looked at here.
fn may_have(local: &'static Local, here: &Here, price: u64) -> bool {
    let is_over = |charge: u64| charge.wrapping_add(price) & charge::OVER != 0;
    let charge = charge_of(local);
    if local.kind() == Kind::Loop || !is_over(charge.get()) {
        return true;
    }
    if let Some(account) = here.table().account(local.owner()) {
        add(charge, account.settle());
    }
    !is_over(charge.get()) || local.meets_limit(|| is_over(charge.get()))
}

/// Takes a block of a heap that no core has for whoever runs, who is charged with it, whatever its limit.
///
/// # Safety
///
/// Alone with that heap, which lives for ever.
pub unsafe fn allocate_from(
    heap: &Heap,
    layout: Layout,
    source: &impl Source,
) -> Option<NonNull<u8>> {
    let local = platform::local();
    let _stay = PreemptionOff::of(local);
    // SAFETY: the caller's promise.
    let block = unsafe { heap.allocate(layout, local.owner(), source) }?;
    add(charge_of(local), block_price(block, layout, source));
    Some(block)
}

/// Takes a block for the kernel, whoever runs.
pub fn allocate_for_kernel(
    layout: Layout,
    source: &impl Source,
) -> Result<Option<NonNull<u8>>, NoHeap> {
    // SAFETY: alone, says `with_heap`.
    with_heap(|here, _| unsafe { here.heap().allocate_for_kernel(layout, source) })
}

impl Heap {
    /// Takes a block for the kernel.
    ///
    /// # Safety
    ///
    /// Alone.
    pub unsafe fn allocate_for_kernel(
        &self,
        layout: Layout,
        source: &impl Source,
    ) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        let block = unsafe { self.allocate(layout, KERNEL, source) }?;
        add(&self.books.kernel, block_price(block, layout, source));
        Some(block)
    }

    /// Frees a block of the kernel's, on behalf of a core that runs no process.
    ///
    /// # Safety
    ///
    /// As for [`free`](Self::free).
    pub unsafe fn free_of_kernel(&self, block: NonNull<u8>, layout: Layout, source: &impl Source) {
        let price = block_price(block, layout, source);
        // SAFETY: the caller's promise.
        unsafe { self.free(block, layout, source) };
        add(&self.books.kernel, price.wrapping_neg());
    }
}

/// Frees a block.
///
/// # Safety
///
/// As for [`Heap::free`].
#[inline(always)]
pub unsafe fn free(block: NonNull<u8>, layout: Layout, source: &impl Source) -> Result<(), NoHeap> {
    let local = platform::local();
    let stay = PreemptionOff::of(local);
    let Some(here) = local.here() else {
        return Err(NoHeap);
    };
    // SAFETY: alone, says `with_heap`; the rest is the caller's promise.
    match unsafe { here.heap().free_at_once(block, layout) } {
        Freed::Whole(owner, price) if owner == local.owner() => {
            add(charge_of(local), price.wrapping_neg());
        }
        Freed::Whole(owner, price) => credit_slowly(stay, here, owner, price),
        Freed::Look(owner, span) => look(stay, here, owner, span, source),
        Freed::Not => {
            let (size, align) = (layout.size(), layout.align());
            // SAFETY: as above.
            unsafe { free_slowly(block, size, align, stay, here, source) }
        }
    }
    Ok(())
}

#[cold]
#[inline(never)]
fn credit_slowly(stay: PreemptionOff, here: &'static Here, owner: u32, price: u64) {
    credit(stay.local(), here, owner, price);
}

#[cold]
#[inline(never)]
fn look(
    stay: PreemptionOff,
    here: &'static Here,
    owner: u32,
    span: NonNull<Span>,
    source: &impl Source,
) {
    // SAFETY: a span of this heap.
    let price = unsafe { span.as_ref() }.price;
    // SAFETY: preemption has been off since a block was put into that span of this heap.
    unsafe { here.heap().look(span, source) }
    credit(stay.local(), here, owner, price);
}

#[cold]
#[inline(never)]
unsafe fn free_slowly(
    block: NonNull<u8>,
    size: usize,
    align: usize,
    stay: PreemptionOff,
    here: &'static Here,
    source: &impl Source,
) {
    // SAFETY: a layout's.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    let price = block_price(block, layout, source);
    // SAFETY: the caller's promise.
    let owner = unsafe { here.heap().free(block, layout, source) };
    credit(stay.local(), here, owner, price);
}

/// What a block of this layout is charged with: what it really takes. So that is a matter of the block, which may be larger
/// than such a layout asks for: what was taken early, and a whole block that serves where no odd piece is to be had.
fn block_price(block: NonNull<u8>, layout: Layout, source: &impl Source) -> u64 {
    if !is_in_span(layout) {
        let size = source.with(|blocks| blocks.size(block, layout));
        return price(size.unwrap_or_else(|| true_size(layout)));
    }
    // SAFETY: a block of such a layout is in a span.
    unsafe { Span::of(block).as_ref() }.price
}

/// Bytes that a block really takes. (Those of a host have another allocator.)
///
/// # Safety
///
/// It is one, of this layout, and is used.
pub(super) unsafe fn block_bytes(
    block: NonNull<u8>,
    layout: Layout,
    source: &impl Source,
) -> usize {
    match cfg!(target_os = "none") {
        true => Held::of(block_price(block, layout, source)).bytes,
        false => true_size(layout),
    }
}

/// Takes a price from whoever was charged with it.
fn credit(local: &Local, here: &'static Here, owner: u32, price: u64) {
    let books = &here.heap().books;
    if owner == local.owner() {
        add(charge_of(local), price.wrapping_neg());
    } else if owner == KERNEL {
        add(&books.kernel, price.wrapping_neg());
    } else if let Some(account) = here.table().account(owner) {
        let (taken, is_abandoned) = account.take(price, || here.table().is_abandoned(owner));
        if let Some(is_abandoned) = is_abandoned {
            add(book_of(books, is_abandoned), price.wrapping_neg());
        }
        if taken == Taken::Last {
            here.give_paid_slot(owner);
        }
    }
}

fn book_of(books: &Books, is_abandoned: bool) -> &core::cell::Cell<u64> {
    match is_abandoned {
        true => &books.abandoned,
        false => &books.outliving,
    }
}

impl Here {
    /// Notes what a process has left when it ended.
    pub(crate) fn note_left(&self, charge: u64, is_abandoned: bool) {
        add(book_of(&self.heap().books, is_abandoned), charge);
    }
}

/// Gives back what is empty on this core. (What others have brought back meanwhile may be left.)
pub fn trim(source: &impl Source) -> Result<(), NoHeap> {
    // SAFETY: alone, says `with_heap`.
    let put_some = |here: &Here| unsafe { here.heap().take_some_returned(SLICE, source) };
    while with_heap(|here, _| put_some(here))? > 0 {}
    // SAFETY: as above.
    with_heap(|here, _| unsafe { here.heap().trim_current(source) })
}

/// What a core has counted, besides what its processes have. Numbers of several cores are to be added before they mean
/// something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    pub(super) kernel: u64,
    abandoned: u64,
    outliving: u64,
}

impl Charges {
    /// The kernel's blocks.
    pub fn kernel(&self) -> Held {
        Held::of(self.kernel)
    }

    /// Those that deaths in mid-poll have abandoned.
    pub fn abandoned(&self) -> Held {
        Held::of(self.abandoned)
    }

    /// Those of processes that ended, and had sent or lent them to others.
    pub fn outliving(&self) -> Held {
        Held::of(self.outliving)
    }

    /// Adds another core's.
    pub fn add(&mut self, other: &Self) {
        self.kernel = self.kernel.wrapping_add(other.kernel);
        self.abandoned = self.abandoned.wrapping_add(other.abandoned);
        self.outliving = self.outliving.wrapping_add(other.outliving);
    }
}

impl Heap {
    /// What it has counted.
    ///
    /// # Safety
    ///
    /// Alone.
    pub unsafe fn charges(&self) -> Charges {
        Charges {
            kernel: self.books.kernel.get(),
            abandoned: self.books.abandoned.get(),
            outliving: self.books.outliving.get(),
        }
    }
}

/// Runs `f` with this core and who runs, with preemption off: handlers don't allocate, and nothing that `f` may
/// do here runs anybody's code, so nobody else uses the core's heap meanwhile.
fn with_heap<R>(f: impl FnOnce(&'static Here, &Local) -> R) -> Result<R, NoHeap> {
    let local = platform::local();
    let _stay = PreemptionOff::of(local);
    let here = local.here().ok_or(NoHeap)?;
    Ok(f(here, local))
}
