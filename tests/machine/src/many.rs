//! Several cores that schedule: work spreads, and whatever is done to a process reaches it wherever it is.
//!
//! A wake-up that is lost, or a core that sleeps beside work, hangs one of these.

use crate::support::{NORMAL, stands_still};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use girder::sleep;
use girder_aarch64::core_block::CoreBlock;
use girder_boot::{free_memory, schedulers};
use girder_core::config::CORES_MAX;
use girder_core::mail::{receive, send};
use girder_core::sched::ExitReason;
use girder_lockfree::process::{
    Pid, Request, Watch, is_alive, kill, own_pid, resume, spawn, spawn_watched, suspend, yield_now,
};

/// The core that this is asked on.
fn own_core() -> u32 {
    CoreBlock::with_current(CoreBlock::index)
}

/// Cores on which somebody was.
struct Seen {
    cores: Vec<AtomicBool>,
    count: AtomicUsize,
}

impl Seen {
    fn nobody() -> Arc<Self> {
        Arc::new(Self {
            cores: (0..CORES_MAX).map(|_| AtomicBool::new(false)).collect(),
            count: AtomicUsize::new(0),
        })
    }

    /// Notes the core that this is asked on; true if all were seen.
    fn all(&self) -> bool {
        if !self.cores[own_core() as usize].swap(true, Relaxed) {
            self.count.fetch_add(1, Relaxed);
        }
        self.count.load(Relaxed) == schedulers()
    }
}

fn spawn_told<F>(make: impl FnOnce() -> F + Send + 'static) -> (Pid, Watch)
where
    F: Future<Output = ()> + 'static,
{
    spawn_watched(make, NORMAL).expect("there is room")
}

async fn all_end(watches: Vec<Watch>) {
    for watch in watches {
        assert_eq!(watch.await, ExitReason::Returned);
    }
}

/// As many spinners as cores, of which none ends before it has seen all cores at work.
#[girder::test(schedulers = 2)]
async fn spinners_come_to_have_a_core_each() {
    let seen = Seen::nobody();
    let spin = |_| {
        let seen = seen.clone();
        let (_, watch) = spawn_told(move || async move {
            while !seen.all() {
                core::hint::black_box(());
            }
        });
        watch
    };
    all_end((0..schedulers()).map(spin).collect()).await;
}

/// The same for processes that await all the time, many of them.
#[girder::test(schedulers = 2)]
async fn yielders_spread_over_all_cores() {
    let yielders = schedulers() * 25;
    let seen = Seen::nobody();
    let turn = |_| {
        let seen = seen.clone();
        let (_, watch) = spawn_told(move || async move {
            while !seen.all() {
                yield_now().await;
            }
        });
        watch
    };
    all_end((0..yielders).map(turn).collect()).await;
}

/// Answers each number with the next one, until it is told to stop.
async fn answer(rounds: u32) {
    for expected in 0..rounds {
        let (from, number) = receive::<(Pid, u32)>().await;
        assert_eq!(number, expected, "out of order");
        send(from, number + 1).expect("there is an envelope");
    }
}

async fn ask(to: Pid, rounds: u32) {
    let own = own_pid().expect("a process");
    for number in 0..rounds {
        send(to, (own, number)).expect("there is an envelope");
        assert_eq!(receive::<u32>().await, number + 1);
        if number % 64 == 0 {
            sleep(Duration::from_micros(20)).await;
        }
    }
}

/// Pairs that pass a ball, and sleep now and then, so that cores fall asleep and awake all the time.
#[girder::test(schedulers = 2, limit_ms = 300_000)]
async fn no_wake_up_is_lost_between_cores() {
    const ROUNDS: u32 = 3_000;
    let pair = |_| {
        let (server, first) = spawn_told(|| answer(ROUNDS));
        let (_, second) = spawn_told(move || ask(server, ROUNDS));
        [first, second]
    };
    all_end((0..3 * schedulers()).flat_map(pair).collect()).await;
}

/// Many send to one, on whichever core they are: the messages of each arrive in their order, and none is lost.
#[girder::test(schedulers = 2, limit_ms = 300_000)]
async fn each_senders_messages_arrive_in_order_from_any_core() {
    const SENDERS: usize = 16;
    const EACH: u32 = 2_000;
    let own = own_pid().expect("a process");
    let sender = |sender: usize| {
        let (_, watch) = spawn_told(move || async move {
            for number in 0..EACH {
                send(own, (sender, number)).expect("there is an envelope");
                if number % 100 == 0 {
                    yield_now().await;
                }
            }
        });
        watch
    };
    let watches = (0..SENDERS).map(sender).collect();
    let mut next = [0_u32; SENDERS];
    for _ in 0..SENDERS as u32 * EACH {
        let (from, number) = receive::<(usize, u32)>().await;
        assert_eq!(number, next[from], "of sender {from}");
        next[from] += 1;
    }
    all_end(watches).await;
}

/// A spinner that has another core to itself: no tick comes there.
struct Elsewhere {
    pid: Pid,
    watch: Watch,
    rounds: Arc<AtomicU64>,
}

impl Elsewhere {
    async fn begin() -> Self {
        let rounds = Arc::new(AtomicU64::new(0));
        let core = Arc::new(AtomicU32::new(u32::MAX));
        let (count, place) = (rounds.clone(), core.clone());
        let (pid, watch) = spawn_told(move || async move {
            loop {
                count.fetch_add(1, Relaxed);
                place.store(own_core(), Relaxed);
            }
        });
        while [u32::MAX, own_core()].contains(&core.load(Relaxed)) {
            yield_now().await;
        }
        // Long enough for a tick that is still armed there.
        sleep(Duration::from_millis(5)).await;
        Self { pid, watch, rounds }
    }
}

#[girder::test(schedulers = 2)]
async fn a_spinner_that_has_another_core_to_itself_is_killed() {
    for _ in 0..20 {
        let it = Elsewhere::begin().await;
        assert_eq!(kill(it.pid), Request::Taken);
        assert_eq!(it.watch.await, ExitReason::Killed);
        assert!(!is_alive(it.pid));
    }
}

#[girder::test(schedulers = 2)]
async fn a_spinner_that_has_another_core_to_itself_is_suspended() {
    let it = Elsewhere::begin().await;
    for _ in 0..10 {
        assert_eq!(suspend(it.pid), Request::Taken);
        // An emulated core may stand still for a while: one that is never told goes on, and hangs this.
        let before = stands_still(|| it.rounds.load(Relaxed)).await;
        assert_eq!(resume(it.pid), Request::Taken);
        while it.rounds.load(Relaxed) == before {
            yield_now().await;
        }
    }
    kill(it.pid);
    assert_eq!(it.watch.await, ExitReason::Killed);
}

/// Born here, ended elsewhere, again and again: no core hoards what another one runs out of.
#[girder::test(schedulers = 2, limit_ms = 300_000)]
async fn what_the_stolen_leave_goes_home() {
    const BATCH: usize = 500;
    let batch = || async {
        let body = |_| spawn_told(|| async { yield_now().await }).1;
        all_end((0..BATCH).map(body).collect()).await;
    };
    for _ in 0..20 {
        batch().await;
    }
    let before = free_memory();
    for _ in 0..200 {
        batch().await;
    }
    // Each core has spans of its own, of which some are new only now; all that was born would be 60 MiB.
    let most = (4 << 20).max(schedulers() * (256 << 10)) as u64;
    let taken = before.saturating_sub(free_memory()) as u64;
    assert!(taken < most, "{taken} bytes are gone");
}

/// Killed while they run, wait, are stolen or are being born: each ends once, and its watcher is told.
#[girder::test(schedulers = 2, limit_ms = 300_000)]
async fn the_killed_end_wherever_they_are() {
    const VICTIMS: usize = 400;
    for round in 0..10 {
        let body = |number: usize| {
            spawn_told(move || async move {
                loop {
                    match number % 3 {
                        0 => yield_now().await,
                        1 => sleep(Duration::from_micros(50)).await,
                        _ => drop(receive::<u32>().await),
                    }
                }
            })
        };
        let victims: Vec<_> = (0..VICTIMS).map(body).collect();
        let killer = {
            let pids: Vec<Pid> = victims.iter().map(|(pid, _)| *pid).collect();
            spawn_told(move || async move {
                for pid in pids.into_iter().rev() {
                    let _ = send(pid, 1_u32);
                    kill(pid);
                }
            })
        };
        if round % 2 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        victims.iter().for_each(|(pid, _)| {
            kill(*pid);
        });
        for (pid, watch) in victims {
            assert_eq!(watch.await, ExitReason::Killed);
            assert!(!is_alive(pid));
        }
        assert_eq!(killer.1.await, ExitReason::Returned);
    }
    let sleeper = spawn(async { sleep(Duration::from_millis(1)).await }, NORMAL);
    assert!(sleeper.is_ok());
}
