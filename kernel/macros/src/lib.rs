//! Attributes of `girder`, which re-exports them; no one names this package.
//!
//! Each attribute is a thin shell: tokens in, a function of tokens to tokens that unit tests can
//! call too, tokens out or a compile error at the place that is wrong.

mod main_function;
mod options;
mod signature;
mod test;

use proc_macro::TokenStream;

/// Makes a function the application's `main`: the first process, whose end is the machine's.
///
/// The function takes nothing, or its process's arena (`girder::local::Arena<'_>`); it may be `async`, and it returns nothing or a `Result` whose error can be
/// printed by `Debug`. Its crate begins with `#![no_std]` and `#![no_main]`:
///
/// ```text
/// #![no_std]
/// #![no_main]
///
/// #[girder::main]
/// async fn main() {
///     girder::println!("hello");
/// }
/// ```
///
/// When it returns, the output is let out and the machine is switched off, whatever other processes are
/// doing. An emulator that listens gets status 0, or 1 after an error, a panic, or any other end than
/// returning. A `main` that is to go on for ever awaits something that never comes.
///
/// On a host the application compiles, so that its types are checked; what is built there only says
/// where it runs.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    main_function::expand(options.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Registers an in-kernel test.
///
/// The function takes nothing and returns nothing; it may be `async`, for it runs as a process; it
/// passes by returning. Options:
///
/// - `ignored = "reason"`: not run, and the report says why.
/// - `expect = "panic"`, `"fault"` or `"timeout"`: has to end that way, the last one by being
///   killed at its time limit.
/// - `panic_message = "part"`: has to panic with a message that contains this.
/// - `leaves = "part"`: has to return and leave something that it should have given back, of which is said what contains this.
/// - `limit_ms = 500`: its own time limit.
/// - `cores = 2`: ignored on machines with fewer cores up.
/// - `schedulers = 2`: ignored where fewer cores schedule.
/// - `alone = "reason"`: ignored where several do.
/// - `pinned = "reason"`: stays on the core where it begins.
/// - `last = "reason"`: runs behind all others that are not last, in every order.
/// - `long = "reason"`: ignored unless a filter asks for it.
///
/// ```text
/// #[girder::test(cores = 2, limit_ms = 500)]
/// fn other_core_answers() { … }
/// ```
///
/// On a host the function is compiled, so that its types are checked, but neither registered nor
/// turned into an ordinary test: it is about interrupts, cores and registers that a host does
/// not have, and it would fail or, worse, pass there.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(options.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
