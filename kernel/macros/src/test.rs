//! `#[girder::test]`: the function, and beside it its entry in the image's section of tests.
//!
//! The entry is a static in the section `girder_tests`, a C identifier, so that the linker names
//! the section's borders. `#[used]` carries it through the compiler, `KEEP` in the linker script
//! through the linker.

use crate::options::Options;
use crate::signature::{Takes, check};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result, Signature};

/// The function as it was, and its entry.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)
        .map_err(|error| Error::new(error.span(), "#[girder::test] stands before a function"))?;
    check(&function.sig, "a test", Takes::Nothing)?;
    refuse_result(&function.sig)?;
    let entry = entry(&Options::parse(options)?, &function.sig)?;
    Ok(quote! {
        #[cfg_attr(not(target_os = "none"), allow(dead_code))]
        #function

        #[cfg(target_os = "none")]
        const _: () = {
            #[used]
            #[unsafe(link_section = "girder_tests")]
            static TEST: ::girder::check::Test = #entry;
        };
    })
}

/// A test says how it went by panicking or not.
fn refuse_result(signature: &Signature) -> Result<()> {
    match &signature.output {
        syn::ReturnType::Default => Ok(()),
        syn::ReturnType::Type(_, output) => Err(Error::new_spanned(
            output,
            "a test returns nothing; it fails by panicking",
        )),
    }
}

fn entry(options: &Options, signature: &Signature) -> Result<TokenStream> {
    let name = &signature.ident;
    let ignored = options
        .ignored
        .as_ref()
        .map(|reason| quote!(ignored: ::core::option::Option::Some(#reason),));
    let alone = options
        .alone
        .as_ref()
        .map(|reason| quote!(alone: ::core::option::Option::Some(#reason),));
    let pinned = options
        .pinned
        .as_ref()
        .map(|reason| quote!(pinned: ::core::option::Option::Some(#reason),));
    let last = options
        .last
        .as_ref()
        .map(|reason| quote!(last: ::core::option::Option::Some(#reason),));
    let long = options
        .long
        .as_ref()
        .map(|reason| quote!(long: ::core::option::Option::Some(#reason),));
    let limit = options
        .limit_ms
        .as_ref()
        .map(|limit| quote!(limit_ms: ::core::option::Option::Some(#limit),));
    let cores = options.cores.as_ref().map(|cores| quote!(cores: #cores,));
    let schedulers = options
        .schedulers
        .as_ref()
        .map(|count| quote!(schedulers: #count,));
    let expect = options.expect()?;
    let (new, body) = match signature.asyncness {
        None => (quote!(new), quote!(#name)),
        Some(_) => (
            quote!(asynchronous),
            quote!(|| ::girder::check::boxed(#name())),
        ),
    };
    Ok(quote! {
        ::girder::check::Test {
            #ignored
            #limit
            #cores
            #schedulers
            #alone
            #pinned
            #last
            #long
            expect: #expect,
            ..::girder::check::Test::#new(
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                #body,
            )
        }
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

    fn entry_for(options: &str) -> String {
        let whole = expanded(options, "fn works() {}");
        let Some((_, entry)) = whole.split_once("Test = ") else {
            return whole;
        };
        entry
            .replace(":: core :: option :: Option :: ", "")
            .replace(":: girder :: check :: ", "")
    }

    #[test]
    fn function_stays_and_its_entry_lies_in_the_section() {
        let expected = quote! {
            #[cfg_attr(not(target_os = "none"), allow(dead_code))]
            #[inline(never)]
            pub(crate) fn works() { body() }

            #[cfg(target_os = "none")]
            const _: () = {
                #[used]
                #[unsafe(link_section = "girder_tests")]
                static TEST: ::girder::check::Test = ::girder::check::Test {
                    expect: ::girder::check::Expect::Success,
                    ..::girder::check::Test::new(
                        ::core::concat!(::core::module_path!(), "::", ::core::stringify!(works)),
                        works,
                    )
                };
            };
        };
        let item = "#[inline(never)] pub(crate) fn works() { body() }";
        assert_eq!(expanded("", item), expected.to_string());
    }

    #[test]
    fn a_test_that_awaits_is_made_by_a_function_of_its_own() {
        let whole = expanded("", "async fn waits() {}");
        let body = "waits)) , || :: girder :: check :: boxed (waits ()) ,";
        assert!(
            whole.contains("Test :: asynchronous (") && whole.contains(body),
            "{whole}"
        );
    }

    #[test]
    fn each_option_reaches_the_entry() {
        for (options, part) in [
            (
                r#"ignored = "no such device""#,
                r#"ignored : Some ("no such device") ,"#,
            ),
            ("limit_ms = 500", "limit_ms : Some (500) ,"),
            ("cores = 0x2,", "cores : 0x2 ,"),
            (r#"expect = "panic""#, "expect : Expect :: Panic (None) ,"),
            (r#"expect = "fault""#, "expect : Expect :: Fault ,"),
            (
                r#"expect = "timeout", limit_ms = 50"#,
                "limit_ms : Some (50) , expect : Expect :: Timeout ,",
            ),
            (
                r#"leaves = "+1 envelopes""#,
                r#"expect : Expect :: Leak ("+1 envelopes") ,"#,
            ),
            (
                r#"panic_message = "no""#,
                r#"expect : Expect :: Panic (Some ("no")) ,"#,
            ),
            (
                r#"expect = "panic", panic_message = "no""#,
                r#"expect : Expect :: Panic (Some ("no")) ,"#,
            ),
        ] {
            let entry = entry_for(options);
            assert!(entry.contains(part), "{options}: {entry}");
        }
    }

    #[test]
    fn wrong_options_are_compile_errors() {
        const NUMBER: &str = "a number from 1 to 4294967295";
        const WHY: &str = r#"say why: ignored = "reason""#;
        for (options, why) in [
            ("ignored", WHY),
            (r#"ignored = "  ""#, WHY),
            ("ignored = 3", WHY),
            ("cores = 0", NUMBER),
            ("limit_ms = 4294967296", NUMBER),
            ("cores = 1, cores = 2", "this option is given twice"),
            (
                r#"expect = "success""#,
                r#"expect is "panic", "fault" or "timeout""#,
            ),
            (
                r#"expect = "fault", panic_message = "x""#,
                "a fault has no message",
            ),
            (
                r#"panic_message = "x", expect = "timeout""#,
                "a timeout has no message",
            ),
            (
                r#"leaves = "x", expect = "timeout""#,
                "a test that leaves something returns",
            ),
            (
                "core = 1",
                "unknown option; there are ignored, expect, panic_message, leaves, limit_ms, cores, schedulers, alone, pinned, last and long",
            ),
            ("a::b = 1", "unknown option"),
            ("limit_ms = \"1\"", "expected integer literal"),
        ] {
            assert_eq!(entry_for(options), format!("error: {why}"), "{options}");
        }
    }

    #[test]
    fn functions_that_are_no_tests_are_compile_errors() {
        for (item, why) in [
            (
                "unsafe fn f() {}",
                "a test is not unsafe: the kernel can't keep its promises",
            ),
            (
                "extern \"C\" fn f() {}",
                "a test has Rust's own calling convention",
            ),
            ("fn f<T>() {}", "a test has no generic parameters"),
            (
                "fn f() where u8: Copy {}",
                "a test has no generic parameters",
            ),
            ("fn f(x: u8) {}", "a test takes no arguments"),
            (
                "fn f() -> u8 { 0 }",
                "a test returns nothing; it fails by panicking",
            ),
            ("struct S;", "#[girder::test] stands before a function"),
        ] {
            assert_eq!(expanded("", item), format!("error: {why}"), "{item}");
        }
    }
}
