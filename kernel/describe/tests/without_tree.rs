//! Boots without a device tree: ATAGs, and the boards that are known by heart.

use girder_describe::{Atags, Board, Range, describe};

const CORE: [u32; 5] = [5, 0x5441_0001, 0, 0, 0];
const END: [u32; 2] = [0, 0];

fn parse(tags: &[&[u32]]) -> Option<Atags> {
    Atags::parse(&tags.concat())
}

fn text(line: &str) -> Vec<u32> {
    let mut bytes = line.as_bytes().to_vec();
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let words = bytes
        .chunks(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let mut tag = vec![2 + bytes.len() as u32 / 4, 0x5441_0009];
    tag.extend(words);
    tag
}

#[test]
fn memory_and_boot_arguments_are_read() {
    let memory = [4, 0x5441_0002, 0x3c00_0000, 0];
    let initrd = [4, 0x5442_0005, 0x80_0000, 0x1000];
    let found = parse(&[&CORE, &memory, &initrd, &text("test girder.seed=7"), &END]);
    let range = |base, size| Range { base, size };
    let expected = Atags {
        memory: vec![range(0, 0x3c00_0000)],
        bootargs: "test girder.seed=7".into(),
        initrd: Some(range(0x80_0000, 0x1000)),
    };
    assert_eq!(found, Some(expected));
}

#[test]
fn what_is_behind_the_end_is_not_read() {
    let found = parse(&[&CORE, &END, &text("test")]);
    assert_eq!(found, Some(Atags::default()));
}

#[test]
fn a_list_that_begins_otherwise_is_none() {
    for words in [
        &[][..],
        &[5],
        &[4, 0x5441_0001, 0, 0],
        &[5, 0x5441_0002, 0, 0, 0],
    ] {
        assert_eq!(Atags::parse(words), None, "{words:x?}");
    }
}

#[test]
fn a_tag_that_does_not_fit_ends_the_list() {
    let good = [4, 0x5441_0002, 0x1000_0000, 0];
    for size in [0, 1, 5, u32::MAX] {
        let bad = [size, 0x5441_0002, 0x2000_0000, 0];
        let found = parse(&[&CORE, &good, &bad]).expect("it begins well");
        assert_eq!(found.memory.len(), 1, "{size}");
    }
}

#[test]
fn a_list_cut_anywhere_does_no_harm() {
    let whole = [
        &CORE[..],
        &[4, 0x5441_0002, 1 << 28, 0],
        &text("test"),
        &END,
    ]
    .concat();
    for length in 0..whole.len() {
        let found = Atags::parse(&whole[..length]);
        assert_eq!(found.is_some(), length >= 2, "{length}");
    }
}

#[test]
fn a_board_by_heart_is_what_its_tree_says() {
    let trees = [
        (Board::Pi3, &include_bytes!("trees/pi3.dtb")[..]),
        (Board::Pi4, include_bytes!("trees/pi4.dtb")),
    ];
    for (board, blob) in trees {
        let tree = describe(&mut blob.to_vec()).expect("a good tree");
        let known = board.describe(Atags::default());
        assert_eq!(known.cpus, tree.cpus);
        assert_eq!(known.controller.kind, tree.controller.kind);
        assert_eq!(known.controller.regs, tree.controller.regs);
        assert_eq!(known.timer, tree.timer);
        assert_eq!(known.reserved, tree.reserved);
        assert_eq!(known.distances, tree.distances);
        let port = |ports: &[(String, girder_describe::Console)]| {
            let found = ports.iter().find(|(_, port)| port.base == board.console());
            found.map(|(_, port)| (port.kind, port.interrupt))
        };
        let own = known.console.expect("a console");
        assert_eq!(port(&tree.ports), Some((own.kind, own.interrupt)));
    }
}

#[test]
fn told_memory_replaces_the_usual() {
    let usual = Board::Pi4.describe(Atags::default());
    assert_eq!(
        usual.memory,
        [Range {
            base: 0,
            size: 948 << 20
        }]
    );
    let range = Range {
        base: 0,
        size: 1 << 28,
    };
    let told = Board::Pi4.describe(Atags {
        memory: vec![range],
        ..Atags::default()
    });
    assert_eq!(
        (told.memory, &told.nodes[0].memory),
        (vec![range], &vec![range])
    );
}
