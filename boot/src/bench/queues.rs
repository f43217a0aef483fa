//! What a run queue costs by its kind: one that its core has to itself, with a deque for what it offers, as ours is; and one
//! behind a spin lock that thieves take as well, as in Erlang. The list is the same in both, so what differs is the lock, and
//! how what is stolen gets from one core to the other.
//!
//! One core does both sides here, so nobody ever waits for a lock or loses a race: these are the instructions of the best case of
//! each. `doc/run-queues.md` has the figures, and what they leave out.

use super::{marks, report};
use alloc::boxed::Box;
use core::cell::Cell;
use core::hint::black_box;
use core::ptr::NonNull;
use girder_aarch64::relax::SpinMutex;
use girder_lockfree::process::here;
use girder_lockfree::{Deque, Owner, Steal};

/// Processes in a queue, and those of them that a thief takes in one go.
const QUEUED: usize = 32;
const STOLEN: usize = 16;

/// As a process's header: linked through itself, on lines of its own.
#[repr(align(128))]
struct Item {
    next: Cell<Option<&'static Item>>,
}

/// First in, first out.
struct Fifo(Option<(&'static Item, &'static Item)>);

impl Fifo {
    #[inline(always)]
    fn push(&mut self, item: &'static Item) {
        match &mut self.0 {
            None => self.0 = Some((item, item)),
            Some((_, last)) => {
                last.next.set(Some(item));
                *last = item;
            }
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<&'static Item> {
        let (first, last) = self.0?;
        self.0 = match core::ptr::eq(first, last) {
            true => None,
            false => first.next.get().map(|next| (next, last)),
        };
        Some(first)
    }

    fn of(items: impl Iterator<Item = &'static Item>) -> Self {
        let mut all = Self(None);
        items.for_each(|item| all.push(item));
        all
    }
}

/// All of them, each named for its line.
pub(super) async fn run(count: u64) {
    let items: &'static [Item] = Box::leak(
        (0..QUEUED)
            .map(|_| Item {
                next: Cell::new(None),
            })
            .collect(),
    );
    measure("queue_turn", count, || own_turns(items, count));
    measure("queue_turn_locked", count, || locked_turns(items, count));
    let rounds = count / STOLEN as u64;
    let stolen = rounds * STOLEN as u64;
    measure("queue_steal", stolen, || own_steals(items, rounds));
    measure("queue_steal_locked", stolen, || {
        locked_steals(items, rounds)
    });
}

fn measure(name: &str, operations: u64, work: impl FnOnce()) {
    marks::begin();
    let start = here::now();
    work();
    let nanos = here::now() - start;
    marks::end();
    report(name, operations, nanos);
}

/// Whoever runs goes behind the others, and the first of them runs.
#[inline(never)]
fn own_turns(items: &'static [Item], count: u64) {
    let mut queue = Fifo::of(items[1..].iter());
    let mut running = &items[0];
    for _ in 0..count {
        queue.push(running);
        running = black_box(&mut queue).pop().expect("one was put in");
    }
}

/// The same, with the lock taken once for both.
#[inline(never)]
fn locked_turns(items: &'static [Item], count: u64) {
    let queue = SpinMutex::<_>::new(Fifo::of(items[1..].iter()));
    let mut running = &items[0];
    for _ in 0..count {
        let mut queue = black_box(&queue).lock();
        queue.push(running);
        running = queue.pop().expect("one was put in");
    }
}

/// The owner offers half of what it has, and the thief takes that, one by one. (In the end the thief's come back for the next
/// round, by one step each.)
#[inline(never)]
fn own_steals(items: &'static [Item], rounds: u64) {
    let deque = Deque::<Item, QUEUED>::new();
    let mut owner = deque.own().expect("it has no owner yet");
    let (mut victim, mut thief) = (Fifo::of(items.iter()), Fifo(None));
    for _ in 0..rounds {
        offer(black_box(&mut victim), &mut owner);
        while let Steal::Taken(item) = black_box(&deque).pop_top() {
            // SAFETY: all in there are items that live for ever.
            thief.push(unsafe { item.as_ref() });
        }
        give_back(&mut thief, &mut victim);
    }
}

#[inline(always)]
fn offer(victim: &mut Fifo, owner: &mut Owner<'_, Item, QUEUED>) {
    for _ in 0..STOLEN {
        let item = victim.pop().expect("there are more");
        let offered = owner.push_bottom(NonNull::from(item));
        assert!(offered.is_ok(), "there is room for all");
    }
}

/// The thief takes the victim's lock, takes as many, and puts them into its own queue under its own lock.
#[inline(never)]
fn locked_steals(items: &'static [Item], rounds: u64) {
    let victim = SpinMutex::<_>::new(Fifo::of(items.iter()));
    let thief = SpinMutex::<_>::new(Fifo(None));
    for _ in 0..rounds {
        let mut taken = Fifo(None);
        {
            let mut victim = black_box(&victim).lock();
            (0..STOLEN).for_each(|_| taken.push(victim.pop().expect("there are more")));
        }
        let mut own = black_box(&thief).lock();
        while let Some(item) = taken.pop() {
            own.push(item);
        }
        give_back(&mut own, &mut victim.lock());
    }
}

#[inline(always)]
fn give_back(thief: &mut Fifo, victim: &mut Fifo) {
    while let Some(item) = thief.pop() {
        victim.push(item);
    }
}
