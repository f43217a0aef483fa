//! What blocks a core has, for whoever asks: counted by size, or one by one.

use super::class::{CLASSES, SIZES};
use super::home::Heap;
use super::span::Span;

impl Heap {
    /// Tells of each span: bytes of its blocks, how many there are, how many are used as counted, and who owns
    /// those that are, one by one.
    ///
    /// # Safety
    ///
    /// Alone, and `f` neither takes nor frees.
    pub unsafe fn walk(&self, mut f: impl FnMut(SpanView<'_>)) {
        let mut next = self.all.get();
        while let Some(span) = next {
            // SAFETY: who is in the list is a span of this heap.
            let span = unsafe { span.as_ref() };
            f(SpanView(span));
            next = span.all.next.get();
        }
    }

    /// Bytes of blocks that are used, by size.
    ///
    /// # Safety
    ///
    /// Alone.
    pub unsafe fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        // SAFETY: the caller's promise.
        unsafe {
            self.walk(|span| {
                let class = &mut usage.classes[usize::from(span.0.class)];
                class.used += span.0.used() as usize;
                class.room += span.0.count() as usize;
                usage.spans += 1;
            });
        }
        usage
    }
}

/// A span, seen from outside.
#[derive(Debug)]
pub struct SpanView<'a>(&'a Span);

impl SpanView<'_> {
    /// Bytes of each block.
    pub fn size(&self) -> usize {
        self.0.size() as usize
    }

    /// Blocks that are used, as counted.
    pub fn used(&self) -> usize {
        self.0.used() as usize
    }

    /// Who owns each block that is used.
    pub fn owners(&self) -> impl Iterator<Item = u32> {
        self.0.owners()
    }
}

/// What blocks there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Of each size.
    pub classes: [ClassUsage; CLASSES],
    /// Spans.
    pub spans: usize,
}

/// What blocks of one size there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassUsage {
    /// Used ones.
    pub used: usize,
    /// All of them.
    pub room: usize,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            classes: [ClassUsage::default(); CLASSES],
            spans: 0,
        }
    }
}

impl Usage {
    /// Bytes of used blocks.
    pub fn used(&self) -> usize {
        self.sizes().map(|(size, class)| size * class.used).sum()
    }

    /// Each size, and what there is of it.
    pub fn sizes(&self) -> impl Iterator<Item = (usize, ClassUsage)> {
        let sizes = SIZES.iter().map(|&size| size as usize);
        sizes.zip(self.classes)
    }

    /// Adds another core's.
    pub fn add(&mut self, other: &Self) {
        self.spans += other.spans;
        for (mine, others) in self.classes.iter_mut().zip(other.classes) {
            mine.used += others.used;
            mine.room += others.room;
        }
    }
}
