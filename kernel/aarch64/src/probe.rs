//! Reads that may fail: is there anything at this address?

#[cfg(target_os = "none")]
unsafe extern "C" {
    static girder_probe_word: u8;
    static girder_probe_failed: u8;
}

/// Reads the 32-bit word at `address`, or returns `None` if the access faults.
///
/// # Safety
///
/// Reading there must have no side effect that matters, and `address` is a multiple of 4.
#[cfg(target_os = "none")]
pub unsafe fn read_word(address: usize) -> Option<u32> {
    let (word, ok): (u64, u64);
    // SAFETY: the routine touches x0, x1 and x30 only; the caller answers for the read itself, and
    // a fault is caught by `recovery`.
    unsafe {
        core::arch::asm!("bl girder_probe_word", inout("x0") address as u64 => word, out("x1") ok,
            out("x30") _, options(nostack, readonly));
    }
    (ok == 1).then_some(word as u32)
}

/// On the host, where drivers are tested with memory for a device, nothing faults.
///
/// # Safety
///
/// There is memory at `address`, which is a multiple of 4.
#[cfg(not(target_os = "none"))]
pub unsafe fn read_word(address: usize) -> Option<u32> {
    // SAFETY: the caller's promise.
    Some(unsafe { core::ptr::read_volatile(address as *const u32) })
}

/// Where to go on after a fault at `program_counter`, if it is the probe's own read.
#[cfg(target_os = "none")]
pub(crate) fn recovery(program_counter: u64) -> Option<u64> {
    let probe = &raw const girder_probe_word as u64;
    (program_counter == probe).then_some(&raw const girder_probe_failed as u64)
}
