//! Each core watches its neighbour: one that does not schedule any more is told of by the one before it.
//!
//! On each core is a *guard*, a process of the kernel's own that stays there. Once a [period](PERIOD) it asks the next core to show
//! that its loop turns: it rings, as a ping does, and looks a period later whether that was answered. The same signal has the core's
//! handler write down what it does (`girder_aarch64::glance`). After [so many](MISSED_MAX) periods without an answer the guard tells, once:
//! who has that core, whether it keeps preemption off, where it stands; or, if the core does not even take interrupts, what it did when
//! it last did, and what it had decided lately. When its loop turns again, that is told as well. Nothing else is done: on an emulator
//! whose host has better things to do a core may stand still for seconds, and is well.
//!
//! # Sleeping cores
//!
//! A core that sleeps is well, as its word says (`Doorbell::is_away`): it is not rung. And if it sleeps for more than a period, its guard goes
//! *off duty*: it sets no alarm any more, and its own core may sleep for ever. So on an idle machine nobody wakes up. Who wakes calls its
//! guard, if that is off duty: one load for each time that a core has slept.
//!
//! ```text
//!   guard, on duty      watched core is away at two looks:  duty := Off, one more look, then it waits
//!   watched core wakes  duty == Off:                        duty := On, wakes the guard
//! ```
//!
//! A guard's core must not call its own guard because of that, or the call would go round for ever: a core that wakes for its guard's
//! alarm, or was called for its sake, does not call. If it has other work at that very moment, and hangs with that, nobody knows until
//! it is called for something else. The third look finds who has woken just as its guard went off duty, and needs no order for that: it comes a period
//! later, and a word that was written is seen by then. If not, the next time that the core wakes is soon enough.
//!
//! In the deployment `single` there is no guard: the other cores run no processes.

use crate::obituaries::functions_of;
use crate::{cores, heart};
use core::future::poll_fn;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use core::task::Poll;
use core::time::Duration;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::glance::Doing;
use girder_aarch64::relax::Once;
use girder_aarch64::timer;
use girder_core::causes::Cause;
use girder_core::sched::Priority;
use girder_core::time::sleep;
use girder_core::trace;
use girder_lockfree::process::{Affinity, CoreMask, Pid, spawn_on_watched, take_for_kernel, wake};

/// From one look to the next.
pub const PERIOD: Duration = Duration::from_secs(1);
/// Looks in a row without an answer that are told of.
pub const MISSED_MAX: u32 = 5;
/// Decisions of a core that are told.
const DECISIONS: usize = 3;

/// What a watched core and its guard share.
struct Post {
    duty: AtomicU8,
    /// Who guards this core, and the core that this one is on.
    guard: AtomicU64,
    guards_core: AtomicU32,
    /// When the guard on this core wakes next.
    alarm: AtomicU64,
    /// Somebody is about to wake the guard on this core.
    is_called: AtomicU8,
    /// How often this core was told of.
    stalls: AtomicU64,
}

const ON: u8 = 0;
const OFF: u8 = 1;

/// By the number of a core's block.
static POSTS: Once<alloc::boxed::Box<[Post]>> = Once::new();

fn post(core: &CoreBlock) -> Option<&'static Post> {
    POSTS.get()?.get(core.index() as usize)
}

/// Sets a guard on each core that runs processes, if there are several. For want of room there is none.
pub(crate) fn start() {
    let Some(crew) = heart::crew().filter(|crew| crew.count() > 1) else {
        return;
    };
    let block_of = |number: usize| {
        let here = crew.here_of(number)?;
        cores::up().find(|block| core::ptr::eq(block.here(), here))
    };
    let posts = cores::blocks()
        .map(|block| block.index() as usize + 1)
        .max();
    POSTS.call_once(|| {
        let post = |_| Post {
            duty: AtomicU8::new(ON),
            guard: AtomicU64::new(0),
            guards_core: AtomicU32::new(0),
            alarm: AtomicU64::new(u64::MAX),
            is_called: AtomicU8::new(0),
            stalls: AtomicU64::new(0),
        };
        (0..posts.unwrap_or(0)).map(post).collect()
    });
    for number in 0..crew.count() {
        let next = (number + 1) % crew.count();
        let (Some(own), Some(watched)) = (block_of(number), block_of(next)) else {
            continue;
        };
        let Ok(here) = Affinity::of(&CoreMask::only(number)) else {
            continue;
        };
        // Nobody watches it; but so it has all that a process may come to need from the beginning, and what is in use does not
        // change when a guard is woken for the first time.
        let guard = move || guard(number, own, watched);
        match spawn_on_watched(here, guard, Priority::Max.level(), None) {
            Ok((pid, _)) => {
                take_for_kernel(pid);
                if let Some(post) = post(watched) {
                    post.guards_core.store(own.index(), Relaxed);
                    post.guard.store(pid.get(), Relaxed);
                }
            }
            Err(error) => log::warn!("core {} has no guard: {error:?}", watched.index()),
        }
    }
}

/// Called by a core's loop that has slept.
#[inline(always)]
pub(crate) fn has_woken(core: &CoreBlock) {
    if let Some(post) = post(core)
        && post.duty.load(Relaxed) == OFF
    {
        call(post);
    }
}

/// Calls the guard, unless it is for the core's own guard that it has woken.
#[cold]
#[inline(never)]
fn call(post: &Post) {
    let is_for_guard =
        post.is_called.swap(0, Relaxed) != 0 || timer::nanos() >= post.alarm.load(Relaxed);
    let guard = Pid::of_number(post.guard.load(Relaxed));
    if is_for_guard || post.duty.swap(ON, Relaxed) == ON {
        return;
    }
    let core = post.guards_core.load(Relaxed) as usize;
    if let (Some(guard), Some(posts)) = (guard, POSTS.get())
        && let Some(other) = posts.get(core)
    {
        other.is_called.store(1, Relaxed);
        wake(guard);
    }
}

/// True if somebody watches this core.
pub fn is_guarded(core: u32) -> bool {
    let post = POSTS.get().and_then(|posts| posts.get(core as usize));
    post.is_some_and(|post| post.guard.load(Relaxed) != 0)
}

/// How often a core was told of.
pub fn stalls(core: u32) -> u64 {
    let post = POSTS.get().and_then(|posts| posts.get(core as usize));
    post.map_or(0, |post| post.stalls.load(Relaxed))
}

/// What a guard knows of the core that it watches.
#[derive(Default)]
struct Watch {
    answers: u64,
    missed: u32,
    is_told: bool,
    /// When it was last well.
    well: u64,
}

/// On the core of this number.
async fn guard(number: usize, own: &'static CoreBlock, watched: &'static CoreBlock) {
    let (Some(post), Some(own_post)) = (post(watched), post(own)) else {
        return;
    };
    let mut watch = Watch {
        well: timer::nanos(),
        ..Watch::default()
    };
    let mut looks_away = 0;
    loop {
        if watched.doorbell().is_away() {
            watch.is_well(watched);
            looks_away += 1;
        } else {
            looks_away = 0;
            post.duty.store(ON, Relaxed);
            watch.ask(watched);
        }
        match looks_away {
            2 => post.duty.store(OFF, Relaxed),
            3.. => {
                own_post.alarm.store(u64::MAX, Relaxed);
                until_called(post).await;
                own_post.is_called.store(0, Relaxed);
                looks_away = 0;
                continue;
            }
            _ => {}
        }
        let alarm = timer::nanos() + PERIOD.as_nanos() as u64;
        own_post.alarm.store(alarm, Relaxed);
        sleep(PERIOD).await;
        if looks_away == 0 {
            watch.look(number, watched, post);
        }
    }
}

async fn until_called(post: &Post) {
    poll_fn(|_| match post.duty.load(Relaxed) {
        OFF => Poll::Pending,
        _ => Poll::Ready(()),
    })
    .await;
}

impl Watch {
    /// Has the core show that its loop turns, and what it does.
    fn ask(&mut self, watched: &CoreBlock) {
        self.answers = watched.counters().pings.load(Relaxed);
        watched.order_glance();
        cores::ring(watched, Cause::Ping);
    }

    /// Looks whether it has.
    fn look(&mut self, number: usize, watched: &CoreBlock, post: &Post) {
        let has_answered = watched.counters().pings.load(Relaxed) != self.answers;
        if has_answered || watched.doorbell().is_away() {
            return self.is_well(watched);
        }
        self.missed += 1;
        if self.missed >= MISSED_MAX && !self.is_told {
            self.is_told = true;
            self.tell(number, watched);
            post.stalls.fetch_add(1, Relaxed);
        }
    }

    fn is_well(&mut self, watched: &CoreBlock) {
        let now = timer::nanos();
        if self.is_told {
            let time = Duration::from_nanos(now.saturating_sub(self.well));
            log::warn!("core {} schedules again, after {time:.1?}", watched.index());
        }
        *self = Self {
            well: now,
            ..Self::default()
        };
    }

    fn tell(&self, number: usize, watched: &CoreBlock) {
        let (core, now) = (watched.index(), timer::nanos());
        let ago = |at: u64| Duration::from_nanos(now.saturating_sub(at));
        let time = ago(self.well);
        log::error!("core {core} has not scheduled for {time:.1?}, says core {number} beside it");
        let counters = watched.counters();
        let [interrupts, waits] =
            [&counters.interrupts, &counters.waits].map(|it| it.load(Relaxed));
        match watched.last_glance() {
            None => log::error!("core {core} has never answered a signal"),
            Some(doing) if doing.at >= self.well => tell_what_it_does(core, &doing),
            Some(doing) => {
                let time = ago(doing.at);
                log::error!("core {core} takes no interrupts; this was {time:.1?} ago:");
                tell_what_it_does(core, &doing);
            }
        }
        log::error!("core {core} has taken {interrupts} interrupts and slept {waits} times");
        tell_decisions(core, number_of(watched), now);
    }
}

fn tell_what_it_does(core: u32, doing: &Doing) {
    let place = functions_of(doing.stood_at());
    match (doing.process, doing.is_kept) {
        (Some(pid), true) => {
            log::error!("core {core}: process {pid} keeps preemption off");
        }
        (Some(pid), false) => log::error!("core {core}: process {pid} runs"),
        (None, _) => log::error!("core {core}: its loop runs, and does not come to its next turn"),
    }
    log::error!("core {core} stands {place}");
}

/// Its number in its crew.
fn number_of(watched: &CoreBlock) -> u32 {
    watched.here().seat().map_or(u32::MAX, |seat| seat as u32)
}

fn tell_decisions(core: u32, number: u32, now: u64) {
    let Some(crew) = heart::crew() else { return };
    let records = crew.records().filter(|&(of, _)| of == number);
    for entry in trace::last(records, DECISIONS) {
        let ago = Duration::from_nanos(now.saturating_sub(entry.at));
        log::error!("core {core}, {ago:.1?} ago: {}", entry.decision);
    }
}
