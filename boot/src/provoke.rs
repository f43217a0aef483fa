//! Crashes on purpose: each way in which the kernel can end, for whoever wants to see the report, and two
//! in which it does not.

use crate::console::{self, println};
use crate::{cores, watchdogs};
use core::fmt;
use core::hint::black_box;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::cpu::{self, Affinity};
use girder_aarch64::exception;
use girder_aarch64::lock::Lock;
use girder_aarch64::preemption::PreemptionOff;
use girder_aarch64::relax::Once;
use girder_core::causes::Cause;
use girder_core::sched::Priority;
use girder_core::shell::CrashKind;
use girder_core::time::sleep;
use girder_lockfree::process::{
    self, CoreMask, get_affinity, own_core, own_pid, set_affinity, spawn_on, spawn_watched,
    yield_now,
};

/// In the upper half, where only the window of stacks is mapped, and far above that.
const NOWHERE: usize = 0xffff_8000_dead_0000;

/// Crashes what was asked for; comes back if that is neither the kernel nor the caller.
pub(crate) async fn crash(kind: CrashKind) {
    match kind {
        CrashKind::Process => lose_a_process().await,
        CrashKind::Shell => panic!("crash shell was asked for"),
        kind => kernel(kind),
    }
}

/// Crashes with preemption off: otherwise only the calling process would die.
#[inline(never)] // it is looked for in the report
fn kernel(kind: CrashKind) -> ! {
    let _kernel = PreemptionOff::new();
    match kind {
        CrashKind::Panic => panic!("crash panic was asked for"),
        CrashKind::Fault => unreachable!("read {} from nowhere", read_nowhere()),
        CrashKind::Overflow => unreachable!("recursed to {}", recurse(0)),
        CrashKind::Nested => exception::fault_inside_handler(),
        CrashKind::Report => console::while_locked(|| panic!("{}", FaultsWhenShown)),
        CrashKind::Deaf => cpu::park(),
        CrashKind::Wild => cpu::spin_without_frame(),
        CrashKind::Hang | CrashKind::Stuck => hang(),
        CrashKind::Process | CrashKind::Shell => unreachable!("{kind:?} is no crash of the kernel"),
    }
}

/// Goes on for ever, and lets interrupts in.
#[inline(never)] // it is looked for in the report
fn hang() -> ! {
    cpu::unmask_interrupts();
    loop {
        cpu::relax();
    }
}

/// Has this core schedule no more, and waits until its neighbour has told of it.
pub(crate) async fn hang_on(kind: CrashKind, core: u32) {
    /// A neighbour that is busy takes longer.
    const PATIENCE: u32 = 10 * watchdogs::MISSED_MAX;
    if !watchdogs::is_guarded(core) {
        return println!("nobody watches core {core}");
    }
    let before = watchdogs::stalls(core);
    // Who asks is not to be lost with it, nor with one that is lost already.
    if let Some(own) = own_pid() {
        let cores = get_affinity(own).unwrap_or(CoreMask::all());
        let others = cores.iter().filter(|&number| number != core as usize);
        let others = others.fold(CoreMask::none(), CoreMask::with);
        let _ = set_affinity(own, &others);
        while own_core() == core as usize {
            yield_now().await;
        }
    }
    match kind {
        CrashKind::Stuck => {
            let here = process::Affinity::of(&CoreMask::only(core as usize));
            let stuck = async { kernel(CrashKind::Stuck) };
            let spawned = here.map(|here| spawn_on(here, stuck, Priority::Normal.level(), None));
            if !matches!(spawned, Ok(Ok(_))) {
                return println!("no room for a process on core {core}");
            }
        }
        kind => crash_on(kind, core),
    }
    for _ in 0..PATIENCE {
        sleep(watchdogs::PERIOD).await;
        if watchdogs::stalls(core) != before {
            return println!("core {core} was told of; everything else goes on");
        }
    }
    println!("nobody has told of core {core}");
}

async fn lose_a_process() {
    let process = || async { panic!("crash process was asked for") };
    let Ok((pid, watch)) = spawn_watched(process, Priority::Normal.level()) else {
        return println!("no room for a process");
    };
    let reason = watch.await;
    println!("process {pid} died: {reason}; everything else goes on");
}

/// The core that is to crash as it comes up, and how.
static AT_START: Once<(CrashKind, u32)> = Once::new();

/// Has the core with this number crash while cores are being brought up.
pub(crate) fn at_start((kind, core): (CrashKind, u32)) {
    AT_START.call_once(|| (kind, core));
}

/// Crashes the running core, if that was asked for.
pub(crate) fn as_it_comes_up(core: &CoreBlock) {
    match AT_START.get() {
        Some(&(kind, index)) if index == core.index() => kernel(kind),
        _ => {}
    }
}

/// What other cores are to do, and how many of them have yet to begin.
static ORDER: Lock<Option<(CrashKind, usize)>> = Lock::new(None);

/// Has the core with this number crash, and waits for the end; or until it has begun, if nothing ends
/// with that.
#[inline(never)] // it is looked for in the report
pub(crate) fn crash_on(kind: CrashKind, core: u32) {
    let Some(core) = cores::up().find(|block| block.index() == core) else {
        return println!("core {core} is not up");
    };
    *ORDER.lock() = Some((kind, 1));
    cores::ring(core, Cause::Crash);
    while !kind.is_survived() || ORDER.lock().is_some() {
        cpu::wait_for_event();
    }
}

/// Has all cores crash at once, this one too.
pub(crate) fn crash_everywhere(kind: CrashKind) -> ! {
    let me = Affinity::of_this_core();
    *ORDER.lock() = Some((kind, cores::up().count()));
    let others = cores::up().filter(|core| core.affinity() != me);
    others.for_each(|core| cores::ring(core, Cause::Crash));
    obey();
    unreachable!("there was an order for this core")
}

/// Does what another core wants to see, once all that are to do it have come.
#[cold]
#[inline(never)]
pub(crate) fn obey() {
    cpu::mask_interrupts();
    let order = {
        let mut order = ORDER.lock();
        let before = *order;
        *order = before.and_then(|(kind, left)| (left > 1).then(|| (kind, left - 1)));
        before
    };
    cpu::send_event();
    while ORDER.lock().is_some() {
        cpu::wait_for_event();
    }
    if let Some((kind, _)) = order {
        kernel(kind)
    }
    cpu::unmask_interrupts();
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
