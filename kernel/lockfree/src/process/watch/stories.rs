//! What races at a process's end, on modelled atomics.

use super::*;
use crate::process::Words;
use crate::process::word::StateWord;
use loom::sync::Notify;
use loom::thread;
use std::sync::Arc;

fn someone() -> Pid {
    StateWord::new().next_pid(7)
}

/// The watcher asks to be woken and then sleeps, while the process ends. It is told in any case: at
/// once, or by being woken; and the words that it reads are whole.
#[test]
pub(crate) fn whoever_waits_is_told() {
    loom::model(|| {
        let (teller, watch) = pair().expect("memory");
        let bell = Arc::new(Notify::new());
        let process = {
            let bell = bell.clone();
            thread::spawn(move || {
                let reason = ExitReason::Panicked(Words::of("no"));
                if let Some(pid) = teller.tell(reason) {
                    assert_eq!(pid, someone());
                    bell.notify();
                }
            })
        };
        // Being woken for nothing is ordinary; being left asleep is what the model would find.
        let mut reason = watch.ask(someone());
        while reason.is_none() {
            bell.wait();
            reason = watch.ask(someone());
        }
        assert_eq!(reason, Some(ExitReason::Panicked(Words::of("no"))));
        process.join().unwrap();
    });
}

/// Both leave at the same time: the block is freed once, by the second.
#[test]
pub(crate) fn the_last_to_leave_frees() {
    loom::model(|| {
        let (teller, watch) = pair().expect("memory");
        let process = thread::spawn(move || teller.tell(ExitReason::Returned));
        drop(watch);
        assert_eq!(process.join().unwrap(), None);
    });
}
