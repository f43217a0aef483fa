//! A ring of processes that pass a token on. One message is under way at a time, so this is what a message costs.
#![no_std]
#![no_main]

use girder::{Addr, own_addr, println, receive, spawn};

const STATIONS: u32 = 100;
const ROUNDS: u32 = 100;

/// Counts the hands that it has gone through.
struct Token(u32);

#[girder::main]
async fn main() -> girder::Result {
    // From the last one to the first: each knows the next, and the last one's next is this process.
    let own = own_addr();
    let mut first = own;
    for _ in 1..STATIONS {
        first = Addr::of(spawn(station(first))?);
    }
    let mut hands = 0;
    for _ in 0..ROUNDS {
        first.send(Token(hands + 1))?;
        Token(hands) = receive().await;
    }
    println!("{ROUNDS} times round a ring of {STATIONS}: {hands} hands");
    Ok(())
}

async fn station(next: Addr<Token>) {
    loop {
        let Token(hands) = receive().await;
        if next.send(Token(hands + 1)).is_err() {
            girder::exit("the token is lost: no memory for a message");
        }
    }
}
