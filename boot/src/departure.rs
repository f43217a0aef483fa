//! An end in good order: before the machine is switched off, or starts again, those who have asked for it are asked to end, one
//! after the other, the one that came last first. Together they have [`PATIENCE`]; who is still there then is killed.

use crate::console::println;
use core::time::Duration;
use girder_aarch64::lock::Lock;
use girder_core::departure::{Ask, Departures, Full};
use girder_core::mail::receive;
use girder_core::time::{Instant, timeout_at};
use girder_lockfree::process::{Down, MonitorRef, Pid, is_alive, kill, monitor};

/// How long the machine waits for all of them.
const PATIENCE: Duration = Duration::from_secs(30);

static DEPARTURES: Lock<Departures> = Lock::new(Departures::new());

/// Has that process asked to end before the machine does.
pub fn enter(pid: Pid, ask: Ask) -> Result<(), Full> {
    DEPARTURES.lock().enter(pid, ask, is_alive)
}

/// Waits until all have ended. Several may do so at a time: each asks, and waits for all. What comes to the running process meanwhile, and is told of ends, is dropped.
pub(crate) async fn of_all() {
    let end = Instant::now() + PATIENCE;
    loop {
        let last = DEPARTURES.lock().last();
        let Some((pid, ask)) = last else { return };
        let Ok(reference) = monitor(pid) else {
            // No memory to be told of its end, so there is none to wait for.
            kill(pid);
            leave(pid);
            continue;
        };
        ask(pid);
        if timeout_at(end, end_of(reference)).await.is_err() {
            println!("{pid} has not ended when it was asked to, and is killed");
            kill(pid);
            end_of(reference).await;
        }
        leave(pid);
    }
}

fn leave(pid: Pid) {
    DEPARTURES.lock().leave(pid, is_alive);
}

async fn end_of(reference: MonitorRef) {
    while receive::<Down>().await.reference != reference {}
}
