//! How long a process may have a core, all told: its runtime limit.
//!
//! What counts is time on a core, by the clock: as long as it waits, is suspended, or stands in a queue, it uses none. Who has
//! had more is ended like one that is killed: at an await its future is dropped; in mid-poll it may go on to the next await for
//! two quanta.
//!
//! # Who counts
//!
//! Nobody else is to notice that there is such a thing: no turn asks whether the process is limited. So the limit hangs on what is
//! there anyway.
//!
//! ```text
//!   1 a poll begins, and ends        the process has another poll function ([`poll`]), which looks at the clock before and after
//!   2 it is broken off               whoever *wants ticks* has a number in `overtime`, which each tick looks at; and so does an
//!                                    interrupt that is no tick ([`Token::pauses`])
//!   3 it goes on                     the same number has the loop look: it counts from now on, and ticks if it does not yet
//!   4 it blocks                      it counts what was until then; 3 comes next
//! ```
//!
//! Between two of these nothing but the process runs on its core (and handlers, which take notes only). Whoever looks last
//! leaves when it was, in `since`; zero says that the process does not run.
//!
//! A tick is what ends a process that never awaits. There need be none: with one process, a core does not tick. So a poll
//! that begins on such a core leaves to the loop at once, and asks for one. That costs a process with a limit some thousand
//! instructions a turn, if it is alone; where several take turns, two looks at the clock.
//!
//! The poll in which the limit is set has the old function still: what it uses after the last time that it was broken off does not
//! count. That is less than a tick. The destructors of one that is killed have a limit of their own (`dying.md`).
//!
//! # Whose it is
//!
//! The record is the holder's of the token, as is all in [`cold`](super::cold). The process itself uses it with preemption off, for the loop
//! of its core looks at it when it is broken off.

use super::cold::Cold;
use super::crew::Pace;
use super::header::{Header, PollFunction};
use super::heap::NoLimit;
use super::local::{Intent, Kind, Local};
use super::platform::{self, PreemptionOff};
use super::request::kill;
use super::token::Token;
use core::cell::Cell;
use core::ptr::NonNull;
use core::task::Context;

/// What a process may use, and has.
pub(super) struct Runtime {
    /// Nanoseconds; zero without a limit.
    most: Cell<u64>,
    used: Cell<u64>,
    /// Since when it runs, not counted yet; zero if it does not.
    since: Cell<u64>,
    is_over: Cell<bool>,
}

impl Runtime {
    pub(super) const fn unlimited() -> Self {
        Self {
            most: Cell::new(0),
            used: Cell::new(0),
            since: Cell::new(0),
            is_over: Cell::new(false),
        }
    }

    fn is_limited(&self) -> bool {
        self.most.get() != 0
    }

    /// It runs from now on. (The clock may begin at zero.)
    fn goes_on(&self, now: u64) {
        self.since.set(now.max(1));
    }

    /// It does not run any more. True if it has had too much, the first time.
    #[must_use]
    fn pauses(&self, now: u64) -> bool {
        let since = self.since.take();
        if since == 0 {
            return false;
        }
        let used = self.used.get().saturating_add(now.saturating_sub(since));
        self.used.set(used);
        let is_over = self.is_limited() && used > self.most.get();
        is_over && !self.is_over.replace(true)
    }
}

/// Limits how long the running process may have a core from now on, in nanoseconds. One that has had more ends.
pub fn limit_runtime(nanos: u64) -> Result<(), NoLimit> {
    let local = platform::local();
    let header = header_of(local).ok_or(NoLimit::NoProcess)?;
    if nanos == 0 {
        return Err(NoLimit::TooLow);
    }
    let stays = PreemptionOff::of(local);
    let runtime = &header
        .cold()
        .or_else(|| header.cold_or_new())
        .ok_or(NoLimit::NoMemory)?
        .runtime;
    runtime.most.set(nanos);
    runtime.used.set(0);
    if runtime.since.get() != 0 {
        runtime.goes_on(platform::now());
    }
    // Who hibernates is told when it begins anew.
    if core::ptr::fn_addr_eq(header.poll.get(), header.operations.poll) {
        header.poll.set(poll);
    }
    local.overtime.set(local.overtime.get().max(1));
    want_ticks(&stays);
    Ok(())
}

fn header_of(local: &'static Local) -> Option<&'static Header> {
    // SAFETY: a process's record is the first field of its header, which lives while it runs.
    (local.kind() == Kind::Process).then(|| unsafe { NonNull::from(local).cast().as_ref() })
}

/// Has the core of the running process tick, if it does not: the process leaves to the loop as soon as preemption is on again, and
/// 3 follows.
fn want_ticks(stays: &PreemptionOff) {
    if stays.here().pace() != Pace::Ticking {
        stays.local().note_pending();
    }
}

/// 1. In place of a limited process's own.
///
/// # Safety
///
/// As for that.
unsafe fn poll(header: NonNull<Header>, context: &mut Context<'_>) {
    // SAFETY: the caller has the token, and a process ends in its core's loop.
    let process = unsafe { header.as_ref() };
    let local = &process.local;
    if let Some(Cold { runtime, .. }) = process.cold() {
        let stays = PreemptionOff::new();
        runtime.goes_on(platform::now());
        want_ticks(&stays);
    }
    // SAFETY: the caller's promise.
    unsafe { (process.operations.poll)(header, context) }
    let stays = PreemptionOff::new();
    let is_over = process
        .cold()
        .is_some_and(|cold| cold.runtime.pauses(platform::now()));
    drop(stays);
    // Who has come to its end has come to it.
    if is_over && local.intent() != Intent::DONE {
        let _ = kill(process.pid());
    }
}

impl Header {
    /// How the process is polled at its usual.
    pub(super) fn usual_poll(&self) -> PollFunction {
        match self.limited_runtime() {
            Some(_) => poll,
            None => self.operations.poll,
        }
    }

    fn limited_runtime(&self) -> Option<&Runtime> {
        let runtime = &self.cold()?.runtime;
        runtime.is_limited().then_some(runtime)
    }

    /// True if it was killed because it has had a core for too long.
    pub(super) fn is_over_runtime(&self) -> bool {
        self.cold().is_some_and(|cold| cold.runtime.is_over.get())
    }

    /// What it may use in nanoseconds, and has used.
    pub(super) fn runtime(&self) -> Option<(u64, u64)> {
        let runtime = self.limited_runtime()?;
        Some((runtime.most.get(), runtime.used.get()))
    }

    /// It has to die, and what that takes has limits of its own.
    pub(super) fn ends_runtime_limit(&self) {
        if let Some(runtime) = self.limited_runtime() {
            runtime.most.set(0);
        }
    }

    /// 2. It was broken off. True if it has a limit.
    pub(super) fn pauses(&self) -> bool {
        let Some(runtime) = self.limited_runtime() else {
            return false;
        };
        // Who has not begun has nothing to count from.
        if self.frame.get() == 0 {
            runtime.since.set(0);
        } else if runtime.pauses(platform::now()) {
            // Its token is not in the slot, so this is noted, and met before it goes on.
            let _ = self.slot.word.kill(self.pid());
        }
        true
    }
}

impl Token {
    /// 2. An interrupt that is no tick has broken it off, and it wants ticks.
    #[cold]
    #[inline(never)]
    pub fn pauses(&mut self) {
        let _ = self.header().pauses();
    }

    /// 3. It goes on.
    #[cold]
    #[inline(never)]
    pub fn goes_on_counting(&mut self) {
        if let Some(runtime) = self.header().limited_runtime() {
            runtime.goes_on(platform::now());
        }
    }
}

/// 4. Whoever runs is about to block.
#[inline(always)]
pub(super) fn is_about_to_block(local: &'static Local) {
    if local.overtime.get() > 0 {
        pauses_for_block(local);
    }
}

#[cold]
#[inline(never)]
fn pauses_for_block(local: &'static Local) {
    let _stays = PreemptionOff::of(local);
    let header = header_of(local);
    let runtime = header.and_then(Header::limited_runtime);
    if let (Some(header), Some(runtime)) = (header, runtime)
        && runtime.pauses(platform::now())
    {
        // It does not wait then: it runs, and this is met when it leaves.
        let _ = header.slot.word.kill(header.pid());
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
