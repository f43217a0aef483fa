//! Questions and answers: one process asks, another one answers, and a third one never does.
#![no_std]
#![no_main]

use core::future::pending;
use core::time::Duration;
use girder::{CallError, Pid, ReplyTo, call, call_timeout, println, receive, spawn};

/// A question: the number, and the right to answer it.
struct Ping {
    number: u32,
    reply_to: ReplyTo<u32>,
}

#[girder::main]
async fn main() -> girder::Result {
    let pong = spawn(pong())?;
    let mut number = 0;
    while number < 10_000 {
        number = ask(pong, number).await?;
    }
    println!("ping, pong, and so on: {number}");

    println!("asked to answer nothing: {:?}", ask(pong, u32::MAX).await);
    girder::kill(pong);
    println!("asked when it is gone: {:?}", ask(pong, 0).await);

    let silent = spawn(pending())?;
    let patience = Duration::from_millis(10);
    let answer = call_timeout(patience, silent, |reply_to| Ping { number, reply_to }).await;
    println!("asked in vain: {answer:?}");
    Ok(())
}

async fn ask(whom: Pid, number: u32) -> Result<u32, CallError> {
    call(whom, |reply_to| Ping { number, reply_to }).await
}

async fn pong() {
    loop {
        let Ping { number, reply_to } = receive().await;
        match number.checked_add(1) {
            // Whoever asked may be gone, which is nothing to this process.
            Some(next) => _ = reply_to.reply(next),
            None => drop(reply_to),
        }
    }
}
