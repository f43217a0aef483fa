//! Every ordering that is more than relaxed, by name.
//!
//! An ordering that is missing fails on no machine that is stronger than Arm, and seldom on Arm. So
//! each one has a name here, and is taken from here; on the machine that costs nothing. The models
//! can take one of them away at a time: for each way to weaken a site there is a story that must
//! fail then, in `order/red.rs`, and a site without one does not pass its tests. What no story can
//! make fail is too strong, and is not here.
//!
//! What the models can't say: loom knows no spurious failure of a weak compare-and-swap, and takes
//! plain stores of two threads for unordered. The stories share their words through `std`'s `Arc`,
//! which loom does not see: its own adds steps that are nobody's business, some ten times the time.
//!
//! Read-modify-writes that are relaxed still pass on what an earlier one has released, so a chain
//! such as *park, suspend, resume* needs orderings at its ends only.

use crate::atomic::Ordering;

macro_rules! sites {
    ($($(#[$doc:meta])+ $site:ident: $ordering:ident,)+) => {
        /// A place whose ordering is more than relaxed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Site { $($(#[$doc])+ $site,)+ }

        impl Site {
            #[cfg(all(test, loom))]
            pub(crate) const ALL: &[Self] = &[$(Self::$site,)+];

            const fn full(self) -> Ordering {
                match self { $(Self::$site => Ordering::$ordering,)+ }
            }
        }
    };
}

sites! {
    /// A bringer's cause, with what the bringer wrote before; pairs with `DoorbellTake`.
    DoorbellRing: Release,
    /// The owner takes all causes.
    DoorbellTake: Acquire,
    /// A core's set-up, or why it failed; pairs with the two that follow.
    AdmissionSettle: Release,
    /// Whoever settles later sees what the first one did.
    AdmissionSettled: Acquire,
    /// Whoever asks sees it too.
    AdmissionVerdict: Acquire,
    /// A chunk's slots, for whoever finds it; pairs with `ChunkFind`.
    ChunkAdd: Release,
    /// Whoever looks a slot up.
    ChunkFind: Acquire,
    /// A chunk of gates, of ties, or of choices of cores, for whoever finds it; pairs with `RoomFind`.
    RoomAdd: Release,
    /// Whoever goes by a gate, or uses a tie.
    RoomFind: Acquire,
    /// A flag in the word, with what is in the gate; pairs with `GateSee`.
    GateShow: Release,
    /// A sender that was sent to the gate.
    GateSee: Acquire,
    /// Takes the lock of a line; pairs with `LineGive`.
    LineTake: Acquire,
    /// Lets go of it.
    LineGive: Release,
    /// Takes the lock of a ring; pairs with `RingGive`.
    RingTake: Acquire,
    /// Lets go of it.
    RingGive: Release,
    /// A tie that nobody uses, for whoever wants one; pairs with `TieTake`.
    TieGive: Release,
    /// Whoever gets it.
    TieTake: Acquire,
    /// What was done with a tie is done; pairs with `TieGone`.
    TieDone: Release,
    /// Whoever has waited for that.
    TieGone: Acquire,
    /// A poll that parks leaves the process to the slot; pairs with `Wake`, `WakeSleeper`, `Resume`
    /// and `Kill`.
    Park: Release,
    /// The same when somebody wants something of the process: leaves it to the slot as well, or
    /// meets a wake, and with it what its author wrote.
    ParkSlowly: AcqRel,
    /// A turn that leaves a suspended process to the slot, or meets a wake.
    Begin: AcqRel,
    /// What the author wrote, for the process that is to look again; or takes the process over.
    Wake: AcqRel,
    /// An alarm takes a process over that sleeps.
    WakeSleeper: Acquire,
    /// Takes a process over that was held.
    Resume: Acquire,
    /// Takes a process over that waits or is held.
    Kill: Acquire,
    /// How a process ended; and the last use of the block, or the watcher's if that has left before.
    WatchTell: AcqRel,
    /// Whoever finds that it was told sees how.
    WatchTold: Acquire,
    /// The watcher's last use of the block, or the teller's if that has left before.
    WatchLeave: AcqRel,
    /// A message, for whoever takes it; or takes the process over that waits for it.
    Send: AcqRel,
    /// The process takes its messages.
    Take: Acquire,
    /// Whoever ends a process takes those that it has left.
    Vacate: Acquire,
    /// A question was read; pairs with `QuestionClose`.
    QuestionOpen: Release,
    /// Whoever closes it has its envelope, and may write there.
    QuestionClose: Acquire,
    /// An emptied envelope goes home; pairs with `TakeReturned`.
    Return: Release,
    /// The core that it belongs to takes it.
    TakeReturned: Acquire,
    /// What the owner of a deque has put in, for thieves; pairs with `DequeSeen`.
    DequePublish: Release,
    /// The same when it takes another one: thieves may see this store.
    DequeLower: Release,
    /// A thief sees all that is there.
    DequeSeen: Acquire,
    /// A thief has read a slot; pairs with `DequeRoom`.
    DequeTaken: Release,
    /// The owner may write there again.
    DequeRoom: Acquire,
    /// Of the owner that lowers `bottom` and the thief that raises `top`, one sees the other.
    DequeOwner: SeqCst,
    /// The thief's side of that.
    DequeThief: SeqCst,
    /// A process, for the core that it was sent to; pairs with `InboxTake`.
    InboxPush: Release,
    /// That core takes it.
    InboxTake: Acquire,
    /// A process has ended that may have left alarms on another core; pairs with `DeadTake`.
    DeadTell: Release,
    /// That core is to find it gone.
    DeadTake: Acquire,
    /// A message was taken out of an envelope that the wheel has still; pairs with `DelayEnd`.
    DelayEmptied: Release,
    /// The wheel's core has the envelope to itself.
    DelayEnd: Acquire,
    /// A word of a record, with how many there were before; pairs with `RecordRead`.
    RecordWord: Release,
    /// A record is whole; pairs with `RecordFind`.
    RecordDone: Release,
    /// Whoever reads it.
    RecordFind: Acquire,
    /// Reads a word of it, before it looks whether that was overwritten.
    RecordRead: Acquire,
    /// A slot that nobody occupies, for whichever core wants one; pairs with `SpreadTake`.
    SpreadGive: Release,
    /// That core.
    SpreadTake: Acquire,
    /// A choice of cores, by the wish for it; pairs with `TakeWish` and `Begin`.
    Bind: Release,
    /// Whoever has the token sees the choice.
    TakeWish: Acquire,
    /// A choice, with its mask; pairs with `ChoiceSee`.
    ChoiceSay: Release,
    /// Whoever looks it up.
    ChoiceSee: Acquire,
    /// Of a core that becomes hungry and one that comes to have plenty, one sees the other.
    CrewHungry: SeqCst,
    /// The other's side of that; and of the next.
    CrewPace: SeqCst,
    /// Of who asks something of a process and the core that has it, one sees the other.
    CrewAsk: SeqCst,
    /// A core stands still, with what it has done; pairs with `CallSeen`.
    CallCome: Release,
    /// Whoever called sees that all have come.
    CallSeen: Acquire,
    /// What was done while all stood still; pairs with `CallOver`.
    CallEnd: Release,
    /// A core goes on.
    CallOver: Acquire,
    /// A process has ended that has blocks left, with what is written of it; pairs with `CreditLook`.
    CloseAccount: Release,
    /// Who frees a block looks whether its owner has ended, and whether the slot is free with it.
    CreditLook: Acquire,
    /// It has looked at what is written of that, which the next owner will write over; pairs with `CreditLook` and `LetGo`.
    Credit: Release,
    /// All is done about somebody's end, and the slot is whoever's frees the last block, or the caller's; pairs with `CreditLook` and
    /// `Credit`.
    LetGo: AcqRel,
    /// A block that was freed elsewhere goes home; pairs with `TakeHome`.
    BringHome: Release,
    /// The core that it belongs to takes it.
    TakeHome: Acquire,
}

impl Site {
    /// The ordering of this site.
    #[cfg(not(all(test, loom)))]
    #[inline(always)]
    pub(crate) const fn ordering(self) -> Ordering {
        self.full()
    }

    /// The ordering of this site, or what a story has weakened it to.
    #[cfg(all(test, loom))]
    pub(crate) fn ordering(self) -> Ordering {
        red::weakened(self).unwrap_or_else(|| self.full())
    }
}

#[cfg(all(test, loom))]
mod red;

#[cfg(all(test, not(loom)))]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::vec::Vec;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of this package") {
            let path = entry.expect("its entry").path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn no_ordering_is_without_a_name() {
        let mut files = Vec::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut files,
        );
        files.retain(|file| !file.ends_with("order.rs") && !file.ends_with("order/red.rs"));
        assert!(files.len() > 10, "these are not the sources");
        for file in files {
            let text = fs::read_to_string(&file).expect("a source");
            for strong in ["Acquire", "Release", "AcqRel"] {
                let unnamed = text.lines().find(|line| {
                    let code = line.split("//").next().unwrap_or_default();
                    code.contains("Ordering::") && code.contains(strong)
                });
                assert_eq!(unnamed, None, "{} wants a `Site`", file.display());
            }
        }
    }
}
