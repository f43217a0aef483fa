//! The longest time that the core could not be interrupted, as it has measured itself.

use super::report;
use girder_aarch64::core_block::CoreBlock;

/// Over everything since the core's loop began.
pub(super) async fn run() {
    let longest = CoreBlock::with_current(|core| core.longest_masked());
    report("masked_max", 1, longest);
}
