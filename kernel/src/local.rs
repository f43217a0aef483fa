//! Memory of a process's own, which goes back whole when the process ends, however it ends.
//!
//! A process that panics, faults, exits or is killed in the middle of its code runs no destructor: what its values
//! own on the machine's heap is lost, for they may have shared it with others. A service that lives for years
//! and crashes now and then would lose something each time. What it keeps in its *arena* is not lost: nobody else can
//! have a reference into that, so it goes back with the process.
//!
//! # A service that loses nothing
//!
//! Take an [`Arena`] as the first argument, and make your containers in it:
//!
//! ```no_run
//! use girder::local::{self, Arena, HashMap, String};
//! use girder::{Pid, ReplyTo, receive};
//!
//! struct Visit(Pid);
//! struct Greeting(Pid, ReplyTo<u32>);
//!
//! /// What the service knows lives as long as its process: `'p`.
//! struct Guests<'p> {
//!     visits: HashMap<'p, Pid, u32>,
//!     last: String<'p>,
//! }
//!
//! async fn doorman(arena: Arena<'_>) {
//!     let (visits, last) = (arena.map(), arena.string("nobody"));
//!     let mut guests = Guests { visits, last };
//!     loop {
//!         let Visit(pid) = receive().await;
//!         *guests.visits.entry(pid).or_insert(0) += 1;
//!         guests.last = arena.format(format_args!("{pid}"));
//!     }
//! }
//!
//! # fn example() -> Result<(), girder::NoProcess> {
//! local::spawn(doorman)?;
//! # Ok(())
//! # }
//! ```
//!
//! A `main` may take one in the same way:
//!
//! ```no_run
//! # #![no_main]
//! use girder::local::Arena;
//!
//! #[girder::main]
//! async fn main(arena: Arena<'_>) {
//!     let mut squares = arena.vec();
//!     squares.extend((1..=10).map(|it| it * it));
//!     girder::println!("{squares:?}");
//! }
//! ```
//!
//! And [`with`] gives it to any code that runs in a process, in the middle of whatever that does; with [`Options`], or when
//! the service has more to be told than its arena:
//!
//! ```no_run
//! use girder::local::{Arena, with};
//! use girder::{Options, SpawnError};
//!
//! async fn count_to(arena: Arena<'_>, end: u32) {
//!     let mut numbers = arena.vec();
//!     numbers.extend(0..end);
//! }
//!
//! # fn example() -> Result<(), SpawnError> {
//! let end = 100;
//! Options::new().name("counter").spawn_with(move || with(async move |arena| count_to(arena, end).await))?;
//! # Ok(())
//! # }
//! ```
//!
//! A process has one arena, whoever asks for it and how often; [`with_sync`] is for code that does not await.
//!
//! # Containers
//!
//! | in place of | take | made by |
//! | --- | --- | --- |
//! | `Box<T>` | [`Box<'p, T>`](Box) | `arena.boxed(value)`, `Box::new_in(value, arena)` |
//! | `Vec<T>` | [`Vec<'p, T>`](Vec) | `arena.vec()`, `arena.copy(&[…])`, `Vec::with_capacity_in(n, arena)` |
//! | `String` | [`String<'p>`](String) | `arena.string("…")`, `arena.format(format_args!(…))` |
//! | `HashMap<K, V>` | [`HashMap<'p, K, V>`](HashMap) | `arena.map()`, `HashMap::with_capacity_and_hasher_in` |
//! | `HashSet<T>` | [`HashSet<'p, T>`](HashSet) | `arena.set()` |
//!
//! Vectors and boxes are those of the package `allocator-api2`, maps and sets those of `hashbrown`: what is known from
//! Rust's own is there. What they own they drop as usual. An `alloc::string::String` in a [`Vec`] of these has its
//! text on the heap, as ever: a type is local as far as all that it owns is.
//!
//! # What stays inside
//!
//! A handle of the arena, or a reference into it, can't be sent, spawned with, kept in a static or returned from
//! [`with`]; the compiler says so. What is to leave the process is copied: `name.as_str().into()` is an `alloc` string.
//! A pinned box is not to be had, for [`Pin`](core::pin::Pin) promises that destructors run before memory is used again, and here
//! they may not: [`core::pin::pin!`] pins a future in the process's own.
//!
//! # What it costs
//!
//! An allocation from a list of free blocks and its return take some twenty instructions, without a lock. The
//! arena takes chunks from the machine's heap: of a KiB at first, then larger and larger ones up to 64 KiB. Blocks come in sizes of
//! 16 bytes and more, four to a doubling; what is freed is used again for what has its size, so a service that does
//! the same for ever stays as large as it is; [`hibernate`](crate::hibernate) begins with a small one again. Whatever has more than 8 KiB goes back at once when it is freed. A reduction pays
//! for 128 bytes. [`Arena::usage`] says how much there is.
//!
//! # Limits
//!
//! [`Arena::set_limit`] bounds what the arena takes of the heap. At the limit, or when the machine has no more, `try_reserve`
//! and `Box::try_new_in` are errors; what has no such error ends the process, alone:
//!
//! ```no_run
//! use girder::local::{Arena, Vec};
//!
//! fn remember<'p>(arena: Arena<'p>, lines: &mut Vec<'p, u64>, line: u64) {
//!     arena.set_limit(1 << 20);
//!     if lines.try_reserve(1).is_err() {
//!         lines.clear();
//!     }
//!     lines.push(line);
//! }
//! ```

#[cfg(doctest)]
mod escapes;

#[cfg(doc)]
use crate::Options;
use crate::process::{spawn_watched as watched, spawn_with};
use girder_lockfree::process::{NoProcess, Pid, Watch};

pub use girder_lockfree::arena::{
    Arena, Box, HashMap, HashSet, Hashing, String, Usage, Vec, with, with_sync,
};

/// Makes a process that has an arena.
///
/// As [`spawn_with`], so only what `work` brings along has to be `Send`.
#[inline(always)]
pub fn spawn<W>(work: W) -> Result<Pid, NoProcess>
where
    W: AsyncFnOnce(Arena<'_>) + Send + 'static,
{
    spawn_with(move || with(work))
}

/// The same, for whoever wants to know how the process ends.
#[inline(always)]
pub fn spawn_watched<W>(work: W) -> Result<(Pid, Watch), NoProcess>
where
    W: AsyncFnOnce(Arena<'_>) + Send + 'static,
{
    watched(move || with(work))
}
