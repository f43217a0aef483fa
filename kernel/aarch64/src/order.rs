//! The barriers of drivers that also run on the host, against models, where they are nothing.

/// Between what a signal is about and the signal: the other core sees the first when the second
/// arrives (Arm ARM, "Data Synchronization Barrier").
pub(crate) fn before_signal() {
    #[cfg(target_arch = "aarch64")]
    aarch64_cpu::asm::barrier::dsb(aarch64_cpu::asm::barrier::ISHST);
}

/// Between an acknowledgement and whatever the interrupt stands for.
pub(crate) fn after_acknowledge() {
    #[cfg(target_arch = "aarch64")]
    aarch64_cpu::asm::barrier::dsb(aarch64_cpu::asm::barrier::SY);
}

/// Between writes to a controller and whatever relies on them having got there.
pub(crate) fn after_set_up() {
    #[cfg(target_arch = "aarch64")]
    {
        aarch64_cpu::asm::barrier::dsb(aarch64_cpu::asm::barrier::SY);
        aarch64_cpu::asm::barrier::isb(aarch64_cpu::asm::barrier::SY);
    }
}
