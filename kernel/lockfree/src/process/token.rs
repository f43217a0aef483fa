//! The right to run a process: one word that exactly one place owns.
//!
//! A token can't be cloned or copied, and running the process consumes it: what comes back says
//! what became of it, with the token inside if there still is one.
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! fn twice(token: Token) {
//!     let _ = token.poll();
//!     let _ = token.poll(); // used after it was handed away
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use girder_lockfree::Token;
//! fn copy(token: &Token) -> Token {
//!     token.clone() // there is no such thing
//! }
//! ```
//!
//! A continuation has two ends, resumed or discontinued. Rust would drop a token silently, and the
//! process would never run again; a debug build shouts at that.

use super::header::{Header, Intent, Local};
use super::platform;
use super::table;
use super::waker;
use super::word::{Begin, Park, Pid};
use core::mem::ManuallyDrop;
use core::num::NonZero;
use core::ptr::NonNull;
use core::task::{Context, Poll};

/// The right to run a process.
#[must_use = "a process whose token is lost never runs again"]
#[derive(Debug)]
pub struct Token(NonNull<Header>);

// SAFETY: a process moves whole, like a thread: its token may go to another core, and what
// its future borrows or counts without atomics goes with it, for nothing outside shares it.
unsafe impl Send for Token {}

/// How a poll came back.
#[derive(Debug)]
pub enum Polled {
    /// The future is done and dropped.
    Done(Finished),
    /// It waits, or wants others to go first.
    Pending(Token, Intent),
}

/// A process without a future: only resources of ours are left, to be given back.
#[must_use = "a process that has ended still holds its slot and its memory"]
#[derive(Debug)]
pub struct Finished(Token);

/// What the holder of a token may do.
#[derive(Debug)]
pub enum Start {
    /// Run it, from its last await on.
    Run(Token),
    /// Go on where an interrupt broke it off.
    GoOn(Token),
    /// Nothing: it is suspended, and its slot has the token.
    Held,
    /// End it.
    Die(Token),
}

impl Token {
    pub(crate) fn new(header: NonNull<Header>) -> Self {
        Self(header)
    }

    pub(crate) fn into_header(self) -> NonNull<Header> {
        let header = self.0;
        self.hand_over();
        header
    }

    /// Lets somebody else have the token, without the shout of one that is dropped.
    #[inline(always)]
    fn hand_over(self) {
        let _ = ManuallyDrop::new(self);
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: a token's header lives until `discontinue`, which consumes the token.
        unsafe { self.0.as_ref() }
    }

    /// Whose token it is.
    pub fn pid(&self) -> Pid {
        self.header().pid
    }

    /// The index of its priority level.
    #[inline(always)]
    pub fn level(&self) -> u8 {
        self.header().level.get()
    }

    /// True if it was broken off in mid-poll.
    #[inline(always)]
    pub fn has_frame(&self) -> bool {
        self.header().frame.get() != 0
    }

    /// The record of the process, which is first in its header.
    #[inline(always)]
    pub fn local(&self) -> &Local {
        &self.header().local
    }

    /// Makes the token of a process whose poll an interrupt has just broken off, with the frame that
    /// the platform has saved. The token that the poll was begun with stands on the process's own
    /// stack, out of anyone's reach, until that stack is gone on with.
    ///
    /// # Safety
    ///
    /// `local` is the record of the process that was running on this core, `frame` lets it go on, and
    /// this is called once for each time that it was broken off.
    pub unsafe fn broken_off(local: NonNull<Local>, frame: NonZero<usize>) -> Self {
        let header = local.cast::<Header>();
        // SAFETY: a process's record is the first field of its header; the caller's promise.
        unsafe { header.as_ref().set_frame(frame.get()) };
        Self(header)
    }

    /// Gives the token up in favour of the one on the process's own stack, and returns its frame.
    /// Without a frame, the token comes back.
    pub fn go_on(self) -> Result<NonZero<usize>, Self> {
        let Some(frame) = NonZero::new(self.header().set_frame(0)) else {
            return Err(self);
        };
        self.hand_over();
        Ok(frame)
    }

    /// Says whether a simulated interrupt has broken into the poll: there a frame is the body itself.
    #[cfg(not(target_os = "none"))]
    pub fn simulate_frame(&mut self, is_broken_off: bool) {
        self.header().set_frame(usize::from(is_broken_off));
    }

    /// True if nobody wants anything of the process and it stands at an await: then `start` would say
    /// `Run`, and need not be asked.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        let header = self.header();
        header.slot.word.is(header.plain.get())
    }

    /// Begins a turn, and meets what others want of the process.
    #[cold]
    #[inline(never)]
    pub fn start(self) -> Start {
        match self.header().slot.word.begin(self.has_frame()) {
            Begin::Run if self.has_frame() => Start::GoOn(self),
            Begin::Run => Start::Run(self),
            Begin::Hold => {
                self.hand_over();
                Start::Held
            }
            Begin::Die => Start::Die(self),
        }
    }

    /// Gives the process what it may spend before it has to yield.
    #[inline(always)]
    pub fn grant(&mut self, reductions: i32) {
        self.header().local.reductions.set(reductions);
    }

    /// Counts a tick, if it was one, that found the process still running; returns how many have
    /// since it last came back of its own accord.
    pub fn count_tick(&mut self, is_tick: bool) -> u8 {
        let ticks = self.header().ticks.get().saturating_add(u8::from(is_tick));
        self.header().ticks.set(ticks);
        ticks
    }

    /// Forgets the ticks: the process has had its quantum.
    pub fn begin_stint(&mut self) {
        self.header().ticks.set(0);
    }

    /// Polls the process once, on the stack this is called on.
    #[inline(always)]
    pub fn poll(self) -> Polled {
        let header = self.header();
        // A poll that was broken off has the future; nobody else may touch it.
        assert!(
            !self.has_frame(),
            "a poll that was broken off is gone on with, not begun again"
        );
        header.local.intent.set(Intent::Wait as u32);
        let waker = waker::of(header.pid);
        let mut context = Context::from_waker(&waker);
        // SAFETY: this is the token, and the future is alive: whatever ends it makes a `Finished`.
        let outcome = platform::run_as(&header.local, || unsafe {
            (header.operations.poll)(self.0, &mut context)
        });
        match outcome {
            Poll::Ready(()) => Polled::Done(Finished(self)),
            Poll::Pending if header.local.intent.get() == Intent::Yield as u32 => {
                Polled::Pending(self, Intent::Yield)
            }
            Poll::Pending => Polled::Pending(self, Intent::Wait),
        }
    }

    /// Leaves the process to wait, unless something woke it meanwhile: then the token comes back.
    #[inline(always)]
    pub fn park(self) -> Option<Token> {
        let header = self.header();
        match header.slot.word.park(header.pid) {
            Park::Parked => {
                self.hand_over();
                None
            }
            Park::Again => Some(self),
        }
    }

    /// Drops the future, as the process itself: for one that has to die at an await. One that was
    /// broken off in mid-poll can't be dropped, for its stack may lend parts of it out.
    pub fn drop_future(self) -> Finished {
        debug_assert!(!self.has_frame(), "dropped in mid-poll");
        let header = self.header();
        if !self.has_frame() {
            // SAFETY: this is the token, and the future is alive and stands at an await.
            platform::run_as(&header.local, || unsafe {
                (header.operations.drop)(self.0)
            });
        }
        Finished(self)
    }

    /// Gives the future up where it stands: its destructors never run, what it owns is lost.
    pub fn give_up(self) -> Finished {
        Finished(self)
    }
}

impl Finished {
    /// Whose it was.
    pub fn pid(&self) -> Pid {
        self.0.pid()
    }

    /// The frame of a poll that will not go on: the platform takes its stack back.
    pub fn take_frame(&mut self) -> Option<NonZero<usize>> {
        NonZero::new(self.0.header().set_frame(0))
    }

    /// Ends the process: its pid names nobody from now on, its slot and its memory go back.
    pub fn discontinue(self) {
        table::vacate(self.0.into_header());
    }
}

#[cfg(debug_assertions)]
impl Drop for Token {
    fn drop(&mut self) {
        // What is being unwound already has a louder complaint.
        #[cfg(not(target_os = "none"))]
        if std::thread::panicking() {
            return;
        }
        panic!(
            "a token of {:?} was dropped: resume it or discontinue it",
            self.pid()
        );
    }
}
