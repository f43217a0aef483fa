//! Exit signals that come without a link.

use super::*;
use crate::process::Request;

#[test]
fn a_signal_without_a_link_is_the_same() {
    let reasons = [
        ExitReason::Shutdown,
        ExitReason::Returned,
        ExitReason::Killed,
    ];
    for reason in reasons {
        for is_trapping in [false, true] {
            core(100);
            let log = Exits::default();
            let (pid, dies) = match is_trapping {
                true => {
                    let log = log.clone();
                    spawn_watched(move || traps([].into(), log), LEVEL)
                }
                false => spawn_watched(pending::<()>, LEVEL),
            }
            .expect("room");
            park(newborn());
            let (author, token) = born({
                let reason = reason.clone();
                async move {
                    assert_eq!(exit_signal(pid, reason.clone()), Ok(()));
                    // Who ends already takes no other reason.
                    assert_eq!(exit_signal(pid, ExitReason::NoProcess), Ok(()));
                    pending().await
                }
            });
            park(token);
            let token = woken();
            match (is_trapping, &reason) {
                (true, _) => {
                    let token = run(token);
                    let both = [(author, reason.clone()), (author, ExitReason::NoProcess)];
                    assert_eq!(log.take(), both);
                    token.drop_future().discontinue();
                }
                (false, ExitReason::Returned) => {
                    end(token);
                    assert_eq!(dies.reason(), Some(ExitReason::NoProcess));
                }
                (false, _) => {
                    end(token);
                    assert_eq!(dies.reason(), Some(reason.clone()));
                }
            }
            let _ = kill(author);
            end(woken());
            nothing_is_left();
        }
    }
}

#[test]
fn a_signal_to_oneself_ends_one_at_the_next_await() {
    core(100);
    let (_, dies) = spawn_watched(
        || async {
            let own = crate::process::own_pid().expect("a process");
            assert_eq!(exit_signal(own, ExitReason::Shutdown), Ok(()));
            pending::<()>().await;
        },
        LEVEL,
    )
    .expect("room");
    let token = run(newborn());
    end(token.park().expect("it has to end"));
    assert_eq!(dies.reason(), Some(ExitReason::Shutdown));
    nothing_is_left();
}

/// Whoever was killed before was killed.
#[test]
fn the_first_who_ends_one_gives_the_reason() {
    core(100);
    let (pid, dies) = spawn_watched(pending::<()>, LEVEL).expect("room");
    park(newborn());
    let (author, token) = born(async move {
        let _ = kill(pid);
        assert_eq!(exit_signal(pid, ExitReason::Shutdown), Ok(()));
        pending().await
    });
    park(token);
    let token = woken();
    assert_eq!(token.pid(), pid);
    end(token);
    assert_eq!(dies.reason(), Some(ExitReason::Killed));
    let _ = kill(author);
    end(woken());
    nothing_is_left();
}

/// What is nothing to whoever does not trap leaves nothing there, and takes nothing.
#[test]
fn a_signal_of_a_return_is_nothing_to_whom_nobody_is_tied_to() {
    let table = core(100);
    let (pid, idle) = born(pending());
    park(idle);
    let (_, author) = born(async move {
        assert_eq!(exit_signal(pid, ExitReason::Returned), Ok(()));
        pending().await
    });
    let author = run(author);
    assert!(table.gates().of(pid).is_none(), "a gate for nothing");
    assert_eq!(kill(pid), Request::Taken);
    end(woken());
    author.drop_future().discontinue();
    nothing_is_left();
}

/// Whoever has used up all ties can be told to end for a reason.
#[test]
fn a_signal_takes_no_tie() {
    use crate::scarcity::{Purpose, simulate};
    core(100);
    let (gone, dead) = born(async {});
    end(dead);
    let (pid, dies) = spawn_watched(pending::<()>, LEVEL).expect("room");
    park(newborn());
    let (_, author) = born(async move {
        trap_exit(true).expect("room");
        assert_eq!(exit_signal(pid, ExitReason::Shutdown), Ok(()));
        assert_eq!(link(gone), Ok(()));
        let exit: Exit = next().await;
        assert_eq!((exit.pid, exit.reason), (gone, ExitReason::NoProcess));
        pending().await
    });
    simulate(|purpose| purpose != Purpose::Ties);
    let author = run(author);
    simulate(|_| true);
    end(woken());
    assert_eq!(dies.reason(), Some(ExitReason::Shutdown));
    author.drop_future().discontinue();
    nothing_is_left();
}
