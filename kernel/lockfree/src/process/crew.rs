//! The cores that run the processes of one table, as they see each other: who is hungry, who has something to
//! spare, who has to be told.
//!
//! ```text
//!   Member   what a core shows of itself: its status word, its pace, its surplus, its inbox
//!     surplus    processes that it offers while somebody is hungry      (deque)
//!     inbox      processes that were sent to it                         (inbox)
//!     pace       whether it looks at its word by itself before long     (pace)
//!     requests   cores that have asked it for work, by message          (hunger)
//!     recorder   what it has decided lately                             (recorder)
//!     load       how many want it, about                                (load)
//!   Hunger   who wants work                                             (hunger)
//!   affinity which processes may run where                             (affinity)
//!   Spread   slots that nobody occupies, for whichever core wants one   (spread)
//!   Call     somebody wants all to stand still                          (standstill)
//! ```
//!
//! What is called off of a core's alarms is beside its word (`called_off`). Everything else that a core has is its own:
//! nobody reads it, unless all stand still.
//!
//! # Hunger and plenty
//!
//! A core with several processes that want it ticks: its pace says so from the moment that there is a second one. A core
//! without any is hungry: its bit says so before it looks around for the last time. Both look for the other
//! *after* they have said their own, with a full fence between:
//!
//! ```text
//!   plenty:  pace := ticking        hungry:  bit := 1
//!            fence                           fence
//!            reads the bits                  reads the paces
//! ```
//!
//! So of a core that comes to have plenty and one that becomes hungry at least one sees the other. The first then offers
//! what it can spare and calls the hungry one by ringing at its word; the second rings at the first, which then does
//! that. And if both went wrong a tick would mend it: who ticks looks at the bits at each tick. `one-status-word.md` and
//! `doorbell` have why a ring is never lost on somebody who is falling asleep.
//!
//! Whoever offers *claims* a hungry core by taking its bit away, so no two call the same one. A core that was called in vain,
//! because a third one has stolen what was offered, is hungry again, which it says, and looks again.
//!
//! A core that ticks while somebody is hungry is *eager*: whatever its process leaves on the desk has the core looked at at once
//! and not at the next tick, so one that makes many processes in one go shares them as they come. Either of the two may say so, by the
//! same argument: the one that comes to tick, when it sees a bit, or the hungry one, when it sees that the other ticks. It ends with the
//! next pace that the core takes, which is at its next tick.
//!
//! # Without a word that several write
//!
//! In the deployment `message` nobody steals, and there are no bits of hunger: each core shows its pace, which it alone
//! writes, and has an inbox and a set of *requests*. A core without work says so by its pace, and asks one that ticks; a
//! request stays where it was sent until it is met or taken back, so there is no answer *none*, and nobody asks twice.
//! Who comes to have plenty looks at its requests and at the paces of others, and sends processes to whoever wants some. The
//! argument is that of hunger and plenty, with the pace in the place of the bit:
//!
//! ```text
//!   plenty:  pace := ticking        idle:    pace := idle
//!            fence                           fence
//!            reads the paces                 reads the paces
//! ```
//!
//! So one of them sees the other here too, and a tick mends the rest.
//!
//! # Who has to be told
//!
//! A flag in a state word (kill, suspend, another level) is met by whoever holds the process's token, at its next
//! transition. On a core that ticks that is within a tick, and on one that runs nobody it is before anybody runs. What is left
//! is a core that is *busy*: one process has it, and no tick will come. It is rung at and signalled. Nobody knows which core has
//! the process, nor need anybody: there are few such cores, and each looks once.
//!
//! ```text
//!   asks:    flag in the state word     core:  pace := busy
//!            fence                             fence
//!            reads the pace                    reads the state word, in beginning
//! ```
//!
//! Again one of them sees the other. The same argument serves whoever rings at the word of a core and does not signal it,
//! because it looks by itself.

pub(super) mod affinity;
mod called_off;
mod homecoming;
mod homeward;
mod hunger;
mod inbox;
mod load;
mod pace;
mod rooms;
mod spread;
mod standstill;
mod tidy;

pub use affinity::CoreMask;
pub(super) use called_off::{CalledOff, Notes};
pub(super) use homecoming::Homecoming;
pub use load::{Load, WHOLE};
pub use pace::Pace;
pub(super) use pace::PaceWord;
pub(super) use spread::Spread;
pub use standstill::{Restless, Standstill, at_standstill};
pub use tidy::Tidying;

use self::affinity::Affinities;
use super::header::Header;
use super::here::Here;
use super::platform;
use super::queue::Queue;
use super::token::Token;
use crate::atomic::{AtomicU32, Relaxed, fence};
use crate::deque::{Deque, Owner, Steal};
use crate::doorbell::Ring;
use crate::order::Site;
use crate::recorder::Recorder;
use crate::wheel::Timer;
use alloc::boxed::Box;
use core::fmt;
use core::sync::atomic::AtomicBool;
use hunger::Hunger;
use inbox::Inbox;
use load::LoadWord;
use standstill::Call;

/// Processes that a core offers at a time, at most.
pub const OFFERED_MAX: usize = if cfg!(loom) { 4 } else { 256 };

/// Decisions of a core that are kept.
const RECORDS: usize = if cfg!(loom) { 1 } else { 128 };

/// The bit of a core's status word by which others want it to look around.
pub const LOOK: u32 = 1 << 3;

/// A place in a crew.
#[derive(Clone, Copy)]
pub struct Seat {
    /// The core.
    pub here: &'static Here,
    /// What it is signalled by; whoever builds the kernel knows what that is.
    pub address: u64,
}

/// What a core shows of itself.
struct Member {
    seat: Seat,
    surplus: Deque<Header, OFFERED_MAX>,
    inbox: Inbox,
    requests: Hunger,
    recorder: Recorder<RECORDS>,
    load: LoadWord,
    /// Who has called it last because of what it offers, plus one; zero if nobody has. Only where it looks first
    /// depends on that, so a hint that is lost or old costs a look in vain.
    caller: AtomicU32,
}

/// The cores. Each is known by its number in here.
pub struct Crew {
    members: Box<[Member]>,
    hunger: Hunger,
    /// They have agreed to share nothing; then whoever looks at what others share is stopped by a debug build.
    is_apart: AtomicBool,
    call: Call,
    affinities: Affinities,
}

/// The right to offer processes of a core: its loop's.
pub struct Surplus(Owner<'static, Header, OFFERED_MAX>);

impl Crew {
    /// Makes a crew; nobody, if a core is on its own. There are so many slots.
    pub(super) fn new(seats: impl IntoIterator<Item = Seat>, slots: u32) -> Self {
        let seats: Box<[Seat]> = seats.into_iter().collect();
        let member = |&seat: &Seat| Member {
            seat,
            surplus: Deque::new(),
            inbox: Inbox::new(),
            requests: Hunger::new(seats.len()),
            recorder: Recorder::new(),
            load: LoadWord::new(),
            caller: AtomicU32::new(0),
        };
        for (number, seat) in seats.iter().enumerate() {
            seat.here.set_seat(number);
        }
        let members: Box<[Member]> = seats.iter().map(member).collect();
        let hunger = Hunger::new(members.len());
        let affinities = Affinities::new(members.len(), slots);
        Self {
            members,
            hunger,
            affinities,
            is_apart: AtomicBool::new(false),
            call: Call::new(),
        }
    }

    /// Which processes may run where.
    pub(super) fn affinities(&self) -> &Affinities {
        &self.affinities
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// Says that these cores share nothing of the scheduler; each of them says so before it runs anybody.
    pub fn keep_apart(&self) {
        self.is_apart.store(true, Relaxed);
    }

    /// The cores, for what only those may touch that share it.
    fn sharing(&self) -> &Self {
        debug_assert!(!self.is_apart.load(Relaxed), "these cores share nothing");
        self
    }

    /// A core, by its number.
    pub fn here_of(&self, core: usize) -> Option<&'static Here> {
        self.members.get(core).map(|member| member.seat.here)
    }

    /// The number of a core.
    pub fn number_of(&self, here: &Here) -> Option<usize> {
        let number = here.seat()?;
        let is_it = core::ptr::eq(self.members.get(number)?.seat.here, here);
        is_it.then_some(number)
    }

    /// The right to offer that core's processes, for its loop: once.
    pub fn surplus(&'static self, core: usize) -> Option<Surplus> {
        self.sharing().members.get(core)?.surplus.own().map(Surplus)
    }

    /// Writes down what a core has decided; for its loop.
    pub fn record(&self, core: usize, record: [u64; 3]) {
        if let Some(member) = self.members.get(core) {
            member.recorder.write(record);
        }
    }

    /// What the cores have decided lately: each core's number, and its records in their order.
    pub fn records(&self) -> impl Iterator<Item = (u32, [u64; 3])> {
        let numbered = (0..).zip(&self.members);
        numbered.flat_map(|(number, member)| {
            let records = member.recorder.read();
            records.map(move |record| (number, record))
        })
    }

    /// Takes the oldest process that a core offers.
    pub fn steal_from(&self, victim: usize) -> Steal<Token> {
        let Some(member) = self.sharing().members.get(victim) else {
            return Steal::Empty;
        };
        match member.surplus.pop_top() {
            Steal::Taken(header) => {
                let token = Token::new(header);
                token.local().set_abroad();
                Steal::Taken(token)
            }
            Steal::Empty => Steal::Empty,
            Steal::Lost => Steal::Lost,
        }
    }

    /// How many a core offers, about.
    pub fn offered_by(&self, core: usize) -> usize {
        let member = self.sharing().members.get(core);
        member.map_or(0, |member| member.surplus.len_roughly())
    }

    /// Has a core that ticks offer what comes to it at once: this one wants work.
    pub fn make_eager(&self, core: usize) {
        if let Some(member) = self.members.get(core) {
            member.seat.here.make_eager();
        }
    }

    /// How a core runs.
    pub fn pace_of(&self, core: usize) -> Pace {
        let member = self.members.get(core);
        member.map_or(Pace::Idle, |member| member.seat.here.pace())
    }

    /// Says that this core wants work, before it looks for some for the last time.
    pub fn go_hungry(&self, core: usize) {
        self.sharing().hunger.add(core);
        fence(Site::CrewHungry.ordering());
    }

    /// Says that it does not any more.
    pub fn is_fed(&self, core: usize) {
        self.sharing().hunger.remove(core);
    }

    /// True if somebody wants work.
    pub fn is_anybody_hungry(&self) -> bool {
        !self.sharing().hunger.is_empty()
    }

    /// True if somebody besides this core wants work.
    pub fn is_anybody_else_hungry(&self, own: usize) -> bool {
        self.sharing().hunger.has_others_than(own)
    }

    /// Takes somebody who wants work, near that core, to be called.
    pub fn claim_hungry(&self, near: usize) -> Option<usize> {
        self.sharing().hunger.claim(near)
    }

    /// Has the paces of others read after this core's own was written: for one that says by it that it wants work.
    pub fn look_after_saying(&self) {
        fence(Site::CrewHungry.ordering());
    }

    /// Asks a core for work; whoever does then rings there. The request stays until it is met or taken back.
    pub fn ask(&self, core: usize, own: usize) {
        if let Some(member) = self.members.get(core) {
            member.requests.add(own);
        }
    }

    /// Takes a request back.
    pub fn take_back_request(&self, core: usize, own: usize) {
        if let Some(member) = self.members.get(core) {
            member.requests.remove(own);
        }
    }

    /// True if somebody has asked this core.
    pub fn is_asked(&self, own: usize) -> bool {
        let member = self.members.get(own);
        member.is_some_and(|member| !member.requests.is_empty())
    }

    /// Takes a request to this core.
    pub fn take_request(&self, own: usize) -> Option<usize> {
        self.members.get(own)?.requests.claim(own)
    }

    /// What a core is signalled by; near ones have much of it in common.
    pub fn address_of(&self, core: usize) -> Option<u64> {
        self.members.get(core).map(|member| member.seat.address)
    }

    /// Sends a process to a core; whoever does then rings there.
    pub fn deliver(&self, core: usize, token: Token) -> Result<(), Token> {
        match self.members.get(core) {
            Some(member) => {
                platform::packet(member.seat.address, &token);
                member.inbox.push(token);
                Ok(())
            }
            None => Err(token),
        }
    }

    /// Takes what was sent to a core, the oldest first; for its loop.
    pub fn take_delivered(&self, core: usize) -> Queue {
        let member = self.members.get(core);
        member.map_or_else(Queue::new, |member| member.inbox.take())
    }

    /// Has a core look around. True if it has to be signalled as well.
    #[must_use]
    pub fn ring(&self, core: usize) -> bool {
        self.members.get(core).is_some_and(|member| {
            let ring = member.seat.here.doorbell().ring(LOOK);
            fence(Site::CrewAsk.ordering());
            ring == Ring::MustSignal || member.seat.here.pace() == Pace::Busy
        })
    }

    /// As [`ring`](Self::ring), and signals it.
    pub fn call(&self, core: usize) {
        if self.ring(core) {
            platform::signal(self.members[core].seat.address);
        }
    }

    /// Calls a core that wants work, to look here first, where something is offered.
    pub fn call_to(&self, own: usize, core: usize) {
        if let Some(member) = self.members.get(core) {
            member.caller.store(own as u32 + 1, Relaxed);
            self.call(core);
        }
    }

    /// Who has called this core to where something is offered, since it asked last.
    pub fn take_caller(&self, own: usize) -> Option<usize> {
        let caller = &self.members.get(own)?.caller;
        let number = caller.load(Relaxed).checked_sub(1)?;
        caller.store(0, Relaxed);
        Some(number as usize)
    }

    /// Has an alarm taken back that is on a core's wheel; for whoever keeps preemption off.
    pub(super) fn call_off(&self, core: usize, alarm: Timer) {
        let member = self.members.get(core);
        if member.is_some_and(|member| member.seat.here.called_off().add(alarm)) {
            self.call(core);
        }
    }

    /// Has all others look for alarms of the dead: a process has ended that may have left some there.
    pub(super) fn seek_dead_elsewhere(&self, own: &Here) {
        for (core, member) in self.members.iter().enumerate() {
            let here = member.seat.here;
            if !core::ptr::eq(here, own) && here.called_off().seek_dead() {
                self.call(core);
            }
        }
    }

    /// Has all look around that run a process and might not look for long: a flag was added to a process's state word,
    /// and one of them may have that process.
    pub(super) fn tell_the_busy(&self, own: &Here) {
        fence(Site::CrewAsk.ordering());
        for member in &self.members {
            let here = member.seat.here;
            if core::ptr::eq(here, own) || here.pace() != Pace::Busy {
                continue;
            }
            // Rung at before, it may not have been signalled: it was told of something else then, at another pace.
            let _ = here.doorbell().ring(LOOK);
            platform::signal(member.seat.address);
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({:#x})", self.address)
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

impl Surplus {
    /// Offers a process, the newest of those that are. It comes back if there is no room.
    pub fn offer(&mut self, token: Token) -> Result<(), Token> {
        let header = token.into_header();
        self.0.push_bottom(header).map_err(Token::new)
    }

    /// Takes the newest one back that nobody has stolen.
    #[inline(always)]
    pub fn take_back(&mut self) -> Option<Token> {
        if self.is_empty() {
            return None; // nobody adds to it meanwhile
        }
        self.0.pop_bottom().map(Token::new)
    }

    /// True if nobody is offered.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// How many are offered, at most.
    #[inline(always)]
    pub fn count(&self) -> usize {
        self.0.deque().len_roughly()
    }
}

impl fmt::Debug for Surplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Surplus").field(&self.count()).finish()
    }
}

impl Here {
    /// Says how this core runs, before it looks who is hungry, or at the state word of whoever is to have the core: for
    /// the loop of a core that is one of a crew.
    pub fn set_pace(&self, pace: Pace) {
        self.store_pace(pace);
        fence(Site::CrewPace.ordering());
    }
}

#[cfg(all(test, loom))]
pub(crate) mod stories;
