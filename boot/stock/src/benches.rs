//! The benchmarks of the stock image: the kernel's own, and those of what stands above it.

use alloc::boxed::Box;
use core::future::pending;
use core::time::Duration;
use girder::supervisor::{Child, Shutdown, Strategy, Supervisor};
use girder::{Down, Pid, exit, monitor, own_pid, receive, send};
use girder_boot::{Bench, measure_bench, run_benches};
use girder_core::program::{Program, Role};

pub(crate) const PROGRAM: Program =
    Program::system(Role::Benches, |config| run_benches(config, &ADDED));

static ADDED: [Bench; 2] = [
    Bench::new("restart", 10_000, |count| {
        Box::pin(restarts("restart", 10, count))
    }),
    Bench::new("restart_among_many", 10_000, |count| {
        Box::pin(restarts("restart_among_many", 100_000, count))
    }),
];

/// One of so many children fails again and again. Each time: a message to it, its end in mid-poll, its supervisor's turn, its
/// birth, and a word from it.
async fn restarts(name: &str, children: usize, count: u64) {
    let own = own_pid();
    let idle = || Child::new("idle", pending::<()>).shutdown(Shutdown::BrutalKill);
    let victim = Child::new("victim", move || async move {
        send(own, own_pid()).expect("there is memory");
        let () = receive().await;
        exit("it fails");
    });
    let mut all = Supervisor::new(Strategy::SimpleOneForOne)
        .intensity(1_000, Duration::from_micros(100))
        .child(victim);
    for _ in 1..children {
        all = all.child(idle());
    }
    let all = all.spawn().expect("there is room");
    // The first ones warm up.
    let mut victim = fail(receive().await, 10).await;
    measure_bench(name, count, async {
        victim = fail(victim, count).await;
    })
    .await;
    let counts = all.count_children().await.expect("it is there");
    assert_eq!(counts.active, children, "one is missing");
    monitor(all.pid()).expect("there is memory");
    all.stop().expect("there is memory");
    let _: Down = receive().await;
}

/// Has it fail so often; returns who it is then.
async fn fail(mut victim: Pid, times: u64) -> Pid {
    for _ in 0..times {
        send(victim, ()).expect("there is memory");
        victim = receive().await;
    }
    victim
}
