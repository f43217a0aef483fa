//! A process that awaits: between its lines the core is somebody else's.
#![no_std]
#![no_main]

use core::time::Duration;
use girder::{NoProcess, println, sleep, spawn_watched};

#[girder::main]
async fn main() -> Result<(), NoProcess> {
    let (pid, watch) = spawn_watched(proc_a)?;
    println!("main waits for process {pid}");
    println!("it {}", watch.await);
    Ok(())
}

async fn proc_a() {
    for line in 1..=3 {
        println!("process a, line {line}");
        sleep(Duration::from_millis(10)).await;
    }
}
