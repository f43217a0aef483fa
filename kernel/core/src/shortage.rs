//! What a process does that finds no memory: it gives back what is kept for later, and tries once more.
//!
//! First what its own core keeps, in slices with preemption on. Only when nothing came of that do all cores stand still, in turns,
//! for what each of them keeps: that takes others' time, so it is not done where one core schedules, nor where it can't help soon,
//! nor again within [a while](REST) after it was in vain: who is refused memory again and again must not have all of them stand
//! still each time. And whoever must not be kept waiting does nothing at all: a loop, a handler, who holds a lock.

/// Nanoseconds after all cores have stood still in vain in which they are not asked to again.
pub const REST: u64 = 100_000_000;

/// What somebody who looks for memory can do.
pub trait Keeper {
    /// True if it may be kept waiting.
    fn may_wait(&self) -> bool;
    /// Bytes of memory that nobody has.
    fn free(&self) -> usize;
    /// Gives back what its own core keeps; true if something was put where others can have it, though it may be no whole block.
    fn give_back_own(&self) -> bool;
    /// True if there are other cores, and all of them come when they are called.
    fn may_call_all(&self) -> bool;
    /// Gives back what all cores keep. False if they did not come to rest.
    fn give_back_all(&self) -> bool;
    /// The clock, in nanoseconds.
    fn now(&self) -> u64;
    /// When all cores have stood still in vain; 0 if the last time was not in vain.
    fn was_in_vain(&self) -> u64;
    /// Notes it.
    fn set_in_vain(&self, at: u64);
}

/// Makes room. False if nothing came of it, so that there is no use in trying again.
pub fn make_room(keeper: &impl Keeper) -> bool {
    if !keeper.may_wait() {
        return false;
    }
    let before = keeper.free();
    keeper.give_back_own() || keeper.free() > before || call_all(keeper, before)
}

fn call_all(keeper: &impl Keeper, before: usize) -> bool {
    let (now, last) = (keeper.now(), keeper.was_in_vain());
    let is_too_soon = last != 0 && now.saturating_sub(last) < REST;
    if is_too_soon || !keeper.may_call_all() {
        return false;
    }
    let has_helped = keeper.give_back_all() && keeper.free() > before;
    keeper.set_in_vain(if has_helped { 0 } else { now.max(1) });
    has_helped
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::{Cell, RefCell};
    use std::vec::Vec;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Act {
        Own,
        All,
    }

    /// Somebody who looks for memory, on several cores.
    struct Someone {
        may_wait: bool,
        may_call_all: bool,
        /// What its core and all cores keep, in bytes.
        own: Cell<usize>,
        all: Cell<usize>,
        free: Cell<usize>,
        now: Cell<u64>,
        in_vain: Cell<u64>,
        acts: RefCell<Vec<Act>>,
    }

    fn someone(own: usize, all: usize) -> Someone {
        Someone {
            may_wait: true,
            may_call_all: true,
            own: Cell::new(own),
            all: Cell::new(all),
            free: Cell::new(0),
            now: Cell::new(0),
            in_vain: Cell::new(0),
            acts: RefCell::default(),
        }
    }

    impl Someone {
        /// What it does to make room, and whether that was of use.
        fn tries(&self) -> (Vec<Act>, bool) {
            let has_helped = make_room(self);
            (self.acts.take(), has_helped)
        }

        fn give(&self, kept: &Cell<usize>) {
            self.free.set(self.free.get() + kept.take());
        }
    }

    impl Keeper for Someone {
        fn may_wait(&self) -> bool {
            self.may_wait
        }

        fn free(&self) -> usize {
            self.free.get()
        }

        fn give_back_own(&self) -> bool {
            self.acts.borrow_mut().push(Act::Own);
            self.give(&self.own);
            false
        }

        fn may_call_all(&self) -> bool {
            self.may_call_all
        }

        fn give_back_all(&self) -> bool {
            self.acts.borrow_mut().push(Act::All);
            self.give(&self.all);
            true
        }

        fn now(&self) -> u64 {
            self.now.get()
        }

        fn was_in_vain(&self) -> u64 {
            self.in_vain.get()
        }

        fn set_in_vain(&self, at: u64) {
            self.in_vain.set(at);
        }
    }

    #[test]
    fn what_the_own_core_keeps_goes_first_and_suffices() {
        assert_eq!(someone(64, 64).tries(), (vec![Act::Own], true));
    }

    #[test]
    fn all_cores_stand_still_when_the_own_one_keeps_nothing() {
        let someone = someone(0, 64);
        assert_eq!(someone.tries(), (vec![Act::Own, Act::All], true));
        // It was of use, so nobody has to wait for the next time.
        someone.all.set(64);
        assert_eq!(someone.tries(), (vec![Act::Own, Act::All], true));
    }

    #[test]
    fn who_must_not_wait_does_nothing() {
        let mut someone = someone(64, 64);
        someone.may_wait = false;
        assert_eq!(someone.tries(), (vec![], false));
    }

    #[test]
    fn where_one_core_schedules_or_one_has_no_stack_nobody_stands_still() {
        let mut someone = someone(0, 64);
        someone.may_call_all = false;
        assert_eq!(someone.tries(), (vec![Act::Own], false));
    }

    #[test]
    fn after_standing_still_in_vain_nobody_is_called_for_a_while() {
        let someone = someone(0, 0);
        assert_eq!(someone.tries(), (vec![Act::Own, Act::All], false));
        for now in [0, 1, REST] {
            someone.now.set(now);
            assert_eq!(someone.tries(), (vec![Act::Own], false), "at {now}");
        }
        someone.now.set(REST + 1);
        assert_eq!(someone.tries(), (vec![Act::Own, Act::All], false));
        // What the own core keeps meanwhile is given back nevertheless.
        someone.own.set(1);
        assert_eq!(someone.tries(), (vec![Act::Own], true));
    }
}
