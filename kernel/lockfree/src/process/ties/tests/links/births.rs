//! Who is tied to its maker at birth.

use super::*;

/// Neither before its first turn nor after is there a moment without the tie.
#[test]
fn who_is_tied_at_birth_is_tied_from_birth_on() {
    for begins in [false, true] {
        core(100);
        let log = Exits::default();
        let told = log.clone();
        let (_, maker) = born(async move {
            trap_exit(true).expect("room");
            let child = spawn_link(pending::<()>, LEVEL, None, None).expect("room");
            let exit: Exit = next().await;
            assert_eq!(exit.pid, child);
            told.0.lock().expect("whole").push(exit);
            let (child, reference) = spawn_monitor(pending::<()>, LEVEL, None, None).expect("room");
            let down: Down = next().await;
            assert_eq!((down.pid, down.reference), (child, reference));
            assert_eq!(down.reason, ExitReason::Killed);
            pending().await
        });
        park(maker);
        for _ in 0..2 {
            let token = newborn();
            let token = match begins {
                true => run(token),
                false => token,
            };
            token.drop_future().discontinue();
            tell();
            park(woken());
        }
        assert_eq!(log.take().len(), 1);
        assert_eq!(ties_in_use(), 0);
    }
}

#[test]
fn a_maker_takes_its_children_along() {
    core(100);
    let (_, maker) = born(async move {
        let bound = Bound::new(1, Overflow::Refuse).expect("a limit");
        for bound in [None, Some(bound)] {
            spawn_link(pending::<()>, LEVEL, bound, None).expect("room");
        }
        pending().await
    });
    let maker = run(maker);
    let [first, second] = {
        let mut born = collect().newborn.queue;
        [(); 2].map(|()| born.pop_front().expect("born"))
    };
    for token in [first, second] {
        let mut token = token;
        token.grant(1_000);
        park(token);
    }
    crash(maker, ExitReason::Exited(Words::of("enough")));
    tell();
    let mut arrived = collect().woken.queue;
    for _ in 0..2 {
        let mut token = arrived.pop_front().expect("woken");
        token.grant(1_000);
        end(token);
    }
    nothing_is_left();
}
