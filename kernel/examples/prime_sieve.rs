//! The sieve of Eratosthenes as a chain of processes: each has a prime and lets pass what that does not divide. The
//! first number that reaches the end of the chain is the next prime, and adds a process.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use girder::{Addr, NoProcess, exit, own_addr, println, receive, spawn};

const LIMIT: u32 = 100;

/// What goes along the chain.
enum Item {
    Number(u32),
    End,
}

/// What comes out of it: each prime, and nothing when there are no more.
struct Prime(Option<u32>);

#[girder::main]
async fn main() -> girder::Result {
    let chain = link(own_addr())?;
    for number in 2..LIMIT {
        pass(chain, Item::Number(number));
    }
    pass(chain, Item::End);
    let mut primes = Vec::new();
    while let Prime(Some(prime)) = receive().await {
        primes.push(prime);
    }
    println!("{} primes below {LIMIT}: {primes:?}", primes.len());
    Ok(())
}

/// Adds a process at the end of the chain.
fn link(out: Addr<Prime>) -> Result<Addr<Item>, NoProcess> {
    spawn(sieve(out)).map(Addr::of)
}

async fn sieve(out: Addr<Prime>) {
    let Item::Number(prime) = receive().await else {
        return pass(out, Prime(None));
    };
    pass(out, Prime(Some(prime)));
    let Ok(next) = link(out) else {
        exit("no room for another process");
    };
    while let Item::Number(number) = receive().await {
        if number % prime != 0 {
            pass(next, Item::Number(number));
        }
    }
    pass(next, Item::End);
}

fn pass<M: Send + 'static>(to: Addr<M>, message: M) {
    if to.send(message).is_err() {
        exit("no memory for a message");
    }
}
