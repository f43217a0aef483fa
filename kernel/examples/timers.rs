//! Time: sleeping, a beat that does not drift, giving up after a while, taking a plan back.
#![no_std]
#![no_main]

use core::future::pending;
use core::time::Duration;
use girder::{Instant, Missed, NoProcess, interval, kill, println, sleep, spawn, timeout};

#[girder::main]
async fn main() -> Result<(), NoProcess> {
    sleep_well().await;
    keep_the_beat().await;
    lose_patience().await;
    change_plans().await
}

/// A sleep is never shorter than asked for.
async fn sleep_well() {
    const NAP: Duration = Duration::from_millis(20);
    let before = Instant::now();
    sleep(NAP).await;
    println!("slept {NAP:?} or more: {}", before.elapsed() >= NAP);
}

/// Work that takes a different time in each round does not move the rounds, and one that came too late would
/// not be left out.
async fn keep_the_beat() {
    const BEAT: Duration = Duration::from_millis(10);
    let mut beat = interval(BEAT).missed(Missed::CatchUp);
    let first = beat.tick().await;
    for round in 1..=3 {
        sleep(Duration::from_millis(2 * round)).await;
        let due = beat.tick().await;
        println!("beat {round} is due {:?} after the first", due - first);
    }
}

/// Something that takes too long is given up.
async fn lose_patience() {
    match timeout(Duration::from_millis(10), pending::<()>()).await {
        Ok(()) => println!("the end of time has come"),
        Err(elapsed) => println!("gave up: {elapsed}"),
    }
}

/// A process that sleeps is woken by nothing but its time, and can be killed.
async fn change_plans() -> Result<(), NoProcess> {
    let late = spawn(async {
        sleep(Duration::from_secs(3600)).await;
        println!("an hour is over");
    })?;
    kill(late);
    sleep(Duration::from_millis(5)).await;
    println!("nobody waits an hour: {}", !girder::is_alive(late));
    Ok(())
}
