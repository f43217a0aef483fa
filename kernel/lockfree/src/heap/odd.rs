//! Odd pieces: what is too large for a span, and would leave much of a block of memory unused.
//!
//! A *quarry* is a block of 1 MiB out of which `linked_list_allocator` cuts pieces of whole pages, first fit. Its head, one
//! page, has who owns each piece. Quarries are in one list; an empty one goes back, unless it is the only one.
//!
//! # How far anybody walks
//!
//! First fit walks over the holes. Nothing here is smaller than [`PIECE_MIN`] pages, so a quarry has [`PIECES_MAX`] pieces
//! and one hole more at most; and of the quarries the first [`TRIES`] are tried, and then another one is
//! made. So the steps that are taken under the lock have a bound, whatever has happened before.

use super::class::{PAGE, PIECE_MIN, SPAN};
use core::alloc::Layout;
use core::ptr::NonNull;
use linked_list_allocator::Heap;

/// A quarry is so large, as a power of two of 64 KiB.
pub(super) const ORDER: u32 = 4;
const SIZE: usize = SPAN << ORDER;
const PAGES: usize = SIZE / PAGE;
/// Quarries that are tried.
const TRIES: usize = 4;
/// Pieces in a quarry.
const PIECES_MAX: usize = PAGES / PIECE_MIN;

const _: () = assert!(PIECES_MAX == 32, "the bound that is written down");
const _: () = assert!(size_of::<Quarry>() <= PAGE);

/// The head of a quarry.
struct Quarry {
    free: Heap,
    pieces: usize,
    next: Option<NonNull<Quarry>>,
    before: Option<NonNull<Quarry>>,
    /// Who owns the piece that begins at this page.
    owners: [u32; PAGES],
    /// How many pages that piece has; 0 where none begins.
    lengths: [u16; PAGES],
}

/// All quarries; whoever uses them has them alone.
#[derive(Debug)]
pub(super) struct Odds {
    first: Option<NonNull<Quarry>>,
}

fn layout(pages: u32) -> Option<Layout> {
    let is_piece = (PIECE_MIN..PAGES).contains(&(pages as usize));
    let layout = Layout::from_size_align(pages as usize * PAGE, PAGE).ok();
    layout.filter(|_| is_piece)
}

/// Where the quarry of a piece is, and the page where the piece begins.
fn quarry_of(piece: NonNull<u8>) -> (Option<NonNull<Quarry>>, usize) {
    let address = piece.as_ptr() as usize;
    let head = (address & !(SIZE - 1)) as *mut Quarry;
    (NonNull::new(head), address % SIZE / PAGE)
}

impl Odds {
    pub(super) const fn new() -> Self {
        Self { first: None }
    }

    /// Makes a block of memory a quarry.
    ///
    /// # Safety
    ///
    /// It is of this order, aligned to its size, and nobody's.
    pub(super) unsafe fn add(&mut self, memory: NonNull<u8>) {
        let quarry = memory.cast::<Quarry>();
        // SAFETY: the caller's promise: behind the page of the head the rest is free.
        unsafe {
            let free = Heap::new(memory.as_ptr().add(PAGE), SIZE - PAGE);
            quarry.write(Quarry {
                free,
                pieces: 0,
                next: None,
                before: None,
                owners: [0; PAGES],
                lengths: [0; PAGES],
            });
        }
        // SAFETY: as above, and in no list yet.
        unsafe { self.link(quarry) };
    }

    /// Takes so many pages for an owner, if one of the first quarries has them.
    pub(super) fn take(&mut self, pages: u32, owner: u32) -> Option<NonNull<u8>> {
        let layout = layout(pages)?;
        let mut next = self.first;
        for _ in 0..TRIES {
            // SAFETY: who is in the list is a quarry, and nobody else uses it.
            let quarry = unsafe { next?.as_mut() };
            if let Ok(piece) = quarry.free.allocate_first_fit(layout) {
                quarry.pieces += 1;
                quarry.owners[quarry_of(piece).1] = owner;
                quarry.lengths[quarry_of(piece).1] = pages as u16;
                return Some(piece);
            }
            next = quarry.next;
        }
        None
    }

    /// Gives a piece back; returns who owned it, and its quarry if that is empty and there are others.
    ///
    /// # Safety
    ///
    /// It was taken here with so many pages and not given back since, and nobody uses it any more.
    pub(super) unsafe fn give(
        &mut self,
        piece: NonNull<u8>,
        pages: u32,
    ) -> (u32, Option<NonNull<u8>>) {
        let (head, page) = quarry_of(piece);
        // SAFETY: the caller's promise: a quarry is not at address 0, where there is no memory of ours.
        let mut head = unsafe { head.unwrap_unchecked() };
        // SAFETY: as above, and nobody else uses it.
        let quarry = unsafe { head.as_mut() };
        if let Some(layout) = layout(pages) {
            // SAFETY: the caller's promise.
            unsafe { quarry.free.deallocate(piece, layout) };
        }
        quarry.pieces -= 1;
        let owner = quarry.owners[page];
        quarry.lengths[page] = 0;
        let is_empty = quarry.pieces == 0;
        // SAFETY: it is in the list. There is room in it now, so it comes first.
        unsafe { self.unlink(head) };
        if is_empty && self.first.is_some() {
            return (owner, Some(head.cast()));
        }
        // SAFETY: it is a quarry, and in no list.
        unsafe { self.link(head) };
        (owner, None)
    }

    /// Lets the only quarry go, if it is empty.
    pub(super) fn trim(&mut self) -> Option<NonNull<u8>> {
        let first = self.first?;
        // SAFETY: who is in the list is a quarry, and nobody else uses it.
        let is_only_and_empty =
            unsafe { first.as_ref().pieces == 0 && first.as_ref().next.is_none() };
        is_only_and_empty.then(|| {
            self.first = None;
            first.cast()
        })
    }

    /// Who owns a piece.
    pub(super) fn owner(&self, piece: NonNull<u8>) -> Option<u32> {
        let (quarry, page) = self.find(piece)?;
        // SAFETY: it is in the list.
        Some(unsafe { quarry.as_ref() }.owners[page])
    }

    /// The quarry of a piece, if it is one: looked for, so that any address may be asked about.
    fn find(&self, piece: NonNull<u8>) -> Option<(NonNull<Quarry>, usize)> {
        let (wanted, page) = quarry_of(piece);
        let mut next = self.first;
        while let Some(quarry) = next.filter(|&it| Some(it) != wanted) {
            // SAFETY: who is in the list is a quarry.
            next = unsafe { quarry.as_ref() }.next;
        }
        next.map(|quarry| (quarry, page))
    }

    /// Tells of each piece: its owner and its bytes.
    pub(super) fn walk(&self, mut f: impl FnMut(u32, usize)) {
        let mut next = self.first;
        while let Some(quarry) = next {
            // SAFETY: who is in the list is a quarry.
            let quarry = unsafe { quarry.as_ref() };
            for (&owner, &length) in quarry.owners.iter().zip(&quarry.lengths) {
                if length > 0 {
                    f(owner, usize::from(length) * PAGE);
                }
            }
            next = quarry.next;
        }
    }

    /// Puts a quarry first.
    ///
    /// # Safety
    ///
    /// It is one, and in no list.
    unsafe fn link(&mut self, mut quarry: NonNull<Quarry>) {
        let next = self.first.replace(quarry);
        // SAFETY: the caller's promise; who is in the list is a quarry.
        unsafe {
            quarry.as_mut().next = next;
            quarry.as_mut().before = None;
            if let Some(mut next) = next {
                next.as_mut().before = Some(quarry);
            }
        }
    }

    /// Takes a quarry out of the list.
    ///
    /// # Safety
    ///
    /// It is in it.
    unsafe fn unlink(&mut self, quarry: NonNull<Quarry>) {
        // SAFETY: the caller's promise; who is in the list is a quarry.
        unsafe {
            let (next, before) = (quarry.as_ref().next, quarry.as_ref().before);
            if let Some(mut next) = next {
                next.as_mut().before = before;
            }
            match before {
                Some(mut before) => before.as_mut().next = next,
                None => self.first = next,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
