//! What can't be written with a continuation, each beside what can: the two differ in one line, so
//! it is that line which the compiler refuses.
//!
//! # Running it twice
//!
//! ```
//! # use girder_lockfree::process::{Polled, Runnable};
//! fn run(process: Runnable) -> Polled {
//!     process.poll()
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::process::{Polled, Runnable};
//! fn run(process: Runnable) -> Polled {
//!     let _ = process.poll();
//!     process.poll()
//! }
//! ```
//!
//! # Running it without having asked what others want of it
//!
//! ```
//! # use girder_lockfree::{Token, process::{Polled, Start}};
//! fn run(token: Token) -> Option<Polled> {
//!     let Start::Run(process) = token.start() else { return None };
//!     Some(process.poll())
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use girder_lockfree::{Token, process::{Polled, Start}};
//! fn run(token: Token) -> Option<Polled> {
//!     let process = token;
//!     Some(process.poll())
//! }
//! ```
//!
//! # Using it after it was left to wait
//!
//! ```
//! # use girder_lockfree::Token;
//! fn leave(token: Token) -> u8 {
//!     let level = token.level();
//!     let _ = token.park();
//!     level
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! fn leave(token: Token) -> u8 {
//!     let _ = token.park();
//!     token.level()
//! }
//! ```
//!
//! # Being in two queues
//!
//! ```
//! # use girder_lockfree::{Token, process::Queue};
//! fn put(token: Token, here: &mut Queue, _: &mut Queue) {
//!     here.push_back(token);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::{Token, process::Queue};
//! fn put(token: Token, here: &mut Queue, there: &mut Queue) {
//!     here.push_back(token);
//!     there.push_back(token);
//! }
//! ```
//!
//! # Going on with it twice
//!
//! ```
//! # use girder_lockfree::Token;
//! # use std::num::NonZero;
//! fn go_on(token: Token) -> Result<NonZero<usize>, Token> {
//!     token.go_on()
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! # use std::num::NonZero;
//! fn go_on(token: Token) -> Result<NonZero<usize>, Token> {
//!     let _ = token.go_on();
//!     token.go_on()
//! }
//! ```
//!
//! # Running it after it was ended, or ending it twice
//!
//! ```
//! # use girder_lockfree::Token;
//! fn end(token: Token) {
//!     token.give_up().discontinue();
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! fn end(token: Token) {
//!     token.give_up().discontinue();
//!     let _ = token.start();
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! fn end(token: Token) {
//!     let finished = token.give_up();
//!     finished.discontinue();
//!     finished.discontinue();
//! }
//! ```
//!
//! # Making one up
//!
//! ```
//! # use girder_lockfree::process::{Pid, wake};
//! fn summon(pid: Pid) {
//!     wake(pid);
//! }
//! ```
//!
//! ```compile_fail,E0423
//! # use girder_lockfree::process::{Pid, wake};
//! fn summon(pid: Pid) {
//!     let _ = girder_lockfree::Token(pid);
//! }
//! ```
//!
//! # Having it twice
//!
//! ```
//! # use girder_lockfree::Token;
//! fn hand_on(token: Token) -> Token {
//!     token
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! fn hand_on(token: Token) -> [Token; 2] {
//!     [token, token]
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use girder_lockfree::Token;
//! fn keeps<T: Clone>() {}
//! keeps::<Token>();
//! ```
