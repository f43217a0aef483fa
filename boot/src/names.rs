//! The names of processes, for all cores: one table behind the kernel's lock.
//!
//! The table may grow, so the heap's lock is taken inside this one and never the other way round.

use crate::heap::Memory;
use girder_aarch64::lock::Lock;
use girder_core::info::Info;
use girder_core::names::{Name, NameError, Names, Reservation};
use girder_lockfree::process::Pid;

static NAMES: Lock<Names> = Lock::new(Names::new());

/// Gives a process a name.
pub fn register(name: Name, pid: Pid) -> Result<(), NameError> {
    NAMES.lock().register(name, pid)
}

/// Takes a name from its process; returns who had it.
pub fn unregister(name: Name) -> Option<Pid> {
    NAMES.lock().unregister(name)
}

/// Bytes of the table.
pub(crate) fn bytes() -> usize {
    NAMES.lock().bytes(&Memory)
}

/// Who has a name.
pub fn whereis(name: Name) -> Option<Pid> {
    NAMES.lock().find(name)
}

/// Keeps a name for the process that `maker` is about to spawn.
pub fn reserve(name: Name, maker: Pid) -> Result<Reservation, NameError> {
    NAMES.lock().reserve(name, maker)
}

/// Gives a reserved name to the process that it was reserved for.
pub fn settle(name: Name, reservation: Reservation, pid: Pid) {
    NAMES.lock().settle(name, reservation, pid);
}

/// Gives a reserved name up.
pub fn give_up(name: Name, reservation: Reservation) {
    NAMES.lock().give_up(name, reservation);
}

/// The name of a process.
pub(crate) fn name_of(pid: Pid) -> Option<Name> {
    NAMES.lock().of(pid)
}

/// What is to be told of all processes, one after the other.
pub(crate) fn infos() -> impl Iterator<Item = Info> {
    Info::of_all(|pid| NAMES.lock().of(pid))
}

/// What is to be told of a process, if `pid` names one.
pub fn info(pid: Pid) -> Option<Info> {
    Info::of(pid, |pid| NAMES.lock().of(pid))
}
