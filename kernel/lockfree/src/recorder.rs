//! A core's last decisions, for whoever wants to know why: a ring that one core writes and anybody reads.
//!
//! ```text
//!   writes number n:  words of n % N := ...   (release)
//!                     count := n + 1          (release)
//!   reads number i:   count                   (acquire)   i < count
//!                     words of i % N          (acquire)
//!                     count                               i is whole if this is less than i + N
//! ```
//!
//! Writing waits for nobody, so a reader may find that what it reads was overwritten meanwhile. That begins only when
//! `count` is `i + N`. A word of that later record is released after `count` became that, so whoever has read one sees
//! it in `count`, and throws away what it has read. The oldest of the `N` is thrown away in any case, for it
//! may be the one that is being overwritten.
//!
//! Releasing each word costs a store no more than nothing on a core of the field; a barrier before them all would cost
//! more.

use crate::atomic::{AtomicU64, Relaxed};
use crate::order::Site;

/// Words of a record.
const WORDS: usize = 3;

/// The last `N` records.
pub struct Recorder<const N: usize> {
    /// How many were written so far.
    count: AtomicU64,
    records: [[AtomicU64; WORDS]; N],
}

impl<const N: usize> Recorder<N> {
    /// Starts with none.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            records: [const { [const { AtomicU64::new(0) }; WORDS] }; N],
        }
    }

    /// Starts with none.
    #[cfg(loom)]
    pub fn new() -> Self {
        let word = |_| AtomicU64::new(0);
        Self {
            count: AtomicU64::new(0),
            records: core::array::from_fn(|_| core::array::from_fn(word)),
        }
    }

    /// Writes one; only the ring's own core does, one at a time.
    pub fn write(&self, record: [u64; WORDS]) {
        let count = self.count.load(Relaxed);
        let place = &self.records[(count % N as u64) as usize];
        for (word, value) in place.iter().zip(record) {
            word.store(value, Site::RecordWord.ordering());
        }
        self.count.store(count + 1, Site::RecordDone.ordering());
    }

    /// Those that are there whole, the oldest first.
    pub fn read(&self) -> impl Iterator<Item = [u64; WORDS]> {
        let end = self.count.load(Site::RecordFind.ordering());
        (end.saturating_sub(N as u64)..end).filter_map(|number| self.one(number))
    }

    fn one(&self, number: u64) -> Option<[u64; WORDS]> {
        let place = &self.records[(number % N as u64) as usize];
        let record = core::array::from_fn(|word| place[word].load(Site::RecordRead.ordering()));
        (self.count.load(Relaxed) < number + N as u64).then_some(record)
    }
}

impl<const N: usize> Default for Recorder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> core::fmt::Debug for Recorder<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Recorder").field(&self.count).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_last_are_kept_in_their_order() {
        let recorder = Recorder::<4>::new();
        assert_eq!(recorder.read().count(), 0);
        for number in 1..=6 {
            recorder.write([number; WORDS]);
        }
        let kept: Vec<_> = recorder.read().collect();
        assert_eq!(kept, [[4; WORDS], [5; WORDS], [6; WORDS]]);
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories {
    use super::*;
    use loom::thread;
    use std::sync::Arc;

    /// Somebody reads while the ring goes round: what is read was written as it is, and in that order.
    #[test]
    pub(crate) fn what_is_read_was_written() {
        loom::model(|| {
            let recorder = Arc::new(Recorder::<2>::new());
            let writer = {
                let recorder = recorder.clone();
                thread::spawn(move || (1..4).for_each(|number| recorder.write([number; WORDS])))
            };
            // Begun later, for the model goes back from the reader's loads to the writer's stores, not the other way.
            let reader = thread::spawn(move || {
                let mut last = 0;
                for record in recorder.read() {
                    assert!(
                        record[0] > last && record == [record[0]; WORDS],
                        "{record:?} was never written"
                    );
                    last = record[0];
                }
            });
            writer.join().unwrap();
            reader.join().unwrap();
        });
    }
}
