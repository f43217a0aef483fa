//! What is kept of a process that has panicked or faulted, besides its reason: where it stood, and who had made it.
//!
//! Its stack is as it was only until a new loop begins at the top of it (`death`). So the way back to its first function is walked
//! before: by the process itself when it has panicked, by the handler when it has faulted. What is found stands in the core's
//! block until the new loop hands it on to [whoever keeps it](keep_with), a few steps later on the same core: from the note on nothing takes
//! the process, or the loop, from there.
//!
//! A service that crashes a million times a second is to do so at full speed, and not to be all that there is to read. So only
//! [so many](A_SECOND) a second are walked and handed on. The others are counted, and the next one tells how many they were.

use crate::backtrace::Backtrace;
use crate::core_block::CoreBlock;
use crate::relax::Once;
use crate::timer;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use girder_lockfree::Rate;
use girder_lockfree::process::{ExitReason, Finished, Makers, Pid};

/// Deaths that are told of in a second, of all cores together.
pub const A_SECOND: u32 = 10;
/// Calls that are kept, the innermost ones.
pub const DEPTH: usize = 16;

/// A process's death.
#[derive(Debug)]
pub struct Death<'a> {
    /// Who it was.
    pub pid: Pid,
    /// Who had made it.
    pub makers: Makers,
    /// On which core it was.
    pub core: u32,
    /// By the clock, in nanoseconds.
    pub at: u64,
    /// Why.
    pub reason: &'a ExitReason,
    /// True if somebody watches, who is told.
    pub is_watched: bool,
    /// The instructions that it stood at: where it stopped, then the calls that led there.
    pub stood_at: &'a [u64],
    /// Deaths before that nobody was told of.
    pub silenced: u64,
}

/// Who keeps what is left. Called by a core's loop.
type Keeper = fn(&Death<'_>);

static KEEPER: Once<Keeper> = Once::new();
static RATE: Rate = Rate::new();

/// Says who is told of deaths; of those before, nobody is.
pub fn keep_with(keeper: Keeper) {
    KEEPER.call_once(|| keeper);
}

/// Where a process stood, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    addresses: [u64; DEPTH],
    length: usize,
    silenced: u64,
}

impl Place {
    /// Of code whose calls begin at this frame pointer; nothing if enough was told in this second.
    pub(crate) fn of_caller(frame_pointer: u64) -> Option<Self> {
        Self::begin()?.with_callers(frame_pointer)
    }

    /// The same for code that was stopped at an instruction.
    pub(crate) fn stopped_at(program_counter: u64, frame_pointer: u64) -> Option<Self> {
        let mut place = Self::begin()?;
        place.push(program_counter);
        place.with_callers(frame_pointer)
    }

    fn begin() -> Option<Self> {
        const NANOS: u64 = 1_000_000_000;
        KEEPER.get()?;
        let silenced = RATE.admits((timer::nanos() / NANOS) as u32, A_SECOND)?;
        Some(Self {
            addresses: [0; DEPTH],
            length: 0,
            silenced,
        })
    }

    /// Where a call comes back to, the call itself counts: it may be the last instruction of its function.
    fn with_callers(mut self, frame_pointer: u64) -> Option<Self> {
        const CALL: u64 = 4;
        let room = DEPTH - self.length;
        for address in Backtrace::from_frame_pointer(frame_pointer).take(room) {
            self.push(address.saturating_sub(CALL));
        }
        Some(self)
    }

    fn push(&mut self, address: u64) {
        if let Some(place) = self.addresses.get_mut(self.length) {
            *place = address;
            self.length += 1;
        }
    }
}

/// A core's note of who is dying on it.
pub(crate) struct Note {
    addresses: [AtomicU64; DEPTH],
    /// One more than there are addresses; 0 if nobody is to be told.
    length: AtomicUsize,
    silenced: AtomicU64,
}

impl Note {
    pub(crate) const fn new() -> Self {
        Self {
            addresses: [const { AtomicU64::new(0) }; DEPTH],
            length: AtomicUsize::new(0),
            silenced: AtomicU64::new(0),
        }
    }

    /// Notes where the process that dies on this core stood; the core itself does, where it can't be left.
    pub(crate) fn write(&self, place: Option<&Place>) {
        let Some(place) = place else {
            return self.length.store(0, Relaxed);
        };
        for (to, from) in self.addresses.iter().zip(&place.addresses[..place.length]) {
            to.store(*from, Relaxed);
        }
        self.silenced.store(place.silenced, Relaxed);
        self.length.store(place.length + 1, Relaxed);
    }

    /// Takes it.
    fn take(&self) -> Option<Place> {
        let length = self.length.swap(0, Relaxed).checked_sub(1)?;
        Some(Place {
            addresses: core::array::from_fn(|index| self.addresses[index].load(Relaxed)),
            length,
            silenced: self.silenced.load(Relaxed),
        })
    }
}

/// Called by the new loop, with the reason before it is handed on: what is to be told, if anything is.
pub(crate) fn begin(core: &CoreBlock, reason: &ExitReason) -> Option<(Place, ExitReason)> {
    Some((core.note.take()?, reason.clone()))
}

/// Called by the new loop: tells it.
#[cold]
#[inline(never)]
pub(crate) fn end(
    core: &CoreBlock,
    (place, reason): (Place, ExitReason),
    finished: &Finished,
    is_watched: bool,
) {
    let Some(keep) = KEEPER.get() else { return };
    keep(&Death {
        pid: finished.pid(),
        makers: finished.makers(),
        core: core.index(),
        at: timer::nanos(),
        reason: &reason,
        is_watched,
        stood_at: &place.addresses[..place.length],
        silenced: place.silenced,
    });
}
