use super::*;
use crate::symbols::{Function, encode};
use std::string::ToString;
use std::vec::Vec;

const IMAGE: u64 = 0x4020_0000;

fn obituary(pid: &str) -> Obituary {
    Obituary {
        number: 0,
        pid: pid.parse().expect("a pid"),
        name: None,
        makers: Makers::default(),
        core: 0,
        at: Duration::ZERO,
        reason: ExitReason::Killed,
        stood_at: Trail::default(),
    }
}

fn table() -> Vec<u8> {
    let function = |start, name: &str| Function {
        start,
        size: 0x100,
        name: name.to_string(),
    };
    let functions = [
        function(0x100, "core::panicking::panic_fmt"),
        function(0x200, "app::divide"),
        function(0x300, "app::main"),
        function(0x400, "girder_boot::crash::on_panic"),
    ];
    encode(&functions, 1 << 12).bytes
}

fn trail(offsets: &[u64]) -> Trail {
    let addresses = offsets.iter().map(|offset| IMAGE + offset);
    Trail::new(addresses, IMAGE..IMAGE + 0x1000)
}

#[test]
fn a_trail_begins_where_somebody_panicked_and_not_in_the_panic() {
    let table = table();
    let symbols = Symbols::parse(&table).ok();
    let trail = trail(&[0x410, 0x120, 0x204, 0x308]);
    assert_eq!(
        trail.in_one_line(symbols, 6).to_string(),
        "in app::divide+0x4 < app::main+0x8"
    );
    assert_eq!(
        trail.in_lines(symbols).to_string(),
        "  frame  0   app::divide+0x4\n  frame  1   app::main+0x8\n"
    );
    assert_eq!(
        trail.in_one_line(symbols, 1).to_string(),
        "in app::divide+0x4"
    );
}

/// A jump astray, and an image that was not given its symbols.
#[test]
fn what_is_not_known_is_shown_as_it_is() {
    let trail = trail(&[0x2000, 0x204]);
    assert_eq!(trail.in_one_line(None, 6).to_string(), "in ? < image+0x204");
    assert_eq!(Trail::default().in_lines(None).to_string(), "");
}

#[test]
fn a_trail_is_cut_at_its_length() {
    let trail = Trail::new((0..100).map(|n| IMAGE + n), IMAGE..IMAGE + 0x1000);
    assert_eq!(trail.in_lines(None).to_string().lines().count(), DEPTH);
}

#[test]
fn the_last_ones_are_kept_and_the_others_counted() {
    let mut kept = Obituaries::<3>::new();
    for slot in 1..=5 {
        let pid = std::format!("{slot}.1");
        assert_eq!(kept.keep(obituary(&pid), 2), slot - 1);
    }
    let pids: Vec<_> = kept
        .numbers()
        .filter_map(|number| kept.get(number))
        .map(|one| one.pid.to_string())
        .collect();
    assert_eq!(pids, ["3.1", "4.1", "5.1"]);
    assert_eq!((kept.count(), kept.silenced()), (5, 10));
    assert_eq!((kept.get(1), kept.get(5)), (None, None));
}

#[test]
fn who_it_was_is_told_with_its_makers() {
    let mut one = obituary("5.2");
    assert_eq!(Who(&one).to_string(), "process 5.2");
    one.name = Name::new("printer").ok();
    one.makers[0] = "3.1".parse().ok();
    one.makers[1] = "1.1".parse().ok();
    assert_eq!(Who(&one).to_string(), "process 5.2 printer of 3.1, of 1.1");
}
