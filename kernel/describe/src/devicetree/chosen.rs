//! What the boot loader tells in `/chosen`.

use alloc::string::String;

use super::limits;
use super::tree::Tree;
use crate::error::TreeError;
use crate::range::Range;

/// Returns the boot arguments; empty if there are none.
pub(super) fn bootargs(tree: &Tree<'_>) -> Result<String, TreeError> {
    match tree.by_path(b"/chosen") {
        Some(chosen) => chosen.text_within("bootargs", limits::BOOTARGS),
        None => Ok(String::new()),
    }
}

/// Returns where the initial RAM disk lies, unless there is none or it is empty.
pub(super) fn initrd(tree: &Tree<'_>) -> Result<Option<Range>, TreeError> {
    let Some(chosen) = tree.by_path(b"/chosen") else {
        return Ok(None);
    };
    let start = chosen.number("linux,initrd-start")?;
    match start.zip(chosen.number("linux,initrd-end")?) {
        Some((start, end)) if end < start => Err(TreeError::InitrdInverted { start, end }),
        Some((start, end)) if end > start => Range::new(start, end - start).map(Some),
        _ => Ok(None),
    }
}
