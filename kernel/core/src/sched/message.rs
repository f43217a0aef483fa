//! The handlers of the deployment in which cores share nothing of the scheduler: what one wants of another it says by a
//! packet. The same on the machine and in the simulator.
//!
//! ```text
//!   WAKE           whoever wakes a process takes it from its wait slot, and sends it to the core that owns it
//!   SIGNAL         the same for one that waits and is to be suspended, killed, moved; one that does not wait has a flag
//!                  in its state word, and cores that might not look are rung at
//!   STEAL_REQUEST  a bit in the set of requests of a core that ticks, and a ring
//!   STEAL_REPLY    processes, as MIGRATE; a core that has none to spare keeps the request until it has, or it is
//!                  taken back
//!   MIGRATE        a process that changes its owner
//! ```
//!
//! A packet that carries a process is linked through it, and a request is a bit, so nothing is ever full.
//!
//! # Who owns a process
//!
//! The core that it was last on, which it says itself; for a newborn, the core where it was born. Only that core queues and
//! runs it. Its state word is its mailbox as well, and there anybody may leave something, or take it from its wait slot: but
//! who is not its owner can do nothing with it but send it there. Only its owner sends it to another core to stay, and with the
//! first turn there that core is the owner. Until then it is in that core's inbox or queue, and nobody can take it, for it does
//! not wait; one that is suspended meanwhile, and resumed, may come to run where it was before, which is
//! no harm: there is one token.
//!
//! A queue and a desk are found through the core that runs, and whoever looks for one on another core is stopped by the check
//! whose loop it is; what the cores of the deployment `shared` have in common stops a debug build that touches it here.
//!
//! # Who has plenty, and who has none
//!
//! A core that has nobody is *idle*, and shows that by its pace. It asks one that ticks, and sleeps. Whoever comes to have plenty,
//! is asked, or ticks, sends half of what it can spare: to those that have asked, or else to those near it that are idle. Who has
//! much more to do than one of those that it compares itself with sends some there, as in the other deployment; but
//! only that core itself shows its load.
//! `girder_lockfree::process::crew` has the argument that no core sleeps beside work for longer than half a quantum.

use super::effects::{CoreId, Place, Ready, Stolen};
use super::levels::{Levels, Priority};
use super::moving::{Exchange, Moving, Others};
use girder_lockfree::Token;
use girder_lockfree::process::Queue;
use girder_lockfree::process::crew::{Crew, Pace};
use girder_lockfree::process::here::Here;

/// Processes that are sent away at a time.
const SENT: usize = 32;
/// Cores that are sent some at a time, and cores that are looked at for that.
const NEIGHBOURS: usize = 16;

/// A core's queues, which nobody else knows of.
#[derive(Debug)]
pub struct Apart {
    levels: Levels,
    crew: &'static Crew,
    own: usize,
}

/// The other cores, as far as packets go.
pub type Neighbours = Moving<Packets>;

/// Those who have nobody ask, and those who have plenty send.
#[derive(Debug, Default)]
pub struct Packets {
    /// Whom this core has asked for work.
    asked: Option<usize>,
}

/// The handlers of a core that shares nothing, for its loop.
pub fn apart(crew: &'static Crew, here: &'static Here) -> Option<(Apart, Neighbours)> {
    let others = Others::of(crew, here)?;
    crew.keep_apart();
    let apart = Apart {
        levels: Levels::default(),
        crew,
        own: others.own,
    };
    let exchange = Packets::default();
    Some((apart, Moving { others, exchange }))
}

impl Apart {
    /// Who is ready.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }
}

impl Ready for Apart {
    #[inline(always)]
    fn push(&mut self, token: Token, place: Place) {
        self.levels.push(token, place);
    }

    fn push_all(&mut self, tokens: &mut Queue, levels: u8, count: usize) {
        self.levels.push_all(tokens, levels, count);
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Token> {
        self.levels.pop()
    }

    #[inline(always)]
    fn is_even(&self, running: Priority) -> bool {
        self.levels.is_even(running)
    }

    #[inline(always)]
    fn rotate(&mut self, token: Token) -> Token {
        self.levels.rotate(token)
    }

    /// By packet: so whether there is something is not known yet.
    fn steal_from(&mut self, victim: CoreId) -> Stolen {
        let victim = victim.0 as usize;
        if self.crew.pace_of(victim) != Pace::Ticking {
            return Stolen::None;
        }
        self.crew.ask(victim, self.own);
        self.crew.call(victim);
        Stolen::Asked
    }

    fn sparable(&self) -> usize {
        self.levels.count_up_to(2 * SENT) / 2
    }

    fn spare(&mut self) -> Option<Token> {
        self.levels.pop_to_spare()
    }

    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    fn count(&self) -> usize {
        self.levels.count()
    }

    fn has_rivals(&self, others: usize) -> bool {
        self.levels.has_rivals(others)
    }

    fn most_urgent(&self) -> Option<Priority> {
        self.levels.most_urgent()
    }
}

/// Idle cores among the nearest.
fn idle_ones(others: &Others) -> impl Iterator<Item = usize> {
    let near = others.order.nearest(NEIGHBOURS);
    near.filter(|&core| others.crew.pace_of(core) == Pace::Idle)
}

impl Exchange for Packets {
    const OWNS: bool = true;

    /// Its owner, which may have become one that it may not run on.
    fn home_of(&self, others: &Others, token: &Token, choice: usize) -> Option<usize> {
        let last = token.last_core();
        let last = last.and_then(|last| others.crew.number_of(last));
        let owner = last.unwrap_or(others.own);
        let home = others.crew.home_of(token, owner, choice).unwrap_or(owner);
        (home != others.own).then_some(home)
    }

    /// Nobody calls anybody by a word that several write; whoever is near and idle finds it in its inbox.
    fn claim_for(&mut self, others: &Others, token: &Token) -> Option<usize> {
        idle_ones(others).find(|&core| others.crew.is_free_to_run_on(token, core))
    }

    fn has_asked(&mut self, victim: usize) {
        self.asked = Some(victim);
    }

    /// Its pace has said it.
    fn go_hungry(&mut self, others: &Others) {
        others.crew.look_after_saying();
    }

    fn is_fed(&mut self, others: &Others) {
        if let Some(asked) = self.asked.take() {
            others.crew.take_back_request(asked, others.own);
        }
    }

    fn is_anybody_hungry(&self, others: &Others) -> bool {
        others.crew.is_asked(others.own) || idle_ones(others).next().is_some()
    }

    /// Half of what can be spared: to each that has asked its part, or if nobody has, to each that is idle.
    fn feed(&mut self, others: &Others, ready: &mut impl Ready) -> usize {
        let mut left = ready.sparable();
        let mut hungry = [0; NEIGHBOURS];
        let most = NEIGHBOURS.min(left);
        let asked = core::iter::from_fn(|| others.crew.take_request(others.own));
        let mut count = fill(&mut hungry, asked.take(most));
        if count == 0 {
            count = fill(&mut hungry, idle_ones(others).take(most));
        }
        let mut sent = 0;
        for (served, &core) in hungry[..count].iter().enumerate() {
            let part = left / (count - served);
            left -= part;
            sent += others.send_some(ready, core, part);
        }
        sent
    }
}

/// Puts these in; how many it were.
fn fill(places: &mut [usize], cores: impl Iterator<Item = usize>) -> usize {
    let filled = places.iter_mut().zip(cores);
    filled.map(|(place, core)| *place = core).count()
}
