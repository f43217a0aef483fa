//! Names of processes: a word for a pid, for as long as the process lives.
//!
//! Nothing happens to a name when its process ends: a pid never comes to mean somebody else, so a name whose
//! process is gone means nobody, and the next to want it takes it over. As in Erlang a process has one name
//! at most, and a name one process.
//!
//! Whoever spawns a process with a name wants to know whether the name is free before there is a process to
//! have it. So a name can be reserved: it means nobody yet, and belongs to whoever spawns.
//!
//! # Reservations
//!
//! Each has a number of its own, which the maker and the new process know and nobody else. Both settle it, for either
//! may be first to go on, and only the first finds it. In between anything may happen to the name, and the second must
//! not touch what it finds then: the name was taken away again and the same maker has reserved it for its next process,
//! or the maker was killed, and the name is somebody else's. So what counts is the number, not who reserved what.
//!
//! A reservation ends with its maker. If that is killed after it has spawned, and the new process has not run yet, whoever comes first
//! has the name: that process, or another one; then the new one has none, as if it had been taken away.

use alloc::vec::Vec;
use core::fmt;
use girder_lockfree::heap::{Source, list_bytes, make_room_in};
use girder_lockfree::process::{Pid, is_alive};

/// Bytes that a name may have.
pub const NAME_BYTES_MAX: usize = 32;
/// Names at a time. Each look-up by pid goes over all of them.
pub const NAMES_MAX: usize = 1024;

/// A process's name: some characters that can be seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Zeros behind the text, so that the order is the text's.
    bytes: [u8; NAME_BYTES_MAX],
    length: u8,
}

/// Why a process can't have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty, or has white space or control characters in it.
    Malformed,
    /// It has more than [`NAME_BYTES_MAX`] bytes.
    TooLong,
    /// Another process has it.
    Taken,
    /// The process has one already.
    HasName,
    /// There is no such process.
    NoProcess,
    /// [`NAMES_MAX`] processes have names, or there is no memory for one more.
    NoRoom,
}

impl Name {
    /// Makes a name of a text.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let is_visible = |c: char| !c.is_whitespace() && !c.is_control();
        if text.is_empty() || !text.chars().all(is_visible) {
            return Err(NameError::Malformed);
        }
        let mut bytes = [0; NAME_BYTES_MAX];
        let room = bytes.get_mut(..text.len()).ok_or(NameError::TooLong)?;
        room.copy_from_slice(text.as_bytes());
        let length = text.len() as u8;
        Ok(Self { bytes, length })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.length));
        text.and_then(|text| str::from_utf8(text).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a name is characters that can be seen"),
            Self::TooLong => write!(f, "a name has at most {NAME_BYTES_MAX} bytes"),
            Self::Taken => f.write_str("another process has this name"),
            Self::HasName => f.write_str("the process has a name already"),
            Self::NoProcess => f.write_str("there is no such process"),
            Self::NoRoom => f.write_str("no room for another name"),
        }
    }
}

impl core::error::Error for NameError {}

/// Who a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Process(Pid),
    /// Whoever spawns a process for it.
    Maker(Pid, Reservation),
}

/// Which reservation of a name it is: there is no other one like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation(u64);

impl Holder {
    fn is_alive(self) -> bool {
        let (Self::Process(pid) | Self::Maker(pid, _)) = self;
        is_alive(pid)
    }
}

/// All names.
#[derive(Debug, Default)]
pub struct Names {
    /// In the order of their texts.
    all: Vec<(Name, Holder)>,
    /// Reservations that there were.
    reservations: u64,
}

impl Names {
    /// Creates a table without names.
    pub const fn new() -> Self {
        Self {
            all: Vec::new(),
            reservations: 0,
        }
    }

    /// Gives a process a name.
    pub fn register(&mut self, name: Name, pid: Pid) -> Result<(), NameError> {
        if !is_alive(pid) {
            return Err(NameError::NoProcess);
        }
        if self.of(pid).is_some() {
            return Err(NameError::HasName);
        }
        self.put(name, Holder::Process(pid))
    }

    /// Keeps a name for the process that `maker` is about to spawn.
    pub fn reserve(&mut self, name: Name, maker: Pid) -> Result<Reservation, NameError> {
        self.reservations += 1;
        let reservation = Reservation(self.reservations);
        self.put(name, Holder::Maker(maker, reservation))?;
        Ok(reservation)
    }

    /// Gives a reserved name to the process that it was reserved for. The process and its maker both do this,
    /// for either may come first; the second one changes nothing. A process that was given another name meanwhile keeps that.
    pub fn settle(&mut self, name: Name, reservation: Reservation, pid: Pid) {
        let Some(index) = self.reserved(name, reservation) else {
            return;
        };
        match self.of(pid) {
            None => self.all[index].1 = Holder::Process(pid),
            Some(_) => _ = self.all.remove(index),
        }
    }

    /// Gives a reserved name up: there will be no process.
    pub fn give_up(&mut self, name: Name, reservation: Reservation) {
        if let Some(index) = self.reserved(name, reservation) {
            self.all.remove(index);
        }
    }

    /// Where the name is, if it is still kept by this reservation.
    fn reserved(&self, name: Name, reservation: Reservation) -> Option<usize> {
        let index = self.position(name).ok()?;
        match self.all[index].1 {
            Holder::Maker(_, of) if of == reservation => Some(index),
            _ => None,
        }
    }

    /// Takes a name from its process; returns who had it.
    pub fn unregister(&mut self, name: Name) -> Option<Pid> {
        let pid = self.find(name)?;
        let index = self.position(name).ok()?;
        self.all.remove(index);
        Some(pid)
    }

    /// Who has a name.
    pub fn find(&self, name: Name) -> Option<Pid> {
        let (_, holder) = *self.all.get(self.position(name).ok()?)?;
        match holder {
            Holder::Process(pid) if is_alive(pid) => Some(pid),
            _ => None,
        }
    }

    /// The name of a process.
    pub fn of(&self, pid: Pid) -> Option<Name> {
        let mut all = self.all.iter();
        let found = all.find(|(_, holder)| *holder == Holder::Process(pid))?;
        Some(found.0)
    }

    /// Bytes of the table, which never becomes smaller.
    pub fn bytes(&self, source: &impl Source) -> usize {
        list_bytes(&self.all, source)
    }

    /// Where the name is, or else where it would be.
    fn position(&self, name: Name) -> Result<usize, usize> {
        self.all.binary_search_by_key(&name, |&(name, _)| name)
    }

    fn put(&mut self, name: Name, holder: Holder) -> Result<(), NameError> {
        match self.position(name) {
            Ok(index) if self.all[index].1.is_alive() => return Err(NameError::Taken),
            Ok(index) => self.all[index].1 = holder,
            Err(_) => {
                self.make_room()?;
                // Making room may have moved the others.
                let (Ok(index) | Err(index)) = self.position(name);
                self.all.insert(index, (name, holder));
            }
        }
        Ok(())
    }

    /// Sees to it that one more name fits; the names of the dead go first.
    fn make_room(&mut self) -> Result<(), NameError> {
        if self.all.len() < self.all.capacity().min(NAMES_MAX) {
            return Ok(());
        }
        self.all.retain(|(_, holder)| holder.is_alive());
        if self.all.len() >= NAMES_MAX {
            return Err(NameError::NoRoom);
        }
        match make_room_in(&mut self.all) {
            true => Ok(()),
            false => Err(NameError::NoRoom),
        }
    }
}

#[cfg(test)]
mod tests;
