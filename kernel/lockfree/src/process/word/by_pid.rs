//! What others do to a process, and ask about it, who know its pid.

#[cfg(not(target_os = "none"))]
use super::super::inspect::Standing;
use super::super::view::Activity;
use super::*;

impl StateWord {
    /// 5: tells a process to look again.
    pub(crate) fn wake(&self, pid: Pid) -> Handover {
        self.by_pid(pid, Site::Wake.ordering(), |word| match word & PHASE {
            // Written even if the flag is there already: this author's release has to be part of
            // what `begin` or `park` acquires.
            // A held process may have been suspended in mid-poll, so its wake counts as well.
            RUNNABLE | HELD => Some((word | WOKEN, Handover::Nothing)),
            WAITING if word & SUSPEND != 0 => {
                Some((word & !standing(word) | HELD, Handover::Nothing))
            }
            WAITING => Some((word & !standing(word) | RUNNABLE, Handover::Token)),
            _ => None,
        })
    }

    /// The same for one that waits, not for mail, and has none, and nobody wants anything of it: as it is with who sleeps.
    /// False if anything is otherwise, and then nothing has happened.
    #[inline(always)]
    pub(crate) fn wake_sleeper(&self, pid: Pid) -> bool {
        let asleep = pid.generation() | waiting(Ear::Deaf);
        let runnable = pid.generation() | RUNNABLE;
        let ordering = Site::WakeSleeper.ordering();
        let swapped = self.0.compare_exchange(asleep, runnable, ordering, Relaxed);
        swapped.is_ok()
    }

    /// Keeps a process from running until it is resumed.
    pub(crate) fn suspend(&self, pid: Pid) -> Handover {
        self.by_pid(pid, Relaxed, |word| match word & PHASE {
            FREE => None,
            _ if word & (SUSPEND | KILL) != 0 => None,
            RUNNABLE => Some((word | SUSPEND, Handover::Noted)),
            _ => Some((word | SUSPEND, Handover::Noted)),
        })
    }

    /// 6: lets a suspended process run again.
    pub(crate) fn resume(&self, pid: Pid) -> Handover {
        self.by_pid(pid, Site::Resume.ordering(), |word| match word & PHASE {
            HELD => Some((word & !PHASE & !SUSPEND | RUNNABLE, Handover::Token)),
            FREE => None,
            _ if word & SUSPEND == 0 => None,
            _ => Some((word & !SUSPEND, Handover::Noted)),
        })
    }

    /// Wants a process in another priority level.
    pub(crate) fn set_level(&self, pid: Pid, level: u8) -> Handover {
        let wish = MOVE | u64::from(level.min(LAST_LEVEL)) << LEVEL_SHIFT;
        self.by_pid(pid, Relaxed, |word| match word & PHASE {
            FREE => None,
            _ => Some((without_wish(word) | wish, Handover::Noted)),
        })
    }

    /// Has the process's holder look up its cores, which were chosen before.
    pub(crate) fn bind(&self, pid: Pid) -> Handover {
        self.by_pid(pid, Site::Bind.ordering(), |word| match word & PHASE {
            FREE => None,
            // Written even if nothing changes: this author's release has to be part of what the holder acquires.
            _ if word & MOVE != 0 => Some((word, Handover::Noted)),
            _ => Some((word | BIND, Handover::Noted)),
        })
    }

    /// Wants a process dead; being suspended does not keep it alive.
    pub(crate) fn kill(&self, pid: Pid) -> Handover {
        self.by_pid(pid, Site::Kill.ordering(), |word| match word & PHASE {
            FREE => None,
            _ if word & KILL != 0 => None,
            RUNNABLE => Some((word & !SUSPEND | KILL, Handover::Noted)),
            _ => Some((
                word & !standing(word) & !SUSPEND | RUNNABLE | KILL,
                Handover::Token,
            )),
        })
    }

    /// True while `pid` names a process.
    pub(crate) fn is_alive(&self, pid: Pid) -> bool {
        let word = self.0.load(Relaxed);
        pid.owns(word) && word & PHASE != FREE
    }

    /// The pid of who lives in the slot of this index, if somebody does.
    pub(crate) fn occupant(&self, index: u32) -> Option<Pid> {
        let word = self.0.load(Relaxed);
        (word & PHASE != FREE).then(|| Pid::new(index, word >> GENERATION_SHIFT))
    }

    /// What `pid` is doing, if it names a process.
    pub(crate) fn activity(&self, pid: Pid) -> Option<Activity> {
        let word = self.0.load(Relaxed);
        if !pid.owns(word) || word & PHASE == FREE {
            return None;
        }
        Some(match word & PHASE {
            _ if word & KILL != 0 => Activity::Ending,
            _ if word & SUSPEND != 0 => Activity::Suspended,
            WAITING => Activity::Waiting,
            _ => Activity::Ready,
        })
    }

    /// Where the token is, if `pid` names a process.
    #[cfg(not(target_os = "none"))]
    pub(crate) fn standing(&self, pid: Pid) -> Option<Standing> {
        let word = self.0.load(Relaxed);
        if !pid.owns(word) {
            return None;
        }
        match word & PHASE {
            RUNNABLE => Some(Standing::Runnable),
            WAITING => Some(Standing::Waiting),
            HELD => Some(Standing::Held),
            _ => None,
        }
    }

    fn by_pid(
        &self,
        pid: Pid,
        ordering: Ordering,
        step: impl Fn(u64) -> Option<(u64, Handover)>,
    ) -> Handover {
        let mut word = self.0.load(Relaxed);
        loop {
            if !pid.owns(word) {
                return Handover::Nothing;
            }
            let Some((next, outcome)) = step(word) else {
                return Handover::Nothing;
            };
            match self.0.compare_exchange_weak(word, next, ordering, Relaxed) {
                Ok(_) => return outcome,
                Err(now) => word = now,
            }
        }
    }
}
