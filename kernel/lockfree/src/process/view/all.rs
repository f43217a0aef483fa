//! All processes with what each is and has used, some at each standstill.
//!
//! A standstill costs two signals for each other core and the wait until the last has come; the look at one process costs next
//! to nothing beside that. So each standstill is used for several, but not for all: the cores are to rest for a moment, however
//! many processes there are, and however many messages they have left unread, for those are counted one by one.

use super::super::crew::at_standstill;
use super::super::word::Pid;
use super::{Processes, View, activity, processes};

/// Processes that are looked at together: they are kept on the stack of whoever asks.
const TOGETHER: usize = 16;
/// Messages after which no other is looked at together with them.
const COUNTED: u32 = 10_000;

/// All processes, by slot, and what was seen of each; see [`processes`] for who is among them.
pub fn views() -> Views {
    Views {
        rest: processes(),
        seen: [None; TOGETHER],
        next: TOGETHER,
    }
}

/// See [`views`].
#[derive(Debug)]
pub struct Views {
    rest: Processes,
    seen: [Option<(Pid, View)>; TOGETHER],
    /// The first of those that is still to be told.
    next: usize,
}

impl Views {
    /// Looks at the next ones. Without their accounts, if not all cores come to rest for that.
    fn look(&mut self) {
        (self.seen, self.next) = ([None; TOGETHER], 0);
        let (rest, seen) = (&mut self.rest, &mut self.seen);
        let looked = at_standstill(|all| fill(rest, seen, |pid| all.view(pid)));
        if looked.is_err() {
            fill(rest, seen, |pid| {
                let (activity, account) = (activity(pid)?, None);
                Some(View { activity, account })
            });
        }
    }
}

fn fill(
    rest: &mut Processes,
    places: &mut [Option<(Pid, View)>],
    view: impl Fn(Pid) -> Option<View>,
) {
    let mut messages = 0_u32;
    let mut seen = rest.filter_map(|pid| Some((pid, view(pid)?)));
    for place in places {
        let Some((pid, view)) = seen.next() else {
            return;
        };
        *place = Some((pid, view));
        let counted = view.account.map_or(0, |account| account.messages);
        messages = counted.saturating_add(messages);
        if messages > COUNTED {
            return;
        }
    }
}

impl Iterator for Views {
    type Item = (Pid, View);

    fn next(&mut self) -> Option<(Pid, View)> {
        if self.seen.get(self.next).is_none_or(Option::is_none) {
            let is_over = self.rest.clone().next().is_none();
            if is_over {
                return None;
            }
            self.look();
        }
        let seen = self.seen.get_mut(self.next)?.take()?;
        self.next += 1;
        Some(seen)
    }

    /// Nobody is looked at for that.
    fn count(self) -> usize {
        let seen = self.seen.iter().flatten().count();
        seen + self.rest.count()
    }
}
