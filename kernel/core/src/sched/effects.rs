//! What a core asks of the world: six effects, each written for its weakest handler.
//!
//! `steal_from` may have to send a packet, so it may answer *asked*; the loop serves packets every
//! turn, and shared memory is the special case that answers now. Only the loop and its handlers
//! carry the world's type.

use super::core::{Core, Next};
use super::levels::Priority;
use crate::causes::Causes;
use core::fmt;
use girder_lockfree::Token;
use girder_lockfree::process::crew::Load;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Finished, InLoop, Polled, Queue, Runnable};

/// A core's place in the machine's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoreId(pub u32);

/// Where in its level's order a token goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind all others: it has had its turn.
    Back,
    /// Before all others: its turn was not over.
    Front,
}

/// What trying to steal came to.
#[derive(Debug)]
pub enum Stolen {
    /// A process, and so many more, which are in the queue.
    Taken(Token, usize),
    /// That core has none to spare.
    None,
    /// The core has been asked, and answers by a packet.
    Asked,
}

/// The runnable processes of a core.
pub trait Ready {
    /// Puts a process in.
    fn push(&mut self, token: Token, place: Place);
    /// Puts so many processes in, behind all others, that have these levels: a bit for each.
    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize);
    /// Takes the one whose turn it is.
    fn pop(&mut self) -> Option<Token>;
    /// The same where all are of the ordinary level.
    fn pop_ordinary(&mut self) -> Option<Token> {
        self.pop()
    }
    /// True if whoever runs at this level, and all that are in here, simply take turns.
    fn is_even(&self, running: Priority) -> bool;
    /// Puts a process behind all others and takes the one whose turn it is; asked only while all of
    /// them simply take turns.
    fn rotate(&mut self, token: Token) -> Token;
    /// True if somebody's turn would come before that of whoever is put behind all others; asked only then, too.
    fn has_turns(&self) -> bool {
        !self.is_empty()
    }
    /// True if several simply take turns, as far as that is to be had at once.
    fn has_several_turns(&self) -> bool {
        false
    }
    /// Takes one from another core, and perhaps more, which are in here then.
    fn steal_from(&mut self, victim: CoreId) -> Stolen;
    /// Offers what can be spared to whoever steals, and says how many that are. They are still in here, but may be gone
    /// at any time.
    fn offer(&mut self) -> usize {
        0
    }
    /// Offers nothing any more.
    fn take_back(&mut self) {}
    /// How many of these can be sent to others, where nothing is offered.
    fn sparable(&self) -> usize {
        0
    }
    /// Takes one of them.
    fn spare(&mut self) -> Option<Token> {
        None
    }
    /// True if there are none.
    fn is_empty(&self) -> bool;
    /// How many there are; may have to count.
    fn count(&self) -> usize;
    /// The same without counting, where processes move.
    fn length(&self) -> usize {
        self.count()
    }
    /// True if these and so many others are more than one.
    fn has_rivals(&self, others: usize) -> bool;
    /// The most urgent priority among them.
    fn most_urgent(&self) -> Option<Priority>;
}

/// Sending a process elsewhere. Whoever has sent it has it no more:
///
/// ```
/// # use girder_core::sched::{CoreId, Migration};
/// # use girder_lockfree::Token;
/// fn send<M: Migration>(migration: &mut M, token: Token) -> Option<Token> {
///     migration.to_core(token, CoreId(1))
/// }
/// ```
///
/// ```compile_fail,E0382
/// # use girder_core::sched::{CoreId, Migration};
/// # use girder_lockfree::Token;
/// fn send<M: Migration>(migration: &mut M, token: Token) -> Option<Token> {
///     let _ = migration.to_core(token, CoreId(1));
///     migration.to_core(token, CoreId(2))
/// }
/// ```
///
/// Where processes do not move nothing of the rest is ever asked, and nothing is left of it.
pub trait Migration {
    /// Processes move from core to core.
    const MOVES: bool = false;

    /// Each process is queued and run by one core only, the one that it was last on, until that sends it away.
    #[inline(always)]
    fn owns(&self) -> bool {
        false
    }
    /// Sends it; to the core itself it comes back, to be queued.
    fn to_core(&mut self, token: Token, target: CoreId) -> Option<Token>;
    /// Takes those that were sent here: with a ring at this core's word.
    fn arrivals(&mut self) -> Queue {
        Queue::new()
    }
    /// Writes down what this core has decided about a process that moves.
    fn record(&self, record: [u64; 3]) {
        let _ = record;
    }
    /// Where a process has to go that may not be queued here; `choice` is the oracle's.
    fn home_of(&self, token: &Token, choice: usize) -> Option<CoreId> {
        let _ = (token, choice);
        None
    }
    /// Calls a core that wants work for a process that may not run on every core, if there is one for it: where it is to be
    /// sent.
    fn claim_for(&mut self, token: &Token) -> Option<CoreId> {
        let _ = token;
        None
    }
    /// Cores that one asks at a time, which answer by a ring.
    const ASKED_AT_ONCE: usize = 1;
    /// Cores that may have something to spare, one after the other, in the order in which they are to be asked:
    /// `turn` counts how often that was wanted, and `choice` is the oracle's.
    fn victim(&self, turn: usize, choice: usize) -> Option<CoreId> {
        let _ = (turn, choice);
        None
    }
    /// How many there are.
    fn victims(&self) -> usize {
        0
    }
    /// Notes that a core was asked for work, and has not answered yet.
    fn has_asked(&mut self, victim: CoreId) {
        let _ = victim;
    }
    /// Says that this core wants work, before it looks around for the last time.
    fn go_hungry(&mut self) {}
    /// Says that it does not any more.
    fn is_fed(&mut self) {}
    /// True if another core wants work.
    fn is_anybody_hungry(&self) -> bool {
        false
    }
    /// Says how much this core has to do.
    fn show_load(&mut self, load: Load) {
        let _ = load;
    }
    /// Where it is better to go for some of the processes of a core with this load, and how many; `choice` is the oracle's.
    fn plan(&mut self, load: Load, choice: usize) -> Option<(CoreId, usize)> {
        let _ = (load, choice);
        None
    }
    /// Sends some of these there, and says how many.
    fn migrate(&mut self, ready: &mut impl Ready, target: CoreId, count: usize) -> usize {
        let _ = (ready, target, count);
        0
    }
    /// Lets those that do have some of these, and says how many.
    fn feed(&mut self, ready: &mut impl Ready) -> usize {
        let _ = ready;
        0
    }
    /// Stands still as long as somebody wants all cores to. `rest` lets some time pass, unless it finds that this is over.
    fn stand_still(&mut self, rest: impl FnMut(&dyn Fn() -> bool)) {
        let _ = rest;
    }
}

/// How a process came back.
#[derive(Debug)]
pub enum Outcome {
    /// It wants others to go first, and nothing else is to be looked at.
    Yielded(Token),
    /// It wants others to go first, after a look around.
    YieldedWithCare(Token),
    /// It waits for mail, and its mailbox has no envelope, be it emptied.
    Listening(Token),
    /// It waits to be woken.
    Waiting(Token),
    /// It has not even begun: a cause came first.
    PutOff(Token),
    /// An interrupt broke into its poll: what it stands on went with it.
    Preempted(Token),
    /// Its future is gone.
    Done(Finished),
}

impl From<Polled> for Outcome {
    #[inline(always)]
    fn from(polled: Polled) -> Self {
        match polled {
            Polled::Yielded(token) => Self::Yielded(token),
            Polled::YieldedWithCare(token) => Self::YieldedWithCare(token),
            Polled::Listening(token) => Self::Listening(token),
            Polled::Waiting(token) => Self::Waiting(token),
            Polled::Done(finished) => Self::Done(finished),
        }
    }
}

/// A process's way onto a core and off it. Spawning and yielding are its own doing: they are on the
/// desk, or in the outcome, when it comes back.
///
/// It may come back on another core than it was given, so nothing of a core is held meanwhile: each of
/// these lets whatever core that is [`settle`](Core::settle) the outcome, or says which it is.
pub trait Lifecycle {
    /// Gives the core, which is `here`, to a process, from its last await on, until it comes back: how, and on
    /// which core.
    fn resume(process: Runnable, here: &'static Here) -> (Outcome, &'static Here);
    /// Gives the core to a process that an interrupt broke off.
    fn go_on(token: Token) -> Next;
    /// Lets a process drop what it owns, and ends it.
    fn end(token: Token) -> Next;
}

/// The console.
pub trait Io {
    /// Prints.
    fn print(&mut self, text: fmt::Arguments<'_>);
    /// Takes a byte that has arrived.
    fn read_byte(&mut self) -> Option<u8>;
}

/// Memory, in pages.
pub trait Mem {
    /// Bytes that are free.
    fn free_bytes(&self) -> usize;
}

/// The core itself. Its upcalls are the causes: a tick, a packet, a key are bits of the word.
pub trait Hardware {
    /// The clock, in nanoseconds.
    fn now(&self) -> u64;
    /// The same, read some instructions too early perhaps, and so before an earlier answer: for what is
    /// counted and decides nothing.
    fn now_roughly(&self) -> u64 {
        self.now()
    }
    /// Asks for the timer's cause at this time; `None` asks for none.
    fn set_deadline(&mut self, at: Option<u64>);
    /// Makes another core look at its word.
    fn signal(&mut self, core: CoreId);
    /// Takes what has happened. The timer's cause comes once for each deadline that was asked for; whoever
    /// takes it asks for the next one, or for none, before it is served.
    fn take_causes(&mut self) -> Causes;
    /// Serves what is not the scheduler's, and lets the causes happen again.
    fn serve(&mut self, causes: Causes);
    /// Looks for a cause, so many times, before it is worth sleeping. True if there is one.
    fn lingers(&mut self, turns: u32) -> bool {
        let _ = turns;
        false
    }
    /// Sleeps until the next cause, unless one is there.
    fn wait(&mut self);
    /// Lets some time pass, in which nobody runs here, unless it is over already.
    fn rest(&mut self, is_over: &dyn Fn() -> bool) {
        let _ = is_over;
    }
    /// Which core this is.
    fn this_core(&self) -> CoreId;
}

/// Everything that could have been otherwise: the scheduler asks for a number below `choices`. In
/// production it is 0 and free, or one of the core's own stream where it has to vary; in the simulator it is the adversary.
pub trait Oracle {
    /// Decides.
    fn choose(&mut self, choices: usize) -> usize;

    /// The same where always the same one would be wrong, as with many cores that look for work.
    fn draw(&mut self, choices: usize) -> usize {
        self.choose(choices)
    }
}

/// The handlers of one deployment, named in one place.
pub trait World: Sized + 'static {
    /// Runnable processes.
    type Ready: Ready;
    /// Sending elsewhere.
    type Migration: Migration;
    /// Running and ending.
    type Lifecycle: Lifecycle;
    /// The console.
    type Io: Io;
    /// Memory.
    type Mem: Mem;
    /// The core.
    type Hardware: Hardware;
    /// Decisions.
    type Oracle: Oracle;

    /// Runs `f` with the core that this code is on. What `f` returns holds nothing of the core.
    fn visit<R>(f: impl FnOnce(&mut Core<Self>) -> R) -> R;

    /// The same for whoever knows that this code is on `here`.
    #[inline(always)]
    fn visit_at<R>(here: &'static Here, f: impl FnOnce(&mut Core<Self>) -> R) -> R {
        let _ = here;
        Self::visit(f)
    }

    /// The same, with the right to the core's desk that its loop has.
    #[inline(always)]
    fn visit_in_loop<R>(
        here: &'static Here,
        f: impl FnOnce(&mut Core<Self>, InLoop<'_>) -> R,
    ) -> R {
        Self::visit_at(here, |core| here.in_loop(|at| f(core, at)))
    }
}
