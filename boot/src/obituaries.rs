//! Who has died lately of a panic or a fault: kept for the shell, and told to the log if nobody else is.
//!
//! A process that is watched has somebody who is told, and who may find its death quite in order: it is kept here, and not logged.
//! Any other one leaves two lines, why and where. How many are told in a second has a bound, `girder_aarch64::obituary::A_SECOND`, and
//! how many were not is said with the next.

use crate::{image, names};
use core::fmt::{self, Write};
use core::time::Duration;
use girder_aarch64::lock::Lock;
use girder_aarch64::obituary::{self, Death};
use girder_aarch64::relax::Once;
use girder_core::obituaries::{Obituaries, Obituary, Trail, Who};
use girder_core::symbols::Symbols;

/// So many are kept.
pub const KEPT: usize = 16;
/// Functions in a line of the log, which is cut at some length.
const IN_A_LINE: usize = 4;

static OBITUARIES: Lock<Obituaries<KEPT>> = Lock::new(Obituaries::new());

/// Keeps them from now on.
pub(crate) fn start() {
    obituary::keep_with(keep);
}

/// The image's functions; the table is looked over for the first who asks, and no boot waits for that.
fn symbols() -> Option<Symbols<'static>> {
    static SYMBOLS: Once<Option<Symbols<'static>>> = Once::new();
    *SYMBOLS.call_once(|| image::symbols().ok())
}

/// In a core's loop.
fn keep(death: &Death<'_>) {
    let (start, end) = image::range();
    let obituary = Obituary {
        number: 0,
        pid: death.pid,
        name: names::name_of(death.pid),
        makers: death.makers,
        core: death.core,
        at: Duration::from_nanos(death.at),
        reason: death.reason.clone(),
        stood_at: Trail::new(death.stood_at.iter().copied(), start..end),
    };
    if !death.is_watched {
        tell(&obituary, death.silenced);
    }
    OBITUARIES.lock().keep(obituary, death.silenced);
}

fn tell(obituary: &Obituary, silenced: u64) {
    if silenced > 0 {
        log::warn!("{silenced} processes died before, and were not told of one by one");
    }
    log::error!("{} died: {}", Who(obituary), obituary.reason);
    let place = obituary.stood_at.in_one_line(symbols(), IN_A_LINE);
    log::error!("process {} stood {place}", obituary.pid);
}

/// What is kept of this number; which there are, [`obituaries`] says.
pub fn obituary(number: u64) -> Option<Obituary> {
    OBITUARIES.lock().get(number).cloned()
}

/// The numbers of those that are kept, the oldest first, and how many deaths nobody was told of.
pub fn obituaries() -> (core::ops::Range<u64>, u64) {
    let kept = OBITUARIES.lock();
    (kept.numbers(), kept.silenced())
}

/// Where it stood, a function a line.
pub fn write_place(obituary: &Obituary, out: &mut dyn Write) -> fmt::Result {
    write!(out, "{}", obituary.stood_at.in_lines(symbols()))
}

/// The functions that these instructions belong to, the first ones, in a line.
pub(crate) fn functions_of(addresses: &[u64]) -> impl fmt::Display {
    let (start, end) = image::range();
    let trail = Trail::new(addresses.iter().copied(), start..end);
    fmt::from_fn(move |f| write!(f, "{}", trail.in_one_line(symbols(), IN_A_LINE)))
}

/// All that are kept, for a person.
pub(crate) fn write_all(out: &mut dyn Write) -> fmt::Result {
    let (numbers, silenced) = obituaries();
    if numbers.end == 0 {
        return writeln!(out, "no process has died of a panic or a fault");
    }
    for obituary in numbers.clone().filter_map(obituary) {
        let Obituary {
            at, core, reason, ..
        } = &obituary;
        let (seconds, micros) = (at.as_secs(), at.subsec_micros());
        writeln!(
            out,
            "[{seconds:>5}.{micros:06}] c{core} {} died: {reason}",
            Who(&obituary)
        )?;
        write_place(&obituary, out)?;
    }
    writeln!(
        out,
        "{} deaths were told of, and {silenced} were not, for there were too many in a second",
        numbers.end
    )
}
