//! What holds for any bytes, any damage, any empty tokens, any memory.

mod support;

use girder_describe::{Atags, Board, Machine, Range, describe};
use proptest::collection::vec;
use proptest::prelude::*;
use support::*;

const TREES: [&[u8]; 3] = [
    include_bytes!("trees/virt-gicv3.dtb"),
    include_bytes!("trees/pi4.dtb"),
    include_bytes!("trees/server.dtb"),
];

/// One change to a tree's bytes.
#[derive(Clone, Debug)]
enum Damage {
    Byte(usize, u8),
    Word(usize, u32),
    Cut(usize),
    Swap(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let word = prop_oneof![0..10_u32, any::<u32>(), Just(u32::MAX), Just(0x8000_0000)];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (any::<usize>(), word.clone()).prop_map(|(at, word)| Damage::Word(at, word)),
        (0..10_usize, word).prop_map(|(field, word)| Damage::Word(field, word)),
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

fn apply(blob: &mut Vec<u8>, damage: &Damage) {
    if blob.len() < 4 {
        return;
    }
    let words = blob.len() / 4;
    match *damage {
        Damage::Byte(at, byte) => {
            let at = at % blob.len();
            blob[at] = byte;
        }
        Damage::Word(at, word) => poke(blob, at % words * 4, word),
        Damage::Cut(length) => blob.truncate(length % blob.len()),
        Damage::Swap(one, other) => {
            let (one, other) = (one % words * 4, other % words * 4);
            let (first, second) = (peek(blob, one), peek(blob, other));
            poke(blob, one, second);
            poke(blob, other, first);
        }
    }
}

/// What every accepted tree promises.
fn check(machine: &Machine) {
    assert!(!machine.cpus.is_empty());
    assert_eq!(machine.distances.len(), machine.nodes.len());
    assert!(machine.nodes.windows(2).all(|pair| pair[0].id < pair[1].id));
    let homes = machine
        .nodes
        .iter()
        .map(|node| node.cpus.len())
        .sum::<usize>();
    assert_eq!(homes, machine.cpus.len());
    for list in [&machine.memory, &machine.reserved, &machine.usable_memory()] {
        assert!(list.iter().all(|range| range.size > 0));
        assert!(
            list.windows(2)
                .all(|pair| pair[0].base + pair[0].size < pair[1].base)
        );
    }
}

fn contains(ranges: &[Range], address: u64) -> bool {
    ranges
        .iter()
        .any(|range| range.base <= address && address - range.base < range.size)
}

/// Small ranges, so that they meet each other often.
fn few_ranges() -> impl Strategy<Value = Vec<(u64, u64)>> {
    vec((0..64_u64, 0..16_u64), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_described_or_refused(mut bytes in vec(any::<u8>(), 0..256)) {
        let _ = describe(&mut bytes);
    }

    #[test]
    fn any_damage_is_described_or_refused(
        tree in 0..TREES.len(),
        damages in vec(damage(), 1..6),
    ) {
        let mut blob = TREES[tree].to_vec();
        damages.iter().for_each(|damage| apply(&mut blob, damage));
        if let Ok(machine) = describe(&mut blob) {
            check(&machine);
        }
    }

    #[test]
    fn empty_tokens_change_nothing(counts in vec(0..4_usize, 1..50)) {
        let mut counts = counts.into_iter().cycle();
        let mut blob = board().flatten_with(&[], || counts.next().unwrap_or(0));
        prop_assert_eq!(describe(&mut blob), Ok(machine(&board())));
    }

    #[test]
    fn address_is_usable_if_it_is_memory_and_not_reserved(
        memory_ranges in few_ranges(),
        reserved in few_ranges(),
    ) {
        let cells = memory_ranges.iter().flat_map(|(base, size)| [0, *base as u32, 0, *size as u32]);
        let cells = cells.collect::<Vec<_>>();
        let root = board().change("/memory@40000000", |node| node.cells("reg", &cells));
        let reserved = reserved.into_iter().filter(|range| *range != (0, 0)).collect::<Vec<_>>();
        let machine = describe(&mut root.reserving(&reserved)).expect("a good tree");
        check(&machine);
        let inside = |(base, size): &(u64, u64), address| (*base..base + size).contains(&address);
        for address in 0..100 {
            let is_memory = memory_ranges.iter().any(|range| inside(range, address));
            let is_reserved = reserved.iter().any(|range| inside(range, address));
            prop_assert_eq!(contains(&machine.usable_memory(), address), is_memory && !is_reserved);
        }
    }
}

proptest! {
    #[test]
    fn any_words_behind_a_good_beginning_are_a_list(words in vec(word_of_a_list(), 0..200)) {
        let list = [&[5, 0x5441_0001, 0, 0, 0], &words[..]].concat();
        let told = Atags::parse(&list).expect("it begins well");
        let apart = told.memory.windows(2).all(|pair| pair[0].end() < pair[1].base);
        prop_assert!(apart);
        let machine = Board::Pi3.describe(told.clone());
        prop_assert!(!machine.memory.is_empty());
        prop_assert_eq!(Atags::parse(&list), Some(told));
    }
}

fn word_of_a_list() -> impl Strategy<Value = u32> {
    let tags = [0x5441_0002, 0x5441_0009, 0x5442_0005, 0x5441_0001];
    let tag = proptest::sample::select(tags.to_vec());
    prop_oneof![0..8_u32, tag, any::<u32>()]
}
