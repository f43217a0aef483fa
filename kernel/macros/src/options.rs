//! The options in the parentheses of `#[girder::test(…)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use std::num::NonZeroU32;
use syn::meta::{self, ParseNestedMeta};
use syn::parse::Parser;
use syn::{Error, LitInt, LitStr, Result};

/// Options as given; what is missing has the default of `Test::new`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) ignored: Option<LitStr>,
    pub(crate) limit_ms: Option<LitInt>,
    pub(crate) cores: Option<LitInt>,
    pub(crate) schedulers: Option<LitInt>,
    pub(crate) alone: Option<LitStr>,
    pub(crate) pinned: Option<LitStr>,
    pub(crate) last: Option<LitStr>,
    pub(crate) long: Option<LitStr>,
    expect: Option<LitStr>,
    panic_message: Option<LitStr>,
    leaves: Option<LitStr>,
}

/// Mirrors `girder::check::Expect`.
pub(crate) enum Expect {
    Success,
    Panic(Option<LitStr>),
    Fault,
    Timeout,
    Leak(LitStr),
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        meta::parser(|option| options.take(&option)).parse2(tokens)?;
        Ok(options)
    }

    fn take(&mut self, option: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(name) = option.path.get_ident() else {
            return Err(option.error("unknown option"));
        };
        match name.to_string().as_str() {
            "ignored" => set(&mut self.ignored, option, |option| reason(option, "ignored")),
            "alone" => set(&mut self.alone, option, |option| reason(option, "alone")),
            "pinned" => set(&mut self.pinned, option, |option| reason(option, "pinned")),
            "last" => set(&mut self.last, option, |option| reason(option, "last")),
            "long" => set(&mut self.long, option, |option| reason(option, "long")),
            "expect" => set(&mut self.expect, option, text),
            "panic_message" => set(&mut self.panic_message, option, text),
            "leaves" => set(&mut self.leaves, option, text),
            "limit_ms" => set(&mut self.limit_ms, option, positive),
            "cores" => set(&mut self.cores, option, positive),
            "schedulers" => set(&mut self.schedulers, option, positive),
            _ => Err(option.error(
                "unknown option; there are ignored, expect, panic_message, leaves, limit_ms, cores, schedulers, alone, pinned, last and long",
            )),
        }
    }

    /// How the test has to end; a message alone means a panic. Whoever is to leave something returns.
    pub(crate) fn expect(&self) -> Result<Expect> {
        let message = self.panic_message.clone();
        if let Some(leaves) = &self.leaves {
            return match (&self.expect, message) {
                (None, None) => Ok(Expect::Leak(leaves.clone())),
                _ => Err(Error::new_spanned(
                    leaves,
                    "a test that leaves something returns",
                )),
            };
        }
        let Some(word) = &self.expect else {
            return Ok(match message {
                None => Expect::Success,
                message => Expect::Panic(message),
            });
        };
        match (word.value().as_str(), message) {
            ("panic", message) => Ok(Expect::Panic(message)),
            ("fault", None) => Ok(Expect::Fault),
            ("fault", Some(message)) => Err(Error::new_spanned(message, "a fault has no message")),
            ("timeout", None) => Ok(Expect::Timeout),
            ("timeout", Some(message)) => {
                Err(Error::new_spanned(message, "a timeout has no message"))
            }
            _ => Err(Error::new_spanned(
                word,
                r#"expect is "panic", "fault" or "timeout""#,
            )),
        }
    }
}

fn set<T>(
    field: &mut Option<T>,
    option: &ParseNestedMeta<'_>,
    read: fn(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if field.is_some() {
        return Err(option.error("this option is given twice"));
    }
    *field = Some(read(option)?);
    Ok(())
}

fn text(option: &ParseNestedMeta<'_>) -> Result<LitStr> {
    option.value()?.parse()
}

fn reason(option: &ParseNestedMeta<'_>, name: &str) -> Result<LitStr> {
    let say_why = || option.error(format!(r#"say why: {name} = "reason""#));
    let reason = text(option).map_err(|_| say_why())?;
    if reason.value().trim().is_empty() {
        return Err(say_why());
    }
    Ok(reason)
}

fn positive(option: &ParseNestedMeta<'_>) -> Result<LitInt> {
    let number: LitInt = option.value()?.parse()?;
    match number.base10_parse::<NonZeroU32>() {
        Ok(_) => Ok(number),
        Err(_) => Err(Error::new_spanned(number, "a number from 1 to 4294967295")),
    }
}

impl ToTokens for Expect {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Success => quote!(::girder::check::Expect::Success),
            Self::Fault => quote!(::girder::check::Expect::Fault),
            Self::Timeout => quote!(::girder::check::Expect::Timeout),
            Self::Leak(words) => quote!(::girder::check::Expect::Leak(#words)),
            Self::Panic(None) => {
                quote!(::girder::check::Expect::Panic(::core::option::Option::None))
            }
            Self::Panic(Some(message)) => {
                quote!(::girder::check::Expect::Panic(::core::option::Option::Some(#message)))
            }
        });
    }
}
