//! Processes that may run on some cores only: each step of theirs is on one of those, whatever the others do.

use crate::support::NORMAL;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use girder::{
    AffinityError, CoreMask, Options, Request, SpawnError, Watch, cores, get_affinity, kill,
    own_core, own_pid, set_affinity, sleep, spawn_watched, yield_now,
};
use girder_core::mail::{receive, send};
use girder_core::sched::ExitReason;
use girder_lockfree::process::spawn;

async fn all_return(watches: Vec<Watch>) {
    for watch in watches {
        assert_eq!(watch.await, ExitReason::Returned);
    }
}

/// On one core as on many: the running core is the only choice, or one of several.
#[girder::test]
async fn an_empty_or_impossible_set_of_cores_is_an_error() {
    let own = own_pid();
    let impossible = CoreMask::only(cores());
    // There is no number for one core more than the most.
    let refusal = match impossible.is_empty() {
        true => AffinityError::Empty,
        false => AffinityError::Impossible,
    };
    assert_eq!(
        set_affinity(own, &CoreMask::none()),
        Err(AffinityError::Empty)
    );
    assert_eq!(set_affinity(own, &impossible), Err(refusal));
    let spawned = Options::new().affinity(impossible).spawn(async {});
    assert_eq!(spawned, Err(SpawnError::Affinity(refusal)));
    let here = CoreMask::only(own_core());
    assert_eq!(set_affinity(own, &here.with(cores())), Ok(Request::Taken));
    assert_eq!(get_affinity(own), Some(here));
    assert_eq!(set_affinity(own, &CoreMask::all()), Ok(Request::Taken));
    assert_eq!(get_affinity(own).map(|all| all.count()), Some(cores()));
}

/// Those of each core yield, sleep and are sent messages, beside others that go anywhere.
#[girder::test(schedulers = 2, limit_ms = 300_000)]
async fn who_is_bound_to_a_core_never_leaves_it() {
    const ROUNDS: u64 = 200;
    let anywhere = |_| {
        let make = || async {
            for _ in 0..2 * ROUNDS {
                yield_now().await;
            }
        };
        spawn_watched(make).expect("there is room").1
    };
    let mut watches: Vec<Watch> = (0..4 * cores()).map(anywhere).collect();
    let suite = own_pid();
    for core in (0..cores()).chain(0..cores()) {
        let options = Options::new().affinity(CoreMask::only(core));
        let make = move || async move {
            let own = own_pid();
            for round in 0..ROUNDS {
                assert_eq!(own_core(), core);
                match round % 3 {
                    0 => yield_now().await,
                    1 => sleep(Duration::from_micros(30)).await,
                    _ => {
                        send(suite, own).expect("there is an envelope");
                        receive::<()>().await;
                    }
                }
            }
        };
        watches.push(options.spawn_watched(make).expect("there is room").1);
    }
    let asked = (0..ROUNDS).filter(|round| round % 3 == 2).count();
    for _ in 0..asked * 2 * cores() {
        let from = receive().await;
        send(from, ()).expect("there is an envelope");
    }
    all_return(watches).await;
}

/// Whoever chooses for itself is there when that returns, again and again.
#[girder::test(schedulers = 2)]
async fn who_chooses_for_itself_is_there_at_once() {
    let own = own_pid();
    for core in (0..cores()).cycle().take(20 * cores()) {
        let chosen = set_affinity(own, &CoreMask::only(core));
        assert_eq!(chosen, Ok(Request::Taken));
        assert_eq!(own_core(), core);
    }
    assert_eq!(set_affinity(own, &CoreMask::all()), Ok(Request::Taken));
}

/// A spinner that never awaits is taken from one core to the next, and has both to itself: no tick comes there.
#[girder::test(schedulers = 2)]
async fn a_spinner_goes_where_others_choose() {
    let place = Arc::new(AtomicU64::new(u64::MAX));
    let spin = {
        let place = place.clone();
        async move {
            loop {
                place.store(own_core() as u64, Relaxed);
                core::hint::black_box(());
            }
        }
    };
    let spinner = spawn(spin, NORMAL).expect("there is room");
    for core in (0..cores()).cycle().take(3 * cores()) {
        let chosen = set_affinity(spinner, &CoreMask::only(core));
        assert_eq!(chosen, Ok(Request::Taken));
        while place.load(Relaxed) != core as u64 {
            sleep(Duration::from_micros(100)).await;
        }
        // From now on nowhere else.
        for _ in 0..20 {
            assert_eq!(place.load(Relaxed), core as u64);
            yield_now().await;
        }
    }
    assert_eq!(kill(spinner), Request::Taken);
}

/// Many that are bound to one core stand before one that may go: it gets another core all the same.
#[girder::test(schedulers = 2)]
async fn who_is_bound_is_in_no_thiefs_way() {
    const BOUND: usize = 100;
    let is_over = Arc::new(AtomicBool::new(false));
    let (own, home) = (own_pid(), own_core());
    let here = CoreMask::only(home);
    // So that all of them are born there.
    assert_eq!(set_affinity(own, &here), Ok(Request::Taken));
    let spinners = (0..BOUND).map(|_| {
        let is_over = is_over.clone();
        let make = move || async move {
            while !is_over.load(Relaxed) {
                yield_now().await;
            }
        };
        let options = Options::new().affinity(here);
        options.spawn_watched(make).expect("there is room").1
    });
    let mut watches: Vec<Watch> = spinners.collect();
    let free = {
        let is_over = is_over.clone();
        move || async move {
            while own_core() == home {
                yield_now().await;
            }
            is_over.store(true, Relaxed);
        }
    };
    watches.push(spawn_watched(free).expect("there is room").1);
    all_return(watches).await;
    assert_eq!(set_affinity(own, &CoreMask::all()), Ok(Request::Taken));
}
