//! Crashes on purpose: each way in which the kernel can end, for whoever wants to see the report.

use crate::console;
use core::fmt;
use core::hint::black_box;
use girder_aarch64::exception;
use girder_core::shell::CrashKind;

/// In the upper half, where only the window of stacks is mapped, and far above that.
const NOWHERE: usize = 0xffff_8000_dead_0000;

/// Crashes the kernel.
pub(crate) fn crash(kind: CrashKind) -> ! {
    match kind {
        CrashKind::Panic => panic!("crash panic was asked for"),
        CrashKind::Fault => unreachable!("read {} from nowhere", read_nowhere()),
        CrashKind::Overflow => unreachable!("recursed to {}", recurse(0)),
        CrashKind::Nested => exception::fault_inside_handler(),
        CrashKind::Report => console::while_locked(|| panic!("{}", FaultsWhenShown)),
    }
}

fn read_nowhere() -> u32 {
    // SAFETY: nothing is mapped there, so nothing is read: the access faults, and the kernel ends.
    unsafe { core::ptr::read_volatile(NOWHERE as *const u32) }
}

/// A frame of some size and no end, as far as the compiler can see.
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let room = black_box([depth; 32]);
    if black_box(true) {
        recurse(depth + 1) + room[0]
    } else {
        room[1]
    }
}

/// A message that can't be told.
struct FaultsWhenShown;

impl fmt::Display for FaultsWhenShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", read_nowhere())
    }
}
