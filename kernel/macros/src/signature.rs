//! What a function that the kernel calls can't be.

use quote::ToTokens;
use syn::{Error, Result, Safety, Signature};

/// Refuses it at the word that is wrong; `what` is the function to whoever reads the message.
pub(crate) fn check(signature: &Signature, what: &str) -> Result<()> {
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
    if let Some(argument) = signature.inputs.first() {
        return refuse(argument, "takes no arguments");
    }
    Ok(())
}
