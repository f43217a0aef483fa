//! A look at processes.

use crate::machine;
use girder_core::info::Info;
use girder_lockfree::process::Pid;

/// Tells what a process is and does; nothing if it is gone.
///
/// ```no_run
/// # fn example() {
/// for info in girder::processes().filter_map(girder::info) {
///     girder::println!("{info}");
/// }
/// # }
/// ```
pub fn info(pid: Pid) -> Option<Info> {
    machine::names::info(pid)
}
