//! Making processes, and what becomes of their homes.
//!
//! A core keeps the homes of processes that have ended here: see `pool`. A new process takes one of them if
//! one of its size is there; otherwise memory comes from the heap, and a slot from wherever one is left: see `afresh`.

use super::cold::ColdBox;
use super::crew::affinity::Affinity;
use super::header::{Header, Operations, Process};
use super::here::{table, with_desk, with_own_desk};
use super::in_loop::InLoop;
use super::local::Local;
use super::platform::{self, PreemptionOff, make_room};
use super::pool::Home;
use super::ties::{Bond, Maker, MonitorRef, Ready};
use super::watch::{self, Watch};
use super::word::Pid;
use crate::mail::{Bound, COUNTED, Gate};
use crate::scarcity::{Purpose, may_take};
use core::ptr::NonNull;

mod afresh;

use afresh::Birth;

/// Makes a process in a home that another one has left on this core, and leaves it. Without such a
/// home the future comes back.
#[inline(always)]
pub(crate) fn bear<F: Future<Output = ()> + 'static>(future: F, level: u8) -> Result<Pid, F> {
    with_own_desk(|here, local, desk| {
        let Some(home) = desk.pools.take(Process::<F>::operations().class) else {
            return Err(future);
        };
        let (pid, token) = home.settle(future, level, here);
        desk.newborn.add(token, level);
        here.load_newborn(local);
        Ok(pid)
    })
}

/// The same in a home that others have left for this core, or a new one. Without memory for one the future comes back.
#[cold]
#[inline(never)]
pub(crate) fn bear_afresh<F: Future<Output = ()> + 'static>(
    future: F,
    level: u8,
) -> Result<Pid, F> {
    let stays = PreemptionOff::new();
    let Some((home, operations)) = Birth::of::<F>(level).fresh_home(&stays) else {
        return Err(future);
    };
    Ok(with_own_desk(|here, local, desk| {
        let (pid, token) = home.prepare(future, operations, level, here, None);
        token.header().slot.word.occupy(pid);
        desk.newborn.add(token, level);
        here.load_newborn(local);
        pid
    }))
}

/// Bytes of a home for a process of this kind.
pub(super) fn bytes_of(operations: &Operations) -> usize {
    operations.class.block(operations.layout).size()
}

/// How a process is born that is not born by a short way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wants {
    /// Somebody watches it.
    pub(crate) is_watched: bool,
    /// Its mailbox has this limit.
    pub(crate) bound: Option<Bound>,
    /// It runs on these cores only.
    pub(crate) affinity: Option<Affinity>,
    /// It is tied to its maker.
    pub(super) bond: Option<Bond>,
}

/// Who was born, and what its maker has of it.
pub(super) struct Born {
    pub(super) pid: Pid,
    pub(super) watch: Option<Watch>,
    pub(super) monitor: Option<MonitorRef>,
}

impl Wants {
    /// It runs on these cores only; perhaps its mailbox has a limit.
    pub(super) fn on(affinity: Affinity, bound: Option<Bound>) -> Self {
        Self {
            bound,
            affinity: Some(affinity),
            ..Self::default()
        }
    }

    /// It is tied to its maker, and so on.
    pub(super) fn tied(bond: Bond, bound: Option<Bound>, affinity: Option<Affinity>) -> Self {
        Self {
            is_watched: false,
            bound,
            affinity,
            bond: Some(bond),
        }
    }

    /// The cores that it runs on, if those are not all.
    fn chosen(self) -> Option<Affinity> {
        self.affinity.filter(|chosen| !chosen.is_any())
    }
}

/// What a process is made of besides its future. In nobody's list, it would be lost with whoever is killed while it has
/// this in hand; so preemption is off for as long.
struct InHand {
    home: Home,
    operations: &'static Operations,
    gate: Option<&'static Gate>,
    cold: Option<ColdBox>,
    watch: Option<Watch>,
    tie: Option<Ready>,
    stays: PreemptionOff,
}

/// What is missing.
enum Missing {
    Memory,
    /// The gate of the slot of this index.
    Gate(u32),
    /// Room for a choice of cores, beside that slot.
    Choice(u32),
}

/// Makes a process by the long way, and leaves it.
#[cold]
#[inline(never)]
pub(crate) fn bear_at_length<F: Future<Output = ()> + 'static>(
    future: F,
    level: u8,
    wants: Wants,
) -> Option<Born> {
    let InHand {
        home,
        operations,
        gate,
        cold,
        watch,
        tie,
        stays,
    } = InHand::gather(Birth::of::<F>(level), wants)?;
    let chosen = wants.chosen();
    let level = match chosen {
        None => level,
        Some(_) => level | Local::PINNED,
    };
    let is_tied = tie.is_some();
    let monitor = tie.and_then(|tie| tie.tie(home.slot.word.next_pid(home.index)));
    let pid = with_own_desk(|here, local, desk| {
        let (pid, token) = home.prepare(future, operations, level, here, cold);
        if is_tied {
            token.local().mailbox.tie(here.table().slabs());
        }
        if let Some(chosen) = chosen {
            let noted = here.table().crew().affinities().choose(pid, chosen);
            debug_assert!(noted.is_ok(), "there was room, and nobody else's process");
        }
        match gate {
            None => token.header().slot.word.occupy(pid),
            Some(gate) => {
                gate.open(pid, wants.bound);
                token.local().set_special(COUNTED);
                token.header().slot.word.occupy_gated(pid);
            }
        }
        desk.newborn.add(token, level);
        here.load_newborn(local);
        pid
    });
    drop(stays);
    Some(Born {
        pid,
        watch,
        monitor,
    })
}

impl InHand {
    /// Gets all of it; once more, if something was kept that could be done without.
    fn gather(birth: Birth, wants: Wants) -> Option<Self> {
        let mut may_hope = true;
        let maker = match wants.bond {
            None => None,
            Some(bond) => Some(bond.begin()?),
        };
        loop {
            match Self::attempt(birth, wants, maker) {
                Ok(all) => return Some(all),
                // Somebody else on this core may take the slot meanwhile: then another one is looked at.
                Err(Missing::Gate(index)) => table().gates().make(index)?,
                Err(Missing::Choice(index)) => table().crew().affinities().make(index)?,
                Err(Missing::Memory) if may_hope && make_room() => may_hope = false,
                Err(Missing::Memory) => return None,
            }
        }
    }

    fn attempt(birth: Birth, wants: Wants, maker: Option<Maker>) -> Result<Self, Missing> {
        let stays = PreemptionOff::new();
        let (home, operations) = birth.any_home(&stays).ok_or(Missing::Memory)?;
        let beside = Self::beside(&home, wants);
        let all = beside.and_then(|beside| Ok((beside, Self::tie(&home, maker)?)));
        match all {
            Ok(((gate, cold, watch), tie)) => Ok(Self {
                home,
                operations,
                gate,
                cold,
                watch,
                tie,
                stays,
            }),
            Err(missing) => {
                home.leave(operations);
                Err(missing)
            }
        }
    }

    /// What ties the process that is to live here to its maker.
    fn tie(home: &Home, maker: Option<Maker>) -> Result<Option<Ready>, Missing> {
        let Some(maker) = maker else { return Ok(None) };
        let gate = table().gates().of(home.slot.word.next_pid(home.index));
        let ready = maker.gather(gate.ok_or(Missing::Gate(home.index))?);
        ready.map(Some).ok_or(Missing::Memory)
    }

    /// What the process that is to live here needs besides.
    fn beside(home: &Home, wants: Wants) -> Result<Beside, Missing> {
        let gate = wants.bound.map(|_| {
            let gate = table().gates().of(home.slot.word.next_pid(home.index));
            gate.ok_or(Missing::Gate(home.index))
        });
        let gate = gate.transpose()?;
        let affinities = table().crew().affinities();
        if wants.chosen().is_some() && !affinities.has_room(home.index) {
            return Err(Missing::Choice(home.index));
        }
        if !wants.is_watched {
            return Ok((gate, None, None));
        }
        let (teller, watch) = watch::pair().ok_or(Missing::Memory)?;
        let cold = ColdBox::new(Some(teller)).ok_or(Missing::Memory)?;
        Ok((gate, Some(cold), Some(watch)))
    }
}

type Beside = (Option<&'static Gate>, Option<ColdBox>, Option<Watch>);

/// Memory for a process of this kind, which has its slot already.
pub(super) fn fresh_place(operations: &Operations) -> Option<NonNull<Header>> {
    let layout = operations.class.block(operations.layout);
    if !may_take(Purpose::Successor) {
        return None;
    }
    // SAFETY: a process has a header, so the size is not zero.
    unsafe { platform::new_chunk(layout) }.map(NonNull::cast)
}

/// Gives back memory that a process of this kind has lived in, or was to; it keeps its slot.
///
/// # Safety
///
/// From here, or it is a home's, and nobody uses it.
pub(super) unsafe fn give_place(place: NonNull<Header>, operations: &Operations) {
    let layout = operations.class.block(operations.layout);
    // SAFETY: the caller's promise.
    unsafe { platform::old_chunk(place.cast(), layout) }
}

/// Gives the homes that are kept on this core back to the heap, their slots aside; how many there were.
pub fn trim() -> usize {
    /// So many while preemption is off.
    const SLICE: usize = 32;
    let table = table();
    let mut count = 0;
    loop {
        // What is in hand would be lost with whoever is killed.
        let _stays = PreemptionOff::new();
        let slice: [_; SLICE] = with_desk(|here, desk| {
            core::array::from_fn(|_| {
                let (home, class) = desk.pools.take_any(here.homecoming())?;
                desk.pools.give_slot(home.index, table);
                Some((home.place, class))
            })
        });
        for (place, class) in slice.iter().flatten() {
            // SAFETY: `fresh_home` allocated it with this layout, and nobody lives there.
            unsafe { platform::old_block(*place, class.layout()) };
            count += 1;
        }
        if slice[SLICE - 1].is_none() {
            return count;
        }
    }
}

/// Takes back the home of a process that has ended, in a slot that is free again or has retired.
///
/// # Safety
///
/// The header was made in a home, and nobody uses it any more.
#[inline(always)]
pub(crate) unsafe fn give_home(header: NonNull<Header>, is_retired: bool, at: InLoop<'_>) {
    // SAFETY: the caller's promise.
    let class = unsafe { header.as_ref() }.operations.class;
    // SAFETY: the caller's promise.
    let is_kept = || at.with_desk(|desk| unsafe { desk.pools.give(class, header) });
    if is_retired || !is_kept() {
        // SAFETY: the caller's promise.
        unsafe { give_back(header, is_retired) };
    }
}

/// The same, wherever the process came from.
///
/// # Safety
///
/// As there.
#[cold]
pub(super) unsafe fn give_any_home(header: NonNull<Header>, is_retired: bool, at: InLoop<'_>) {
    // SAFETY: the caller's promise.
    unsafe {
        match header.as_ref().local.is_abroad() {
            true if !is_retired => bring_home(header),
            _ => give_home(header, is_retired, at),
        }
    }
}

/// The same for one that has been on another core than its first: its home goes back there.
///
/// # Safety
///
/// As there; the slot is free.
#[cold]
pub(super) unsafe fn bring_home(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    let ended = unsafe { header.as_ref() };
    let first = ended.local.first_core();
    match first.and_then(|first| table().crew().here_of(first)) {
        // SAFETY: the caller's promise.
        Some(first) if ended.operations.class.is_kept() => unsafe {
            first.homecoming().push(header)
        },
        // SAFETY: as above.
        _ => unsafe { give_back(header, false) },
    }
}

/// The same for a home that is not kept: of no common size. Its memory finds the core that
/// it came from by itself.
///
/// # Safety
///
/// As there.
#[cold]
#[inline(never)]
pub(super) unsafe fn give_back(header: NonNull<Header>, is_retired: bool) {
    // SAFETY: the caller's promise.
    let (index, operations, is_abroad) = unsafe {
        let header = header.as_ref();
        (
            header.pid().index(),
            header.operations,
            header.local.is_abroad(),
        )
    };
    let table = table();
    match is_retired {
        true => {}
        false if is_abroad || table.is_set_aside(index) => table.spread_slot(index),
        false => with_desk(|_, desk| desk.pools.give_slot(index, table)),
    }
    let layout = operations.class.block(operations.layout);
    // SAFETY: `fresh_home` allocated it with this layout.
    unsafe { platform::old_block(header.cast(), layout) }
}

/// What is in this core's lists: homes, and slots without a block.
#[cfg(not(target_os = "none"))]
pub(crate) fn count_free() -> (usize, usize) {
    let table = table();
    with_desk(|here, desk| {
        desk.pools.gather(here.homecoming());
        let (homes, orphans) = desk.pools.count(table);
        (homes + desk.unburied.count(), orphans)
    })
}
