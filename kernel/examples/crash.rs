//! An observatory whose services fail, each in its own way, and are started again by their supervisors. One is beyond help: its
//! supervisor gives up, and the others look at the sky without it.
//!
//! What the kernel itself says of each death stands between the lines: how it came, and where the process stood.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::collections::BTreeMap;
use core::future::pending;
use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;
use girder::supervisor::{Child, ChildInfo, Kind, Restart, Strategy, Supervisor, SupervisorAddr};
use girder::{
    Addr, Down, Pid, is_alive, monitor, own_addr, own_pid, println, receive, send, sleep,
};

/// Time to read what has happened.
const PAUSE: Duration = Duration::from_millis(300);

/// Tells a service to fail like this.
struct Fail(fn());

/// Says that a service is there, and in which life.
struct Begun(&'static str, u32, Pid);

/// Who is there, and in which life, as far as it was told.
type Known = BTreeMap<&'static str, (u32, Pid)>;

#[girder::main]
async fn main() -> girder::Result {
    let known = &mut Known::new();
    let observatory = observatory(own_addr()).spawn()?;
    until_begun(known, &["camera", "catalogue", "shutter", "motor", "vane"]).await;
    println!("the observatory opens");
    show(observatory, known).await?;

    fails(known, "camera", "reads where nothing is", fault)?;
    until_begun(known, &["camera"]).await;
    show(observatory, known).await?;

    fails(known, "catalogue", "panics", panic)?;
    until_begun(known, &["catalogue"]).await;
    show(observatory, known).await?;

    fails(known, "motor", "runs out of stack", overflow)?;
    println!("(the shutter begins again with it: in the dome it is one for all)");
    until_begun(known, &["shutter", "motor"]).await;
    show(observatory, known).await?;

    for child in observatory.which_children().await? {
        if let ("weather", Some(supervisor)) = (&*child.name, child.pid) {
            monitor(supervisor)?;
        }
    }
    fails(known, "vane", "is stuck, in each of its lives", stuck)?;
    let Down { reason, .. } = receive().await;
    println!("two restarts were all that was tried: the weather's supervisor {reason}");
    println!("(its own failure, and in good order: the observatory leaves it at that)");
    show(observatory, known).await?;

    close(observatory, known).await
}

/// Ends everything, and counts who is left.
async fn close(observatory: SupervisorAddr, known: &Known) -> girder::Result {
    monitor(observatory.pid())?;
    observatory.stop()?;
    let Down { reason, .. } = receive().await;
    let left = known.values().filter(|&&(_, pid)| is_alive(pid)).count();
    println!("the observatory closes: it {reason}, and {left} are left; the machine goes on");
    Ok(())
}

fn observatory(told: Addr<Begun>) -> Supervisor {
    // Motor and shutter move together: if one of them fails, both begin again.
    let dome = move || {
        Supervisor::new(Strategy::OneForAll)
            .child(service("shutter", told))
            .child(service("motor", told))
    };
    let weather = move || {
        Supervisor::new(Strategy::OneForOne)
            .intensity(2, Duration::from_secs(60))
            .child(service("vane", told))
    };
    Supervisor::new(Strategy::OneForOne)
        .intensity(5, Duration::from_secs(60))
        .child(service("camera", told))
        .child(service("catalogue", told))
        .child(Child::supervisor("dome", dome))
        // Whoever gives up does so in good order, so `Transient` leaves it at that.
        .child(Child::supervisor("weather", weather).restart(Restart::Transient))
}

/// A service that fails as it is told. How many lives it has had is not its own to know: that has to outlive it.
fn service(name: &'static str, told: Addr<Begun>) -> Child {
    let lives = AtomicU32::new(0);
    Child::new(name, move || {
        let life = lives.fetch_add(1, Relaxed) + 1;
        async move {
            if told.send(Begun(name, life, own_pid())).is_err() {
                girder::exit("no memory");
            }
            if name == "vane" && life > 1 {
                println!("the vane turns a little, in its life {life}");
                sleep(PAUSE).await;
                stuck();
            }
            let Fail(how) = receive().await;
            how();
            pending().await
        }
    })
}

/// Tells a service to fail.
fn fails(known: &Known, name: &str, what: &str, how: fn()) -> girder::Result {
    println!();
    println!("=> the {name} {what}");
    if let Some(&(_, pid)) = known.get(name) {
        send(pid, Fail(how))?;
    }
    Ok(())
}

/// Waits until each of these has begun a life.
async fn until_begun(known: &mut Known, names: &[&str]) {
    let mut missing = names.len();
    while missing > 0 {
        let Begun(name, life, pid) = receive().await;
        known.insert(name, (life, pid));
        missing -= usize::from(names.contains(&name));
    }
}

/// Shows the tree, after a while.
async fn show(observatory: SupervisorAddr, known: &Known) -> girder::Result {
    sleep(PAUSE).await;
    println!("   observatory  {}", observatory.pid());
    for child in observatory.which_children().await? {
        line("   |-", &child, known);
        if let (Kind::Supervisor, Some(pid)) = (child.kind, child.pid) {
            for below in SupervisorAddr::of(pid).which_children().await? {
                line("   |  |-", &below, known);
            }
        }
    }
    sleep(PAUSE).await;
    Ok(())
}

fn line(branch: &str, child: &ChildInfo, known: &Known) {
    let name = &*child.name;
    match (child.pid, known.get(name)) {
        (Some(pid), Some((life, _))) => println!("{branch} {name}  {pid}  in its life {life}"),
        (Some(pid), None) => println!("{branch} {name}  {pid}"),
        (None, _) => println!("{branch} {name}  is not there"),
    }
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

fn stuck() {
    girder::exit("it turns no more");
}
