//! Supervisors: who is started again, who is ended and in which order, and what they make of those who do not play by the rules.

mod starts;
mod strangers;
mod trees;

use crate::support::until_it_waits;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use girder::supervisor::{
    AutoShutdown, Child, ChildInfo, Refusal, Restart, Shutdown, Strategy, Supervisor,
    SupervisorAddr, WishError,
};
use girder::{
    Down, Exit, ExitReason, Options, Pid, is_alive, kill, monitor, own_pid, receive, send, sleep,
    trap_exit, whereis,
};

/// More restarts than a test needs.
const OFTEN: u32 = 100_000;
const SOON: Duration = Duration::from_secs(10);

/// How a child is to end.
enum Fate {
    Returns,
    Panics,
}

/// How often each has begun.
type Starts = Arc<[AtomicU32; 3]>;

/// One that does as it is told.
fn child(number: usize, starts: &Starts) -> Child {
    let starts = starts.clone();
    Child::new(["first", "second", "third"][number], move || {
        starts[number].fetch_add(1, Relaxed);
        async {
            match receive().await {
                Fate::Returns => {}
                Fate::Panics => panic!("as it was told"),
            }
        }
    })
}

fn supervisor(strategy: Strategy) -> Supervisor {
    Supervisor::new(strategy).intensity(OFTEN, SOON)
}

fn three(strategy: Strategy, restart: Restart, starts: &Starts) -> SupervisorAddr {
    let children = (0..3).map(|number| child(number, starts).restart(restart));
    let supervisor = children.fold(supervisor(strategy), Supervisor::child);
    supervisor.spawn().expect("there is room")
}

async fn children(of: SupervisorAddr) -> Vec<ChildInfo> {
    of.which_children().await.expect("it is there")
}

async fn pids(of: SupervisorAddr) -> Vec<Option<Pid>> {
    children(of).await.iter().map(|child| child.pid).collect()
}

async fn pid(of: SupervisorAddr, number: usize) -> Pid {
    pids(of).await[number].expect("it runs")
}

/// Waits until it has as many children that run, each of them begun.
async fn until_there_are(of: SupervisorAddr, number: usize) {
    while of.count_children().await.expect("it is there").active != number {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn until_gone(pid: Pid) {
    while is_alive(pid) {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Stops it, and waits until it has ended; nobody of its children is left then.
async fn stop(it: SupervisorAddr) {
    let all = pids(it).await;
    it.stop().expect("there is an envelope");
    until_gone(it.pid()).await;
    for pid in all.into_iter().flatten() {
        assert!(!is_alive(pid), "{pid} outlives its supervisor");
    }
}

/// Waits until each has begun so often.
async fn until_begun(starts: &Starts, expected: [u32; 3]) {
    let begun = || [0, 1, 2].map(|number| starts[number].load(Relaxed));
    while begun() != expected {
        assert!(begun().iter().zip(expected).all(|(&are, may)| are <= may));
        sleep(Duration::from_millis(1)).await;
    }
}

#[girder::test(limit_ms = 60_000)]
async fn each_strategy_starts_again_whom_it_should() {
    for (strategy, expected) in [
        (Strategy::OneForOne, [1, 2, 1]),
        (Strategy::SimpleOneForOne, [1, 2, 1]),
        (Strategy::RestForOne, [1, 2, 2]),
        (Strategy::OneForAll, [2, 2, 2]),
    ] {
        let starts = Starts::default();
        let family = three(strategy, Restart::Permanent, &starts);
        until_begun(&starts, [1; 3]).await;
        let before = pids(family).await;
        send(pid(family, 1).await, Fate::Panics).expect("there is an envelope");
        until_begun(&starts, expected).await;
        until_there_are(family, 3).await;
        let after = pids(family).await;
        let changed = [0, 1, 2].map(|number| 1 + u32::from(before[number] != after[number]));
        assert_eq!(changed, expected, "{strategy:?}");
        stop(family).await;
    }
}

#[girder::test(limit_ms = 60_000)]
async fn each_restart_type_is_as_it_is_called() {
    for (restart, returned, panicked) in [
        (Restart::Permanent, 3, 3),
        (Restart::Transient, 2, 3),
        (Restart::Temporary, 2, 2),
    ] {
        for (fate, left) in [(Fate::Returns, returned), (Fate::Panics, panicked)] {
            let starts = Starts::default();
            let family = three(Strategy::OneForOne, restart, &starts);
            until_begun(&starts, [1; 3]).await;
            let victim = pid(family, 1).await;
            monitor(victim).expect("there is memory");
            send(victim, fate).expect("there is an envelope");
            let _: Down = receive().await;
            until_there_are(family, left).await;
            until_begun(&starts, [1, left as u32 - 1, 1]).await;
            let kept = if restart == Restart::Temporary { 2 } else { 3 };
            assert_eq!(children(family).await.len(), kept);
            stop(family).await;
        }
    }
}

#[girder::test(limit_ms = 60_000)]
async fn a_failure_too_many_is_the_supervisors_own() {
    let starts = Starts::default();
    let family = Supervisor::new(Strategy::OneForOne)
        .intensity(2, Duration::from_secs(3_600))
        .child(child(0, &starts))
        .child(child(1, &starts));
    let family = family.spawn().expect("there is room");
    let bystander = pid(family, 0).await;
    monitor(family.pid()).expect("there is memory");
    for begun in 1..=3 {
        until_begun(&starts, [1, begun, 0]).await;
        send(pid(family, 1).await, Fate::Panics).expect("there is an envelope");
    }
    let down: Down = receive().await;
    assert_eq!(down.reason, ExitReason::Shutdown);
    assert!(!is_alive(bystander), "it outlives its supervisor");
    assert_eq!(starts[1].load(Relaxed), 3);
}

#[girder::test(limit_ms = 60_000)]
async fn wishes_are_fulfilled_or_refused() {
    let starts = Starts::default();
    let family = supervisor(Strategy::OneForOne)
        .spawn()
        .expect("there is room");
    let (id, pid) = family.start_child(child(0, &starts)).await.expect("room");
    let refused = |refusal| Err(WishError::Refused(refusal));
    assert_eq!(family.restart_child(id).await, refused(Refusal::Running));
    assert_eq!(
        family.delete_child(id).await,
        Err(WishError::Refused(Refusal::Running))
    );
    assert_eq!(family.terminate_child(id).await, Ok(()));
    assert!(!is_alive(pid), "it was ended");
    let counts = family.count_children().await.expect("it is there");
    assert_eq!((counts.children, counts.active, counts.workers), (1, 0, 1));
    let again = family.restart_child(id).await.expect("it is not there");
    assert!(again != pid && is_alive(again));
    family.terminate_child(id).await.expect("it is there");
    assert_eq!(family.delete_child(id).await, Ok(()));
    assert_eq!(family.restart_child(id).await, refused(Refusal::NotFound));
    let weighty = child(1, &starts).restart(Restart::Temporary).significant();
    assert_eq!(
        family.start_child(weighty).await.map(drop),
        Err(WishError::Refused(Refusal::Significant))
    );
    stop(family).await;
}

/// By its name it is found each time.
#[girder::test]
async fn a_child_with_a_name_has_it_again() {
    let starts = Starts::default();
    let named = child(0, &starts).options(Options::new().name("prodigal"));
    let family = supervisor(Strategy::OneForOne).child(named);
    let family = family.spawn().expect("there is room");
    for begun in 1..=5 {
        until_begun(&starts, [begun, 0, 0]).await;
        until_there_are(family, 1).await;
        let found = whereis("prodigal").expect("it is there");
        assert_eq!(found, pid(family, 0).await);
        send(found, Fate::Panics).expect("there is an envelope");
    }
    until_begun(&starts, [6, 0, 0]).await;
    stop(family).await;
}

#[girder::test]
async fn the_end_of_who_is_significant_is_the_supervisors() {
    let starts = Starts::default();
    let weighty = child(1, &starts).restart(Restart::Transient).significant();
    let family = supervisor(Strategy::OneForOne)
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(child(0, &starts))
        .child(weighty)
        .spawn()
        .expect("there is room");
    let all = pids(family).await;
    send(pid(family, 1).await, Fate::Returns).expect("there is an envelope");
    until_gone(family.pid()).await;
    assert!(all.into_iter().flatten().all(|pid| !is_alive(pid)));
}

/// The last one that was started goes first, each when the one behind it is gone.
#[girder::test]
async fn they_end_in_the_opposite_of_their_order() {
    struct Ends(u32, Pid);
    impl Drop for Ends {
        fn drop(&mut self) {
            send(self.1, self.0).expect("there is an envelope");
        }
    }
    let told = own_pid();
    let child = |number| {
        Child::new("one", move || async move {
            let _ends = Ends(number, told);
            send(told, ()).expect("there is an envelope");
            pending().await
        })
    };
    let family = (0..4)
        .map(child)
        .fold(supervisor(Strategy::OneForAll), Supervisor::child);
    let family = family.spawn().expect("there is room");
    for _ in 0..4 {
        let () = receive().await;
    }
    // Who is not at its await yet might be ended before it comes there, and drop nothing.
    for child in children(family).await {
        until_it_waits(child.pid.expect("it runs")).await;
    }
    stop(family).await;
    for expected in (0..4).rev() {
        assert_eq!(receive::<u32>().await, expected);
    }
}

/// Who traps exit signals clears up when it is asked to, and has its time for that.
#[girder::test(limit_ms = 60_000)]
async fn whoever_does_not_end_in_time_is_killed() {
    let told = own_pid();
    let traps = |tidies: bool| {
        let child = Child::new("tidy", move || async move {
            trap_exit(true).expect("there is memory");
            send(told, ()).expect("there is an envelope");
            let Exit { reason, .. } = receive().await;
            assert_eq!(reason, ExitReason::Shutdown);
            send(told, tidies).expect("there is an envelope");
            if !tidies {
                pending::<()>().await;
            }
        });
        child.shutdown(Shutdown::Within(match tidies {
            true => Duration::from_secs(3_600),
            false => Duration::from_millis(20),
        }))
    };
    let family = supervisor(Strategy::OneForAll)
        .child(traps(true))
        .child(traps(false));
    let family = family.spawn().expect("there is room");
    for _ in 0..2 {
        let () = receive().await;
    }
    let ends = [ExitReason::Returned, ExitReason::Killed];
    for (member, expected) in children(family).await.into_iter().zip(ends) {
        monitor(member.pid.expect("it runs")).expect("there is memory");
        family
            .terminate_child(member.id)
            .await
            .expect("it is there");
        let down: Down = receive().await;
        assert_eq!(down.reason, expected);
    }
    stop(family).await;
}

/// Children of one supervisor, where there is memory for them.
const MANY: usize = 1_000;
/// More than a child takes, all told.
const CHILD: usize = 4 << 10;

#[girder::test(limit_ms = 240_000)]
async fn a_thousand_children_are_looked_after() {
    let many = MANY.min(girder_boot::available_memory() / CHILD);
    assert!(many >= 100, "the smallest machine has room for {many}");
    let family = supervisor(Strategy::SimpleOneForOne)
        .spawn()
        .expect("there is room");
    for _ in 0..many {
        let idle = Child::new("idle", pending::<()>).shutdown(Shutdown::BrutalKill);
        family.start_child(idle).await.expect("there is room");
    }
    let before = pids(family).await;
    for victim in before.iter().flatten().step_by(10) {
        kill(*victim);
    }
    let others = loop {
        let now = pids(family).await;
        let is_another = |number: usize| now[number].is_some_and(|pid| before[number] != Some(pid));
        if (0..many).step_by(10).all(is_another) {
            break (0..many).filter(|&number| is_another(number)).count();
        }
        sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(others, many.div_ceil(10), "and nobody else");
    stop(family).await;
}
