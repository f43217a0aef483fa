//! What races for a core's status word, on modelled atomics.

use super::*;
use loom::sync::Notify;
use loom::thread;
use std::sync::Arc;
use std::vec::Vec;

/// Two bringers, one owner that leaves whenever it may: the owner sees both causes, each with
/// what its bringer wrote before, and is never left away with a cause in the word (loom
/// reports that as a deadlock).
#[test]
pub(crate) fn no_cause_and_no_wake_up_is_lost() {
    loom::model(|| {
        let bell = Arc::new(Doorbell::new());
        let signal = Arc::new(Notify::new());
        let payload = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        let bringers: Vec<_> = (0..2)
            .map(|n| {
                let (bell, signal, payload) = (bell.clone(), signal.clone(), payload.clone());
                thread::spawn(move || {
                    payload[n].store(7, Relaxed);
                    if bell.ring(1 << n) == Ring::MustSignal {
                        signal.notify();
                    }
                })
            })
            .collect();
        let mut seen = 0;
        while seen != 0b11 {
            let causes = bell.take();
            for n in 0..2 {
                if causes & 1 << n != 0 {
                    let is_there = payload[n].load(Relaxed) == 7;
                    assert!(is_there, "a cause without its payload");
                    assert_eq!(seen & 1 << n, 0, "a cause arrived twice");
                }
            }
            seen |= causes;
            if seen != 0b11 && bell.try_leave() {
                signal.wait();
            }
        }
        for bringer in bringers {
            bringer.join().unwrap();
        }
    });
}
