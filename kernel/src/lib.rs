//! Girder as applications see it: processes on a machine of their own.
//!
//! An application is a crate that depends on this package, and what it is built into is all that the machine
//! runs: no system below it, no virtual machine. It consists of *processes*, as in Erlang: small, cheap,
//! many, each of which may crash alone.
//!
//! # The first process
//!
//! ```no_run
//! #![no_std]
//! #![no_main]
//!
//! use girder::println;
//!
//! #[girder::main]
//! async fn main() {
//!     println!("hello from {}", girder::own_pid());
//! }
//! ```
//!
//! With this in `src/main.rs`, and a `Cargo.toml` that names the crate and its one dependency, `make run
//! APP=PATH` in Girder's tree boots it. `main` is the first process. When it returns, the machine is switched
//! off; when it panics, too, but with another status ([`macro@main`]). On a host, `cargo check` checks the types.
//!
//! # More of them
//!
//! A process is a future. [`spawn`] takes one that may go to any core, and gives a [`Pid`], by which others
//! can do something about it. [`spawn_with`] takes a function that makes the future, where the new
//! process will run: what the process makes for itself may then hold an `Rc` or a `Cell`.
//!
//! ```no_run
//! # use core::time::Duration;
//! use girder::{Request, kill, println, sleep, spawn};
//!
//! # async fn example() -> Result<(), girder::NoProcess> {
//! let clock = spawn(async {
//!     let mut seconds = girder::interval(Duration::from_secs(1));
//!     loop {
//!         seconds.tick().await;
//!         println!("tick");
//!     }
//! })?;
//! sleep(Duration::from_secs(10)).await;
//! assert_eq!(kill(clock), Request::Taken);
//! # Ok(())
//! # }
//! ```
//!
//! While a process awaits it has no stack and costs some hundred bytes, so a program may have a million. One that
//! computes for long without awaiting keeps nobody from anything: after a millisecond the core is taken from it
//! for the others' sake. Code that is not `async` waits with [`block_on`]: the process keeps its
//! stack, and the core goes on with others.
//!
//! # Messages
//!
//! Processes share nothing by habit: they send messages. Any value that may go to another thread is one, and it
//! moves. A process receives by type: [`receive`] gives the first message of the type that it asks for, and
//! leaves the others in order. An [`Addr`] is a process as the receiver of one type.
//!
//! ```no_run
//! use girder::{Addr, own_addr, println, receive, spawn};
//!
//! struct Celsius(i32);
//! struct Alarm(&'static str);
//!
//! async fn watchman(told: Addr<Alarm>) {
//!     loop {
//!         let Celsius(degrees) = receive().await;
//!         if degrees > 80 && told.send(Alarm("too hot")).is_err() {
//!             girder::exit("no memory for a message");
//!         }
//!     }
//! }
//!
//! # async fn example() -> girder::Result {
//! let watchman = Addr::of(spawn(watchman(own_addr()))?);
//! for degrees in [20, 60, 95] {
//!     watchman.send(Celsius(degrees))?;
//! }
//! let Alarm(what) = receive().await;
//! println!("{what}");
//! # Ok(())
//! # }
//! ```
//!
//! Messages from one process to another arrive in the order in which they were sent. One to a process that is
//! gone is dropped, and the sender goes on: whoever has to know watches. A question is a message with a
//! [`ReplyTo`] in it, and [`call`] waits for its answer, which no other receive can take for a message. A call of a process that ends, even by a crash, ends too. Give calls a time
//! by [`call_timeout`] unless you know better; [`cast`] asks the same and wants no answer.
//!
//! ```no_run
//! use core::time::Duration;
//! use girder::{CallError, Pid, ReplyTo, call_timeout, receive};
//!
//! struct Double(u32, ReplyTo<u32>);
//!
//! async fn server() {
//!     loop {
//!         let Double(number, reply_to) = receive().await;
//!         // Whoever asked may be gone by now.
//!         _ = reply_to.reply(2 * number);
//!     }
//! }
//!
//! async fn double(server: Pid, number: u32) -> Result<u32, CallError> {
//!     call_timeout(Duration::from_secs(1), server, |reply_to| Double(number, reply_to)).await
//! }
//! ```
//!
//! A process that others may overwhelm is spawned with a limit to its mailbox ([`Options::mailbox`]): what is too much is
//! refused, dropped, or ends it, as it likes; [`send_wait`] waits for room. What it wants to hear at once whatever else there
//! is to read, such as an order to stop, it has sent by an [urgent lane](urgent_lane).
//!
//! [`receive_where`] picks by content, [`receive_any`] takes what comes, [`receive_timeout`] and [`timeout`] wait only so
//! long.
//!
//! # They crash alone
//!
//! A panic, a wild pointer, a stack overflow ends the process that it happens in. Whoever wants to know spawns
//! it with [`spawn_watched`] and awaits the [`Watch`]:
//!
//! ```no_run
//! use girder::{ExitReason, println, spawn_watched};
//!
//! # async fn example() -> Result<(), girder::NoProcess> {
//! let (_, watch) = spawn_watched(|| async {
//!     let digits = [1, 2, 3];
//!     let fourth = digits.iter().nth(3).expect("there are four");
//!     println!("{fourth}");
//! })?;
//! match watch.await {
//!     ExitReason::Returned => println!("all is well"),
//!     reason => println!("it {reason}"), // it panicked at src/main.rs:7: there are four
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Any process may [`monitor`] any other, and is told of its end by a message, a [`Down`]. That is never refused, whatever limit the
//! mailbox has, and comes after all that the dead process had sent.
//!
//! ```no_run
//! use girder::{Down, Pid, monitor, println, receive};
//!
//! # async fn example(server: Pid) -> Result<(), girder::NoMonitor> {
//! let reference = monitor(server)?;
//! let down: Down = receive().await;
//! assert_eq!(down.reference, reference);
//! println!("{} {}", down.pid, down.reason);
//! # Ok(())
//! # }
//! ```
//!
//! Processes that are of no use without each other are *linked*: [`link`], or [`spawn_link`] from birth on. When one of them fails, an exit
//! signal with the reason ends the other, and whoever that is linked to, and so on; who returns, ends nobody. One that is to clear up after
//! others says [`trap_exit`], and such signals come to it as messages, each an [`Exit`]. So a parent asks a child to end, by [`exit_signal`], and
//! sees it out:
//!
//! ```no_run
//! use girder::{Exit, ExitReason, exit_signal, println, receive, spawn_link, trap_exit};
//!
//! # async fn serve() {}
//! # async fn example() -> girder::Result {
//! trap_exit(true)?;
//! let server = spawn_link(serve)?;
//! exit_signal(server, ExitReason::Shutdown)?;
//! let exit: Exit = receive().await;
//! assert_eq!(exit.pid, server);
//! println!("{} {}", exit.pid, exit.reason); // 7.3 was shut down
//! # Ok(())
//! # }
//! ```
//!
//! Who starts again what has failed is a [`supervisor`]: a process that has children, and does nothing else. A
//! tree of those that is to go down in good order before the machine does is an [`application`].
//!
//! A process that returns or is killed while it awaits drops what it owns. One that ends in the middle of its
//! code, by a panic or by [`exit`], drops nothing; its memory comes back except for what its values own on the heap.
//! A service that crashes and loses nothing keeps what it has in an arena of its own: see [`local`].
//!
//! # Names and priorities
//!
//! [`Options`] says more about a new process: a name by which others find it, and how urgent it is.
//!
//! ```no_run
//! use girder::{Options, Priority, SpawnError, whereis};
//!
//! # async fn serve() {}
//! # async fn example() -> Result<(), SpawnError> {
//! let pid = Options::new().name("server").priority(Priority::High).spawn(serve())?;
//! assert_eq!(whereis("server"), Some(pid));
//! # Ok(())
//! # }
//! ```
//!
//! A name means its process until that ends. [`info`] tells what a process is doing, [`processes`] who there is.
//!
//! # Processes of a kind
//!
//! What many processes have in common is written once: a [`server`] answers questions out of a state of its own, a [state
//! machine](states) does something else about the same event in each of its states, and a [`group`] is reached by whoever has
//! something to say to all of its members, or to any one.
//!
//! # Cores
//!
//! A process runs on whichever core has time. One that is to stay on some of them says so ([`Options::affinity`],
//! [`set_affinity`]); there are [`cores`] that run processes, numbered from 0.
//!
//! # Time and the console
//!
//! [`sleep`], [`timeout`], [`interval`] and [`Instant`] are about time; nothing in them is ever early. [`send_after`] has a
//! message sent later, [`send_every`] again and again, no more often than once in [`PERIOD_MIN`], and both can be called off.
//! [`print!`] and [`println!`] write to the machine's console, whole lines at a time, and [`read_byte`] waits for
//! a key.
//!
//! ```no_run
//! use core::time::Duration;
//! use girder::{print, println, read_byte, timeout};
//!
//! # async fn example() {
//! print!("continue (y/n)? ");
//! match timeout(Duration::from_secs(5), read_byte()).await {
//!     Ok(b'y') => println!("on we go"),
//!     Ok(_) => println!("as you wish"),
//!     Err(_) => println!("nobody is there"),
//! }
//! # }
//! ```
//!
//! # Tests
//!
//! What an application does with processes, cores and time it tests where it runs: on the machine, inside the kernel.
//! [`macro@test`] stands before a function, which is a process like others and has passed when it returns.
//!
//! ```no_run
//! use core::time::Duration;
//! use girder::{receive_timeout, send_after, own_pid};
//!
//! #[girder::test(limit_ms = 500)]
//! async fn an_egg_is_done_in_time() {
//!     send_after(Duration::from_millis(3), own_pid(), "done").expect("there is memory");
//!     assert_eq!(receive_timeout(Duration::from_millis(300)).await, Ok("done"));
//! }
//!
//! #[girder::test(expect = "panic", panic_message = "no egg")]
//! fn without_an_egg_nothing_boils() {
//!     None::<u32>.expect("no egg");
//! }
//! ```
//!
//! `make run APP=PATH ARGS=test` runs all of them and reports each as `cargo test` does, then switches the machine off;
//! `ARGS=test=egg` runs those whose names contain that. A test that hangs is killed at its limit, one that crashes has failed alone,
//! and one that leaves something behind that was not there before has failed as well. On a host tests are compiled and not run.
//!
//! # Errors
//!
//! What can be the caller's problem is a small error type: [`NoProcess`] for want of room, [`SendError`], [`NameError`],
//! [`SpawnError`], [`CallError`], [`NoPeriodic`]. `?` takes all of them where a function returns [`Result`], as `main` may.
//! What is asked of a process by its pid can come too late, which is no error: the [`Request`] says whether it
//! was taken or ignored, or refused: the kernel's own processes are nobody's to ask, and [`Priority::Max`] is theirs.
#![no_std]

extern crate alloc;
// Whatever an application needs to compile on a host, its panic handler first.
#[cfg(not(target_os = "none"))]
extern crate std;

pub mod application;
mod console;
pub mod group;
#[cfg(not(target_os = "none"))]
mod host;
mod inspect;
pub mod local;
mod mail;
mod names;
mod process;
#[doc(hidden)]
pub mod program;
pub mod server;
pub mod states;
pub mod supervisor;

#[cfg(target_os = "none")]
use girder_boot as machine;
#[cfg(not(target_os = "none"))]
use host as machine;

pub use application::power_off;
pub use console::{print, read_byte, read_byte_blocking};
pub use girder_core::info::{Activity, GateReport, Held, Info, Usage};
pub use girder_core::mail::{
    Addr, Bound, BoundError, CallError, Lane, LaneError, Message, Overflow, Receive, ReceiveAny,
    ReceiveWhere, ReplyTo, SendError, Sent, Traffic, UrgentAddr, call, call_timeout, cast, receive,
    receive_any, receive_timeout, receive_where, send, send_wait, traffic, try_receive,
    urgent_lane,
};
pub use girder_core::names::{NAME_BYTES_MAX, Name, NameError};
pub use girder_core::sched::Priority;
pub use girder_core::time::{
    Cancelled, Delayed, Elapsed, Instant, Interval, Missed, NoPeriodic, PERIOD_MIN, Periodic,
    Sleep, interval, interval_at, send_after, send_at, send_every, sleep, sleep_until, timeout,
    timeout_at,
};
pub use girder_lockfree::process::{
    AffinityError, CoreMask, Down, Exit, ExitReason, MonitorRef, NoLink, NoMonitor, NoProcess,
    NoStack, NotAPid, Pid, Processes, Request, STACK_BYTES, Watch, YieldNow, block_on, cores,
    demonitor, demonitor_and_flush, exit_signal, get_affinity, hibernate, is_alive, kill, link,
    monitor, own_core, processes, reduce, resume, set_affinity, suspend, trap_exit, unlink,
    yield_now,
};
pub use girder_macros::{main, test};
pub use inspect::info;
pub use mail::{own_addr, receive_blocking};
pub use names::{register, unregister, whereis};
pub use process::{
    Options, SpawnError, exit, own_pid, set_priority, spawn, spawn_link, spawn_monitor,
    spawn_watched, spawn_with,
};

/// What a `main` may return, and whatever else may fail for several reasons.
pub type Result<T = (), E = alloc::boxed::Box<dyn core::error::Error>> = core::result::Result<T, E>;

/// What tests that run on the machine are made of.
pub mod check {
    use alloc::boxed::Box;
    pub use girder_core::check::{Expect, Future, Test};
    pub use girder_core::rng::Rng;

    /// Boxes the future of a test that awaits.
    pub fn boxed(test: impl core::future::Future<Output = ()> + 'static) -> Future {
        Box::pin(test)
    }

    /// Returns a generator for whatever the running test draws; a run with the same seed repeats.
    #[cfg(target_os = "none")]
    pub fn rng() -> Rng {
        Rng::new(girder_boot::test_seed())
    }
}
