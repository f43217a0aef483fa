//! What a new process is to be like.

use super::birth::{Alone, Birth, Kin, Linked, Monitored, Reserved, Watched};
use super::{SpawnError, own_pid};
use core::time::Duration;
use girder_core::mail::{Bound, Overflow};
use girder_core::sched::Priority;
use girder_lockfree::process::{Affinity, CoreMask, MonitorRef, Pid, Watch};

/// What a new process is to be like.
///
/// ```no_run
/// use girder::{Options, Priority};
///
/// # async fn serve() {}
/// # async fn example() -> Result<(), girder::SpawnError> {
/// let quiet = Options::new().priority(Priority::Low);
/// let first = quiet.name("first").spawn(serve())?;
/// let (second, watch) = quiet.name("second").spawn_watched(serve)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "makes no process yet"]
pub struct Options<'a> {
    name: Option<&'a str>,
    priority: Priority,
    mailbox: Option<(u32, Overflow)>,
    max_heap: Option<usize>,
    max_runtime: Option<Duration>,
    affinity: Option<CoreMask>,
}

impl<'a> Options<'a> {
    /// What is usual: no name, normal priority, a mailbox without a limit.
    pub const fn new() -> Self {
        Self {
            name: None,
            priority: Priority::Normal,
            mailbox: None,
            max_heap: None,
            max_runtime: None,
            affinity: None,
        }
    }

    /// Others find it by this name: see [`register`](crate::register).
    pub const fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// It is as urgent as that. [`Priority::Max`] is [`SpawnError::Priority`]: it is for the kernel's own.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Its mailbox has room for so many messages that it has not received yet; `overflow` happens to the next.
    /// Answers to its calls are let in all the same.
    ///
    /// ```no_run
    /// use girder::{Options, Overflow, SendError, receive, send};
    ///
    /// # async fn example() -> Result<(), girder::SpawnError> {
    /// let printer = Options::new().mailbox(100, Overflow::Refuse).spawn(async {
    ///     loop {
    ///         let line: &str = receive().await;
    ///         girder::println!("{line}");
    ///     }
    /// })?;
    /// match send(printer, "hello") {
    ///     Ok(_) => {}
    ///     Err(SendError::Full(line)) => girder::println!("too much is said already for {line}"),
    ///     Err(SendError::NoEnvelope(_)) => girder::println!("no memory"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub const fn mailbox(mut self, limit: u32, overflow: Overflow) -> Self {
        self.mailbox = Some((limit, overflow));
        self
    }

    /// It may have so many bytes of memory. Whatever it takes of the heap counts, as large as the block really is, until it is freed,
    /// wherever it has gone; so does its arena ([`local`](crate::local)), each unread message that it has taken in, with
    /// 64 bytes, and what it consists of itself. A stack of 32 KiB is set aside, for it may come to hold one at any moment: so
    /// less than that and what it consists of is [`SpawnError::MaxHeap`]. What is beyond is refused, and a process that can't do without it ends, alone: a `Box`
    /// or `Vec` that gets no memory panics, and the reason begins with `heap_limit`. At three quarters a warning is logged, once.
    ///
    /// How many messages are unread is looked at when a block is not taken the short way: about each time that 64 small ones
    /// were, and for each that is larger than 4 KiB. They are never refused for this limit; [`mailbox`](Self::mailbox) has one of its own.
    pub const fn max_heap(mut self, bytes: usize) -> Self {
        self.max_heap = Some(bytes);
        self
    }

    /// It may have a core for so long, all told: what it waits, or stands in a queue, does not count. Who has had more is ended with
    /// the reason `runtime_limit`: at an await its future is dropped; in the middle of its code it may go on to the next await for two quanta
    /// first. How exact that is, ticks say: a process that never awaits is found at one.
    ///
    /// A limit costs nobody else anything. Who has one looks at the clock twice a turn, and leaves once to have its core tick
    /// if that does not.
    ///
    /// ```no_run
    /// use core::time::Duration;
    /// use girder::Options;
    ///
    /// # async fn rules_of_a_guest() {}
    /// # async fn example() -> Result<(), girder::SpawnError> {
    /// let limited = Options::new().max_runtime(Duration::from_millis(100));
    /// let (_, watch) = limited.spawn_watched(rules_of_a_guest)?;
    /// girder::println!("{}", watch.await);
    /// # Ok(())
    /// # }
    /// ```
    pub const fn max_runtime(mut self, time: Duration) -> Self {
        self.max_runtime = Some(time);
        self
    }

    /// It runs on these cores only: see [`set_affinity`](crate::set_affinity). It is born on its maker's core, and begins on one of them.
    ///
    /// ```no_run
    /// use girder::{CoreMask, Options};
    ///
    /// # async fn sample() {}
    /// # async fn example() -> Result<(), girder::SpawnError> {
    /// Options::new().affinity(CoreMask::only(0).with(1)).spawn(sample())?;
    /// # Ok(())
    /// # }
    /// ```
    pub const fn affinity(mut self, cores: CoreMask) -> Self {
        self.affinity = Some(cores);
        self
    }

    /// See [`spawn`](crate::spawn). With a name, [`whereis`](crate::whereis) finds the process as soon as this returns, and the
    /// process finds itself.
    pub fn spawn<F>(self, future: F) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn(future),
            Some(name) => {
                let begin = async move {
                    name.settle(own_pid());
                    future.await;
                };
                name.settled(birth.spawn(begin), |&pid| pid)
            }
        }
    }

    /// See [`spawn_with`](crate::spawn_with).
    pub fn spawn_with<F, M>(self, make: M) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        self.spawn_as::<Alone, F, M>(make)
    }

    /// See [`spawn_watched`](crate::spawn_watched).
    pub fn spawn_watched<F, M>(self, make: M) -> Result<(Pid, Watch), SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        self.spawn_as::<Watched, F, M>(make)
    }

    /// See [`spawn_link`](crate::spawn_link).
    pub fn spawn_link<F, M>(self, make: M) -> Result<Pid, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        self.spawn_as::<Linked, F, M>(make)
    }

    /// See [`spawn_monitor`](crate::spawn_monitor).
    pub fn spawn_monitor<F, M>(self, make: M) -> Result<(Pid, MonitorRef), SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        self.spawn_as::<Monitored, F, M>(make)
    }

    fn spawn_as<K: Kin, F, M>(self, make: M) -> Result<K::Made, SpawnError>
    where
        F: Future<Output = ()> + 'static,
        M: FnOnce() -> F + Send + 'static,
    {
        let birth = self.birth()?;
        match Reserved::of(self.name)? {
            None => birth.spawn_as::<K, F, _>(make),
            Some(name) => {
                let make = name.before(make);
                name.settled(birth.spawn_as::<K, F, _>(make), K::pid)
            }
        }
    }

    fn birth(self) -> Result<Birth, SpawnError> {
        let bound = self.mailbox;
        let bound = bound.map(|(limit, overflow)| Bound::new(limit, overflow));
        if self.priority == Priority::Max {
            return Err(SpawnError::Priority);
        }
        let affinity = self.affinity.map(|cores| Affinity::of(&cores));
        Ok(Birth {
            level: self.priority.level(),
            bound: bound.transpose()?,
            max_heap: self.max_heap,
            max_runtime: self.max_runtime,
            affinity: affinity.transpose()?,
        })
    }
}
