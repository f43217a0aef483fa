//! Homes of processes that have ended on another core than their first, on their way back.
//!
//! A process that is stolen takes its home along, slot and memory, and ends where it has come to. Its first core is where
//! the next one is likely to be born. Kept where it is, the home would be one of ever more, where one core bears and another one
//! ends; and given back to the heap and the table, it would be built afresh at the next birth, for several times what
//! a short life costs.
//!
//! So whoever ends it pushes the home, whole, on a stack of its first core. There it is one of those that are kept, as
//! if the process had ended at home; but that core puts it among them only when it has none of the size that it
//! wants, or when memory is short: some at a time, for it is done with preemption off.
//!
//! # Between cores
//!
//! The stack is the [`Stack`] of the inboxes, with its orderings and its story: whoever pushes has used the home last, and
//! whoever takes all uses it next.

use super::inbox::Stack;
use crate::process::header::Header;
use core::cell::Cell;
use core::ptr::NonNull;

/// Where others leave homes of this core.
pub(in crate::process) struct Homecoming {
    left: Stack<Header>,
    /// Those that are taken from there: the next one, which leads to the others. For the core alone, with preemption off.
    taken: Cell<Option<NonNull<Header>>>,
}

impl Homecoming {
    #[cfg(not(loom))]
    pub(in crate::process) const fn new() -> Self {
        Self::with(Stack::new())
    }

    #[cfg(loom)]
    pub(in crate::process) fn new() -> Self {
        Self::with(Stack::new())
    }

    const fn with(left: Stack<Header>) -> Self {
        let taken = Cell::new(None);
        Self { left, taken }
    }

    /// Leaves a home.
    ///
    /// # Safety
    ///
    /// The header of a process that has ended, in a home that is this core's and of a common size; nobody uses either any more,
    /// and the slot is free.
    pub(in crate::process) unsafe fn push(&self, header: NonNull<Header>) {
        let _is_first = self.left.push(header, |before| {
            // SAFETY: the caller's promise makes its link ours, until the push has succeeded.
            unsafe { header.as_ref() }.next.set(NonNull::new(before));
        });
    }

    /// True if there are some.
    #[inline(always)]
    pub(in crate::process) fn has_some(&self) -> bool {
        self.taken.get().is_some() || !self.left.is_empty()
    }

    /// Takes one out. For the core itself, with preemption off, or while all stand still.
    pub(in crate::process) fn next(&self) -> Option<NonNull<Header>> {
        let home = self.taken.get();
        let home = home.or_else(|| NonNull::new(self.left.take()))?;
        // SAFETY: left by `push`, and taken.
        self.taken.set(unsafe { home.as_ref() }.next.get());
        Some(home)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::process::crew::Seat;
    use crate::process::here::{Here, collect};
    use crate::process::homes::{count_free, trim};
    use crate::process::in_loop::in_this_loop;
    use crate::process::{Pid, Polled, Start, Table, Token, platform, spawn};
    use std::boxed::Box;
    use std::vec::Vec;

    type Core = &'static Here;

    /// Makes this thread two cores, one at a time; it is the first to begin with.
    fn two_cores() -> [Core; 2] {
        let cores: [Core; 2] = [0; 2].map(|_| &*Box::leak(Box::new(Here::new())));
        let seats = cores.iter().map(|&here| Seat { here, address: 0 });
        let table = Box::leak(Box::new(Table::with_crew(4096, 64, seats)));
        cores[1].simulate_one_of_several(1, table);
        cores[0].simulate(table);
        cores
    }

    fn newborn() -> Token {
        let mut newborn = collect().newborn;
        newborn.queue.pop_front().expect("just born")
    }

    fn bear(core: Core) -> Token {
        platform::set_here(core);
        spawn(async {}, 2).expect("there is room");
        newborn()
    }

    /// Runs it to its end on this core.
    fn end(token: Token, core: Core) {
        platform::set_here(core);
        let has_come = token.has_come_to(core);
        let Start::Run(process) = token.start() else {
            panic!("it is held up")
        };
        let Polled::Done(finished) = process.poll() else {
            panic!("it has nothing to wait for")
        };
        assert_eq!(finished.is_from_abroad(), has_come);
        match has_come {
            true => in_this_loop(|at| finished.discontinue_from_abroad(at)),
            false => finished.discontinue(),
        }
    }

    fn homes(core: Core) -> usize {
        platform::set_here(core);
        count_free().0
    }

    #[test]
    fn the_next_birth_is_in_the_home_that_came_back() {
        let [first, second] = two_cores();
        let token = bear(first);
        let index = token.pid().index();
        end(token, second);
        let again = bear(first);
        assert_eq!(again.pid().index(), index);
        end(again, first);
        assert_eq!([first, second].map(homes), [1, 0]);
    }

    #[test]
    fn each_home_comes_back_to_the_core_that_it_came_from() {
        let [first, second] = two_cores();
        let ours: Vec<_> = (0..100).map(|_| bear(first)).collect();
        let theirs: Vec<_> = (0..50).map(|_| bear(second)).collect();
        ours.into_iter().for_each(|token| end(token, second));
        theirs.into_iter().for_each(|token| end(token, first));
        assert_eq!([first, second].map(homes), [100, 50]);
    }

    #[test]
    fn who_comes_back_itself_leaves_its_home_there_too() {
        let [first, second] = two_cores();
        let token = bear(first);
        platform::set_here(second);
        assert!(token.has_come_to(second));
        token.local().set_here(second);
        platform::set_here(first);
        end(token, first);
        assert_eq!([first, second].map(homes), [1, 0]);
    }

    #[test]
    fn homes_of_another_size_are_kept_for_whom_they_fit() {
        let [first, second] = two_cores();
        let large = |core: Core| {
            platform::set_here(core);
            let words = (Box::new(()), [0_u64; 60]);
            spawn(async move { drop(words) }, 2).expect("there is room");
            newborn()
        };
        let token = large(first);
        let index = token.pid().index();
        end(token, second);
        let small = bear(first);
        assert_ne!(small.pid().index(), index);
        let again = large(first);
        assert_eq!(again.pid().index(), index);
        [small, again]
            .into_iter()
            .for_each(|token| end(token, first));
        assert_eq!(homes(first), 2);
    }

    #[test]
    fn what_came_back_is_given_back_when_memory_is_short() {
        let [first, second] = two_cores();
        let tokens: Vec<_> = (0..100).map(|_| bear(first)).collect();
        let slots: Vec<Pid> = tokens.iter().map(Token::pid).collect();
        tokens.into_iter().for_each(|token| end(token, second));
        platform::set_here(first);
        assert_eq!((trim(), homes(first)), (100, 0));
        let again = bear(first);
        let slots: Vec<_> = slots.iter().map(|pid| pid.index()).collect();
        assert!(slots.contains(&again.pid().index()), "a slot was lost");
        end(again, first);
    }
}
