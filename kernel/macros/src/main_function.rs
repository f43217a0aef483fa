//! `#[girder::main]`: the function, and beside it the image's entry for it.
//!
//! On the machine that is a static in the section `girder_programs`, as `test` does it. On a host an
//! application is a `no_main` program as well, so that its first lines are the same everywhere; there the
//! entry is what the C library starts, and it only says where the application runs.

use crate::signature::{Takes, check};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result};

/// The function as it was, and its entries.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new_spanned(
            options,
            "#[girder::main] takes no options",
        ));
    }
    let function: ItemFn = syn::parse2(item)
        .map_err(|error| Error::new(error.span(), "#[girder::main] stands before a function"))?;
    check(&function.sig, "`main`", Takes::Arena)?;
    let name = &function.sig.ident;
    let call = match (function.sig.asyncness, function.sig.inputs.is_empty()) {
        (None, true) => quote!(#name()),
        (Some(_), true) => quote!(#name().await),
        (None, false) => quote!(::girder::local::with_sync(#name)),
        (Some(_), false) => quote!(::girder::local::with(#name).await),
    };
    Ok(quote! {
        #function

        #[cfg(target_os = "none")]
        const _: () = {
            #[used]
            #[unsafe(link_section = "girder_programs")]
            static PROGRAM: ::girder::program::Program = ::girder::program::Program::main(
                ::core::module_path!(),
                |_| ::girder::program::run(async { ::girder::program::Ending::status(#call) }),
            );
        };

        #[cfg(not(any(target_os = "none", test)))]
        const _: () = {
            #[unsafe(export_name = "main")]
            extern "C" fn on_a_host() -> i32 {
                let _ = || async { ::girder::program::Ending::status(#call) };
                ::girder::program::on_a_host(::core::module_path!())
            }
        };
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the attribute with these options makes of this item.
    fn expanded(options: &str, item: &str) -> String {
        let tokens = |text: &str| text.parse().expect("tokens");
        match expand(tokens(options), tokens(item)) {
            Ok(tokens) => tokens.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn the_function_stays_and_its_entry_runs_it() {
        let whole = expanded("", "async fn main() -> Result<(), Bad> { body() }");
        assert!(
            whole.starts_with("async fn main () -> Result < () , Bad > { body () }"),
            "{whole}"
        );
        let entry = "Ending :: status (main () . await)";
        assert_eq!(whole.matches(entry).count(), 2, "{whole}");
    }

    #[test]
    fn a_main_that_does_not_await_is_called() {
        let whole = expanded("", "fn main() {}");
        assert!(whole.contains("Ending :: status (main ())"), "{whole}");
    }

    #[test]
    fn a_main_may_take_its_arena() {
        let whole = expanded("", "async fn main(arena: Arena<'_>) {}");
        let entry = "Ending :: status (:: girder :: local :: with (main) . await)";
        assert_eq!(whole.matches(entry).count(), 2, "{whole}");
        let whole = expanded("", "fn main(arena: Arena<'_>) {}");
        assert!(whole.contains("local :: with_sync (main)"), "{whole}");
    }

    #[test]
    fn what_can_be_no_main_is_a_compile_error() {
        for (options, item, why) in [
            (
                "cores = 2",
                "async fn main() {}",
                "#[girder::main] takes no options",
            ),
            (
                "",
                "struct Main;",
                "#[girder::main] stands before a function",
            ),
            (
                "",
                "async fn main(x: Arena<'_>, y: u8) {}",
                "`main` takes nothing but an arena",
            ),
            (
                "",
                "async fn main<T>() {}",
                "`main` has no generic parameters",
            ),
        ] {
            assert_eq!(expanded(options, item), format!("error: {why}"));
        }
    }
}
