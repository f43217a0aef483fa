//! Why there is no new process.

use core::fmt;
use girder_core::mail::BoundError;
use girder_core::names::NameError;
use girder_lockfree::process::{AffinityError, NoProcess};

/// Why there is no new process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// There is no room for one.
    NoProcess,
    /// It can't have that name.
    Name(NameError),
    /// Its mailbox can't have that limit.
    Mailbox(BoundError),
    /// [`Priority::Max`](crate::Priority::Max) is for the kernel's own.
    Priority,
    /// It would be over its limit from its birth on: see [`Options::max_heap`](crate::Options::max_heap).
    MaxHeap {
        /// What it was to have at most, in bytes.
        bytes: usize,
        /// What it takes at its birth: itself, and a stack.
        least: usize,
    },
    /// It can't run on those cores.
    Affinity(AffinityError),
}

impl From<NoProcess> for SpawnError {
    fn from(NoProcess: NoProcess) -> Self {
        Self::NoProcess
    }
}

impl From<NameError> for SpawnError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<BoundError> for SpawnError {
    fn from(error: BoundError) -> Self {
        Self::Mailbox(error)
    }
}

impl From<AffinityError> for SpawnError {
    fn from(error: AffinityError) -> Self {
        Self::Affinity(error)
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProcess => f.write_str("no room for a process"),
            Self::Name(error) => fmt::Display::fmt(error, f),
            Self::Mailbox(error) => fmt::Display::fmt(error, f),
            Self::Priority => f.write_str("a priority for the kernel's own"),
            Self::MaxHeap { bytes, least } => write!(
                f,
                "a process with {bytes} bytes of memory at most, that takes {least} with its stack"
            ),
            Self::Affinity(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for SpawnError {}
