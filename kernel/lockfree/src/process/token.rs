//! The right to run a process: one word that exactly one place owns.
//!
//! A token can't be cloned or copied, and running the process consumes it: what comes back says
//! what became of it, with the token inside if there still is one.
//!
//! ```compile_fail,E0382
//! # use girder_lockfree::Token;
//! fn twice(token: Token) {
//!     let _ = token.start();
//!     let _ = token.start(); // used after it was handed away
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use girder_lockfree::Token;
//! fn copy(token: Token) -> [Token; 2] {
//!     [Token::clone(&token), token] // there is no such thing
//! }
//! ```
//!
//! A continuation has two ends, resumed or discontinued. Rust would drop a token silently, and the
//! process would never run again; a debug build shouts at that.

use super::alarm;
use super::finished::{Finished, Manner};
use super::header::Header;
use super::here::Here;
use super::hindrance::reaps_for;
use super::in_loop::{InLoop, in_this_loop};
use super::local::{Intent, Local};
use super::own::is_kernels_own;
use super::platform;
use super::word::{Begin, Ear, Park, Pid, Wish};
use core::mem::ManuallyDrop;
use core::num::NonZero;
use core::ptr::NonNull;
use core::task::Context;

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
    /// The process wants others to go first, and nothing else is to be looked at.
    Yielded(Token),
    /// It wants others to go first, and there may be more to look at.
    YieldedWithCare(Token),
    /// It waits for mail, and its mailbox has no envelope, be it emptied.
    Listening(Token),
    /// It waits until it is woken.
    Waiting(Token),
    /// The future is done and dropped.
    Done(Finished),
}

/// The right to poll a process now: it stands at an await, and nobody wants anything else of it.
#[must_use = "a process whose token is lost never runs again"]
#[derive(Debug)]
pub struct Runnable(Token);

/// What the holder of a token may do.
#[derive(Debug)]
pub enum Start {
    /// Run it, from its last await on.
    Run(Runnable),
    /// Go on where an interrupt broke it off.
    GoOn(Token),
    /// Nothing: it is suspended, and its slot has the token.
    Held,
    /// End it.
    Die(Token),
    /// Nothing yet: it is wanted at another level, or on other cores.
    Moved(Token),
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
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: a token's header lives until `discontinue`, which consumes the token.
        unsafe { self.0.as_ref() }
    }

    /// Whose token it is.
    pub fn pid(&self) -> Pid {
        self.header().pid()
    }

    /// Notes it if the process has come from another core than this one. True if it has.
    #[inline(always)]
    pub fn has_come_to(&self, here: &'static Here) -> bool {
        let last = self.last_core();
        let last = last.filter(|last| !core::ptr::eq(*last, here));
        let Some(last) = last else { return false };
        self.local().set_abroad();
        last.count_emigrant();
        true
    }

    /// The index of its priority level.
    #[inline(always)]
    pub fn level(&self) -> u8 {
        self.local().level()
    }

    /// True if it may not run on every core.
    #[inline(always)]
    pub fn is_pinned(&self) -> bool {
        self.local().is_pinned()
    }

    /// The core that it was on last; before it has begun, the one that it was born on.
    #[inline(always)]
    pub fn last_core(&self) -> Option<&'static Here> {
        self.local().here()
    }

    /// Notes where somebody wants it, if somebody does.
    #[inline(always)]
    pub(crate) fn take_wish(&mut self) {
        if let Some(wish) = self.header().slot.word.take_wish() {
            self.heed(wish);
        }
    }

    /// Takes the level that is wanted, and looks up whether there is a choice of cores; its end looks whether it is tied.
    #[cold]
    fn heed(&self, wish: Wish) {
        if let Some(level) = wish.level {
            self.local().set_level(level);
        }
        let table = super::here::table();
        // Whoever ties somebody says it like this, and has made a ring for it before.
        if table.gates().of(self.pid()).is_some() {
            self.local().mailbox.tie(table.slabs());
        }
        if let Some(chosen) = table.crew().affinities().chosen(self.pid()) {
            self.local().set_pinned(!chosen.is_any());
        }
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

    /// What marks the frame of a process that has blocked: frames are aligned.
    pub const BLOCKED: usize = 1;

    /// True if it waits in the middle of ordinary code.
    pub fn is_blocked(&self) -> bool {
        self.header().frame.get() & Self::BLOCKED != 0
    }

    /// How a process that has blocked came back.
    pub fn blocked(self) -> Polled {
        match self.local().intent() {
            Intent::YIELD | Intent::YIELD_WITH_CARE => Polled::YieldedWithCare(self),
            _ => Polled::Waiting(self),
        }
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

    /// Notes that a simulated interrupt has broken into the poll: there a frame is the body itself.
    #[cfg(not(target_os = "none"))]
    pub fn simulate_frame(self) -> Self {
        self.header().set_frame(2);
        self
    }

    /// Goes on where a simulated interrupt broke in.
    #[cfg(not(target_os = "none"))]
    pub fn simulate_going_on(self) -> Runnable {
        self.header().set_frame(0);
        Runnable(self)
    }

    /// Begins a turn, if nobody wants anything of the process and it stands at an await: almost always
    /// that is so, and one look says it. Otherwise `start` meets what is wanted.
    #[inline(always)]
    pub fn begin(self) -> Result<Runnable, Self> {
        let header = self.header();
        if header.slot.word.is_plain() {
            Ok(Runnable(self))
        } else {
            Err(self)
        }
    }

    /// Begins a turn of one that has been handed a message, and was in nobody's reach since: see `hand`.
    #[inline(always)]
    pub(super) fn handed(self) -> Runnable {
        Runnable(self)
    }

    /// Begins a turn of one that was broken off in mid-poll, if nobody wants anything of it: nearly always it is so.
    #[inline(always)]
    pub fn goes_on(self) -> Result<Self, Self> {
        let Header { slot, frame, .. } = self.header();
        if frame.get() != 0 && slot.word.lets_go_on() {
            Ok(self)
        } else {
            Err(self)
        }
    }

    /// Begins a turn, and meets what others want of the process.
    #[inline(always)]
    pub fn start(self) -> Start {
        let Header { slot, frame, .. } = self.header();
        if frame.get() == 0 {
            return match self.begin() {
                Ok(process) => Start::Run(process),
                Err(token) => token.start_at_length(),
            };
        }
        if slot.word.lets_go_on() {
            return Start::GoOn(self);
        }
        self.start_at_length()
    }

    #[cold]
    #[inline(never)]
    fn start_at_length(self) -> Start {
        match self.header().slot.word.begin(self.has_frame()) {
            Begin::Run if self.has_frame() => Start::GoOn(self),
            Begin::Run => Start::Run(Runnable(self)),
            Begin::Hold => {
                self.hand_over();
                Start::Held
            }
            Begin::Die => Start::Die(self),
            Begin::Move(wish) => {
                self.heed(wish);
                Start::Moved(self)
            }
        }
    }

    /// Says whether the loop wants to look around when the process yields.
    pub fn set_careful(&mut self, is_careful: bool) {
        self.local().set_manner(if is_careful {
            Intent::YIELD_WITH_CARE
        } else {
            Intent::YIELD
        });
    }

    /// Fills what the process may spend before it has to yield. What it has emptied until now goes back.
    #[inline(always)]
    pub fn grant(&mut self, reductions: i32) {
        self.header().grant(reductions);
        let mailbox = &self.local().mailbox;
        if mailbox.has_emptied() {
            in_this_loop(|at| at.give_emptied(mailbox));
        }
    }

    /// True if the process has nothing left to spend.
    pub fn is_spent(&self) -> bool {
        self.local().left() < 0
    }

    /// Reductions that the process has spent so far.
    pub fn reductions(&self) -> u64 {
        self.header().reductions(super::here::reductions())
    }

    /// Adds to the time that the process has had a core for.
    #[inline(always)]
    pub fn charge_time(&mut self, nanos: u64) {
        self.header().charge_time(nanos);
    }

    /// Nanoseconds that the process has had a core for, if the cores keep time.
    pub fn nanos(&self) -> u64 {
        self.header().nanos()
    }

    /// Counts a tick that found the process still running; returns how many have since it last
    /// came back of its own accord.
    pub fn count_tick(&mut self) -> u8 {
        let local = self.local();
        if local.overtime.get() > 0 {
            self.count_overtime();
        }
        local.count_tick()
    }

    /// Counts it for one that has to die, that reaps, for then the message in hand may have gone on for too long, or that has a runtime
    /// limit.
    #[cold]
    #[inline(never)]
    fn count_overtime(&self) {
        if self.header().pauses() {
            return;
        }
        let local = self.local();
        let overtime = local.overtime.get().saturating_add(1);
        local.overtime.set(overtime);
        if !local.is_dropping() && is_kernels_own(self.pid()) {
            reaps_for(self.header(), overtime);
        }
    }

    /// True if its core is to tick as long as it runs, even if nobody else wants that.
    pub fn wants_ticks(&self) -> bool {
        self.local().overtime.get() > 0
    }

    /// For one that has to die: counts from the first time that this is asked, and returns the ticks that
    /// have found it running since.
    pub fn overtime(&mut self) -> u16 {
        self.header().ends_runtime_limit();
        let overtime = self.local().overtime.get().max(1);
        self.local().overtime.set(overtime);
        overtime - 1
    }

    /// True if its future is being dropped: it was killed at an await, and broken off in a destructor.
    pub fn is_dropping(&self) -> bool {
        self.local().is_dropping()
    }

    /// Forgets the ticks and what the process wanted: it has come back of its own accord.
    #[inline(always)]
    pub fn begin_stint(&mut self) {
        self.header().local.begin_stint();
    }

    /// Forgets the ticks: the process has had its quantum.
    pub fn end_quantum(&mut self) {
        self.header().local.forget_ticks();
    }

    /// Leaves the process to wait as it wanted when it came back, unless something woke it meanwhile: then the
    /// token comes back. Who waits keeps no emptied envelopes.
    pub fn park(self) -> Option<Token> {
        in_this_loop(|at| self.park_at(at))
    }

    /// The same, for a loop that knows its core.
    #[inline(always)]
    pub fn park_at(self, at: InLoop<'_>) -> Option<Token> {
        let header = self.header();
        if header.local.mailbox.has_envelopes() {
            at.give_last_emptied(&header.local.mailbox);
        }
        if header.local.intent() == Intent::WAIT {
            return self.park_as(Ear::Deaf);
        }
        self.park_listening_with_care()
    }

    #[inline(never)]
    fn park_listening_with_care(self) -> Option<Token> {
        let local = self.local();
        let ear = match local.intent().listens() {
            true if local.is_ordinary() => Ear::Open,
            true => Ear::Apart,
            false => Ear::Deaf,
        };
        self.park_as(ear)
    }

    /// The same for one that waits for mail, keeps no envelopes and is of the ordinary level.
    #[inline(always)]
    pub fn park_listening(self) -> Option<Token> {
        debug_assert!(
            !self.local().mailbox.has_envelopes(),
            "envelopes would be lost"
        );
        self.park_as(Ear::Open)
    }

    #[inline(always)]
    fn park_as(self, ear: Ear) -> Option<Token> {
        let header = self.header();
        header.local.begin_stint();
        match header.slot.word.park(header.pid(), ear) {
            Park::Parked => {
                self.hand_over();
                None
            }
            Park::Again => Some(self),
        }
    }

    /// For one that has to die at an await: from here on it has the time of destructors, also if it is broken off before
    /// the first of them.
    pub fn begin_to_drop(&mut self) {
        let local = self.local();
        local.set_dropping();
        local.overtime.set(0);
    }

    /// Drops the future, as the process itself: for one that has to die at an await. One that was
    /// broken off in mid-poll can't be dropped, for its stack may lend parts of it out.
    pub fn drop_future(mut self) -> Finished {
        debug_assert!(!self.has_frame(), "dropped in mid-poll");
        if !self.is_dropping() {
            self.begin_to_drop();
        }
        let header = self.header();
        if !self.has_frame() {
            // SAFETY: this is the token, and the future is alive and stands at an await.
            platform::run_as(&header.local, || unsafe {
                (header.operations.drop)(self.0)
            });
        }
        let manner = Manner::of_killed(header);
        Finished::new(self, manner)
    }

    /// Gives the future up where it stands: its destructors never run, what it owns is lost.
    pub fn give_up(self) -> Finished {
        alarm::seek_alarms_of_the_dead();
        let manner = Manner::of_given_up(self.header());
        Finished::new(self, manner)
    }
}

impl Runnable {
    /// Whose it is.
    pub fn pid(&self) -> Pid {
        self.0.pid()
    }

    /// The index of its priority level.
    pub fn level(&self) -> u8 {
        self.0.level()
    }

    /// The record of the process.
    #[inline(always)]
    pub fn local(&self) -> &Local {
        self.0.local()
    }

    /// Not now: the token again.
    pub fn put_off(self) -> Token {
        self.0
    }

    /// Notes it if the process has come from another core than this one. True if it has.
    #[inline(always)]
    pub fn has_come_to(&self, here: &'static Here) -> bool {
        self.0.has_come_to(here)
    }

    /// Says which core runs it.
    #[inline(always)]
    pub fn give_core(&mut self, here: &'static Here) {
        self.local().set_here(here);
    }

    /// Polls the process once, on the stack this is called on.
    #[inline(always)]
    pub fn poll(self) -> Polled {
        let Self(token) = self;
        let header = token.header();
        let mut context = Context::from_waker(header.local.waker());
        // SAFETY: this is the token. The future is alive, for whatever ends it makes a `Finished`, and
        // stands at an await: a `Runnable` is made only of a process without a frame.
        platform::run_as(&header.local, || unsafe {
            (header.poll.get())(token.0, &mut context);
        });
        let intent = header.local.intent();
        if intent == Intent::YIELD {
            return Polled::Yielded(token);
        }
        if intent == Intent::LISTEN {
            return Polled::Listening(token);
        }
        core::hint::cold_path();
        if intent.waits() {
            return Polled::Waiting(token);
        }
        if intent == Intent::DONE {
            return Polled::Done(Finished::new(token, Manner::Returned));
        }
        Polled::YieldedWithCare(token)
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
