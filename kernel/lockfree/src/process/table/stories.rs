//! A small story for the modelled machine.

use super::*;
use loom::thread;
use std::sync::Arc;

/// One core adds slots while another one, which has got a pid out of thin air, looks one of them
/// up: it finds nothing, or a slot that has been made.
#[test]
pub(crate) fn a_slot_that_is_found_has_been_made() {
    loom::model(|| {
        let table = Arc::new(Table::new(4));
        let adder = {
            let table = table.clone();
            thread::spawn(move || table.grow())
        };
        if let Some(slot) = table.slot(1) {
            assert!(!slot.word.is_alive(Pid::new(1, 1)));
        }
        assert_eq!(adder.join().unwrap(), Some(0..2));
    });
}
