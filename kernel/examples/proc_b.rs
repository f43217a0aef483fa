//! A process that never awaits, and one beside it that is not kept from its lines: the timer takes the core
//! from whoever does not give it back.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::time::Duration;
use girder::{ExitReason, NoProcess, interval, kill, println, spawn_watched};

#[girder::main]
async fn main() -> Result<(), NoProcess> {
    let (spinner, watch) = spawn_watched(proc_b)?;
    let mut beat = interval(Duration::from_millis(10));
    for line in 1..=3 {
        beat.tick().await;
        println!("line {line}, while process b spins");
    }
    kill(spinner);
    println!(
        "it ended because it was killed: {}",
        watch.await == ExitReason::Killed
    );
    Ok(())
}

async fn proc_b() {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns + 1);
    }
}
