//! Which cores a process may run on.
//!
//! ```text
//!   header      a bit beside the level: there may be something to look up          (Local::PINNED)
//!   word        a wish: whoever has the token is to look it up again               (StateWord::bind)
//!   choice      beside the slot: generation, and which cores                       (here)
//!   masks       sets of cores, each kept once, by number                           (masks)
//! ```
//!
//! A header has no room for a set of 512 cores, and few processes want one. So a process without one costs
//! nothing: its bit is not set, and nobody looks further. The choices are made by chunks, as gates are, when the first
//! process of a chunk of slots wants one.
//!
//! # How a choice comes into force
//!
//! Anybody may choose for a process, and only the holder of its token may look: where the process is, nobody else
//! knows. So whoever chooses writes the choice, and then the wish into the state word. The holder meets that at its next
//! transition, before the process is given a core again, as it meets a suspension: then it sets the bit, or takes it
//! away, and takes the process where it may run. A process that waits is met by whoever wakes it. So:
//!
//! - once a choice has been answered, the process begins no further turn on another core, but for one that had been begun;
//! - a process that chooses for itself leaves its core at once, and goes on where it may be.
//!
//! # Who may write
//!
//! A choice has the generation of the process that it is for, in the same word, and generations only rise. So one that
//! comes late for a process that has ended writes nothing, and one of a former process means nothing to the next.
//!
//! # Orderings
//!
//! *Bind* releases the choice, by the wish, to whoever takes the wish (*TakeWish*, or *Begin*). Who was bound before finds the
//! choice by itself, perhaps a moment before the wish: *ChoiceSay* and *ChoiceSee* bring the mask along.

mod mask;
mod masks;

pub use mask::CoreMask;

use crate::atomic::{AtomicU64, Relaxed};
use crate::chunks::Chunks;
use crate::heap::Source;
use crate::order::Site;
use crate::process::here;
use crate::process::own_pid;
use crate::process::platform::{LEAVES_AT_ONCE, PreemptionOff};
use crate::process::request::{self, Request};
use crate::process::word::{GENERATION, Pid, StateWord};
use crate::process::{own, table};
use crate::scarcity::Purpose;
use core::fmt;
use masks::Masks;

/// Choices that are made at a time; few where a model has to follow each.
const CHUNK: usize = if cfg!(loom) { 2 } else { 1024 };

/// A set of cores on which a process may run, kept by the machine: made by [`Affinity::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affinity(u16);

impl Affinity {
    /// Every core.
    const ANY: Self = Self(0);
    /// One core; its number is in the rest. Else the rest is the number of a mask, and one more.
    const ONE: u16 = 1 << 15;
    const REST: u16 = Self::ONE - 1;

    /// Keeps a set of cores.
    pub fn of(mask: &CoreMask) -> Result<Self, AffinityError> {
        here::table().crew().affinities().keep(mask)
    }
}

/// Where a process may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// On every core.
    Anywhere,
    /// On this one.
    Only(usize),
    /// On these.
    Among(CoreMask),
}

/// Why a process can't have that set of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AffinityError {
    /// There is no core in it.
    Empty,
    /// None of its cores runs processes.
    Impossible,
    /// There are too many different sets of several cores already.
    TooManyMasks,
    /// There is no memory to note it.
    NoMemory,
    /// It is one of the kernel's own processes, which belongs to its core.
    Fixed,
    /// It was chosen, but there is no stack with which this process could leave its core at once: it goes at its next await.
    NoStack,
}

impl fmt::Display for AffinityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a set of cores without a core",
            Self::Impossible => "none of these cores runs processes",
            Self::TooManyMasks => "too many different sets of cores",
            Self::NoMemory => "no memory to note the cores of a process",
            Self::Fixed => "one of the kernel's own processes stays on its core",
            Self::NoStack => "no stack to go to the chosen core with before the next await",
        })
    }
}

impl core::error::Error for AffinityError {}

/// The choices of one machine.
#[derive(Debug)]
pub(in crate::process) struct Affinities {
    masks: Masks,
    choices: Chunks<AtomicU64, CHUNK>,
}

impl Affinities {
    /// Room for the choices of so many slots, among so many cores.
    pub(super) fn new(cores: usize, slots: u32) -> Self {
        Self {
            masks: Masks::new(cores),
            choices: Chunks::new(slots, Purpose::Choices, |_| AtomicU64::new(0)),
        }
    }

    /// Keeps a mask, but for cores that run no processes.
    pub(in crate::process) fn keep(&self, mask: &CoreMask) -> Result<Affinity, AffinityError> {
        if mask.is_empty() {
            return Err(AffinityError::Empty);
        }
        let cores = self.masks.cores();
        let possible = mask.below(cores);
        match possible.count() {
            0 => Err(AffinityError::Impossible),
            count if count == cores => Ok(Affinity::ANY),
            1 => {
                let only = possible.iter().next().unwrap_or(0);
                Ok(Affinity(Affinity::ONE | only as u16))
            }
            _ => {
                let number = self.masks.intern(&possible);
                let number = number.ok_or(AffinityError::TooManyMasks)?;
                Ok(Affinity(number + 1))
            }
        }
    }

    /// The cores of a choice; `None` for all.
    fn mask_of(&self, Affinity(choice): Affinity) -> Option<CoreMask> {
        let rest = choice & Affinity::REST;
        match choice & Affinity::ONE {
            0 => Some(self.masks.mask(rest.checked_sub(1)?)),
            _ => Some(CoreMask::only(usize::from(rest))),
        }
    }

    /// True if there is room for the choice of the process in this slot.
    pub(in crate::process) fn has_room(&self, index: u32) -> bool {
        self.choices.at(index).is_some()
    }

    /// Makes that room.
    pub(in crate::process) fn make(&self, index: u32) -> Option<()> {
        self.choices.make(index)
    }

    /// Bytes of the room that was made, which is never taken away.
    pub(super) fn bytes(&self, source: &impl Source) -> usize {
        self.choices.bytes(source)
    }

    /// Notes a choice for a process, unless a later one has its slot.
    pub(in crate::process) fn choose(
        &self,
        pid: Pid,
        Affinity(choice): Affinity,
    ) -> Result<(), AffinityError> {
        if !self.has_room(pid.index()) {
            if choice == Affinity::ANY.0 {
                return Ok(()); // nothing else was ever chosen
            }
            self.make(pid.index()).ok_or(AffinityError::NoMemory)?;
        }
        let word = self
            .choices
            .at(pid.index())
            .ok_or(AffinityError::NoMemory)?;
        let new = pid.generation() | u64::from(choice);
        // As it is where nobody has chosen before; else the first step tells.
        let mut before = 0;
        loop {
            if before & GENERATION > pid.generation() {
                return Ok(()); // it has ended long ago
            }
            let ordering = Site::ChoiceSay.ordering();
            match word.compare_exchange_weak(before, new, ordering, Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => before = now,
            }
        }
    }

    /// What was chosen for a process, if anything was.
    pub(in crate::process) fn chosen(&self, pid: Pid) -> Option<Affinity> {
        let word = self
            .choices
            .at(pid.index())?
            .load(Site::ChoiceSee.ordering());
        (word & GENERATION == pid.generation()).then_some(Affinity(word as u16))
    }

    /// Where a process may run, if that was ever chosen.
    #[inline]
    pub(super) fn where_of(&self, pid: Pid) -> Option<Where> {
        let chosen = self.chosen(pid)?;
        let rest = chosen.0 & Affinity::REST;
        Some(match chosen.0 & Affinity::ONE {
            0 => match self.mask_of(chosen) {
                Some(mask) => Where::Among(mask),
                None => Where::Anywhere,
            },
            _ => Where::Only(usize::from(rest)),
        })
    }

    /// True if the running process is on another core than those of this choice of its own, and nobody has chosen since.
    fn is_elsewhere(&self, pid: Pid, choice: Affinity) -> bool {
        let stays = PreemptionOff::new();
        let mask = self.mask_of(choice).zip(stays.here().seat());
        let is_outside = mask.is_some_and(|(mask, seat)| !mask.contains(seat));
        is_outside && self.chosen(pid) == Some(choice)
    }

    /// The cores of a process; `None` for all.
    fn cores_of(&self, pid: Pid) -> Option<CoreMask> {
        self.mask_of(self.chosen(pid)?)
    }
}

impl Affinity {
    /// True if every core is in it.
    pub(in crate::process) fn is_any(self) -> bool {
        self == Self::ANY
    }
}

/// Lets a process run on these cores only, from its next turn on; wherever it is and whatever it does. A process that
/// chooses for itself is on one of them when this returns, or is told that there is no stack for that.
pub fn set_affinity(pid: Pid, mask: &CoreMask) -> Result<Request, AffinityError> {
    let affinities = here::table().crew().affinities();
    let choice = affinities.keep(mask)?;
    if !table::is_alive(pid) {
        return Ok(Request::Ignored);
    }
    if own::is_kernels_own(pid) {
        return Err(AffinityError::Fixed);
    }
    affinities.choose(pid, choice)?;
    let outcome = request::request(pid, StateWord::bind);
    let has_to_leave = LEAVES_AT_ONCE && own_pid() == Some(pid);
    if has_to_leave && affinities.is_elsewhere(pid, choice) {
        return Err(AffinityError::NoStack);
    }
    Ok(outcome)
}

/// The cores that a process may run on; `None` if there is no such process.
pub fn get_affinity(pid: Pid) -> Option<CoreMask> {
    let crew = here::table().crew();
    let chosen = crew.affinities().cores_of(pid);
    let all = || CoreMask::all().below(crew.affinities().masks.cores());
    table::is_alive(pid).then(|| chosen.unwrap_or_else(all))
}

/// How many cores run processes; they are numbered from 0.
pub fn cores() -> usize {
    here::table().crew().count().max(1)
}

/// The number of the core that this is asked on; the next moment it may be another one, unless the process may only
/// run on one.
pub fn own_core() -> usize {
    PreemptionOff::new().here().seat().unwrap_or(0)
}

#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(all(test, loom))]
pub(crate) mod stories;
