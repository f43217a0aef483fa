use super::*;
use crate::heap::Blocks;
use crate::mail::{Receiver, send};
use crate::process::crew::at_standstill;
use crate::process::here::{collect, table, with_desk};
use crate::process::{Start, Table, Token, spawn};
use std::boxed::Box;
use std::vec::Vec;

/// Homes of the host have memory of the host's.
struct Nothing;

impl Source for Nothing {
    fn with<R>(&self, _: impl FnOnce(&mut Blocks) -> R) -> Option<R> {
        None
    }
}

const BUDGET: usize = 100;
const COUNT: usize = 5_000;

/// A core of its own.
fn core() {
    let table = Box::leak(Box::new(Table::with_messages(2 * COUNT as u32, 1 << 16)));
    Box::leak(Box::new(Here::new())).simulate(table);
}

fn kept_homes() -> usize {
    with_desk(|_, desk| desk.pools.count(table()).0)
}

fn slabs() -> u32 {
    with_desk(|_, desk| desk.pool.slabs_of(table().slabs()))
}

fn turn(tidying: &mut Tidying) {
    at_standstill(|all| all.tidy(tidying, BUDGET, &Nothing)).expect("it is alone");
}

fn end(token: Token) {
    match token.start() {
        Start::Run(process) => match process.poll() {
            crate::process::Polled::Done(finished) => finished.discontinue(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// So many processes, which end: their homes are kept.
fn births_and_ends() {
    for _ in 0..COUNT {
        spawn(async {}, 2).expect("there is room");
    }
    let mut newborn = collect().newborn;
    let all: Vec<_> = core::iter::from_fn(|| newborn.queue.pop_front()).collect();
    all.into_iter().for_each(end);
    assert_eq!(kept_homes(), COUNT);
}

#[test]
fn homes_go_back_in_turns_of_a_budget() {
    core();
    births_and_ends();
    let mut tidying = Tidying::default();
    let mut turns = 0;
    while !tidying.is_over() {
        let before = kept_homes();
        turn(&mut tidying);
        assert!(before - kept_homes() <= BUDGET + HOMES);
        turns += 1;
    }
    assert_eq!(kept_homes(), 0);
    assert!(turns >= COUNT / (BUDGET + HOMES), "{turns}");
}

#[test]
fn whoever_is_born_between_two_turns_finds_a_home() {
    core();
    births_and_ends();
    let mut tidying = Tidying::default();
    while kept_homes() == COUNT {
        turn(&mut tidying);
    }
    let kept = kept_homes();
    spawn(async {}, 2).expect("there is room");
    assert_eq!(kept_homes(), kept - 1);
    while !tidying.is_over() {
        turn(&mut tidying);
    }
    assert_eq!(kept_homes(), 0);
    let mut newborn = collect().newborn;
    end(newborn.queue.pop_front().expect("born"));
    assert_eq!(kept_homes(), 1);
}

/// There may always be more, for everybody goes on; it comes to an end nevertheless.
#[test]
fn it_comes_to_an_end_though_there_is_always_more() {
    core();
    let mut tidying = Tidying::default();
    let most = most_of(with_desk(|here, _| here));
    for _ in 0..4 * most / BUDGET {
        if kept_homes() < 2 * BUDGET {
            births_and_ends();
        }
        turn(&mut tidying);
    }
    assert!(tidying.is_over());
    assert!(kept_homes() > 0);
}

#[test]
fn slabs_go_back_in_turns_of_a_budget() {
    const MESSAGES: usize = 10_000;
    core();
    let pid = spawn(async {}, 2).expect("there is room");
    for number in 0..MESSAGES {
        assert!(send(Receiver::of(pid), number).is_ok());
    }
    let before = slabs();
    let mut newborn = collect().newborn;
    end(newborn.queue.pop_front().expect("born"));
    crate::mail::reap(2, 2);
    let mut newborn = collect().newborn;
    let mut reaper = newborn.queue.pop_front().expect("a reaper");
    reaper.grant(i32::MAX);
    end(reaper);
    let mut tidying = Tidying::default();
    let mut turns = 0;
    while !tidying.is_over() {
        turn(&mut tidying);
        turns += 1;
    }
    assert!(slabs() <= 2 && before >= 10, "{before} and {}", slabs());
    // Each envelope is looked at twice.
    assert!(turns >= 2 * MESSAGES / (BUDGET + 64), "{turns}");
}
