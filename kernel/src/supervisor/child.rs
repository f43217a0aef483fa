//! What a child is to be: how it is made, again and again, and by which rules.

use super::Supervisor;
use super::beginning::{Ready, Start};
use super::kin;
use crate::{Options, Pid, SpawnError};
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use girder_core::supervise::{ChildRules, Restart, Shutdown};

/// A child of a supervisor, to be: its name, how its future is made each time that it starts, and what it is like.
///
/// `make` is called in the child's process, where what it makes may hold an `Rc`. It is called for each start, so it gives each of them what
/// it begins with anew. Where many are alike, a function that returns a `Child` is their template.
///
/// ```no_run
/// use core::time::Duration;
/// use girder::supervisor::{Child, Restart, Shutdown};
/// use girder::{Options, Priority};
///
/// async fn worker(number: u32) {
///     girder::println!("worker {number}");
/// }
///
/// fn template(number: u32) -> Child {
///     Child::new("worker", move || worker(number))
///         .restart(Restart::Transient)
///         .shutdown(Shutdown::Within(Duration::from_millis(100)))
///         .options(Options::new().priority(Priority::Low))
/// }
/// ```
#[must_use = "it is a plan, and nobody's child yet"]
pub struct Child {
    pub(super) name: Arc<str>,
    pub(super) rules: ChildRules,
    pub(super) kind: Kind,
    pub(super) start: Start,
    options: Options<'static>,
    making: Arc<dyn Making>,
}

/// What a child is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To do something.
    Worker,
    /// To look after others.
    Supervisor,
}

impl Child {
    /// A worker, to be started by this function.
    pub fn new<F, M>(name: impl Into<Arc<str>>, make: M) -> Self
    where
        F: Future<Output = ()> + 'static,
        M: Fn() -> F + Send + Sync + 'static,
    {
        Self::of(name.into(), Kind::Worker, Arc::new(Worker(make)))
    }

    /// A worker that is not started before it [says so](Ready::announce). Until then its supervisor starts nobody else, and one that ends
    /// before could not be started.
    ///
    /// ```no_run
    /// use girder::supervisor::Child;
    ///
    /// async fn opened() {}
    /// async fn served() {}
    ///
    /// let doors = Child::announced("doors", |ready| async {
    ///     opened().await;
    ///     if ready.announce().is_err() {
    ///         girder::exit("no envelope");
    ///     }
    ///     served().await;
    /// });
    /// ```
    pub fn announced<F, M>(name: impl Into<Arc<str>>, make: M) -> Self
    where
        F: Future<Output = ()> + 'static,
        M: Fn(Ready) -> F + Send + Sync + 'static,
    {
        Self {
            start: Start::Announced(Start::WHENEVER),
            ..Self::of(name.into(), Kind::Worker, Arc::new(Announced(make)))
        }
    }

    /// If it has not said that it is started after this time, it is killed. It may take as long as it wants, unless told otherwise. Of one that
    /// does not say so, nothing comes of this.
    pub const fn start_within(mut self, time: Duration) -> Self {
        if let Start::Announced(within) = &mut self.start {
            *within = Start::within(time);
        }
        self
    }

    /// A supervisor below the one that this is given to. It is started when all of its children are. Unless told otherwise it may
    /// take its time to end its own children.
    pub fn supervisor<M>(name: impl Into<Arc<str>>, make: M) -> Self
    where
        M: Fn() -> Supervisor + Send + Sync + 'static,
    {
        let below = Self {
            start: Start::Announced(Start::WHENEVER),
            ..Self::of(name.into(), Kind::Supervisor, Arc::new(Below(make)))
        };
        below.shutdown(Shutdown::Infinity)
    }

    fn of(name: Arc<str>, kind: Kind, making: Arc<dyn Making>) -> Self {
        Self {
            name,
            rules: ChildRules::default(),
            kind,
            start: Start::AtOnce,
            options: Options::new(),
            making,
        }
    }

    /// It is started again in these cases. Always, unless told otherwise.
    pub const fn restart(mut self, restart: Restart) -> Self {
        self.rules.restart = restart;
        self
    }

    /// It is ended like this. Unless told otherwise it is asked, and killed after five seconds.
    pub const fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.rules.shutdown = shutdown;
        self
    }

    /// Its end may be its supervisor's: see [`AutoShutdown`](super::AutoShutdown). It is not for one that is always started
    /// again.
    pub const fn significant(mut self) -> Self {
        self.rules.is_significant = true;
        self
    }

    /// Its process is to be like this. A name given here is one by which others find it, each time that it is started.
    pub fn options(mut self, options: Options<'static>) -> Self {
        self.options = options;
        self
    }

    /// Makes the process, which is the running one's child.
    pub(super) fn bear(&self) -> Result<Pid, SpawnError> {
        self.making.clone().bear(self.options)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// How a child is made, whatever its future's type is.
trait Making: Send + Sync {
    fn bear(self: Arc<Self>, options: Options<'static>) -> Result<Pid, SpawnError>;
}

struct Worker<M>(M);

impl<F, M> Making for Worker<M>
where
    F: Future<Output = ()> + 'static,
    M: Fn() -> F + Send + Sync + 'static,
{
    fn bear(self: Arc<Self>, options: Options<'static>) -> Result<Pid, SpawnError> {
        kin::bear(options, move || (self.0)())
    }
}

struct Announced<M>(M);

impl<F, M> Making for Announced<M>
where
    F: Future<Output = ()> + 'static,
    M: Fn(Ready) -> F + Send + Sync + 'static,
{
    fn bear(self: Arc<Self>, options: Options<'static>) -> Result<Pid, SpawnError> {
        let ready = Ready::here();
        kin::bear(options, move || (self.0)(ready))
    }
}

struct Below<M>(M);

impl<M> Making for Below<M>
where
    M: Fn() -> Supervisor + Send + Sync + 'static,
{
    fn bear(self: Arc<Self>, options: Options<'static>) -> Result<Pid, SpawnError> {
        let ready = Ready::here();
        let parent = crate::own_pid();
        kin::bear(options, move || {
            (self.0)().run_below(Some(parent), Some(ready))
        })
    }
}
