//! Names of processes: a word for a pid, for as long as the process lives.
//!
//! Nothing happens to a name when its process ends: a pid never comes to mean somebody else, so a name whose
//! process is gone means nobody, and the next to want it takes it over. As in Erlang a process has one name
//! at most, and a name one process.
//!
//! Whoever spawns a process with a name wants to know whether the name is free before there is a process to
//! have it. So a name can be reserved: it means nobody yet, and belongs to whoever spawns.

use alloc::vec::Vec;
use core::fmt;
use girder_lockfree::heap::make_room_in;
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
    Maker(Pid),
}

impl Holder {
    fn is_alive(self) -> bool {
        let (Self::Process(pid) | Self::Maker(pid)) = self;
        is_alive(pid)
    }
}

/// All names, in order.
#[derive(Debug, Default)]
pub struct Names(Vec<(Name, Holder)>);

impl Names {
    /// Creates a table without names.
    pub const fn new() -> Self {
        Self(Vec::new())
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
    pub fn reserve(&mut self, name: Name, maker: Pid) -> Result<(), NameError> {
        self.put(name, Holder::Maker(maker))
    }

    /// Gives a reserved name to the process that it was reserved for. The process and its maker both do this,
    /// for either may come first; the second one changes nothing.
    pub fn settle(&mut self, name: Name, maker: Pid, pid: Pid) {
        if let Ok(index) = self.position(name)
            && self.0[index].1 == Holder::Maker(maker)
        {
            self.0[index].1 = Holder::Process(pid);
        }
    }

    /// Gives a reserved name up: there will be no process.
    pub fn give_up(&mut self, name: Name, maker: Pid) {
        if let Ok(index) = self.position(name)
            && self.0[index].1 == Holder::Maker(maker)
        {
            self.0.remove(index);
        }
    }

    /// Takes a name from its process; returns who had it.
    pub fn unregister(&mut self, name: Name) -> Option<Pid> {
        let pid = self.find(name)?;
        let index = self.position(name).ok()?;
        self.0.remove(index);
        Some(pid)
    }

    /// Who has a name.
    pub fn find(&self, name: Name) -> Option<Pid> {
        let (_, holder) = *self.0.get(self.position(name).ok()?)?;
        match holder {
            Holder::Process(pid) if is_alive(pid) => Some(pid),
            _ => None,
        }
    }

    /// The name of a process.
    pub fn of(&self, pid: Pid) -> Option<Name> {
        let mut all = self.0.iter();
        let found = all.find(|(_, holder)| *holder == Holder::Process(pid))?;
        Some(found.0)
    }

    /// Where the name is, or else where it would be.
    fn position(&self, name: Name) -> Result<usize, usize> {
        self.0.binary_search_by_key(&name, |&(name, _)| name)
    }

    fn put(&mut self, name: Name, holder: Holder) -> Result<(), NameError> {
        match self.position(name) {
            Ok(index) if self.0[index].1.is_alive() => return Err(NameError::Taken),
            Ok(index) => self.0[index].1 = holder,
            Err(_) => {
                self.make_room()?;
                // Making room may have moved the others.
                let (Ok(index) | Err(index)) = self.position(name);
                self.0.insert(index, (name, holder));
            }
        }
        Ok(())
    }

    /// Sees to it that one more name fits; the names of the dead go first.
    fn make_room(&mut self) -> Result<(), NameError> {
        if self.0.len() < self.0.capacity().min(NAMES_MAX) {
            return Ok(());
        }
        self.0.retain(|(_, holder)| holder.is_alive());
        if self.0.len() >= NAMES_MAX {
            return Err(NameError::NoRoom);
        }
        match make_room_in(&mut self.0) {
            true => Ok(()),
            false => Err(NameError::NoRoom),
        }
    }
}

#[cfg(test)]
mod tests;
