//! Faults end the test that caused them, and memory has the rights it should have.

use core::arch::asm;
use core::hint::black_box;

/// Nothing is mapped at the start of memory, so a null pointer always faults.
#[girder::test(expect = "fault")]
fn reading_through_a_null_pointer_faults() {
    read(0);
}

#[girder::test(expect = "fault")]
fn reading_where_nothing_is_mapped_faults() {
    read(0x0000_7fff_ffff_f000);
}

#[girder::test(expect = "fault")]
fn reading_the_upper_half_beyond_all_stacks_faults() {
    read(0xffff_ffff_ffff_f000);
}

#[girder::test(expect = "fault")]
fn code_can_not_be_written() {
    write(write as *const () as usize);
}

#[girder::test(expect = "fault")]
fn constants_can_not_be_written() {
    static CONSTANT: u64 = 7;
    write(black_box(&raw const CONSTANT) as usize);
}

/// A table of function pointers is written once, by relocation at boot, and never again.
#[girder::test(expect = "fault")]
fn relocated_constants_can_not_be_written() {
    static TABLE: [fn(); 1] = [data_can_not_be_executed];
    write(black_box(&raw const TABLE) as usize);
}

#[girder::test(expect = "fault")]
fn constants_can_not_be_executed() {
    // A `ret` among the constants.
    static RETURN: u32 = 0xd65f_03c0;
    execute(black_box(&raw const RETURN) as usize);
}

#[girder::test(expect = "fault")]
fn data_can_not_be_executed() {
    let boxed = alloc::boxed::Box::new(0xd65f_03c0_u32);
    execute(black_box(&raw const *boxed) as usize);
}

#[girder::test(expect = "fault")]
fn the_stack_can_not_be_executed() {
    let code = 0xd65f_03c0_u32;
    execute(black_box(&raw const code) as usize);
}

#[girder::test(expect = "fault")]
fn jumping_nowhere_faults() {
    execute(0);
}

#[girder::test(expect = "fault")]
fn an_undefined_instruction_faults() {
    // SAFETY: never goes on behind it.
    unsafe { asm!("udf #0") }
}

#[girder::test(expect = "fault")]
fn a_breakpoint_faults() {
    // SAFETY: never goes on behind it.
    unsafe { asm!("brk #7") }
}

#[girder::test(expect = "fault")]
fn a_misaligned_stack_pointer_faults() {
    // SAFETY: the access faults before anything is read; the pointer is never used again.
    unsafe { asm!("add sp, sp, #8", "ldr xzr, [sp]") }
}

/// Twice in the run, so that the stack is shown to serve again after an overflow.
#[girder::test(expect = "fault")]
fn a_stack_overflow_hits_the_guard() {
    black_box(recurse(0));
}

#[girder::test(expect = "fault")]
fn a_stack_overflows_again() {
    black_box(recurse(0));
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurse(depth: u64) -> u64 {
    let here = black_box([depth; 32]);
    recurse(depth + 1) + here[depth as usize % 32]
}

fn read(address: usize) {
    // SAFETY: the test expects the fault; if there is none, a read has done no harm.
    black_box(unsafe { core::ptr::read_volatile(black_box(address) as *const u64) });
}

fn write(address: usize) {
    // SAFETY: the test expects the fault; the word is in fact never changed.
    unsafe {
        let place = black_box(address) as *mut u32;
        place.write_volatile(place.read_volatile());
    }
}

fn execute(address: usize) {
    // SAFETY: the test expects the fault at the first instruction; every caller that might be
    // executed after all points to a `ret`.
    unsafe { asm!("blr {}", in(reg) black_box(address), clobber_abi("C")) }
}
