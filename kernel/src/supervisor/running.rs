//! A supervisor at work: what comes in is reported to the machine that decides, and what that orders is done.
//!
//! Nobody else's code runs here. A child's future is made in the child's own process, and what is asked comes as a message; only what a child
//! that is removed was to be made of is dropped here. So a supervisor is at an await, or soon comes to one, and whoever kills it has it drop
//! all that it has; unless it is on its way through more children than it can pass in the time that it is given for that.

use super::address::{ChildInfo, Counts, Wish, WishError};
use super::beginning::{Asker, Beginning, Ready};
use super::child::{Child, Kind};
use super::kin;
use crate::{Down, Exit, ExitReason, Message, Pid, ReplyTo, SpawnError, is_alive, yield_now};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use girder_core::supervise::{ChildId, Order, Refusal, Rules, Supervision, Verdict};
use girder_core::time::Instant;
use girder_lockfree::arena::Hashing;
use girder_lockfree::process::Words;
use hashbrown::HashMap;

/// Orders in a row that it carries out before others have a turn, and a kill its effect, and before it looks whether it is to stop.
const ORDERS: u32 = 64;

pub(super) struct Running {
    pub(super) machine: Supervision<Member>,
    /// The start that is under way, if whoever is being started says itself when it is over.
    pub(super) beginning: Option<Beginning>,
    /// To say that this supervisor is started itself, when its children are.
    ready: Option<Ready>,
    /// Which child a process is.
    pids: HashMap<Pid, ChildId, Hashing>,
    /// What waits until all is settled.
    wishes: VecDeque<Wish>,
    /// Who is to know when a child has ended as somebody wished.
    terminating: Option<ReplyTo<Result<(), WishError>>>,
    /// Why the last start failed, if it has.
    failure: Option<SpawnError>,
    /// Who is above it: its end is the supervisor's.
    parent: Option<Pid>,
    /// How it is to end when it has been asked to.
    reason: ExitReason,
}

pub(super) struct Member {
    child: Child,
    /// Who it is, if it is there.
    pid: Option<Pid>,
}

impl Running {
    pub(super) fn new(
        rules: Rules,
        children: impl IntoIterator<Item = Child>,
        parent: Option<Pid>,
        ready: Option<Ready>,
    ) -> Result<Self, Refusal> {
        let members = children.into_iter().map(Member::of);
        Ok(Self {
            machine: Supervision::new(rules, members)?,
            beginning: None,
            ready,
            pids: HashMap::with_hasher(Hashing::default()),
            wishes: VecDeque::new(),
            terminating: None,
            failure: None,
            parent,
            reason: ExitReason::Returned,
        })
    }

    /// Looks after the children until there are none, and are not to be.
    pub(super) async fn run(&mut self) -> Verdict {
        let mut in_a_row = 0;
        loop {
            in_a_row = (in_a_row + 1) % ORDERS;
            if in_a_row == 0 {
                yield_now().await;
                self.hear_what_is_there().await;
            }
            if self.beginning.is_some() && self.machine.is_ending() {
                self.waits_no_longer();
            }
            match self.machine.next(Instant::now()) {
                Order::Start(id) => {
                    if self.start(id).is_err() {
                        // It is tried again and again, and somebody may see no sense in that.
                        self.hear_what_is_there().await;
                    }
                }
                Order::Ask(id) => self.tell(id, kin::ask),
                Order::Kill(id) => self.tell(id, kin::end_now),
                Order::Wait(until) => match self.next_wish() {
                    Some(wish) => self.fulfil(wish),
                    None => self.wait(until).await,
                },
                Order::Over(verdict) => return verdict,
            }
        }
    }

    /// Waits for what comes next, until that time at most, or until a start has taken too long.
    async fn wait(&mut self, until: Option<Instant>) {
        let until = match &self.beginning {
            None => until,
            Some(beginning) => beginning.until(),
        };
        match kin::next_message(until).await {
            Some(message) => self.hear(message),
            None => {
                if let Some(beginning) = &mut self.beginning {
                    beginning.end_if_late(Instant::now());
                }
            }
        }
    }

    /// Hears what has come, but not for ever.
    async fn hear_what_is_there(&mut self) {
        for _ in 0..ORDERS {
            match kin::message_at_hand().await {
                Some(message) => self.hear(message),
                None => return,
            }
        }
    }

    /// How it is to end after this verdict.
    pub(super) fn reason(&self, verdict: Verdict) -> ExitReason {
        match verdict {
            Verdict::Stopped => self.reason.clone(),
            Verdict::SignificantEnded(_) => ExitReason::Shutdown,
            Verdict::TooManyRestarts(id) => {
                let name = self.name(id);
                self.complain(format_args!("too many restarts, the last of {name}"));
                ExitReason::Shutdown
            }
            Verdict::StartFailed(id) => {
                self.complain(format_args!("{} could not be started", self.name(id)));
                ExitReason::Exited(Words::of("a child could not be started"))
            }
        }
    }

    fn complain(&self, why: core::fmt::Arguments<'_>) {
        let own = crate::own_pid();
        match self.failure {
            Some(error) => log::error!("supervisor {own} gives up: {why} ({error})"),
            None => log::error!("supervisor {own} gives up: {why}"),
        }
    }

    /// What the child is called, for those who read of it.
    fn name(&self, id: ChildId) -> &str {
        let member = self.machine.child(id);
        member.map_or("a child that is gone", |member| &member.child.name)
    }

    fn hear(&mut self, message: Message) {
        match message.downcast() {
            Ok(Exit { pid, ref reason }) => self.hear_of_exit(pid, reason),
            Err(other) => match other.downcast() {
                Ok(Wish::Stop) => self.machine.stop(),
                // For want of memory it is dropped, and whoever asked is told so.
                Ok(wish) if self.wishes.try_reserve(1).is_ok() => self.wishes.push_back(wish),
                Ok(_) => {}
                Err(other) => self.hear_of_end(other),
            },
        }
    }

    /// Hears of the end of one that may have cut its link, or that one is started.
    #[cold]
    fn hear_of_end(&mut self, message: Message) {
        match message.downcast() {
            Ok(Down { pid, reason, .. }) => {
                if let Some(id) = self.pids.remove(&pid) {
                    self.gone(id, &reason);
                }
            }
            Err(other) => {
                if let Ok(announced) = other.downcast() {
                    self.hear_of_beginning(announced);
                }
            }
        }
    }

    fn hear_of_exit(&mut self, pid: Pid, reason: &ExitReason) {
        // The end of a process is told when it is gone. Whoever is there has said this on its own account.
        let is_end = !is_alive(pid);
        match self.pids.get(&pid) {
            Some(&id) if is_end => {
                self.pids.remove(&pid);
                self.gone(id, reason);
            }
            Some(_) => {}
            None if Some(pid) == self.parent || (*reason == ExitReason::Shutdown && !is_end) => {
                self.reason = reason.clone();
                self.machine.stop();
            }
            None => {}
        }
    }

    fn gone(&mut self, id: ChildId, reason: &ExitReason) {
        if let Some(member) = self.machine.child_mut(id) {
            member.pid = None;
        }
        if self.beginning.is_some() && self.ends_beginning(id) {
            return;
        }
        self.machine.ended(id, kin::class(reason));
    }

    fn start(&mut self, id: ChildId) -> Result<Pid, SpawnError> {
        let started = self.bear(id);
        self.failure = started.as_ref().err().copied();
        match started {
            // It says so itself.
            Ok(_) if self.beginning.is_some() => {}
            Ok(_) => self.machine.started(id),
            Err(_) => self.machine.start_failed(id),
        }
        started
    }

    fn bear(&mut self, id: ChildId) -> Result<Pid, SpawnError> {
        let room = self.pids.try_reserve(1);
        room.map_err(|_| SpawnError::NoProcess)?;
        let member = self.machine.child_mut(id).ok_or(SpawnError::NoProcess)?;
        let pid = member.child.bear()?;
        member.pid = Some(pid);
        self.beginning = member.child.start.beginning(id, pid);
        self.pids.insert(pid, id);
        Ok(pid)
    }

    fn tell(&self, id: ChildId, what: fn(Pid)) {
        if let Some(pid) = self.machine.child(id).and_then(|member| member.pid) {
            what(pid);
        }
    }

    /// What is wished next, if all is settled; then whatever was wished before has come about.
    fn next_wish(&mut self) -> Option<Wish> {
        if !self.machine.is_settled() {
            self.refuse_if_ending();
            return None;
        }
        if self.ready.is_some() {
            self.announce();
        }
        if let Some(reply_to) = self.terminating.take() {
            answer(reply_to, Ok(()));
        }
        self.wishes.pop_front()
    }

    /// Says that it is started, to the one above it. One that can't ends, and is started again.
    #[cold]
    fn announce(&mut self) {
        if self
            .ready
            .take()
            .is_some_and(|ready| ready.announce().is_err())
        {
            crate::exit("no envelope to say that all children are started");
        }
    }

    /// Whoever wishes something of one that ends may be a child of it, for whose end it waits.
    fn refuse_if_ending(&mut self) {
        if self.machine.is_ending() {
            for wish in self.wishes.drain(..) {
                wish.refuse(Refusal::Busy);
            }
        }
    }

    fn fulfil(&mut self, wish: Wish) {
        match wish {
            Wish::Start(child, reply_to) => {
                let added = self.add(child);
                self.tell_of_start(Asker::Start(reply_to), added);
            }
            Wish::Restart(id, reply_to) => {
                let restarted = self.restart(id).map(|pid| (id, pid));
                self.tell_of_start(Asker::Restart(reply_to), restarted);
            }
            Wish::Delete(id, reply_to) => {
                let deleted = self.machine.delete(id);
                answer(reply_to, deleted.map(drop).map_err(WishError::from));
            }
            Wish::Terminate(id, reply_to) => match self.machine.terminate(id) {
                Ok(()) => self.terminating = Some(reply_to),
                Err(refusal) => answer(reply_to, Err(refusal.into())),
            },
            // Without room for the answer there is none, and whoever asked is told so.
            Wish::Which(reply_to) => _ = self.members().map(|all| answer(reply_to, all)),
            Wish::Count(reply_to) => answer(reply_to, self.counts()),
            Wish::Stop => self.machine.stop(),
        }
    }

    fn add(&mut self, child: Child) -> Result<(ChildId, Pid), WishError> {
        let (rules, member) = Member::of(child);
        let id = self.machine.add(rules, member)?;
        Ok((id, self.start_now()?))
    }

    fn restart(&mut self, id: ChildId) -> Result<Pid, WishError> {
        self.machine.restart(id)?;
        Ok(self.start_now()?)
    }

    /// Tells whoever wished for a start how it went, as soon as that is known.
    fn tell_of_start(&mut self, asker: Asker, started: Result<(ChildId, Pid), WishError>) {
        match &mut self.beginning {
            Some(beginning) if started.is_ok() => beginning.tells(asker),
            _ => asker.tell(started),
        }
    }

    /// Starts whom the machine was just told to.
    fn start_now(&mut self) -> Result<Pid, SpawnError> {
        match self.machine.next(Instant::now()) {
            Order::Start(id) => self.start(id),
            other => unreachable!("{other:?} instead of a start"),
        }
    }

    fn members(&self) -> Option<Vec<ChildInfo>> {
        let mut all = Vec::new();
        all.try_reserve_exact(self.machine.count()).ok()?;
        all.extend(self.machine.children().map(|(id, member)| ChildInfo {
            id,
            name: member.child.name.clone(),
            pid: member.pid,
            kind: member.child.kind,
            restart: member.child.rules.restart,
        }));
        Some(all)
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, member) in self.machine.children() {
            counts.children += 1;
            counts.active += usize::from(member.pid.is_some());
            match member.child.kind {
                Kind::Supervisor => counts.supervisors += 1,
                Kind::Worker => counts.workers += 1,
            }
        }
        counts
    }
}

impl Member {
    fn of(child: Child) -> (girder_core::supervise::ChildRules, Self) {
        (child.rules, Self { child, pid: None })
    }
}

/// Answers, if somebody waits for it still.
fn answer<T: Send + 'static>(reply_to: ReplyTo<T>, answer: T) {
    _ = reply_to.reply(answer);
}
