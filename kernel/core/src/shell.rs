//! The prompt: bytes from the console to keys, keys to a line, a line to an action.
//!
//! Everything is driven from outside, a byte at a time, and returns what is to be done instead of
//! doing it. Whatever arrives, state stays bounded: a line is at most [`LINE_BYTES_MAX`] bytes, the
//! history [`HISTORY_MAX`] lines, and an escape sequence a few bytes of state whatever its length.

mod command;
mod editor;
mod history;
mod keys;

pub use command::{Action, CommandError, CrashKind, Inspect, NAMES, execute};
pub use editor::{LINE_BYTES_MAX, LineEditor};
pub use history::HISTORY_MAX;
