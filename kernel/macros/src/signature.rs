//! What a function that the kernel calls can't be.

use quote::ToTokens;
use syn::{Error, Result, Safety, Signature};

/// What it may be given.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    /// The arena of its process, if it wants it.
    Arena,
}

/// Refuses it at the word that is wrong; `what` is the function to whoever reads the message.
pub(crate) fn check(signature: &Signature, what: &str, takes: Takes) -> Result<()> {
    let refuse = |tokens: &dyn ToTokens, why: &str| {
        Err(Error::new_spanned(
            tokens.to_token_stream(),
            format_args!("{what} {why}"),
        ))
    };
    if let Safety::Unsafe(word) = &signature.safety {
        return refuse(word, "is not unsafe: the kernel can't keep its promises");
    }
    if let Some(word) = &signature.abi {
        return refuse(word, "has Rust's own calling convention");
    }
    if let Some(generics) = signature.generics.params.first() {
        return refuse(generics, "has no generic parameters");
    }
    if let Some(clause) = &signature.generics.where_clause {
        return refuse(clause, "has no generic parameters");
    }
    let (arguments, why) = match takes {
        Takes::Nothing => (0, "takes no arguments"),
        Takes::Arena => (1, "takes nothing but an arena"),
    };
    match signature.inputs.get(arguments) {
        Some(argument) => refuse(argument, why),
        None => Ok(()),
    }
}
