//! Applications: trees of processes that come up by themselves and go down in good order.
//!
//! An [`Application`] is a supervisor with a name. What is special about it is its end: before the machine is switched off or starts
//! again, by the shell's `poweroff` and `reboot`, by [`power_off`], or because `main` is over, each application is asked to stop, the one
//! that was started last first, and waited for. So whoever needs others is started after them, and ends before they do, and within an
//! application a supervisor sees to the same. All applications together have half a minute; what is there then is killed.
//!
//! ```no_run
//! use girder::application::Application;
//! use girder::supervisor::{Child, Strategy, Supervisor};
//!
//! async fn journal() {}
//! async fn doors() {}
//!
//! async fn begin() -> girder::Result {
//!     let storage = Supervisor::new(Strategy::OneForOne).child(Child::new("journal", journal));
//!     let storage = Application::new("storage", storage).start()?;
//!     storage.settled().await?;
//!     let house = Supervisor::new(Strategy::OneForAll).child(Child::new("doors", doors));
//!     Application::new("house", house).start()?;
//!     Ok(())
//! }
//! ```

use crate::supervisor::{Supervisor, SupervisorAddr};
use crate::{Options, Pid, SpawnError, machine};
use core::fmt;
use girder_core::departure::Full;

/// Applications that there may be at a time.
pub use girder_core::departure::MOST;

/// A supervisor that is asked to stop before the machine does.
#[derive(Debug)]
#[must_use = "it is not started yet"]
pub struct Application {
    name: &'static str,
    tree: Supervisor,
}

/// Why an application was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// There is no process for its supervisor.
    Spawn(SpawnError),
    /// There are [`MOST`] already.
    TooMany,
}

impl Application {
    /// An application that is this tree, and whose supervisor is found by this name.
    pub const fn new(name: &'static str, tree: Supervisor) -> Self {
        Self { name, tree }
    }

    /// Starts it. Whoever is to find all of its children started awaits that it is [settled](SupervisorAddr::settled).
    pub fn start(self) -> Result<SupervisorAddr, StartError> {
        let supervisor = self.tree.spawn_opt(Options::new().name(self.name))?;
        match machine::enter_departure(supervisor.pid(), ask_to_stop) {
            Ok(()) => Ok(supervisor),
            Err(Full) => {
                ask_to_stop(supervisor.pid());
                Err(StartError::TooMany)
            }
        }
    }
}

/// Switches the machine off when all applications have stopped.
///
/// What others tell the running process of their ends meanwhile, it does not learn.
pub async fn power_off() -> ! {
    machine::power_off().await
}

/// One for whom there is no envelope is not waited for.
fn ask_to_stop(supervisor: Pid) {
    if SupervisorAddr::of(supervisor).stop().is_err() {
        crate::kill(supervisor);
    }
}

impl From<SpawnError> for StartError {
    fn from(error: SpawnError) -> Self {
        Self::Spawn(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spawn(error) => fmt::Display::fmt(error, f),
            Self::TooMany => write!(f, "there are {MOST} applications already"),
        }
    }
}

impl core::error::Error for StartError {}
