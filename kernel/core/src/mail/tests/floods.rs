//! More messages than there is memory or room for.

use super::*;

#[test]
fn without_memory_a_message_comes_back() {
    let table = Box::leak(Box::new(Table::new(1)));
    Box::leak(Box::new(Here::new())).simulate(table);
    let alone = process::spawn(async {}, 2).unwrap();
    let sent = (0..10_000).take_while(|&n| send(alone, n).is_ok()).count();
    assert!(sent >= 4, "a process may have so many");
    assert_eq!(send(alone, 7), Err(SendError::NoEnvelope(7)));
    assert_eq!(traffic().refused, 2);
    let token = collect().newborn.queue.pop_front().unwrap();
    token.give_up().discontinue();
}
