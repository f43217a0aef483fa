//! How running code finds its core's desk and its own record.
//!
//! On the machine: by functions that the package which names registers defines. On a host: by
//! thread locals that a simulator sets for each simulated core.

#[cfg(not(target_os = "none"))]
mod host;
#[cfg(target_os = "none")]
mod machine;

#[cfg(not(target_os = "none"))]
pub(crate) use host::{
    LEAVES_AT_ONCE, PreemptionOff, block, block_for_list, here_of, is_loop_of, keep_apart,
    kernel_block, kernel_block as charged_block, local, make_room, may_wait, new_block, new_chunk,
    now, old_block, old_chunk, old_kernel_block, old_pages, own_record, packet, pages, relax,
    reserved_block, run_as, signal, tell_memory_alarm, tell_of_no_reaper, tell_of_reaper,
    wait_for_event,
};
#[cfg(not(target_os = "none"))]
pub(crate) use host::{
    counts, forgets_places, set_forgetful, set_here, set_now, set_packet, set_signal,
    set_wait_for_event, start_counting, take_leaving,
};
#[cfg(all(test, not(loom)))]
pub(crate) use host::{take_hindered, take_unreaped};
#[cfg(target_os = "none")]
pub(crate) use machine::{
    LEAVES_AT_ONCE, PreemptionOff, block, charged_block, here_of, is_loop_of, keep_apart,
    kernel_block, kernel_block as block_for_list, local, make_room, may_wait, new_block,
    new_block as new_chunk, now, old_block, old_block as old_chunk, old_block as old_kernel_block,
    old_pages, own_record, packet, pages, relax, reserved_block, run_as, signal, tell_memory_alarm,
    tell_of_no_reaper, tell_of_reaper, wait_for_event,
};
