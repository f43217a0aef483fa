//! Somebody has all slots: the kernel's own are born nevertheless, and nobody else.

use super::*;
use crate::process::crew::Seat;
use crate::process::here::{Here, collect};
use crate::process::{NoProcess, Pid, Polled, Start, Token, spawn, spawn_pinned, spawn_watched};
use std::boxed::Box;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

/// Room for so many: two slots are set aside for whom the kernel's level bears, and two or four for what loops bear.
const LIMIT: u32 = 128;
const NORMAL: u8 = 2;

/// Makes this thread the first of so many cores, which share a table; all of them.
fn cores(count: usize) -> Vec<&'static Here> {
    let heres: Vec<&'static Here> = (0..count)
        .map(|_| &*Box::leak(Box::new(Here::new())))
        .collect();
    let seats = heres.iter().map(|&here| Seat { here, address: 0 });
    let seats: Vec<_> = if count == 1 {
        Vec::new()
    } else {
        seats.collect()
    };
    let table = Box::leak(Box::new(Table::with_crew(LIMIT, 64, seats)));
    for &here in &heres {
        here.simulate(table);
    }
    heres
}

fn newborn() -> Token {
    let mut arrivals = collect();
    let token = arrivals.newborn.queue.pop_front();
    assert!(arrivals.newborn.queue.pop_front().is_none());
    let mut token = token.expect("somebody was born");
    token.grant(100);
    token
}

/// Does this as a process of this level.
fn as_process<T: Send + 'static>(level: u8, work: impl FnOnce() -> T + Send + 'static) -> T {
    let result = Arc::new(Mutex::new(None));
    let out = result.clone();
    let work = async move { *out.lock().unwrap() = Some(work()) };
    spawn(work, level).expect("there is room for who tries");
    let Start::Run(token) = newborn().start() else {
        panic!("not to be run")
    };
    let Polled::Done(finished) = token.poll() else {
        panic!("not done")
    };
    finished.discontinue();
    let result = result.lock().unwrap().take();
    result.expect("it has run")
}

/// Those who are born meanwhile.
fn births() -> Vec<Token> {
    let mut arrivals = collect();
    core::iter::from_fn(|| arrivals.newborn.queue.pop_front()).collect()
}

fn end(token: Token) {
    token.give_up().discontinue();
}

/// Somebody who bears others until he is refused; they are there at the end, and no slot is that he may have.
fn use_up_all() -> Vec<Token> {
    let mut all = Vec::new();
    // Who tries has a slot himself, which serves once more afterwards.
    loop {
        let who = spawn(pending::<()>(), NORMAL).expect("he does not take what is set aside");
        let mut token = newborn();
        token.grant(100);
        all.push(token);
        assert!(crate::process::is_alive(who));
        if all.len() as u32 + set_aside() == LIMIT {
            return all;
        }
    }
}

fn set_aside() -> u32 {
    let set_aside = &crate::process::table().set_aside;
    (set_aside.loops.slots.len() + set_aside.system.slots.len()) as u32
}

fn list_lengths() -> (usize, usize) {
    let table = crate::process::table();
    let count = |list: &Spread| {
        let next = |&index: &u32| table.orphan_after(index);
        core::iter::successors(list.first(), next).count()
    };
    let set_aside = &table.set_aside;
    (count(&set_aside.loops.free), count(&set_aside.system.free))
}

fn born(level: u8) -> Result<Pid, NoProcess> {
    spawn(pending::<()>(), level)
}

#[test]
fn only_the_kernels_own_are_born_in_what_is_set_aside() {
    for count in [1, 2] {
        cores(count);
        let mut all = use_up_all();
        // Each attempt is a process of a loop's: it has one of the loops' slots, and gives it back.
        let refused = as_process(NORMAL, || [born(NORMAL), born(KERNELS_LEVEL)]);
        assert_eq!(refused, [Err(NoProcess); 2]);
        let refused = as_process(KERNELS_LEVEL, || born(NORMAL));
        assert_eq!(refused, Err(NoProcess));
        let watched = as_process(NORMAL, || spawn_watched(pending::<()>, NORMAL).err());
        assert_eq!(watched, Some(NoProcess));
        assert_eq!(list_lengths(), (2 * count, 2));
        let own = as_process(KERNELS_LEVEL, || {
            [(); 3].map(|()| born(KERNELS_LEVEL).is_ok())
        });
        assert_eq!(own, [true, true, false]);
        all.extend(births());
        all.into_iter().for_each(end);
    }
}

#[test]
fn what_the_kernels_own_leave_is_set_aside_again() {
    for count in [1, 2] {
        let heres = cores(count);
        let all = use_up_all();
        for round in 0..10 {
            let reapers: Vec<_> = (0..2 * count).map(|_| spawn_pinned(async {}, 1)).collect();
            assert!(reapers.iter().all(Result::is_ok), "round {round}");
            assert_eq!(born(NORMAL), Err(NoProcess));
            let make = || spawn_watched(pending::<()>, KERNELS_LEVEL);
            births().into_iter().for_each(end);
            let shell = as_process(KERNELS_LEVEL, move || make().map(|(pid, _)| pid));
            assert!(shell.is_ok(), "round {round}");
            // Wherever it ends.
            let there = heres[round % count];
            let shell = births();
            crate::process::platform::set_here(there);
            if count > 1 {
                shell.iter().for_each(|token| token.local().set_abroad());
            }
            shell.into_iter().for_each(end);
            crate::process::platform::set_here(heres[0]);
            assert_eq!(list_lengths(), (2 * count, 2), "round {round}");
            let other = as_process(NORMAL, || born(NORMAL));
            assert_eq!(other, Err(NoProcess), "round {round}");
        }
        all.into_iter().for_each(end);
    }
}

#[test]
fn a_slot_that_waits_for_a_block_comes_back_to_where_it_belongs() {
    for count in [1, 2] {
        let heres = cores(count);
        let all = use_up_all();
        let before = list_lengths();
        let who = born(NORMAL).expect("a loop bears it").index();
        let table = crate::process::table();
        assert!(table.is_set_aside(who));
        births().into_iter().for_each(|token| {
            // Its last block is freed long after its end.
            token.local().set_abroad();
            end(token);
        });
        let index = table.take_set_aside(NORMAL).expect("it has come back");
        heres[0].give_paid_slot(index);
        assert_eq!(list_lengths(), before);
        all.into_iter().for_each(end);
    }
}

#[test]
fn there_is_room_for_a_reaper_on_each_core_and_no_small_table_sets_anything_aside() {
    let lengths = |limit, cores| {
        let SetAside { loops, system } = SetAside::new(limit, cores);
        assert_eq!(loops.slots.end, system.slots.start);
        (loops.slots.len(), system.slots.len())
    };
    assert_eq!(lengths(300_000, 8), (16, 16));
    assert_eq!(lengths(300_000, 512), (1024, 16));
    assert_eq!(lengths(4, 8), (0, 0));
    assert_eq!(lengths(0, 1), (0, 0));
}
