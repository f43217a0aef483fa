//! Names, with processes that begin and end by hand.

use super::*;
use core::future::pending;
use girder_lockfree::process::here::{Here, collect};
use girder_lockfree::process::{Queue, Start, Table, kill, spawn};

/// A core whose processes wait until somebody ends them.
struct Village {
    newborn: Queue,
}

impl Village {
    fn new() -> Self {
        let table = Box::leak(Box::new(Table::new(2048)));
        Box::leak(Box::new(Here::new())).simulate(table);
        let newborn = Queue::new();
        Self { newborn }
    }

    fn spawn(&mut self) -> Pid {
        let pid = spawn(pending(), 0).expect("there is room");
        self.newborn.append(&mut collect().newborn.queue);
        pid
    }

    /// Ends whoever was spawned first.
    fn end_first(&mut self) {
        let token = self.newborn.pop_front().expect("somebody lives");
        kill(token.pid());
        let Start::Die(token) = token.start() else {
            panic!("outlives a kill")
        };
        token.drop_future().discontinue();
    }
}

impl Drop for Village {
    fn drop(&mut self) {
        while !self.newborn.is_empty() {
            self.end_first();
        }
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a good name")
}

#[test]
fn a_name_is_text_of_some_length() {
    let longest = "ü".repeat(NAME_BYTES_MAX / 2);
    assert_eq!(name(&longest).as_str(), longest);
    assert_eq!(Name::new(&(longest + "x")), Err(NameError::TooLong));
    for bad in ["", "two words", "tab\t", "\x1b[2J"] {
        assert_eq!(Name::new(bad), Err(NameError::Malformed), "{bad:?}");
    }
}

#[test]
fn a_name_means_its_process_until_that_ends() {
    let mut village = Village::new();
    let mut names = Names::new();
    let (first, second) = (village.spawn(), village.spawn());
    assert_eq!(names.register(name("baker"), first), Ok(()));
    assert_eq!(names.register(name("baker"), second), Err(NameError::Taken));
    assert_eq!(names.find(name("baker")), Some(first));
    assert_eq!(names.of(first), Some(name("baker")));
    village.end_first();
    assert_eq!(names.find(name("baker")), None);
    assert_eq!(names.unregister(name("baker")), None);
    assert_eq!(names.register(name("baker"), second), Ok(()));
    assert_eq!(names.find(name("baker")), Some(second));
}

#[test]
fn a_process_has_one_name_and_can_lose_it() {
    let mut village = Village::new();
    let mut names = Names::new();
    let pid = village.spawn();
    assert_eq!(names.register(name("baker"), pid), Ok(()));
    assert_eq!(names.register(name("smith"), pid), Err(NameError::HasName));
    assert_eq!(names.unregister(name("baker")), Some(pid));
    assert_eq!(names.register(name("smith"), pid), Ok(()));
}

#[test]
fn the_dead_get_no_name() {
    let mut village = Village::new();
    let mut names = Names::new();
    let pid = village.spawn();
    village.end_first();
    assert_eq!(names.register(name("late"), pid), Err(NameError::NoProcess));
}

#[test]
fn a_reserved_name_means_nobody_until_its_process_is_there() {
    let mut village = Village::new();
    let mut names = Names::new();
    let (maker, child, rival) = (village.spawn(), village.spawn(), village.spawn());
    let reservation = names.reserve(name("heir"), maker).expect("it is free");
    assert_eq!(names.find(name("heir")), None);
    assert_eq!(names.register(name("heir"), rival), Err(NameError::Taken));
    names.settle(name("heir"), reservation, child);
    assert_eq!(names.find(name("heir")), Some(child));
    // Whoever comes second changes nothing.
    names.settle(name("heir"), reservation, maker);
    names.give_up(name("heir"), reservation);
    assert_eq!(names.find(name("heir")), Some(child));
}

#[test]
fn a_reservation_ends_with_its_maker_or_by_hand() {
    let mut village = Village::new();
    let mut names = Names::new();
    let (maker, other) = (village.spawn(), village.spawn());
    for _ in 0..2 {
        let reservation = names.reserve(name("heir"), maker).expect("it is free");
        names.give_up(name("heir"), reservation);
    }
    assert!(names.reserve(name("heir"), maker).is_ok());
    village.end_first();
    assert_eq!(names.register(name("heir"), other), Ok(()));
}

/// The first process has lost its name before it ran, and its maker is about to make another one of that name.
#[test]
fn a_process_takes_nobody_elses_reservation() {
    let mut village = Village::new();
    let mut names = Names::new();
    let (maker, first, second) = (village.spawn(), village.spawn(), village.spawn());
    let of_first = names.reserve(name("heir"), maker).expect("it is free");
    names.settle(name("heir"), of_first, first);
    assert_eq!(names.unregister(name("heir")), Some(first));
    let of_second = names
        .reserve(name("heir"), maker)
        .expect("it is free again");
    names.settle(name("heir"), of_first, first);
    assert_eq!(names.find(name("heir")), None, "stolen");
    names.give_up(name("heir"), of_first);
    names.settle(name("heir"), of_second, second);
    assert_eq!(names.find(name("heir")), Some(second));
}

/// Its maker has been killed meanwhile: whoever comes first has the name, and the other one nothing.
#[test]
fn of_two_who_want_what_a_dead_maker_has_reserved_one_has_it() {
    for is_child_first in [true, false] {
        let mut village = Village::new();
        let mut names = Names::new();
        let (maker, child, rival) = (village.spawn(), village.spawn(), village.spawn());
        let reservation = names.reserve(name("heir"), maker).expect("it is free");
        village.end_first();
        if is_child_first {
            names.settle(name("heir"), reservation, child);
            assert_eq!(names.register(name("heir"), rival), Err(NameError::Taken));
        } else {
            assert_eq!(names.register(name("heir"), rival), Ok(()));
            names.settle(name("heir"), reservation, child);
        }
        let holder = if is_child_first { child } else { rival };
        assert_eq!(names.find(name("heir")), Some(holder));
    }
}

#[test]
fn who_was_given_another_name_meanwhile_has_that_one_alone() {
    let mut village = Village::new();
    let mut names = Names::new();
    let (maker, child) = (village.spawn(), village.spawn());
    let reservation = names.reserve(name("heir"), maker).expect("it is free");
    assert_eq!(names.register(name("foundling"), child), Ok(()));
    names.settle(name("heir"), reservation, child);
    assert_eq!(names.of(child), Some(name("foundling")));
    assert_eq!(names.register(name("heir"), maker), Ok(()));
}

#[test]
fn a_full_table_makes_room_by_forgetting_the_dead() {
    let mut village = Village::new();
    let mut names = Names::new();
    for number in 0..NAMES_MAX {
        let pid = village.spawn();
        assert_eq!(names.register(name(&format!("n{number}")), pid), Ok(()));
    }
    let late = village.spawn();
    assert_eq!(names.register(name("late"), late), Err(NameError::NoRoom));
    village.end_first();
    assert_eq!(names.register(name("late"), late), Ok(()));
    assert_eq!(names.find(name("late")), Some(late));
}
