//! What is said of reapers that were kept from their work, or that there could not be.

use super::*;
use crate::process::{Hindrance, block_on};

/// One that waits, and its token when it is to die.
fn killed_with<M: Send + 'static>(message: M) -> Token {
    let (pid, token) = born(async { next::<()>().await });
    assert!(run(token).park().is_none());
    kill(pid);
    put(pid, message);
    let Start::Die(token) = woken().start() else {
        panic!("to die")
    };
    token
}

/// Nothing else is left, and yet a reaper comes that says so.
#[test]
fn a_reaper_that_a_destructor_has_kept_from_its_work_is_told_of() {
    struct Blocks;

    impl Drop for Blocks {
        fn drop(&mut self) {
            assert!(block_on(std::future::pending::<()>()).is_err());
        }
    }

    core();
    let token = killed_with(Blocks);
    let pid = token.pid();
    token.drop_future().discontinue();
    assert_eq!(platform::take_hindered(), None);
    clear();
    let (reaper, hindrance) = platform::take_hindered().expect("told");
    assert_ne!(reaper, pid);
    assert_eq!(hindrance, Hindrance::Blocking);
    clear();
    assert_eq!(platform::take_hindered(), None, "told once");
}

/// Its slot is free when its mail is there: so whoever has all others keeps a reaper from being born, and it is told.
#[test]
fn a_reaper_that_there_is_no_room_for_is_told_of_and_born_later() {
    core_for(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let token = killed_with(Witness(drops.clone()));
    let (_, first) = born(async { next::<()>().await });
    token.drop_future().discontinue();
    let (_, second) = born(async { next::<()>().await });
    assert_eq!(platform::take_unreaped(), 0);
    clear();
    assert_eq!(platform::take_unreaped(), 1);
    assert_eq!(drops.load(SeqCst), 0, "somebody's code in the loop");
    first.drop_future().discontinue();
    clear();
    assert_eq!(platform::take_unreaped(), 0);
    assert_eq!(drops.load(SeqCst), 1);
    second.drop_future().discontinue();
}
