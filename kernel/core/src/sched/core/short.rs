//! The short ways from one process to the next, while all that wait for the core simply take turns: nearly all that
//! ever happens. Each gives up where anything is to be decided, and then `decide` does.

use super::Core;
use crate::sched::effects::{Hardware, Migration, Ready, World};
use crate::sched::levels::Priority;
use girder_lockfree::Token;
use girder_lockfree::process::here::{Handed, Here, Load, Woken};
use girder_lockfree::process::{Finished, InLoop, InLoopWork, Runnable};

/// The next process; or else the long way decides, and first about this one, if there is one.
pub(in crate::sched) type Turned = Result<Runnable, Option<Token>>;

/// What is done in one look at the core's desk. (No closure, for those the compiler may call.)
struct End<'a, W: World>(&'a mut Core<W>, Finished);

impl<W: World> InLoopWork for End<'_, W> {
    type Output = Turned;

    #[inline(always)]
    fn work(self, at: InLoop<'_>) -> Turned {
        if W::Migration::MOVES && self.1.is_from_abroad() {
            self.1.discontinue_from_abroad(at);
        } else {
            self.1.discontinue_at(at);
        }
        self.0.take_next(at)
    }
}

impl<W: World> Core<W> {
    /// Lets a process wait, and takes the next one. Its time is charged before, if time is kept.
    #[inline(always)]
    pub(in crate::sched) fn let_wait(&mut self, at: InLoop<'_>, token: Token) -> Turned {
        let token = self.fill_up(token);
        match token.park_at(at) {
            // Woken while it ran: it looks again, when its turn comes.
            Some(token) => self.put_behind_all(token),
            None => self.take_next(at),
        }
    }

    /// Lets a process wait for mail that has nothing to give back, and takes the next one. One that has spent too much is
    /// looked at with care, and given more, when it does so; at the latest when it next yields.
    #[inline(always)]
    pub(in crate::sched) fn let_listen(&mut self, at: InLoop<'_>, token: Token) -> Turned {
        match token.park_listening() {
            Some(token) => self.put_behind_all(token),
            None => self.take_next(at),
        }
    }

    /// It may be of any level, so what is next has to be decided at length.
    #[cold]
    #[inline(never)]
    fn put_behind_all(&mut self, token: Token) -> Turned {
        self.push_behind_all(token);
        Err(None)
    }

    /// Ends a process, and takes the next one.
    #[inline(always)]
    pub(in crate::sched) fn end(&mut self, here: &'static Here, finished: Finished) -> Turned {
        if self.terms.keeps_time {
            self.look_at_clock();
        }
        self.statistics.ended += 1;
        here.in_loop_do(End(self, finished))
    }

    /// The same without a look whether time is kept, and who is here.
    #[inline(always)]
    pub(in crate::sched) fn end_at(&mut self, at: InLoop<'_>, finished: Finished) -> Turned {
        self.statistics.ended += 1;
        End(self, finished).work(at)
    }

    /// Whoever comes next has the time from now on.
    #[inline(always)]
    pub(in crate::sched) fn look_at_clock(&mut self) {
        self.since = self.hardware.now_roughly();
    }

    /// The shortest way: all that is to be done for one that has yielded is to let the next one run.
    /// Whoever yields like this has been found to be one of many that simply take turns, and nothing
    /// has come up since: see `consider`. If something is wanted of the next one, that is
    /// [`decide_after`](Self::decide_after)'s. Its time is charged before, if time is kept.
    #[inline(always)]
    pub(in crate::sched) fn take_turns(
        &mut self,
        here: &'static Here,
        mut token: Token,
    ) -> Result<Runnable, Token> {
        token.begin_stint();
        self.rotate(here, token)
    }

    #[inline(always)]
    pub(super) fn rotate(&mut self, here: &'static Here, token: Token) -> Result<Runnable, Token> {
        let process = self.ready.rotate(token).begin()?;
        Ok(self.give(here, process))
    }

    #[inline(always)]
    pub(super) fn give(&mut self, here: &'static Here, process: Runnable) -> Runnable {
        self.statistics.switches += 1;
        self.give_uncounted(here, process)
    }

    #[inline(always)]
    fn give_uncounted(&mut self, here: &'static Here, mut process: Runnable) -> Runnable {
        if W::Migration::MOVES && process.has_come_to(here) {
            self.statistics.immigrants += 1;
        }
        process.give_core(here);
        process
    }

    /// Decides what to do next: the short way, while all that wait for the core simply take turns.
    #[inline(always)]
    fn take_next(&mut self, at: InLoop<'_>) -> Turned {
        if at.here().is_laden() {
            return self.take_newborn(at);
        }
        match at.take_handed() {
            Handed::One(process) => return self.begin_handed(at, process),
            Handed::Nobody => {
                let token = self.ready.pop_ordinary().ok_or(None)?;
                return self.begin(at.here(), token);
            }
            Handed::Unknown => {}
        }
        if !self.ready.is_even(Priority::Normal) {
            return Err(None);
        }
        match at.take_only_woken(Priority::Normal.level()) {
            Woken::Nobody => {}
            Woken::Only(token) if self.migration.owns() => {
                return match self.keep(token) {
                    Some(token) => self.begin_arrived(at, token),
                    None => Err(None),
                };
            }
            Woken::Only(token) => return self.begin_arrived(at, token),
            Woken::Others => return Err(None),
        }
        let Some(token) = self.ready.pop() else {
            return Err(None);
        };
        self.begin(at.here(), token)
    }

    /// The same if nothing has come but a child, as of a process that waits for it.
    #[cold]
    #[inline(never)]
    fn take_newborn(&mut self, at: InLoop<'_>) -> Turned {
        if at.here().desk_load() != Load::Newborn || !self.ready.is_even(Priority::Normal) {
            return Err(None);
        }
        match at.take_only_newborn(Priority::Normal.level()) {
            Some(token) => self.begin_arrived(at, token),
            None => Err(None),
        }
    }

    /// As when messages go to and fro: it goes behind the others, if there are any.
    #[inline(always)]
    fn begin_arrived(&mut self, at: InLoop<'_>, token: Token) -> Turned {
        self.statistics.arrivals += 1;
        let token = self.ready.rotate(token);
        if !self.ready.is_empty() && !self.deadlines.has_tick() {
            self.set_timer(true, None);
        }
        // Where processes belong to cores each one that is woken is asked where it belongs.
        if self.deadlines.has_tick() && !self.migration.owns() {
            at.open_hand();
        }
        self.begin(at.here(), token)
    }

    /// Several simply take turns: those that come after this one need no look at more than the hand.
    #[inline(never)]
    pub(super) fn open_hand(&mut self) {
        let is_even = self.ready.is_even(Priority::Normal);
        if is_even && self.deadlines.has_tick() && !self.migration.owns() {
            self.here.in_loop(|at| at.open_hand_if_empty());
        }
    }

    /// As `begin_arrived` for one that was handed a message: a tick will come, and it has only to be asked whether others were
    /// before it.
    #[inline(always)]
    fn begin_handed(&mut self, at: InLoop<'_>, process: Runnable) -> Turned {
        let process = match self.ready.has_turns() {
            false => process,
            true => match self.ready.rotate(process.put_off()).begin() {
                Ok(process) => process,
                Err(token) => {
                    self.statistics.arrivals += 1;
                    return Err(Some(token));
                }
            },
        };
        self.handed += 1;
        let process = self.give_uncounted(at.here(), process);
        at.keep_apart();
        Ok(process)
    }

    #[inline(always)]
    fn begin(&mut self, here: &'static Here, token: Token) -> Turned {
        let process = token.begin()?;
        Ok(self.give(here, process))
    }
}
