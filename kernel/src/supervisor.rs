//! Supervisors: processes that start others, and start them again when they fail.
//!
//! A service that crashes is not repaired; it is started anew, in a state that is known to work. Who does that is its *supervisor*: a
//! process that does nothing else, and so has no reason to fail. Supervisors are children of supervisors, and a system is a tree
//! whose leaves do the work. A failure is dealt with as near to it as possible; what a supervisor can't mend, by
//! a few restarts in some time, is its own failure, which the one above it deals with.
//!
//! ```no_run
//! use core::time::Duration;
//! use girder::supervisor::{Child, Restart, Strategy, Supervisor};
//!
//! async fn radio() {}
//! async fn log_of_calls() {}
//! async fn display() {}
//!
//! /// Without its radio the log has nothing to write down: they come and go together.
//! fn calls() -> Supervisor {
//!     Supervisor::new(Strategy::OneForAll)
//!         .child(Child::new("radio", radio))
//!         .child(Child::new("log", log_of_calls))
//! }
//!
//! # fn example() -> Result<(), girder::SpawnError> {
//! let telephone = Supervisor::new(Strategy::OneForOne)
//!     .intensity(3, Duration::from_secs(10))
//!     .child(Child::supervisor("calls", calls))
//!     .child(Child::new("display", display).restart(Restart::Transient));
//! let telephone = telephone.spawn()?;
//! # Ok(())
//! # }
//! ```
//!
//! What it does is what OTP's supervisors do; where it differs, `doc/supervisors.md` says so and why.
//!
//! # Children that come and go
//!
//! [`SupervisorAddr`] asks a supervisor that runs to [start](SupervisorAddr::start_child) another child, to
//! [end](SupervisorAddr::terminate_child) one, and [who there is](SupervisorAddr::which_children). Where all children are
//! alike and many, [`Strategy::SimpleOneForOne`] ends them at once and keeps nothing of who is gone.
//!
//! ```no_run
//! use girder::supervisor::{Child, Restart, Strategy, Supervisor, WishError};
//!
//! async fn session(number: u32) {}
//!
//! # async fn example() -> girder::Result {
//! let sessions = Supervisor::new(Strategy::SimpleOneForOne).spawn()?;
//! for number in 0..1_000 {
//!     let child = Child::new("session", move || session(number));
//!     sessions.start_child(child.restart(Restart::Temporary)).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod beginning;
mod child;
mod kin;
mod running;

use crate::{Options, Pid, SpawnError, is_alive, own_pid};
use alloc::vec::Vec;
use core::time::Duration;
use girder_core::supervise::Rules;
use running::Running;

pub use address::{ChildInfo, Counts, SupervisorAddr, WishError};
pub use beginning::Ready;
pub use child::{Child, Kind};
pub use girder_core::supervise::{AutoShutdown, ChildId, Refusal, Restart, Shutdown, Strategy};

/// A supervisor, to be: its rules, and whom it begins with.
#[derive(Debug)]
#[must_use = "it supervises nobody yet"]
pub struct Supervisor {
    rules: Rules,
    children: Vec<Child>,
}

impl Supervisor {
    /// A supervisor without children, which has to mend no more than one failure in five seconds.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            rules: Rules {
                strategy,
                ..Rules::default()
            },
            children: Vec::new(),
        }
    }

    /// It restarts as often as that within each such period. With one more it gives up: it ends its children, and itself.
    pub const fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.rules.intensity = restarts;
        self.rules.period = period;
        self
    }

    /// It ends when children have ended that are [significant](Child::significant).
    pub const fn auto_shutdown(mut self, when: AutoShutdown) -> Self {
        self.rules.auto_shutdown = when;
        self
    }

    /// It begins with this child, behind those before it.
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Makes a process that is this supervisor. Its end ends nobody else, and only itself or others end it.
    pub fn spawn(self) -> Result<SupervisorAddr, SpawnError> {
        self.spawn_opt(Options::new())
    }

    /// The same, with more to choose from: a name by which it is found, for example.
    pub fn spawn_opt(self, options: Options<'_>) -> Result<SupervisorAddr, SpawnError> {
        let pid = options.spawn_with(move || self.run())?;
        Ok(SupervisorAddr::of(pid))
    }

    /// As [`spawn`](Self::spawn), linked to the running process: when that ends, however it does, the supervisor ends its children and
    /// itself. When the supervisor gives up, the running process ends, unless it [traps](crate::trap_exit) that.
    pub fn spawn_link(self) -> Result<SupervisorAddr, SpawnError> {
        let parent = own_pid();
        let pid = Options::new().spawn_link(move || self.run_below(Some(parent), None))?;
        Ok(SupervisorAddr::of(pid))
    }

    /// Is this supervisor, as the running process, until it ends. What comes to the process meanwhile is the supervisor's: messages that it
    /// does not know are dropped.
    ///
    /// It returns when it was [asked to stop](SupervisorAddr::stop). Else the process ends by the exit signal that asked it to; if it
    /// gives up, or ends with its significant children, for the reason [`Shutdown`](crate::ExitReason::Shutdown).
    ///
    /// What it runs as is to be nobody's child: below a supervisor it is [`Child::supervisor`], which ends with the one above it. And it is to
    /// be awaited to the end: its children do not end with a future that is dropped, but with the process.
    pub async fn run(self) {
        self.run_below(None, None).await;
    }

    async fn run_below(self, parent: Option<Pid>, ready: Option<Ready>) {
        let Self { rules, children } = self;
        let trapped = match kin::settle_in() {
            Ok(trapped) => trapped,
            Err(error) => crate::exit(error),
        };
        // Who has returned before this was no failure, and is gone: later ends are told.
        if parent.is_some_and(|parent| !is_alive(parent)) {
            return;
        }
        let mut running = match Running::new(rules, children, parent, ready) {
            Ok(running) => running,
            Err(refusal) => crate::exit(refusal),
        };
        let verdict = running.run().await;
        let reason = running.reason(verdict);
        drop(running);
        kin::end(reason, trapped).await;
    }
}
