//! Ways out of an arena, none of which compiles. The reasons are in `kernel/core/doc/arenas.md`.
//!
//! What all of them would do if one did, and what is allowed:
//!
//! ```no_run
//! # async fn example() {
//! let length = girder::local::with(async |arena| {
//!     let mut numbers = arena.vec();
//!     numbers.extend([1, 2, 3]);
//!     girder::yield_now().await;
//!     let leaked: &mut u32 = girder::local::Box::leak(arena.boxed(4));
//!     numbers.push(*leaked);
//!     numbers.len()
//! })
//! .await;
//! # }
//! ```
//!
//! The result of [`with`](super::with):
//!
//! ```compile_fail
//! # async fn example() {
//! let number = girder::local::with(async |arena| arena.boxed(1)).await;
//! # }
//! ```
//!
//! ```compile_fail
//! # fn example() {
//! let number = girder::local::with_sync(|arena| arena.boxed(1));
//! # }
//! ```
//!
//! A variable around it:
//!
//! ```compile_fail,E0521
//! # fn example() {
//! let mut kept = None;
//! girder::local::with_sync(|arena| kept = Some(arena.boxed(1)));
//! drop(kept);
//! # }
//! ```
//!
//! The arena itself in one, for later:
//!
//! ```compile_fail
//! # async fn example() {
//! let mut kept = None;
//! girder::local::with(async |arena| kept = Some(arena)).await;
//! drop(kept);
//! # }
//! ```
//!
//! An arena for ever:
//!
//! ```compile_fail
//! # use girder::local::Arena;
//! async fn service(_: Arena<'static>) {}
//! # fn example() {
//! girder::local::spawn(service);
//! # }
//! ```
//!
//! A block that is leaked for ever, with what is `Send` in it:
//!
//! ```compile_fail
//! # fn example() {
//! girder::local::with_sync(|arena| {
//!     let leaked: &'static mut u32 = girder::local::Box::leak(arena.boxed(1));
//! });
//! # }
//! ```
//!
//! A message that is a handle, or has one in it, or a reference that is `Send`:
//!
//! ```compile_fail,E0599
//! # use girder::{Addr, local::Box};
//! # fn example(to: Addr<Box<'static, u32>>) {
//! girder::local::with_sync(|arena| to.send(arena.boxed(1)).is_ok());
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use girder::{Pid, local::Box};
//! # fn example(to: Pid, number: Box<'static, u32>) {
//! girder::send(to, number).is_ok(); // even if somebody had one
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # extern crate alloc;
//! # use girder::{Pid, local::Box};
//! # fn example(to: Pid, number: Box<'static, u32>) {
//! girder::send(to, alloc::sync::Arc::new(number)).is_ok();
//! # }
//! ```
//!
//! ```compile_fail,E0521
//! # use girder::{Pid, local::Box};
//! # fn example(to: Pid) {
//! girder::local::with_sync(|arena| girder::send(to, &*Box::leak(arena.boxed(1))).is_ok());
//! # }
//! ```
//!
//! Another process:
//!
//! ```compile_fail,E0277
//! # async fn example() {
//! girder::local::with(async |arena| {
//!     girder::spawn_with(move || async move { drop(arena.boxed(1)) });
//! })
//! .await;
//! # }
//! ```
//!
//! A future with handles inside, which is `'static` by its type, begun here and finished elsewhere:
//!
//! ```compile_fail
//! # extern crate alloc;
//! # fn example(to: girder::Pid) {
//! let begun = alloc::boxed::Box::pin(girder::local::with(async |arena| {
//!     let number = arena.boxed(1);
//!     girder::yield_now().await;
//!     drop(number);
//! }));
//! girder::send(to, begun).is_ok();
//! # }
//! ```
//!
//! ```compile_fail
//! # fn example() {
//! girder::spawn(girder::local::with(async |arena| {
//!     let number = arena.boxed(1);
//!     girder::yield_now().await;
//!     drop(number);
//! }));
//! # }
//! ```
//!
//! What a process goes on as when it hibernates, when its arena is gone:
//!
//! ```compile_fail
//! # extern crate alloc;
//! # async fn example() {
//! let mut begun = alloc::boxed::Box::pin(girder::local::with(async |arena| {
//!     let number = arena.boxed(1);
//!     girder::yield_now().await;
//!     drop(number);
//! }));
//! core::future::poll_fn(|context| begun.as_mut().poll(context)).await;
//! girder::hibernate(begun, |begun| begun).await;
//! # }
//! ```
//!
//! One of those that is written out, so that only a reference is inside, which is `Send`:
//!
//! ```no_run
//! # use girder::local::{Arena, Box};
//! fn work<'p>(arena: Arena<'p>) -> impl Future<Output = ()> + Send + use<'p> {
//!     let number: &u32 = Box::leak(arena.boxed(1));
//!     async move {
//!         girder::yield_now().await;
//!         girder::println!("{number}");
//!     }
//! }
//! # async fn example() {
//! girder::local::with(work).await;
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # use girder::local::{Arena, Box};
//! # fn work<'p>(arena: Arena<'p>) -> impl Future<Output = ()> + Send + use<'p> {
//! #     let number: &u32 = Box::leak(arena.boxed(1));
//! #     async move {
//! #         girder::yield_now().await;
//! #         girder::println!("{number}");
//! #     }
//! # }
//! # fn example() {
//! girder::spawn(girder::local::with(work));
//! # }
//! ```
//!
//! A static:
//!
//! ```compile_fail,E0277
//! use girder::local::Box;
//! static KEPT: Option<Box<'static, u32>> = None;
//! ```
//!
//! ```compile_fail,E0277
//! use girder::local::Arena;
//! use core::cell::RefCell;
//! static KEPT: RefCell<Option<Arena<'static>>> = RefCell::new(None);
//! ```
//!
//! A pinned box, whose memory would go without its destructor:
//!
//! ```compile_fail,E0521
//! # fn example() {
//! girder::local::with_sync(|arena| {
//!     drop(girder::local::Box::pin_in(async {}, arena));
//! });
//! # }
//! ```
