//! Any bytes are described or refused, and what is described keeps its promises.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run describe -- -max_len=65536`, best with `../tests/trees` as
//! the second corpus.
#![no_main]

use girder_describe::{Range, describe};
use libfuzzer_sys::fuzz_target;

fn is_merged(ranges: &[Range]) -> bool {
    let apart = ranges
        .windows(2)
        .all(|pair| pair[0].base + pair[0].size < pair[1].base);
    apart && ranges.iter().all(|range| range.size > 0)
}

fuzz_target!(|bytes: &[u8]| {
    let mut blob = bytes.to_vec();
    let Ok(machine) = describe(&mut blob) else {
        return;
    };
    assert!(!machine.cpus.is_empty());
    assert!(is_merged(&machine.memory) && is_merged(&machine.reserved));
    assert!(is_merged(&machine.usable_memory()));
    assert_eq!(machine.distances.len(), machine.nodes.len());
    // The first pass squeezed the tree in place; what it left must describe the same machine.
    assert_eq!(describe(&mut blob), Ok(machine));
});
