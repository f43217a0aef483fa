//! Two applications that come up one after the other and go down in the opposite order, whoever ends the machine: `main`, which
//! returns after a while, or `poweroff`, typed at a shell that has run this beside it.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use girder::application::Application;
use girder::supervisor::{Child, Strategy, Supervisor};
use girder::{Exit, println, receive, sleep, trap_exit};

#[girder::main]
async fn main() -> girder::Result {
    let storage = Supervisor::new(Strategy::OneForOne).child(service("journal"));
    let storage = Application::new("storage", storage).start()?;
    storage.settled().await?;
    // Who has doors and lamps has somebody who writes down what they do.
    let rooms = Supervisor::new(Strategy::RestForOne)
        .child(service("doors"))
        .child(service("lamps"));
    let rooms = Application::new("rooms", rooms).start()?;
    rooms.settled().await?;
    println!("the day is over");
    Ok(())
}

/// A service that has something to put away when it is to end.
fn service(name: &'static str) -> Child {
    Child::announced(name, move |ready| async move {
        if trap_exit(true).is_err() {
            girder::exit("no memory");
        }
        println!("{name}: on");
        if ready.announce().is_err() {
            girder::exit("no envelope");
        }
        let Exit { .. } = receive().await;
        // It may take its time: whoever asked waits.
        sleep(Duration::from_millis(20)).await;
        println!("{name}: off, the {} to end", nth());
    })
}

fn nth() -> &'static str {
    static ENDS: AtomicU32 = AtomicU32::new(0);
    match ENDS.fetch_add(1, Relaxed) {
        0 => "first",
        1 => "second",
        2 => "third",
        _ => "next",
    }
}
