//! How cores that enter together agree on the one that boots: `boot/src/asm/pen.s`, word for word.
//!
//! Assembly has no model, and no Rust can run there. So this is `elect` once more, with its own names and
//! its barriers, for loom to look for an order of events in which two cores boot, or none.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed, Ordering::SeqCst, fence};
use loom::thread;

const NOBODY: u32 = 0;

struct Election<const CORES: usize> {
    last: AtomicU32,
    chosen: AtomicU32,
    is_over: AtomicBool,
    flags: [AtomicBool; CORES],
    /// `dmb sy` between any two accesses.
    has_barriers: bool,
}

impl<const CORES: usize> Election<CORES> {
    fn new(has_barriers: bool) -> Self {
        Self {
            last: AtomicU32::new(NOBODY),
            chosen: AtomicU32::new(NOBODY),
            is_over: AtomicBool::new(false),
            flags: [(); CORES].map(|()| AtomicBool::new(false)),
            has_barriers,
        }
    }

    fn barrier(&self) {
        if self.has_barriers {
            fence(SeqCst);
        }
    }

    /// True on the core that boots.
    fn elect(&self, core: usize) -> bool {
        let number = core as u32 + 1;
        self.flags[core].store(true, Relaxed);
        self.barrier();
        self.last.store(number, Relaxed);
        self.barrier();
        if self.chosen.load(Relaxed) != NOBODY {
            return self.lose(core);
        }
        self.barrier();
        self.chosen.store(number, Relaxed);
        self.barrier();
        if self.last.load(Relaxed) == number {
            return self.win();
        }
        self.barrier();
        self.flags[core].store(false, Relaxed);
        for flag in &self.flags {
            loop {
                self.barrier();
                if self.is_over.load(Relaxed) {
                    return self.lose(core);
                }
                if !flag.load(Relaxed) {
                    break;
                }
                thread::yield_now();
            }
        }
        self.barrier();
        match self.chosen.load(Relaxed) == number {
            true => self.win(),
            false => self.lose(core),
        }
    }

    fn win(&self) -> bool {
        self.barrier();
        self.is_over.store(true, Relaxed);
        true
    }

    fn lose(&self, core: usize) -> bool {
        self.barrier();
        self.flags[core].store(false, Relaxed);
        false
    }
}

/// How many of so many boot, in any order of events with so many preemptions.
fn explore<const CORES: usize>(has_barriers: bool, preemptions: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let election = Arc::new(Election::<CORES>::new(has_barriers));
        let others: Vec<_> = (1..CORES)
            .map(|core| {
                let election = election.clone();
                thread::spawn(move || election.elect(core))
            })
            .collect();
        let mut winners = usize::from(election.elect(0));
        for other in others {
            winners += usize::from(other.join().unwrap());
        }
        assert_eq!(winners, 1, "cores boot");
    });
}

#[test]
fn one_of_two_boots() {
    explore::<2>(true, 5);
}

#[test]
fn one_of_three_boots() {
    explore::<3>(true, 3);
}

/// So the model can tell.
#[test]
#[should_panic(expected = "cores boot")]
fn without_barriers_it_would_be_two() {
    explore::<2>(false, 3);
}
