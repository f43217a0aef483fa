//! What races for a core's admission, on modelled atomics.

use super::*;
use crate::atomic::Relaxed;
use loom::thread;
use std::sync::Arc;

/// A slow core and an impatient boot core: both come to the same verdict, and a present core's
/// set-up is visible to the boot core.
#[test]
pub(crate) fn both_sides_come_to_the_same_verdict() {
    loom::model(|| {
        let shared = Arc::new((Admission::new(), AtomicU32::new(0)));
        let core = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(7, Relaxed);
                shared.0.arrive()
            })
        };
        let verdict = shared.0.verdict().unwrap_or_else(|| shared.0.give_up());
        if verdict == Verdict::Present {
            let is_set_up = shared.1.load(Relaxed) == 7;
            assert!(is_set_up, "a core without its set-up");
        }
        assert_eq!(core.join().unwrap(), verdict);
    });
}

/// A core that fails, and an impatient boot core: whoever hears of the failure sees the reason.
#[test]
pub(crate) fn a_failure_brings_its_reason() {
    loom::model(|| {
        let shared = Arc::new((Admission::new(), AtomicU32::new(0)));
        let core = {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1.store(7, Relaxed);
                shared.0.fail()
            })
        };
        let verdict = shared.0.verdict().unwrap_or_else(|| shared.0.give_up());
        assert_ne!(verdict, Verdict::Present);
        if verdict == Verdict::Failed {
            let has_reason = shared.1.load(Relaxed) == 7;
            assert!(has_reason, "a failure without its reason");
        }
        assert_eq!(core.join().unwrap(), verdict);
    });
}
