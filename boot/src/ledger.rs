//! What the kernel has given out, for who wants to see that it comes back: after each test it is what it was before.
//!
//! The audit says that what was counted is there; this says that it is what it was (`girder_core::check::Books`). What is
//! *abandoned* or outlives its process stays, and is the audit's. What the kernel keeps for processes and messages to come goes back before, and these
//! never do, so they are left out:
//!
//! - slots, and memory for more spans: they are charged to nobody;
//! - rooms in tables, which are as large as the most that was ever wanted at one time: alarms, gates, choices of cores, names;
//! - stacks that nobody stands on.

use crate::audit::{Discrepancy, compare};
use crate::heap::{Memory, charges, trim};
use crate::stacks::stacks;
use crate::{cores, names};
use girder_aarch64::process::count_spares;
use girder_core::check::{Books, Disorder, Expect, Ledger, Test};
use girder_core::sched::sleep_until;
use girder_lockfree::process::crew::{Restless, Standstill, at_standstill};
use girder_lockfree::process::here::now;
use girder_lockfree::process::{Words, processes};

/// How long what has ended may take until all of it is back: on other cores it takes their turns, and what is unread is dropped
/// by a process; a host that is busy with more than this machine makes it longer. In nanoseconds.
const PATIENCE: u64 = 60_000_000_000;
/// The same where something is meant to be left: that does not go by waiting.
const SHORT_PATIENCE: u64 = 20_000_000;
/// How often is looked at least, where nothing can be waited for.
const LOOKS: u32 = 5;
/// How long to wait between two looks.
const PAUSE: u64 = 1_000_000;

/// Who looks after each test.
#[derive(Debug)]
pub(crate) struct Watched {
    books: Books,
}

impl Watched {
    /// Begins, while nobody else runs. If not all cores come to rest, whatever there is will be too much.
    pub(crate) async fn open() -> Self {
        let found = || look().map(|(ledger, _)| ledger).unwrap_or_default();
        let mut before = found();
        for _ in 1..LOOKS {
            sleep_until(now() + PAUSE).await;
            before = before.least(&found());
        }
        let books = Books::new(before);
        Self { books }
    }

    /// Says what is in disorder after a test, if anything is: what was counted is not there, or it is not what there was before.
    pub(crate) async fn check(&mut self, test: &Test) -> Option<Disorder> {
        let is_meant = matches!(test.expect, Expect::Leak(_));
        let patience = if is_meant { SHORT_PATIENCE } else { PATIENCE };
        let end = now() + patience;
        let (mut least, mut looks) = (None, 0);
        loop {
            let found = match look() {
                Ok((found, None)) => found,
                Ok((_, Some(discrepancy))) => {
                    return Some(Disorder::Counts(Words::of(discrepancy)));
                }
                Err(restless) => return Some(Disorder::Counts(Words::of(restless))),
            };
            let Err(left) = self.books.compare(found) else {
                self.books.carry_over(found);
                return None;
            };
            let found = least.map_or(found, |least: Ledger| least.least(&found));
            least = is_meant.then_some(found);
            looks += 1;
            if now() >= end && looks >= LOOKS {
                match is_meant {
                    true => self.books.carry_over_with(found),
                    false => self.books.carry_over_shaken(found),
                }
                return Some(Disorder::Leak(Words::of(left)));
            }
            sleep_until(now() + PAUSE).await;
        }
    }
}

/// What is given out, and whether what was counted is not there.
fn look() -> Result<(Ledger, Option<Discrepancy>), Restless> {
    at_standstill(|all| (take(all), compare(all)))
}

/// Looks what there is. What is kept for later goes back.
fn take(all: &Standstill<'_>) -> Ledger {
    all.trim_envelopes();
    all.trim_homes();
    trim(all);
    let mut ledger = Ledger {
        envelopes: all.envelopes_in_use() as isize,
        kernel: (charges(all).kernel().bytes as isize)
            - (all.rooms(&Memory) + names::bytes()) as isize,
        ..Ledger::default()
    };
    let mut held = 0;
    for account in processes().filter_map(|pid| all.view(pid)?.account) {
        ledger.processes += 1;
        ledger.arenas += account.arena as isize;
        held += usize::from(account.has_stack);
    }
    // SAFETY: all cores that run processes stand still.
    let spare = unsafe { count_spares(cores::up()) };
    ledger.stacks = stacks().made as isize - (spare + held) as isize;
    ledger
}
