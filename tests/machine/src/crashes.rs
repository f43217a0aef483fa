//! Every kind of end in every state on every core: whoever dies dies alone, is told of as it was, and what it held comes back
//! or is counted to the block.

use crate::support::{NORMAL, overflow_stack, settled_resources};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::arch::asm;
use core::future::pending;
use core::hint::black_box;
use core::time::Duration;
use girder::{
    CoreMask, Down, ExitReason, Options, Overflow, Pid, STACK_BYTES, block_on, cores, exit, kill,
    own_core, own_pid, receive, send, set_affinity, sleep, yield_now,
};
use girder_lockfree::process::spawn;

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Returns,
    IsKilledWaiting,
    IsKilledSpinning,
    Panics,
    PanicsInDrop,
    Exits,
    Overflows,
    IsUndefined,
    IsABreakpoint,
    ReadsNothing,
    WritesCode,
    JumpsNowhere,
    LosesItsStack,
    TakesTooMuch,
    TakesTooLong,
    IsSentTooMuch,
}

impl End {
    const ALL: [Self; 16] = [
        Self::Returns,
        Self::IsKilledWaiting,
        Self::IsKilledSpinning,
        Self::Panics,
        Self::PanicsInDrop,
        Self::Exits,
        Self::Overflows,
        Self::IsUndefined,
        Self::IsABreakpoint,
        Self::ReadsNothing,
        Self::WritesCode,
        Self::JumpsNowhere,
        Self::LosesItsStack,
        Self::TakesTooMuch,
        Self::TakesTooLong,
        Self::IsSentTooMuch,
    ];

    /// Those that take no time of the clock.
    const QUICK: [Self; 11] = [
        Self::Returns,
        Self::Panics,
        Self::PanicsInDrop,
        Self::Exits,
        Self::Overflows,
        Self::IsUndefined,
        Self::IsABreakpoint,
        Self::ReadsNothing,
        Self::WritesCode,
        Self::JumpsNowhere,
        Self::LosesItsStack,
    ];

    /// More than a process and its stack take, and not much more.
    const LIMIT: usize = STACK_BYTES + (64 << 10);

    fn options(self) -> Options<'static> {
        match self {
            Self::TakesTooMuch => Options::new().max_heap(Self::LIMIT),
            Self::TakesTooLong => Options::new().max_runtime(Duration::from_millis(5)),
            Self::IsSentTooMuch => Options::new().mailbox(1, Overflow::End),
            _ => Options::new(),
        }
    }

    /// What the process itself does, with something in hand.
    async fn come(self) {
        let held = black_box(Box::new([7_u8; 100]));
        match self {
            Self::Returns => {}
            Self::IsKilledWaiting | Self::IsSentTooMuch => pending().await,
            Self::IsKilledSpinning | Self::TakesTooLong => loop {
                black_box(());
            },
            Self::Panics => panic!("with {}", held.len()),
            Self::PanicsInDrop => drop(PanicsInDrop(held)),
            Self::Exits => exit("enough"),
            Self::Overflows => _ = black_box(overflow_stack(0)),
            // SAFETY: never goes on behind it.
            Self::IsUndefined => unsafe { asm!("udf #0") },
            // SAFETY: never goes on behind it.
            Self::IsABreakpoint => unsafe { asm!("brk #7") },
            // SAFETY: nothing is mapped there, so nothing is read.
            Self::ReadsNothing => unsafe { _ = black_box(16 as *const u64).read_volatile() },
            Self::WritesCode => {
                let code = black_box(overflow_stack as *const () as *mut u32);
                // SAFETY: code can't be written, and the word would be the same.
                unsafe { code.write_volatile(code.read_volatile()) }
            }
            // SAFETY: faults at the first instruction.
            Self::JumpsNowhere => unsafe { asm!("br {}", in(reg) black_box(0x10_usize)) },
            // SAFETY: never goes on behind it: there is no stack to go on with.
            Self::LosesItsStack => unsafe {
                asm!("mov sp, {}", "str xzr, [sp]", in(reg) 0x100_usize)
            },
            Self::TakesTooMuch => _ = black_box(Vec::<u8>::with_capacity(Self::LIMIT)),
        }
    }

    /// What it needs of others. Each of those that are killed is killed by two.
    fn help(self, victim: Pid) {
        match self {
            Self::IsKilledWaiting | Self::IsKilledSpinning => {
                let second = async move { _ = kill(victim) };
                spawn(second, NORMAL).expect("there is room");
                kill(victim);
            }
            Self::IsSentTooMuch => {
                // It may be gone after the second.
                for _ in 0..2 {
                    let _ = send(victim, ());
                }
            }
            _ => {}
        }
    }

    fn is(self, reason: &ExitReason) -> bool {
        match self {
            Self::Returns => *reason == ExitReason::Returned,
            Self::IsKilledWaiting | Self::IsKilledSpinning => *reason == ExitReason::Killed,
            Self::TakesTooLong => *reason == ExitReason::RuntimeLimit,
            Self::IsSentTooMuch => *reason == ExitReason::MailboxLimit,
            Self::Exits => {
                matches!(reason, ExitReason::Exited(words) if words.as_str() == "enough")
            }
            Self::Panics | Self::PanicsInDrop => says(reason, "with 100"),
            Self::TakesTooMuch => says(reason, "heap_limit"),
            Self::Overflows => matches!(reason, ExitReason::Overflowed(_)),
            _ => matches!(reason, ExitReason::Faulted(_)),
        }
    }

    /// Blocks that nobody gives back: who ends at an await, or at its end, drops what it has.
    fn abandons(self) -> Option<u64> {
        match self {
            Self::Returns => Some(0),
            // Whether it has come to its await, or has anything yet, is a matter of chance.
            Self::IsKilledWaiting
            | Self::IsKilledSpinning
            | Self::TakesTooLong
            | Self::IsSentTooMuch => None,
            _ => Some(1),
        }
    }
}

fn says(reason: &ExitReason, text: &str) -> bool {
    matches!(reason, ExitReason::Panicked(words) if words.as_str().contains(text))
}

struct PanicsInDrop(Box<[u8; 100]>);

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("with {}", self.0.len());
    }
}

/// What a process has gone through when its end comes.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    Wait,
    /// It is in the middle of ordinary code, on a stack of its own.
    Block,
    Move,
}

impl Before {
    const ALL: [Self; 4] = [Self::Nothing, Self::Wait, Self::Block, Self::Move];

    async fn then(self, end: End) {
        match self {
            Self::Nothing => {}
            Self::Wait => sleep(Duration::from_micros(1)).await,
            Self::Block => {
                block_on(yield_now()).expect("there is a stack");
                return block_on(end.come()).expect("there is a stack");
            }
            Self::Move => {
                let other = CoreMask::only((own_core() + 1) % cores());
                set_affinity(own_pid(), &other).expect("there is such a core");
            }
        }
        end.come().await;
    }
}

/// Makes one that ends so, on that core.
fn begin(end: End, before: Before, core: usize) -> Pid {
    let options = end.options().affinity(CoreMask::only(core));
    let (victim, _) = options
        .spawn_monitor(move || before.then(end))
        .expect("there is room");
    end.help(victim);
    victim
}

#[girder::test(limit_ms = 600_000)]
async fn every_end_in_every_state_on_every_core_is_told_as_it_was() {
    for end in End::ALL {
        let earlier = settled_resources().await.abandoned.blocks;
        let mut count = 0;
        for before in Before::ALL {
            for core in 0..cores() {
                let victim = begin(end, before, core);
                let Down { pid, reason, .. } = receive().await;
                assert_eq!(pid, victim);
                assert!(
                    end.is(&reason),
                    "{end:?}, {before:?}, core {core}: {reason}"
                );
                count += 1;
            }
        }
        let abandoned = settled_resources().await.abandoned.blocks - earlier;
        if let Some(each) = end.abandons() {
            assert_eq!(abandoned as u64, count * each, "{end:?}");
        }
    }
}

/// Deaths at once.
const AT_ONCE: usize = 32;
const DEATHS: usize = 10_000;

/// On all cores at once, in all states that are quick. The suite sees to it that everything else is back afterwards.
#[girder::test(limit_ms = 600_000)]
async fn ten_thousand_deaths_of_every_kind_leave_what_they_should() {
    let earlier = settled_resources().await.abandoned.blocks;
    let mut under_way: VecDeque<(Pid, End)> = VecDeque::with_capacity(AT_ONCE);
    let mut abandoned = 0;
    for number in 0..DEATHS {
        if under_way.len() == AT_ONCE {
            one_has_ended(&mut under_way).await;
        }
        // Each kind comes to each state and each core.
        let end = End::QUICK[number % End::QUICK.len()];
        let before = Before::ALL[number / End::QUICK.len() % Before::ALL.len()];
        let victim = begin(end, before, number % cores());
        abandoned += end.abandons().expect("those that are quick leave no doubt");
        under_way.push_back((victim, end));
    }
    while !under_way.is_empty() {
        one_has_ended(&mut under_way).await;
    }
    let now = settled_resources().await.abandoned.blocks;
    assert_eq!((now - earlier) as u64, abandoned);
}

async fn one_has_ended(under_way: &mut VecDeque<(Pid, End)>) {
    let Down { pid, reason, .. } = receive().await;
    let is_it = |&(victim, _): &(Pid, End)| victim == pid;
    let place = under_way.iter().position(is_it).expect("it was begun");
    let (_, end) = under_way.swap_remove_back(place).expect("it is there");
    assert!(end.is(&reason), "{end:?}: {reason}");
}
