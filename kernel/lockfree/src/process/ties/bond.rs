//! Who is tied at birth: nothing of its life is before the tie. Its maker gets all that the tie takes before there is a process, and ties it
//! while nobody knows its slot.

use super::carrier::Letter;
use super::ends::{End, once_more, running};
use super::parts::Parts;
use super::{MonitorRef, link, monitor};
use crate::process::{Gate, Pid, PreemptionOff, table};

/// How a newborn is tied to its maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::process) enum Bond {
    Link,
    Monitor,
}

/// Its maker, who has a ring.
#[derive(Clone, Copy)]
pub(in crate::process) struct Maker {
    bond: Bond,
    own: End,
}

/// All that is wanted; with preemption off.
pub(in crate::process) struct Ready {
    maker: Maker,
    parts: Parts,
    letter: Letter,
    gate: &'static Gate,
}

impl Bond {
    /// The running process is to be tied to one that it makes. Nothing without memory.
    pub(in crate::process) fn begin(self) -> Option<Maker> {
        let header = running();
        let own = once_more(|| End::own(header, self == Self::Link))?;
        Some(Maker { bond: self, own })
    }
}

impl Maker {
    /// Gets the rest of what the tie takes to one that is to have this gate.
    pub(in crate::process) fn gather(self, gate: &'static Gate) -> Option<Ready> {
        let letter = match self.bond {
            Bond::Link => Letter::Exit(link::letter()?),
            Bond::Monitor => Letter::Down(monitor::letter()?),
        };
        Some(Ready {
            maker: self,
            parts: Parts::gather(true)?,
            letter,
            gate,
        })
    }
}

impl Ready {
    /// Ties the process that is about to be born, and whose end has to look at its ring; the reference is that of a monitor.
    pub(in crate::process) fn tie(self, child: Pid) -> Option<MonitorRef> {
        let Self {
            maker: Maker { bond, own },
            mut parts,
            letter,
            gate,
        } = self;
        let ends = match bond {
            // The higher end of a link comes first, and who watches.
            Bond::Link if own.pid < child => [child, own.pid],
            _ => [own.pid, child],
        };
        let (tie, number) = parts.open(ends, |tie, number| letter.addressed(child, tie, number))?;
        let ties = table().ties();
        for (side, pid) in ends.into_iter().enumerate() {
            let gate = if pid == child { gate } else { own.gate };
            let ring = gate.ring().lock(PreemptionOff::new());
            ring.serve(pid);
            if pid == child {
                ring.leave_words(&mut parts.words);
            }
            match bond {
                Bond::Link => _ = ring.insert_link(ties, tie.knot(side)),
                Bond::Monitor => ring.insert(ties, tie.knot(side)),
            }
        }
        (bond == Bond::Monitor).then(|| MonitorRef::new(tie, number))
    }
}
