//! Names of processes.

use crate::machine;
use girder_core::names::{Name, NameError};
use girder_lockfree::process::Pid;

/// Gives a process a name, by which others find it: any characters that can be seen, at most
/// [`NAME_BYTES_MAX`](crate::NAME_BYTES_MAX) bytes of them.
///
/// The name means this process until it is unregistered or the process ends, however it ends. A process has
/// one name at most.
///
/// ```no_run
/// # fn example(pid: girder::Pid, other: girder::Pid) {
/// use girder::{NameError, register};
///
/// assert_eq!(register("clock", pid), Ok(()));
/// assert_eq!(register("clock", other), Err(NameError::Taken));
/// assert_eq!(register("two words", other), Err(NameError::Malformed));
/// # }
/// ```
pub fn register(name: &str, pid: Pid) -> Result<(), NameError> {
    machine::names::register(Name::new(name)?, pid)
}

/// Takes a name from its process; returns who had it.
pub fn unregister(name: &str) -> Option<Pid> {
    machine::names::unregister(Name::new(name).ok()?)
}

/// Finds the process of this name.
pub fn whereis(name: &str) -> Option<Pid> {
    machine::names::whereis(Name::new(name).ok()?)
}
