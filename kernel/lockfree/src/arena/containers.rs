//! Containers in an arena: those of two well-kept packages, which take any memory, with ours.

use super::{Arena, String};
use core::fmt::{Arguments, Write};
use foldhash::fast::FixedState;

/// A value of its own in the process's arena.
pub type Box<'p, T> = allocator_api2::boxed::Box<T, Arena<'p>>;
/// A vector in the process's arena.
pub type Vec<'p, T> = allocator_api2::vec::Vec<T, Arena<'p>>;
/// A hash map in the process's arena.
pub type HashMap<'p, K, V, S = Hashing> = hashbrown::HashMap<K, V, S, Arena<'p>>;
/// A hash set in the process's arena.
pub type HashSet<'p, T, S = Hashing> = hashbrown::HashSet<T, S, Arena<'p>>;
/// How maps and sets hash unless told otherwise: fast, and with a seed that each arena takes from the clock when it
/// begins, so that nobody outside can know which keys collide. Not for secrets.
pub type Hashing = FixedState;

impl<'p> Arena<'p> {
    /// Puts a value into the arena.
    #[inline(always)]
    pub fn boxed<T>(self, value: T) -> Box<'p, T> {
        Box::new_in(value, self)
    }

    /// A vector without elements; takes no memory yet.
    pub fn vec<T>(self) -> Vec<'p, T> {
        Vec::new_in(self)
    }

    /// A copy of these elements.
    pub fn copy<T: Clone>(self, elements: &[T]) -> Vec<'p, T> {
        let mut vec = Vec::with_capacity_in(elements.len(), self);
        vec.extend_from_slice(elements);
        vec
    }

    /// A copy of this text.
    pub fn string(self, text: &str) -> String<'p> {
        String::from_str_in(text, self)
    }

    /// What the arguments say, as `alloc::format!` does it: `arena.format(format_args!("{x}"))`.
    ///
    /// # Panics
    ///
    /// When a value can't be worded, or there is no memory.
    pub fn format(self, arguments: Arguments<'_>) -> String<'p> {
        let mut string = String::new_in(self);
        string
            .write_fmt(arguments)
            .expect("a value that can be worded, and memory for it");
        string
    }

    /// A map without entries; takes no memory yet.
    pub fn map<K, V>(self) -> HashMap<'p, K, V> {
        HashMap::with_hasher_in(self.hashing(), self)
    }

    /// A set without elements; takes no memory yet.
    pub fn set<T>(self) -> HashSet<'p, T> {
        HashSet::with_hasher_in(self.hashing(), self)
    }

    fn hashing(self) -> Hashing {
        FixedState::with_seed(self.state().seed())
    }
}
