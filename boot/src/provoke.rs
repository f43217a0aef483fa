//! Crashes on purpose: each way in which the kernel can end, for whoever wants to see the report, and two
//! in which it does not.

use crate::console::{self, println};
use core::fmt;
use core::hint::black_box;
use girder_aarch64::exception;
use girder_aarch64::preemption::PreemptionOff;
use girder_core::sched::Priority;
use girder_core::shell::CrashKind;
use girder_lockfree::process::spawn_watched;

/// In the upper half, where only the window of stacks is mapped, and far above that.
const NOWHERE: usize = 0xffff_8000_dead_0000;

/// Crashes what was asked for; comes back if that is neither the kernel nor the caller.
pub(crate) async fn crash(kind: CrashKind) {
    match kind {
        CrashKind::Panic => kernel(|| panic!("crash panic was asked for")),
        CrashKind::Fault => kernel(read_nowhere),
        CrashKind::Overflow => kernel(|| recurse(0)),
        CrashKind::Nested => kernel(|| exception::fault_inside_handler()),
        CrashKind::Report => kernel(|| console::while_locked(|| panic!("{}", FaultsWhenShown))),
        CrashKind::Process => lose_a_process().await,
        CrashKind::Shell => panic!("crash shell was asked for"),
    }
}

/// Crashes with preemption off: otherwise only the calling process would die.
fn kernel<R: fmt::Debug>(crash: impl FnOnce() -> R) {
    let _kernel = PreemptionOff::new();
    unreachable!("the crash came back with {:?}", crash());
}

async fn lose_a_process() {
    let process = || async { panic!("crash process was asked for") };
    let Ok((pid, watch)) = spawn_watched(process, Priority::Normal.level()) else {
        return println!("no room for a process");
    };
    let reason = watch.await;
    println!("process {pid} died: {reason}; everything else goes on");
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
