//! How a supervisor is tied to its children and to the one above it, and what it hears.
//!
//! It is linked to each child from its birth on. So when it fails, however it does, its children end too; and since it traps exit
//! signals, the end of a child is a message. What asks it to end is such a signal as well: of whoever is above it, whatever the
//! reason, or of anybody there is who wants it shut down.
//!
//! A child may cut that link. So whoever is to end is monitored as well, as in OTP, and what comes first of the two is its end. The other is of
//! nobody who is known; nor does it ask for anything, for it comes of a process that is gone.

use crate::{
    ExitReason, Message, NoLink, Options, Pid, SpawnError, exit_signal, kill, monitor, own_pid,
    receive_any, timeout_at, trap_exit,
};
use core::future::pending;
use girder_core::supervise::Ended;
use girder_core::time::Instant;

/// Makes the running process one that hears of its children. Whether it was one before.
pub(super) fn settle_in() -> Result<bool, NoLink> {
    trap_exit(true)
}

/// Makes a child of the running process.
pub(super) fn bear<F, M>(options: Options<'static>, make: M) -> Result<Pid, SpawnError>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    options.spawn_link(make)
}

/// Asks a child to end in good order. If there is no memory to ask in, it is not asked.
pub(super) fn ask(pid: Pid) {
    watch(pid);
    if exit_signal(pid, ExitReason::Shutdown).is_err() {
        kill(pid);
    }
}

/// Ends a child.
pub(super) fn end_now(pid: Pid) {
    watch(pid);
    kill(pid);
}

/// Has its end told even if it is linked no more. Without memory for that, the link has to do.
fn watch(pid: Pid) {
    _ = monitor(pid);
}

/// Takes what has come already.
pub(super) async fn message_at_hand() -> Option<Message> {
    next_message(Some(Instant::now())).await
}

/// Waits for what comes next, until that time at most.
pub(super) async fn next_message(until: Option<Instant>) -> Option<Message> {
    match until {
        None => Some(receive_any().await),
        Some(until) => timeout_at(until, receive_any()).await.ok(),
    }
}

/// How an end is told to those who decide what follows.
pub(super) const fn class(reason: &ExitReason) -> Ended {
    match reason {
        ExitReason::Returned => Ended::Normal,
        ExitReason::Shutdown => Ended::Shutdown,
        _ => Ended::Abnormal,
    }
}

/// Ends the running process for this reason, at an await. If it is to go on, it traps exit signals as before.
pub(super) async fn end(reason: ExitReason, trapped: bool) {
    if reason == ExitReason::Returned {
        _ = trap_exit(trapped);
        return;
    }
    let signalled = trap_exit(false).and_then(|_| exit_signal(own_pid(), reason.clone()));
    match signalled {
        Ok(()) => pending().await,
        Err(_) => crate::exit(reason),
    }
}
