//! A sum in parts, each by a process of its own, and the parts put together as they come in.
#![no_std]
#![no_main]

use core::ops::RangeInclusive;
use girder::{own_addr, println, receive, spawn};

const LAST: u64 = 10_000_000;
const PARTS: u64 = 8;

struct Part(u64);

#[girder::main]
async fn main() -> girder::Result {
    let collector = own_addr();
    for part in 0..PARTS {
        spawn(async move {
            let sum = add_up(range_of(part));
            if collector.send(Part(sum)).is_err() {
                girder::exit("no memory for a message");
            }
        })?;
    }
    // They compute all at once, each until its millisecond is over.
    let mut sum = 0;
    for _ in 0..PARTS {
        let Part(part) = receive().await;
        sum += part;
    }
    println!("{PARTS} parts: 1 + ... + {LAST} = {sum}");
    Ok(())
}

fn range_of(part: u64) -> RangeInclusive<u64> {
    let bound = |part| LAST * part / PARTS;
    bound(part) + 1..=bound(part + 1)
}

/// One by one: the formula would leave nothing to do.
fn add_up(numbers: RangeInclusive<u64>) -> u64 {
    numbers.map(core::hint::black_box).sum()
}
