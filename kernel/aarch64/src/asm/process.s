// Changing stacks. process.rs and death.rs have the arguments.
// The constants are given by process.rs.

// girder_go_on(frame x0, record x1): goes on with a process where an interrupt broke it off. Comes
// back only if a cause waits. The present stack is lost otherwise. Interrupts are masked from the
// last look on; `eret` opens them again.
.section .text.girder_go_on, "ax"
.global girder_go_on
girder_go_on:
    msr  daifset, #0b0011
    mrs  x9, tpidr_el1
    ldr  w10, [x9, #{DOORBELL}]
    tst  w10, #{CAUSES}
    b.eq 1f
    msr  daifclr, #0b0011
    ret
1:  add  x9, x9, #{CORE_HERE}
    str  x9, [x1, #{HERE}]      // its core is this one now
    msr  tpidr_el0, x1
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

// girder_begin_loop(stack pointer x0, function x1, arguments x2, x3): leaves the process that runs,
// whose preemption is off, for a new loop of this core: function(x2, x3) at that place. Nothing of the
// process's state goes along: not its masks, not its rounding.
.section .text.girder_begin_loop, "ax"
.global girder_begin_loop
girder_begin_loop:
    mrs  x9, tpidr_el1
    add  x9, x9, #{CORE_HERE}   // the loop's record is first in it
    msr  tpidr_el0, x9
    msr  fpcr, xzr              // default rounding, no traps
    msr  daifclr, #0b0111
    // falls through

// girder_switch_stack(stack pointer x0, function x1, arguments x2, x3): goes on in function(x2, x3) on
// another stack and never comes back.
.global girder_switch_stack
girder_switch_stack:
    mov  sp, x0
    mov  x0, x2
    mov  x9, x1
    mov  x1, x3
    mov  x29, xzr               // backtraces end here
    mov  x30, xzr
    br   x9
