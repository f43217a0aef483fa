use super::*;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

fn function(start: u32, size: u32, name: &str) -> Function {
    Function {
        start,
        size,
        name: name.to_string(),
    }
}

const ROOM: usize = 1 << 16;

fn table(functions: &[Function]) -> Vec<u8> {
    encode(functions, ROOM).bytes
}

fn found(bytes: &[u8], offset: u32) -> Option<String> {
    let symbol = Symbols::parse(bytes).expect("whole").find(offset)?;
    Some(format!("{symbol}+{:#x}", offset - symbol.start))
}

#[test]
fn an_address_is_found_in_the_function_around_it() {
    let bytes = table(&[
        function(0x1000, 0x40, "core::sched::turn"),
        function(0x1040, 0x10, "start"),
    ]);
    assert_eq!(found(&bytes, 0xfff), None);
    assert_eq!(
        found(&bytes, 0x1000).as_deref(),
        Some("core::sched::turn+0x0")
    );
    assert_eq!(
        found(&bytes, 0x103f).as_deref(),
        Some("core::sched::turn+0x3f")
    );
    assert_eq!(found(&bytes, 0x1040).as_deref(), Some("start+0x0"));
    assert_eq!(found(&bytes, 0x1050), None);
}

#[test]
fn a_gap_belongs_to_nobody_and_alignment_to_the_function_before() {
    let bytes = table(&[
        function(0x1000, 0x10, "a"),
        function(0x1020, 0x10, "b"),
        function(0x2000, 0, "c"),
    ]);
    assert_eq!(found(&bytes, 0x1018).as_deref(), Some("a+0x18"));
    assert_eq!(found(&bytes, 0x1030), None);
    assert_eq!(found(&bytes, 0x9000).as_deref(), Some("c+0x7000"));
}

#[test]
fn a_scope_stands_in_the_text_once() {
    let scope = "girder_core::sched::somewhere_deep";
    let names = (0..100).map(|n| function(n * 16, 16, &format!("{scope}::f{n}")));
    let bytes = table(&names.collect::<Vec<_>>());
    assert!(bytes.len() < 100 * (ENTRY + 5) + HEADER + ENTRY + 50);
    assert_eq!(found(&bytes, 16 * 99), Some(format!("{scope}::f99+0x0")));
}

#[test]
fn what_finds_no_room_is_shortened_then_dropped_and_counted() {
    let long = |n: u32| function(n * 4, 4, &format!("a::B<{}{n}>::f{n}", "x".repeat(40)));
    let functions: Vec<_> = (0..64).map(long).collect();
    let all = encode(&functions, ROOM);
    assert_eq!((all.functions, all.shortened, all.dropped), (64, 0, 0));
    let short = encode(&functions, 1000);
    assert_eq!(
        (short.functions, short.shortened, short.dropped),
        (64, 64, 0)
    );
    assert_eq!(found(&short.bytes, 0).as_deref(), Some("a::B::f0+0x0"));
    let few = encode(&functions, 400);
    assert_eq!(few.functions + few.dropped, 64);
    assert!(few.dropped > 0 && few.bytes.len() <= 400);
    assert!(Symbols::parse(&few.bytes).is_ok());
}

#[test]
fn a_name_that_nobody_would_read_loses_its_arguments() {
    let name = format!("a::f::<{}>", "B".repeat(100));
    assert_eq!(
        found(&table(&[function(0, 4, &name)]), 0).as_deref(),
        Some("a::f+0x0")
    );
}

#[test]
fn a_room_that_was_not_filled_says_so() {
    assert_eq!(Symbols::parse(&[0; 64]).err(), Some(TableError::Empty));
    assert_eq!(Symbols::parse(&[]).err(), Some(TableError::Cut));
    assert_eq!(Symbols::parse(&[0xff; 64]).err(), Some(TableError::NoTable));
}

#[test]
fn a_cut_table_is_refused_at_every_length() {
    let bytes = table(&[function(0, 4, "a::b"), function(4, 4, "a::c")]);
    for length in 0..bytes.len() {
        assert_eq!(
            Symbols::parse(&bytes[..length]).err(),
            Some(TableError::Cut)
        );
    }
}

#[test]
fn damage_in_order_and_names_is_refused_with_its_place() {
    let whole = table(&[function(0, 4, "a"), function(4, 4, "b")]);
    let mut unsorted = whole.clone();
    unsorted[HEADER + ENTRY] = 0;
    assert_eq!(
        Symbols::parse(&unsorted).err(),
        Some(TableError::Unsorted(1))
    );
    let mut outside = whole.clone();
    outside[HEADER + 7] = 0xff;
    assert_eq!(Symbols::parse(&outside).err(), Some(TableError::Name(0)));
    let mut no_text = whole;
    *no_text.last_mut().expect("not empty") = 0xff;
    assert!(matches!(
        Symbols::parse(&no_text),
        Err(TableError::Name(_)) | Ok(_)
    ));
}

proptest! {
    #[test]
    fn every_function_is_found_again(starts in prop::collection::btree_set(0u32..1 << 20, 1..50)) {
        let names = |start: &u32| function(*start, 0, &format!("m{}::f{start}", start % 5));
        let functions: Vec<_> = starts.iter().map(names).collect();
        let bytes = table(&functions);
        for function in functions {
            prop_assert_eq!(found(&bytes, function.start), Some(format!("{}+0x0", function.name)));
        }
    }

    #[test]
    fn no_bytes_lead_outside(mut bytes in prop::collection::vec(any::<u8>(), 12..200), offset: u32) {
        bytes[..4].copy_from_slice(&MARK.to_le_bytes());
        bytes[5..8].fill(0);
        bytes[9..12].fill(0);
        if let Ok(symbols) = Symbols::parse(&bytes) {
            let _ = symbols.find(offset);
        }
    }
}
