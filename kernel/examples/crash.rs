//! An observatory whose services fail, each in its own way, and are started again by their supervisors until they are well. One never
//! will be: its supervisor gives up, and the others look at the sky without it.
#![no_std]
#![no_main]

use core::future::pending;
use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use girder::supervisor::{Child, Restart, Strategy, Supervisor};
use girder::{Addr, Down, is_alive, monitor, own_addr, own_pid, println, receive, sleep};

/// The life in which a service is well.
const WELL: u32 = 3;
/// Services that fail before that.
const FAILING: u32 = 3;

/// Says who is well, and in which life.
struct Well(&'static str, u32);

#[girder::main]
async fn main() -> girder::Result {
    let observatory = observatory(own_addr()).spawn()?;
    for child in observatory.which_children().await? {
        if let ("weather", Some(supervisor)) = (&*child.name, child.pid) {
            monitor(supervisor)?;
        }
    }
    for _ in 0..FAILING {
        let Well(name, life) = receive().await;
        println!("the {name} is well in its life {life}");
    }
    let Down { reason, .. } = receive().await;
    println!("the weather is given up: its supervisor {reason}");

    let children = observatory.which_children().await?;
    for child in &children {
        match child.pid {
            Some(pid) => println!("the {} is process {pid}", child.name),
            None => println!("the {} is not there", child.name),
        }
    }
    monitor(observatory.pid())?;
    observatory.stop()?;
    let Down { reason, .. } = receive().await;
    let left = children
        .iter()
        .filter_map(|child| child.pid)
        .filter(|&pid| is_alive(pid));
    println!(
        "the observatory closes: it {reason}, and {} are left",
        left.count()
    );
    Ok(())
}

fn observatory(told: Addr<Well>) -> Supervisor {
    // Motor and shutter move together: if one of them fails, both begin again.
    let dome = move || {
        often(Strategy::OneForAll)
            .child(service("shutter", told, None))
            .child(service("motor", told, Some(overflow)))
    };
    // Whoever gives up does so in good order, so `Transient` leaves it at that.
    let weather = Child::supervisor("weather", weather).restart(Restart::Transient);
    often(Strategy::OneForOne)
        .child(service("camera", told, Some(fault)))
        .child(service("catalogue", told, Some(panic)))
        .child(Child::supervisor("dome", dome))
        .child(weather)
}

/// It may have all the failures that this example has, and more.
fn often(strategy: Strategy) -> Supervisor {
    Supervisor::new(strategy).intensity(20, Duration::from_secs(1))
}

/// A service that fails in this way, if it has one, until it is well. How many lives it has had is not its own to know: that has to outlive it.
fn service(name: &'static str, told: Addr<Well>, fail: Option<fn()>) -> Child {
    let lives = AtomicU32::new(0);
    Child::new(name, move || {
        let life = lives.fetch_add(1, Relaxed) + 1;
        async move {
            println!(
                "the {name} begins its life {life}, as process {}",
                own_pid()
            );
            sleep(Duration::from_millis(10)).await;
            match fail {
                Some(fail) if life < WELL => fail(),
                Some(_) if told.send(Well(name, life)).is_err() => girder::exit("no memory"),
                _ => {}
            }
            pending().await
        }
    })
}

/// Two restarts in a second are all that is tried.
fn weather() -> Supervisor {
    let vane = Child::new("vane", || async {
        println!("the vane turns");
        sleep(Duration::from_millis(20)).await;
        girder::exit("it turns no more");
    });
    Supervisor::new(Strategy::OneForOne)
        .intensity(2, Duration::from_secs(1))
        .child(vane)
}

fn panic() {
    let stars: [&str; 0] = black_box([]);
    assert!(!stars.is_empty(), "a star is missing");
}

fn fault() {
    // SAFETY: none: nothing is there, and the processor says so.
    unsafe { black_box(16 as *const u64).read_volatile() };
}

fn overflow() {
    fn turn(depth: u64) -> u64 {
        let here = black_box([depth; 32]);
        match black_box(true) {
            true => turn(depth + 1) + here[0],
            false => here[1],
        }
    }
    black_box(turn(0));
}
