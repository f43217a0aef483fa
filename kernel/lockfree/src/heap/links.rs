//! Lists of spans, linked both ways through their heads: a span may be among those with room, and is among all of its home.

use super::span::Span;
use core::cell::Cell;
use core::ptr::NonNull;

/// Neighbours in a list.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) next: Cell<Option<NonNull<Span>>>,
    pub(super) before: Cell<Option<NonNull<Span>>>,
}

impl Links {
    pub(super) const fn none() -> Self {
        Self {
            next: Cell::new(None),
            before: Cell::new(None),
        }
    }
}

/// A list of spans, by its first.
pub(super) type List = Cell<Option<NonNull<Span>>>;

/// Puts a span first in a list.
///
/// # Safety
///
/// It is in no such list, and whoever is in it is a span.
pub(super) unsafe fn insert(list: &List, span: &Span, links: impl Fn(&Span) -> &Links) {
    let next = list.replace(Some(NonNull::from(span)));
    links(span).next.set(next);
    links(span).before.set(None);
    if let Some(next) = next {
        // SAFETY: the caller's promise.
        links(unsafe { next.as_ref() })
            .before
            .set(Some(NonNull::from(span)));
    }
}

/// Takes a span out of a list.
///
/// # Safety
///
/// It is in this list.
pub(super) unsafe fn remove(list: &List, span: &Span, links: impl Fn(&Span) -> &Links) {
    let Links { next, before } = links(span);
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(next) = next.get() {
            links(next.as_ref()).before.set(before.get());
        }
        match before.get() {
            Some(before) => links(before.as_ref()).next.set(next.get()),
            None => list.set(next.get()),
        }
    }
}
