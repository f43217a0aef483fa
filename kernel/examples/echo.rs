//! Three processes: one that awaits, one that never does, and one that reads keys in ordinary blocking code. It
//! says back what was typed, and that the others went on meanwhile. The line `quit` ends it.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use girder::{
    NoProcess, NoStack, block_on, interval, print, println, read_byte_blocking, spawn,
    spawn_watched, yield_now,
};

/// Characters of a line that are kept.
const LINE: usize = 80;
const BACKSPACE: [u8; 2] = [0x08, 0x7f];

/// How far a process has come.
type Count = Arc<AtomicU64>;

#[girder::main]
async fn main() -> Result<(), NoProcess> {
    let (a, b) = (Count::default(), Count::default());
    spawn(proc_a(a.clone()))?;
    spawn(proc_b(b.clone()))?;
    let (_, watch) = spawn_watched(move || async move {
        if let Err(NoStack) = echo(&a, &b) {
            println!("no stack to wait with");
        }
    })?;
    println!("the echo {}", watch.await);
    Ok(())
}

async fn proc_a(count: Count) {
    let mut beat = interval(Duration::from_millis(1));
    loop {
        beat.tick().await;
        count.fetch_add(1, Relaxed);
    }
}

async fn proc_b(count: Count) {
    loop {
        count.fetch_add(1, Relaxed);
    }
}

fn echo(a: &Count, b: &Count) -> Result<(), NoStack> {
    loop {
        let before = [a.load(Relaxed), b.load(Relaxed)];
        print!("echo> ");
        let line = read_line()?;
        if line == "quit" {
            return Ok(());
        }
        // Nobody types faster than that; if it were so, here is time for it.
        while a.load(Relaxed) == before[0] || b.load(Relaxed) == before[1] {
            block_on(yield_now())?;
        }
        println!("{line} (and a and b have gone on)");
    }
}

/// Reads a line key by key, and shows it.
fn read_line() -> Result<String, NoStack> {
    let mut line = String::new();
    loop {
        let byte = read_byte_blocking()?;
        match byte {
            b'\r' | b'\n' => {
                println!();
                return Ok(line);
            }
            _ if BACKSPACE.contains(&byte) && line.pop().is_some() => print!("\x08 \x08"),
            b' '..=b'~' if line.len() < LINE => {
                line.push(char::from(byte));
                print!("{}", char::from(byte));
            }
            _ => {} // nothing that a terminal shows
        }
    }
}
