//! Work that is to be shared out evenly. What each core has done is counted in steps, for in virtual time each step takes
//! what the seed says.

use super::baton::State;
use super::programs::{point, spawn};
use super::want::need;
use super::world::with_state;
use girder_core::mail::{receive, send};
use girder_core::sched::Priority;
use girder_lockfree::process::{Pid, own_pid};
use std::pin::Pin;

/// Processes of `skynet` that bear no others.
const LEAVES: u64 = 100_000;

/// A step of the work.
async fn step() {
    with_state(State::count_work);
    point().await;
}

/// All born on one core, and each with as much to do; none awaits anything.
pub(super) fn spinners(count: u64, work: u64) {
    for _ in 0..count {
        spawn(Priority::Normal, async move {
            for _ in 0..work {
                step().await;
            }
        });
    }
}

/// A tree of processes, ten at each branch, that adds up the numbers of its leaves.
pub(super) fn skynet() {
    spawn(Priority::Normal, async {
        let own = own_pid().expect("a process");
        spawn(Priority::Normal, node(own, 0, LEAVES));
        let sum = receive::<u64>().await;
        assert_eq!(sum, LEAVES * (LEAVES - 1) / 2, "a leaf was lost");
    });
}

fn node(parent: Pid, first: u64, leaves: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        step().await;
        let mut sum = first;
        if leaves > 1 {
            let (own, each) = (own_pid().expect("a process"), leaves / 10);
            for child in 0..10 {
                spawn(Priority::Normal, node(own, first + child * each, each));
                step().await;
            }
            sum = 0;
            for _ in 0..10 {
                sum += receive::<u64>().await;
                step().await;
            }
        }
        need(|| send(parent, sum));
    })
}
