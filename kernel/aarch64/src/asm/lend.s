// The way onto a lent stack and off it again. lend.rs has the argument.
// The constants are given by lend.rs.

.macro save_callee_saved
    stp  x29, x30, [sp, #-160]!
    stp  x19, x20, [sp, #16 * 1]
    stp  x21, x22, [sp, #16 * 2]
    stp  x23, x24, [sp, #16 * 3]
    stp  x25, x26, [sp, #16 * 4]
    stp  x27, x28, [sp, #16 * 5]
    stp  d8, d9, [sp, #16 * 6]
    stp  d10, d11, [sp, #16 * 7]
    stp  d12, d13, [sp, #16 * 8]
    stp  d14, d15, [sp, #16 * 9]
.endm

.macro restore_callee_saved
    ldp  d14, d15, [sp, #16 * 9]
    ldp  d12, d13, [sp, #16 * 8]
    ldp  d10, d11, [sp, #16 * 7]
    ldp  d8, d9, [sp, #16 * 6]
    ldp  x27, x28, [sp, #16 * 5]
    ldp  x25, x26, [sp, #16 * 4]
    ldp  x23, x24, [sp, #16 * 3]
    ldp  x21, x22, [sp, #16 * 2]
    ldp  x19, x20, [sp, #16 * 1]
    ldp  x29, x30, [sp], #160
.endm

// girder_lend(entry x0, argument x1, stack top x2, preemption x3) -> why it came back
//
// Saves what the calling convention preserves on the loop's stack, notes that stack's pointer in
// the core's block, moves to the lent stack and calls entry(argument) there.
.section .text.girder_lend, "ax"
.global girder_lend
girder_lend:
    save_callee_saved
    mrs  x9, tpidr_el1
    mov  x10, sp
    str  x10, [x9, #{LOOP_SP}]
    msr  tpidr_el0, x3
    mov  sp, x2
    mov  x9, x0
    mov  x0, x1
    mov  x29, xzr               // backtraces end here
    mov  x30, xzr
    blr  x9
    mov  x0, #{FINISHED}
    // falls through

// Leaves the lent stack for the loop of whichever core this is now; x0 tells why. The lent stack
// is not preemptible any more, or an interrupt handler has sent us here.
.global girder_leave
girder_leave:
    mrs  x9, tpidr_el1
    ldr  x10, [x9, #{LOOP_SP}]
    mov  sp, x10
    add  x9, x9, #{LOOP_PREEMPTION}
    msr  tpidr_el0, x9
    msr  fpcr, xzr              // the loop's own: default rounding, no traps
    msr  daifclr, #0b0111
    restore_callee_saved
    ret

// girder_resume(frame x0, preemption x1) -> why it came back
//
// As girder_lend, but goes on where an interrupt broke in. Interrupts are masked from the moment
// that ELR and SPSR hold the frame's values; `eret` opens them again.
.global girder_resume
girder_resume:
    save_callee_saved
    mrs  x9, tpidr_el1
    mov  x10, sp
    str  x10, [x9, #{LOOP_SP}]
    msr  daifset, #0b0011
    ldr  w10, [x9, #{DOORBELL}] // what arrived since the loop last looked would find no one to
    tst  w10, #{CAUSES}         // interrupt again: come back at once
    b.eq 1f
    msr  daifclr, #0b0011
    restore_callee_saved
    mov  x0, #{INTERRUPTED}
    ret
1:  msr  tpidr_el0, x1
    // falls through

// Goes on in the frame at x0, with interrupts masked until then.
.global girder_restore_frame
girder_restore_frame:
    ldp  q0, q1, [x0, #288 + 32 * 0]
    ldp  q2, q3, [x0, #288 + 32 * 1]
    ldp  q4, q5, [x0, #288 + 32 * 2]
    ldp  q6, q7, [x0, #288 + 32 * 3]
    ldp  q8, q9, [x0, #288 + 32 * 4]
    ldp  q10, q11, [x0, #288 + 32 * 5]
    ldp  q12, q13, [x0, #288 + 32 * 6]
    ldp  q14, q15, [x0, #288 + 32 * 7]
    ldp  q16, q17, [x0, #288 + 32 * 8]
    ldp  q18, q19, [x0, #288 + 32 * 9]
    ldp  q20, q21, [x0, #288 + 32 * 10]
    ldp  q22, q23, [x0, #288 + 32 * 11]
    ldp  q24, q25, [x0, #288 + 32 * 12]
    ldp  q26, q27, [x0, #288 + 32 * 13]
    ldp  q28, q29, [x0, #288 + 32 * 14]
    ldp  q30, q31, [x0, #288 + 32 * 15]
    ldp  x1, x2, [x0, #16 * 17]
    msr  fpsr, x1
    msr  fpcr, x2
    ldp  x1, x2, [x0, #16 * 16]
    msr  elr_el1, x1
    msr  spsr_el1, x2
    ldp  x30, x1, [x0, #16 * 15]
    mov  sp, x1
    ldp  x28, x29, [x0, #16 * 14]
    ldp  x26, x27, [x0, #16 * 13]
    ldp  x24, x25, [x0, #16 * 12]
    ldp  x22, x23, [x0, #16 * 11]
    ldp  x20, x21, [x0, #16 * 10]
    ldp  x18, x19, [x0, #16 * 9]
    ldp  x16, x17, [x0, #16 * 8]
    ldp  x14, x15, [x0, #16 * 7]
    ldp  x12, x13, [x0, #16 * 6]
    ldp  x10, x11, [x0, #16 * 5]
    ldp  x8, x9, [x0, #16 * 4]
    ldp  x6, x7, [x0, #16 * 3]
    ldp  x4, x5, [x0, #16 * 2]
    ldp  x2, x3, [x0, #16 * 1]
    ldp  x0, x1, [x0, #16 * 0]
    eret

// girder_switch_stack(stack top x0, function x1, argument x2): goes on in function(argument) on
// another stack and never comes back.
.global girder_switch_stack
girder_switch_stack:
    mov  sp, x0
    mov  x0, x2
    mov  x29, xzr
    mov  x30, xzr
    br   x1
