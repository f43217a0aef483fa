use super::*;
use crate::process::crew::Seat;
use crate::process::here::{self, Here};
use crate::process::{Start, Table, Token, spawn, spawn_on};
use crate::scarcity;
use std::boxed::Box;
use std::vec::Vec;

/// Makes this thread the first of so many cores.
fn cores(count: usize) {
    let heres: Vec<&'static Here> = (0..count)
        .map(|_| &*Box::leak(Box::new(Here::new())))
        .collect();
    let seats = heres.iter().map(|&here| Seat { here, address: 0 });
    let table = Box::leak(Box::new(Table::with_crew(4096, 64, seats)));
    heres[0].simulate(table);
}

fn born() -> Token {
    spawn(async {}, 2).expect("there is room");
    here::collect()
        .newborn
        .queue
        .pop_front()
        .expect("just born")
}

fn moved(token: Token) -> Token {
    match token.start() {
        Start::Moved(token) => token,
        other => panic!("{other:?} in place of what was chosen"),
    }
}

#[test]
fn a_set_without_a_core_or_without_one_that_there_is_is_an_error() {
    cores(4);
    let token = born();
    let set = |mask: &CoreMask| set_affinity(token.pid(), mask);
    assert_eq!(set(&CoreMask::none()), Err(AffinityError::Empty));
    assert_eq!(set(&CoreMask::only(4)), Err(AffinityError::Impossible));
    assert_eq!(set(&CoreMask::only(511)), Err(AffinityError::Impossible));
    assert!(set(&CoreMask::only(600)).is_err());
    let all = (0..4).collect::<CoreMask>();
    assert_eq!(get_affinity(token.pid()), Some(all));
    token.give_up().discontinue();
}

#[test]
fn what_was_chosen_is_met_before_the_next_turn_and_once() {
    cores(4);
    let token = born();
    let pid = token.pid();
    let pair = CoreMask::only(1).with(3);
    assert_eq!(set_affinity(pid, &pair.with(77)), Ok(Request::Taken));
    assert!(!token.is_pinned(), "only its holder looks");
    let token = moved(token);
    assert!(token.is_pinned());
    assert_eq!(get_affinity(pid), Some(pair));
    assert_eq!(token.level(), 2, "the level is another matter");
    let Start::Run(process) = token.start() else {
        panic!("met twice");
    };
    let token = process.put_off();
    assert_eq!(set_affinity(pid, &CoreMask::all()), Ok(Request::Taken));
    let token = moved(token);
    assert!(!token.is_pinned());
    token.give_up().discontinue();
    assert_eq!(set_affinity(pid, &pair), Ok(Request::Ignored));
    assert_eq!(get_affinity(pid), None);
}

#[test]
fn a_choice_and_a_level_are_both_met_whichever_comes_first() {
    cores(3);
    for level_first in [true, false] {
        let token = born();
        let choose = || assert!(set_affinity(token.pid(), &CoreMask::only(2)).is_ok());
        if !level_first {
            choose();
        }
        let _ = crate::process::set_level(token.pid(), 1);
        if level_first {
            choose();
        }
        let token = moved(token);
        assert_eq!((token.level(), token.is_pinned()), (1, true));
        token.give_up().discontinue();
    }
}

#[test]
fn the_next_process_in_a_slot_knows_nothing_of_the_last_ones_cores() {
    cores(4);
    let token = born();
    let old = token.pid();
    assert!(set_affinity(old, &CoreMask::only(1)).is_ok());
    token.give_up().discontinue();
    let token = born();
    assert_eq!(token.pid().index(), old.index(), "the slot is used again");
    assert_eq!(get_affinity(token.pid()), Some((0..4).collect()));
    let affinities = here::table().crew().affinities();
    let late = affinities.keep(&CoreMask::only(1)).expect("there is one");
    assert!(set_affinity(token.pid(), &CoreMask::only(2)).is_ok());
    affinities
        .choose(old, late)
        .expect("nothing to be said against it");
    assert_eq!(get_affinity(token.pid()), Some(CoreMask::only(2)));
    moved(token).give_up().discontinue();
}

#[test]
fn too_many_different_sets_are_refused_and_those_of_one_core_never() {
    cores(64);
    let affinities = here::table().crew().affinities();
    let pairs = (0..64).flat_map(|first| (0..first).map(move |second| [first, second]));
    let kept = pairs.map(|pair| affinities.keep(&pair.into_iter().collect()));
    let refused = kept.filter(|kept| *kept == Err(AffinityError::TooManyMasks));
    assert_eq!(refused.count(), 64 * 63 / 2 - 256);
    for core in 0..64 {
        assert!(affinities.keep(&CoreMask::only(core)).is_ok());
    }
}

#[test]
fn without_memory_nothing_is_chosen_and_nobody_is_born() {
    cores(2);
    let token = born();
    scarcity::simulate(|purpose| purpose != Purpose::Choices);
    let chosen = set_affinity(token.pid(), &CoreMask::only(1));
    assert_eq!(chosen, Err(AffinityError::NoMemory));
    let there = Affinity::of(&CoreMask::only(1)).expect("there is one");
    assert!(spawn_on(there, async {}, 2, None).is_err());
    assert!(set_affinity(token.pid(), &CoreMask::all()).is_ok());
    scarcity::simulate(|_| true);
    let pid = spawn_on(there, async {}, 2, None).expect("there is room");
    let child = here::collect()
        .newborn
        .queue
        .pop_front()
        .expect("just born");
    assert_eq!((child.pid(), child.is_pinned()), (pid, true));
    assert_eq!(get_affinity(pid), Some(CoreMask::only(1)));
    child.give_up().discontinue();
    moved(token).give_up().discontinue();
}

#[test]
fn who_is_the_kernels_own_is_not_chosen_for() {
    cores(2);
    let token = born();
    assert!(crate::process::take_for_kernel(token.pid()));
    let chosen = set_affinity(token.pid(), &CoreMask::only(1));
    assert_eq!(chosen, Err(AffinityError::Fixed));
    assert_eq!(get_affinity(token.pid()), Some((0..2).collect()));
    token.give_up().discontinue();
}

#[test]
fn sets_are_written_as_ranges() {
    let text = |cores: &[usize]| {
        let mask: CoreMask = cores.iter().copied().collect();
        std::format!("{mask}")
    };
    assert_eq!(text(&[]), "none");
    assert_eq!(text(&[0, 1, 2, 5, 511]), "0-2,5,511");
    assert_eq!(std::format!("{}", CoreMask::all()), "0-511");
}
