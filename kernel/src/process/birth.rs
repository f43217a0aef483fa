//! How a process comes to be as its maker wants it: it limits itself before anything else, and has its name.

use super::{SpawnError, own_pid};
use crate::machine::names;
use core::time::Duration;
use girder_core::mail::Bound;
use girder_core::names::{Name, NameError, Reservation};
use girder_lockfree::process::{self, Affinity, MonitorRef, NoProcess, Pid, STACK_BYTES, Watch};

/// How a process is made, its name aside.
#[derive(Clone, Copy)]
pub(super) struct Birth {
    pub(super) level: u8,
    pub(super) bound: Option<Bound>,
    pub(super) max_heap: Option<usize>,
    pub(super) max_runtime: Option<Duration>,
    pub(super) affinity: Option<Affinity>,
}

/// Limits the heap of the running process, which has just begun.
fn limit_own_heap(bytes: usize) {
    if process::limit_heap(bytes).is_err() {
        panic!("no memory to note the limit of {bytes} bytes");
    }
}

/// Limits how long the running process, which has just begun, may have a core.
fn limit_own_runtime(time: Duration) {
    // Nobody can do anything in no time; and one that may run for five hundred years has no limit that it could come to.
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
    if process::limit_runtime(nanos).is_err() {
        panic!("no memory to note the limit of {time:?}");
    }
}

impl Birth {
    pub(super) fn spawn<F>(self, future: F) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.max_heap.is_none() && self.max_runtime.is_none() {
            return self.spawn_unlimited(future);
        }
        let limited = async move {
            self.limit_own();
            future.await;
        };
        self.suffices_for(process::home_bytes(&limited))?;
        self.spawn_unlimited(limited)
    }

    fn spawn_unlimited<F>(self, future: F) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match (self.affinity, self.bound) {
            (None, None) => Ok(process::spawn(future, self.level)?),
            (None, Some(bound)) => Ok(process::spawn_bounded(future, self.level, bound)?),
            (Some(cores), bound) => Ok(process::spawn_on(cores, future, self.level, bound)?),
        }
    }

    /// Looks whether it may have a home of so many bytes, and a stack.
    fn suffices_for(self, home: usize) -> Result<(), SpawnError> {
        let least = STACK_BYTES + home;
        match self.max_heap {
            Some(bytes) if bytes < least => Err(SpawnError::MaxHeap { bytes, least }),
            _ => Ok(()),
        }
    }

    pub(super) fn spawn_as<K: Kin, F, M>(self, make: M) -> Result<K::Made, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let make = self.limited(make);
        self.suffices_for(process::home_bytes_with(&make))?;
        Ok(K::spawn(self, make)?)
    }

    /// Limits the running process, which has just begun.
    fn limit_own(self) {
        self.max_heap.into_iter().for_each(limit_own_heap);
        self.max_runtime.into_iter().for_each(limit_own_runtime);
    }

    /// Has the process limit itself before anything else.
    fn limited<F>(self, make: impl FnOnce() -> F + Send + 'static) -> impl FnOnce() -> F + Send {
        move || {
            self.limit_own();
            make()
        }
    }
}

/// What ties a process to the one that makes it.
pub(super) trait Kin {
    type Made;

    fn spawn<F, M>(birth: Birth, make: M) -> Result<Self::Made, NoProcess>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static;

    fn pid(made: &Self::Made) -> Pid;
}

/// Nothing does.
pub(super) enum Alone {}
/// Its maker can wait for its end.
pub(super) enum Watched {}
/// They end together.
pub(super) enum Linked {}
/// Its maker is told of its end.
pub(super) enum Monitored {}

impl Kin for Alone {
    type Made = Pid;

    fn spawn<F, M>(birth: Birth, make: M) -> Result<Pid, NoProcess>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        match (birth.affinity, birth.bound) {
            (None, None) => process::spawn_with(make, birth.level),
            (None, Some(bound)) => process::spawn_bounded_with(make, birth.level, bound),
            (Some(cores), bound) => process::spawn_on_with(cores, make, birth.level, bound),
        }
    }

    fn pid(&made: &Pid) -> Pid {
        made
    }
}

impl Kin for Watched {
    type Made = (Pid, Watch);

    fn spawn<F, M>(birth: Birth, make: M) -> Result<(Pid, Watch), NoProcess>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        match (birth.affinity, birth.bound) {
            (None, None) => process::spawn_watched(make, birth.level),
            (None, Some(bound)) => process::spawn_bounded_watched(make, birth.level, bound),
            (Some(cores), bound) => process::spawn_on_watched(cores, make, birth.level, bound),
        }
    }

    fn pid(&(pid, _): &(Pid, Watch)) -> Pid {
        pid
    }
}

impl Kin for Linked {
    type Made = Pid;

    fn spawn<F, M>(birth: Birth, make: M) -> Result<Pid, NoProcess>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        process::spawn_link(make, birth.level, birth.bound, birth.affinity)
    }

    fn pid(&made: &Pid) -> Pid {
        made
    }
}

impl Kin for Monitored {
    type Made = (Pid, MonitorRef);

    fn spawn<F, M>(birth: Birth, make: M) -> Result<(Pid, MonitorRef), NoProcess>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        process::spawn_monitor(make, birth.level, birth.bound, birth.affinity)
    }

    fn pid(&(pid, _): &(Pid, MonitorRef)) -> Pid {
        pid
    }
}

/// A name that is kept for a process to come. Process and maker both settle it, for either may be first
/// to go on.
#[derive(Clone, Copy)]
pub(super) struct Reserved {
    name: Name,
    reservation: Reservation,
}

impl Reserved {
    pub(super) fn of(name: Option<&str>) -> Result<Option<Self>, NameError> {
        let Some(name) = name else { return Ok(None) };
        let name = Name::new(name)?;
        let reservation = names::reserve(name, own_pid())?;
        Ok(Some(Self { name, reservation }))
    }

    pub(super) fn settle(self, pid: Pid) {
        names::settle(self.name, self.reservation, pid);
    }

    /// Makes the process settle the name before it begins.
    pub(super) fn before<F>(
        self,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> impl FnOnce() -> F + Send {
        move || {
            self.settle(own_pid());
            make()
        }
    }

    pub(super) fn settled<T>(
        self,
        spawned: Result<T, SpawnError>,
        pid: fn(&T) -> Pid,
    ) -> Result<T, SpawnError> {
        match &spawned {
            Ok(made) => self.settle(pid(made)),
            Err(_) => names::give_up(self.name, self.reservation),
        }
        spawned
    }
}
