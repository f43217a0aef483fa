//! Running processes: on the loop's own stack, until an interrupt makes it theirs.
//!
//! A process is polled on the stack that the loop stands on. If nothing breaks in, its poll returns
//! and the loop goes on: no stack was changed and no register saved but what the call saves.
//!
//! If an interrupt breaks in while preemption is on, everything it stands on goes along: the vectors
//! save all registers at the top of that stack, where room is kept, and the handler takes a spare stack
//! from the core's and returns into a new loop on it. The process is now a token with a frame. To go
//! on, a core leaves its present stack (with nothing on it worth keeping: a turn holds nothing
//! over a resume) among its spares, and returns into the frame; the poll then returns, sooner or
//! later, into the loop's frames at the bottom of that stack, which are this core's loop from then on.
//!
//! So at any time a core has one stack in use, and each process that was broken off has one. A core
//! without a spare can't preempt: the interrupt is noted, counted, and takes effect at the next
//! occasion, which has to come soon: `without_stack`. How a process dies on the way is told in `death`.

use crate::core_block::{CoreBlock, count};
use crate::cpu::Affinity;
use crate::exception::Frame;
use crate::masked::Masked;
use crate::spares::{self, Top};
use crate::stack::{self, Stack};
use crate::{block, interrupts, preemption, without_stack};
use aarch64_cpu::registers::{
    CurrentEL, ELR_EL1, Readable, SP_EL0, SPSR_EL1, TPIDR_EL0, Writeable,
};
use core::arch::asm;
use core::mem::offset_of;
use core::num::NonZero;
use core::ptr::NonNull;
use core::sync::atomic::Ordering::Relaxed;
use girder_lockfree::process::here::Here;
use girder_lockfree::process::{Finished, Kind, Local, Polled, Runnable, Table};
use girder_lockfree::{Doorbell, Token};

core::arch::global_asm!(
    include_str!("asm/macros.s"),
    include_str!("asm/process.s"),
    include_str!("asm/macros_end.s"),
    REASONS = const Local::REASONS,
    FRAME_ROOM = const offset_of!(CoreBlock, frame_room),
    MASKED_SINCE = const offset_of!(CoreBlock, masked) + offset_of!(Masked, since),
    MASKED_LONGEST = const offset_of!(CoreBlock, masked) + offset_of!(Masked, longest),
    DOORBELL = const offset_of!(CoreBlock, here) + Here::DOORBELL,
    HERE = const Local::HERE,
    CORE_HERE = const offset_of!(CoreBlock, here),
    CAUSES = const Doorbell::CAUSES,
);

unsafe extern "C" {
    /// Returns into `frame` as the process with `local`, unless a cause waits: then it comes back.
    fn girder_go_on(frame: *const Frame, local: *const ());
    fn girder_begin_loop(
        stack_pointer: u64,
        function: extern "C" fn(NonNull<Local>) -> !,
        local: *const (),
    ) -> !;
}

/// Gives the running core's loop a spare stack: with one, processes lose the core to a new loop.
///
/// # Safety
///
/// Only the running core's own loop calls it, where nothing else takes a stack or adds one.
pub unsafe fn add_spare(stack: Stack) {
    CoreBlock::current().spares.push(stack.top());
}

/// As `add_spare`, for a stack that came to another core along with a process, if there is one.
///
/// # Safety
///
/// As there.
#[must_use]
pub unsafe fn add_left_over() -> bool {
    let left_over = spares::take_left_over();
    left_over.is_some_and(|top| {
        CoreBlock::current().spares.push(top);
        true
    })
}

/// Pays for the stack that a process brings along from another core: one of this core's is left over now.
///
/// # Safety
///
/// As for `add_spare`.
pub unsafe fn leave_spare_over() {
    spares::leave_over(&CoreBlock::current().spares);
}

/// Leaves this core's spare stacks beyond the first `kept` to other cores, one after the other, until there are no more or
/// something comes up. Whoever was broken off here has ended by now, mostly; one core alone does not keep what all may need.
///
/// # Safety
///
/// As for `add_spare`.
#[inline]
pub unsafe fn leave_surplus_over(kept: usize) {
    let core = CoreBlock::current();
    if core.spares.take_news() {
        leave_over_beyond(core, kept);
    }
}

#[cold]
fn leave_over_beyond(core: &CoreBlock, kept: usize) {
    while core.spares.exceeds(kept) {
        if core.here.doorbell().is_rung() {
            core.spares.note_news();
            return;
        }
        spares::leave_over(&core.spares);
    }
}

/// How many stacks nobody stands on: spare ones of these cores, and those that were left over.
///
/// # Safety
///
/// These are all cores that run processes, and they stand still, or are the one that asks, with preemption off.
pub unsafe fn count_spares(cores: impl Iterator<Item = &'static CoreBlock>) -> usize {
    let each = cores.map(|core| core.spares.count());
    each.sum::<usize>() + spares::left_over()
}

/// True if the running core has a spare stack.
///
/// # Safety
///
/// As for `add_spare`.
pub unsafe fn has_spare() -> bool {
    !CoreBlock::current().spares.is_empty()
}

/// How a core goes on after a process was taken from it: settles that, then takes turns for ever. A deployment's
/// affair.
pub trait NewLoop: 'static {
    /// An interrupt broke the process off.
    fn after_break(token: Token) -> !;
    /// It blocked, and wants what a poll that comes back can want.
    fn after_block(polled: Polled) -> !;
    /// It died in mid-poll.
    fn after_death(finished: Finished) -> !;
}

/// The two that are in no hurry. (The first one's address stands in the core's block: between two spinners nothing has to
/// be found and followed.)
pub(crate) struct WaysOn {
    after_block: fn(Polled) -> !,
    after_death: fn(Finished) -> !,
}

impl WaysOn {
    fn of_this_core() -> &'static Self {
        let ways = CoreBlock::current().ways_on.get();
        ways.expect("a process ran, so the core has a scheduler")
    }
}

/// Goes on after a process has blocked.
pub(crate) fn go_on_after_block(polled: Polled) -> ! {
    (WaysOn::of_this_core().after_block)(polled)
}

/// Goes on after a process has died in mid-poll.
pub(crate) fn go_on_after_death(finished: Finished) -> ! {
    (WaysOn::of_this_core().after_death)(finished)
}

/// Leaves the running process for a new loop, `function(local)` at the top of the same stack.
///
/// # Safety
///
/// `local` is the process's record, its preemption is off, and nothing on its stack is used again.
pub(crate) unsafe fn begin_loop(
    function: extern "C" fn(NonNull<Local>) -> !,
    local: &'static Local,
) -> ! {
    let top = CoreBlock::current().stack_top();
    // SAFETY: the caller's promise; the core's loop stood on this stack when it resumed the process.
    unsafe { girder_begin_loop(Top::below(top), function, (&raw const *local).cast()) }
}

/// Makes the running core one that runs processes of this table, and returns it as they see it.
///
/// # Safety
///
/// Called once, by the core itself, on a stack of the window, before it spawns or runs anything; `scheduler` is what whoever
/// uses the address takes it for, and lives for ever.
pub unsafe fn install<L: NewLoop>(scheduler: NonNull<()>, table: &'static Table) {
    let core = CoreBlock::current();
    core.new_loop
        .store(begin_new_loop::<L> as *const () as u64, Relaxed);
    core.ways_on.call_once(|| WaysOn {
        after_block: L::after_block,
        after_death: L::after_death,
    });
    // SAFETY: the caller's promise.
    unsafe { core.here.install(core.index(), table, scheduler.as_ptr()) };
    core.stand_on(stack::top_of(current_stack_pointer()));
}

/// The running core, as its processes see it. For its loop: nobody else stays on the core.
#[inline(always)]
pub fn this_core() -> &'static Here {
    &CoreBlock::current().here
}

/// Gives the core to a process, from its last await on, and returns how that came back and on which
/// core. Called with nothing on the stack worth keeping: if an interrupt breaks in, the stack
/// goes along.
///
/// A cause that has come since the loop looked would interrupt nobody, so the word is looked at once
/// more, now that interrupts find the process: a process that is put off has not begun.
///
/// # Safety
///
/// Only the running core's own loop calls it, between two visits to its scheduler, for a process
/// that has been given this core.
#[inline(always)]
pub unsafe fn resume(
    process: Runnable,
    here: &'static Here,
) -> (Result<Polled, Token>, &'static Here) {
    // SAFETY: a record lives in its process's header, which is not given back in here.
    let local = unsafe { NonNull::from(process.local()).as_ref() };
    debug_assert!(core::ptr::eq(core_of(local), here), "given another core");
    become_process(local);
    // If an interrupt breaks in here and the process goes on elsewhere, this is another core's word:
    // then a look at it does no harm, and the present core has looked at its own in `girder_go_on`.
    let outcome = if here.doorbell().is_quiet() {
        Ok(process.poll())
    } else {
        Err(process.put_off())
    };
    (outcome, back_in_loop(local))
}

/// Whoever gave the process a core has said which.
#[inline(always)]
fn core_of(local: &Local) -> &'static Here {
    let here = local.here();
    debug_assert!(here.is_some(), "a process runs without a core");
    // SAFETY: `resume` and `end` are called for a process that has been given a core.
    unsafe { here.unwrap_unchecked() }
}

/// From here on interrupts find a process, and may take the core from it.
#[inline(always)]
fn become_process(local: &Local) {
    // SAFETY: the record outlives the process's run. Memory may change from here on.
    unsafe { asm!("msr tpidr_el0, {}", in(reg) local, options(nostack, preserves_flags)) }
}

/// From here on interrupts find a core's loop. Which core that is stands in the process's record, and
/// between reading that and making it true an interrupt may move the process: one that finds it
/// at the second instruction has it begin again at the first ([`restart`]).
#[inline(always)]
fn back_in_loop(local: &Local) -> &'static Here {
    let here: *const Here;
    // SAFETY: whoever gave the process its core has written the core's address there, and the loop's
    // record is first in it.
    unsafe {
        asm!("ldr {here}, [{local}, #{HERE}]", "msr tpidr_el0, {here}",
            here = out(reg) here, local = in(reg) local, HERE = const Local::HERE,
            options(nostack, preserves_flags));
        &*here
    }
}

/// Sees to it that what a process has just read about its core is read again, if that is all it has
/// done. Nothing else that runs as a process writes TPIDR_EL0.
fn restart(frame: &mut Frame) {
    unsafe extern "C" {
        static __image_start: u8;
        static __constants_start: u8;
    }
    /// `msr tpidr_el0, x0`; the register's number is in the lowest five bits.
    const WRITE: u32 = 0xd51b_d040;
    let code = &raw const __image_start as u64..&raw const __constants_start as u64;
    let next = frame.program_counter;
    if !code.contains(&next) || !next.is_multiple_of(4) {
        return; // it has jumped astray, and an interrupt came before the fault
    }
    // SAFETY: an aligned word of the image's code.
    let next = unsafe { *(next as *const u32) };
    if next & !0x1f == WRITE {
        frame.program_counter -= 4;
    }
}

/// Lets a process drop its future, preemptibly, as itself; one that was broken off in mid-poll is given
/// up where it stands.
///
/// # Safety
///
/// Only the running core's own loop calls it, between two visits to its scheduler.
pub unsafe fn end(mut token: Token) -> (Finished, &'static Here) {
    if token.has_frame() {
        let mut finished = token.give_up();
        if let Some(frame) = finished.take_frame() {
            CoreBlock::current().spares.push(block::stack_of(frame));
        }
        return (finished, this_core());
    }
    // SAFETY: a record lives in its process's header, which is not given back in here.
    let local = unsafe { NonNull::from(token.local()).as_ref() };
    let here = this_core();
    local.set_here(here);
    // An interrupt may come before the first destructor, and that is not in mid-poll.
    token.begin_to_drop();
    become_process(local);
    if here.doorbell().is_rung() {
        preemption::leave_now();
    }
    let finished = token.drop_future();
    (finished, back_in_loop(local))
}

/// Goes on with a process where it was broken off: this stack is not come back to, unless something
/// has come up; then the process is as broken off as before.
///
/// # Safety
///
/// Only the running core's own loop calls it, between two visits to its scheduler.
#[cold]
#[inline(never)]
pub unsafe fn go_on(token: Token) -> Token {
    let local = &raw const *token.local();
    let Ok(frame) = token.go_on() else {
        unreachable!("the caller has seen a frame")
    };
    let core = CoreBlock::current();
    let own_top = core.stack_top();
    core.spares.push(own_top);
    core.stand_on(block::stack_of(frame));
    if block::is_blocked(frame) {
        // SAFETY: as below; what has come up meanwhile, the process looks for itself.
        unsafe { block::go_on(frame, &*local) }
    }
    // SAFETY: the frame was saved by `leave_interrupted` and belongs to this process, whose token has
    // just been given up for it. The present stack is a spare now; nothing takes it before the
    // change of stacks, because handlers leave processes only.
    unsafe { girder_go_on(frame.get() as *const Frame, local.cast()) }
    // It came back: a cause waits. The process is what it was.
    let taken_back = core.spares.pop();
    core.stand_on(own_top);
    debug_assert_eq!(taken_back, Some(own_top));
    let local = NonNull::new(local.cast_mut()).expect("a record has an address");
    // SAFETY: the same process with the same frame, which nobody has gone on with.
    unsafe { Token::broken_off(local, frame) }
}

pub(crate) fn current_stack_pointer() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack)) }
    pointer
}

/// Called by the handlers: makes the core return into a new loop, if it is a process with preemption on
/// that was interrupted, and notes the wish otherwise. The frame of such a process lies in the room of
/// its stack already, because that is where the vectors save those of preemptible code. The process
/// that loses the core is returned, for its new loop.
#[inline(always)]
pub(crate) fn leave_interrupted(core: &CoreBlock, frame: &mut Frame) -> Option<NonNull<Local>> {
    let local = preemption::current();
    if local.kind() != Kind::Process || !local.is_preemptible() {
        local.note_pending();
        return None;
    }
    let own = core.spares.pop();
    let Some(spare) = own.or_else(spares::take_left_over_in_handler) else {
        without_stack::keep_or_give_up(core, frame, local);
        return None;
    };
    count(&core.counters().preemptions);
    local.clear_pending();
    restart(frame);
    TPIDR_EL0.set(&raw const *core.here.local() as u64);
    core.stand_on(spare);
    SP_EL0.set(Top::below(spare));
    ELR_EL1.set(core.new_loop.load(Relaxed));
    SPSR_EL1.set(loop_state());
    Some(NonNull::from(local))
}

/// SPSR of the loop: this level, in the bits where CurrentEL has it too; SPSel = 0, nothing masked.
pub(crate) fn loop_state() -> u64 {
    CurrentEL.get()
}

/// First on a spare stack, called by the vectors.
extern "C" fn begin_new_loop<L: NewLoop>(local: NonNull<Local>, frame: NonZero<usize>) -> ! {
    // SAFETY: `leave_interrupted` has just broken this process off with this frame, once.
    let token = unsafe { Token::broken_off(local, frame) };
    L::after_break(token)
}

/// The platform's part of `girder_lockfree::process`.
mod hooks {
    use super::*;

    #[unsafe(no_mangle)]
    fn girder_local() -> &'static Local {
        preemption::current()
    }

    #[unsafe(no_mangle)]
    fn girder_own() -> &'static Local {
        preemption::own()
    }

    #[unsafe(no_mangle)]
    fn girder_stay(local: &Local) -> u32 {
        preemption::add_reason(local)
    }

    #[unsafe(no_mangle)]
    fn girder_stay_on_full_stack(local: &Local) -> u32 {
        preemption::add_reason_on_full_stack(local)
    }

    #[unsafe(no_mangle)]
    fn girder_look_for_room() {
        preemption::look_for_room();
    }

    #[unsafe(no_mangle)]
    fn girder_now() -> u64 {
        crate::timer::nanos()
    }

    #[unsafe(no_mangle)]
    fn girder_signal(address: u64) {
        interrupts::signal(Affinity(address));
    }

    #[unsafe(no_mangle)]
    fn girder_wait_for_event() {
        crate::cpu::wait_for_event();
    }

    #[unsafe(no_mangle)]
    fn girder_relax() {
        crate::cpu::relax();
    }

    #[unsafe(no_mangle)]
    fn girder_leave_now() {
        preemption::leave_now();
    }
}
