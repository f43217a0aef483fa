//! The machine's console: lines out, keys in.

use crate::machine;
use core::fmt;
use girder_lockfree::process::{NoStack, block_on};

/// Prints to the console; what [`print!`](macro@crate::print) is made of. Each line goes out in one piece,
/// whoever else prints.
pub fn print(text: fmt::Arguments<'_>) {
    machine::print(text);
}

/// Prints to the console, without an end of the line.
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => {
        $crate::print(::core::format_args!($($text)*))
    };
}

/// Prints a line to the console.
#[macro_export]
macro_rules! println {
    () => {
        $crate::print!("\n")
    };
    ($format:literal $($values:tt)*) => {
        $crate::print(::core::format_args!("{}\n", ::core::format_args!($format $($values)*)))
    };
}

/// Waits for a key and gives its byte. Nothing is echoed. Of several processes that wait, one gets it.
///
/// What is typed while nobody waits is kept, some thousand bytes of it.
pub async fn read_byte() -> u8 {
    machine::read_byte().await
}

/// The same in the middle of ordinary code: the process waits with its stack, the core does not. An error
/// if there is no stack for the core to go on with.
pub fn read_byte_blocking() -> Result<u8, NoStack> {
    block_on(read_byte())
}
