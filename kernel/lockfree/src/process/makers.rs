//! Who has made a process, and who that one: as far as is known without anybody paying for it.
//!
//! A process that is watched has a record of its own from its birth on (`cold`), and its makers are noted there; any other one's
//! are not known. Of a maker without a record no further ones are.

use super::header::Header;
use super::local::Kind;
use super::platform;
use super::word::Pid;
use core::ptr::NonNull;

/// So many are known.
pub const MAKERS: usize = 4;

/// The makers of a process, its own first.
pub type Makers = [Option<Pid>; MAKERS];

/// Of a process that the running code makes now.
pub(super) fn of_newborn() -> Makers {
    let mut makers = [None; MAKERS];
    let local = platform::local();
    if local.kind() != Kind::Process {
        return makers;
    }
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    let maker = unsafe { NonNull::from(local).cast::<Header>().as_ref() };
    let further = maker.makers();
    makers[0] = Some(maker.pid());
    makers[1..].copy_from_slice(&further[..MAKERS - 1]);
    makers
}

impl Header {
    /// Who has made it, as far as is known.
    pub(super) fn makers(&self) -> Makers {
        self.cold().map_or([None; MAKERS], |cold| cold.makers)
    }
}
