//! How a supervisor is tied to its children, and what it hears.

use super::address::Wish;
use super::child::Kind;
use crate::{
    Down, ExitReason, Options, Pid, SpawnError, kill, monitor, receive_any, send, timeout_at,
};
use girder_core::supervise::Ended;
use girder_core::time::Instant;

/// What comes to a supervisor.
pub(super) enum News {
    /// Some process has ended.
    Ended(Pid, ExitReason),
    /// Somebody wishes something.
    Wish(Wish),
    /// The time has come that it waits for; or something that it does not know.
    Nothing,
}

/// Makes a child of the running process.
pub(super) fn bear<F, M>(options: Options<'static>, make: M) -> Result<Pid, SpawnError>
where
    F: Future<Output = ()> + 'static,
    M: FnOnce() -> F + Send + 'static,
{
    let pid = options.spawn_with(make)?;
    match monitor(pid) {
        Ok(_) => Ok(pid),
        Err(_) => {
            kill(pid);
            Err(SpawnError::NoProcess)
        }
    }
}

/// Asks a child to end in good order.
pub(super) fn ask(pid: Pid, kind: Kind) {
    match kind {
        Kind::Supervisor if send(pid, Wish::Stop).is_ok() => {}
        _ => _ = kill(pid),
    }
}

/// Waits for what comes next, until that time at most.
pub(super) async fn news(until: Option<Instant>) -> News {
    let message = match until {
        None => receive_any().await,
        Some(until) => match timeout_at(until, receive_any()).await {
            Ok(message) => message,
            Err(_) => return News::Nothing,
        },
    };
    match message.downcast::<Down>() {
        Ok(down) => News::Ended(down.pid, down.reason),
        Err(other) => other.downcast().map_or(News::Nothing, News::Wish),
    }
}

/// How an end is told to those who decide what follows.
pub(super) const fn class(reason: &ExitReason) -> Ended {
    match reason {
        ExitReason::Returned => Ended::Normal,
        _ => Ended::Abnormal,
    }
}
