//! Attributes of `girder`, which re-exports them; no one names this package.
//!
//! Each attribute is a thin shell: tokens in, a function of tokens to tokens that unit tests can
//! call too, tokens out or a compile error at the place that is wrong.

mod options;
mod test;

use proc_macro::TokenStream;

/// Registers an in-kernel test.
///
/// The function takes nothing and returns nothing; it may be `async`, for it runs as a process; it
/// passes by returning. Options:
///
/// - `ignored = "reason"`: not run, and the report says why.
/// - `expect = "panic"`, `"fault"` or `"timeout"`: has to end that way, the last one by being
///   killed at its time limit.
/// - `panic_message = "part"`: has to panic with a message that contains this.
/// - `limit_ms = 500`: its own time limit.
/// - `cores = 2`: ignored on machines with fewer cores up.
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
