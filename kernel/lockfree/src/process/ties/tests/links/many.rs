//! Many links of one process, and of many.

use super::*;

/// More than a loop tells at a turn; some trap, some have cut the link, some have ended meanwhile.
#[test]
fn the_many_links_of_one_are_worked_off_some_at_a_time() {
    core(1_000);
    let (pid, victim) = born(pending());
    let log = Exits::default();
    let mut others = Vec::new();
    for number in 0..200_u32 {
        let log = log.clone();
        let (other, token) = born(async move {
            if number % 4 == 0 {
                traps([pid].into(), log).await;
            }
            link(pid).expect("room");
            if number % 4 == 1 {
                assert!(unlink(pid));
            }
            pending().await
        });
        park(token);
        others.push(other);
    }
    assert_eq!(ties_in_use(), 150);
    crash(victim, ExitReason::Panicked(Words::of("no")));
    crate::process::unburied::tell_debts();
    assert_eq!(ties_in_use(), 150 - 16);
    for _ in 0..100 {
        tell();
        while let Some(token) = collect_woken() {
            match token.start() {
                Start::Run(process) => match process.poll() {
                    Polled::Waiting(token) | Polled::Listening(token) => {
                        assert!(token.park().is_none());
                    }
                    other => panic!("{other:?}"),
                },
                Start::Die(token) => token.drop_future().discontinue(),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(log.take().len(), 50);
    let living = others.iter().filter(|&&pid| is_alive(pid)).count();
    assert_eq!(
        living, 100,
        "those that trap, and those that are not linked"
    );
    assert_eq!(ties_in_use(), 0);
}

/// Links in any order, cut in any other, by either end: the trees stay whole.
#[test]
fn any_links_can_be_found_and_cut_in_any_order() {
    use std::collections::BTreeSet;
    const COUNT: usize = 24;
    core(100);
    let pids: Vec<Pid> = (0..COUNT)
        .map(|_| {
            let (pid, token) = born(async {
                loop {
                    match next::<(bool, Pid, bool)>().await {
                        (true, to, _) => link(to).expect("room"),
                        (false, to, is_linked) => assert_eq!(unlink(to), is_linked, "{to}"),
                    }
                }
            });
            park(token);
            pid
        })
        .collect();
    let mut links = BTreeSet::new();
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    for _ in 0..10_000 {
        let [one, other] = [(); 2].map(|()| random(COUNT));
        let pair = (one.min(other), one.max(other));
        let makes = random(2) == 0;
        let is_linked = links.contains(&pair);
        match makes {
            true if one != other => _ = links.insert(pair),
            true => {}
            false => _ = links.remove(&pair),
        }
        let deed = (makes, pids[other], is_linked);
        assert!(send(Receiver::of(pids[one]), deed).is_ok());
        park(woken());
        assert_eq!(ties_in_use() as usize, links.len());
    }
}
