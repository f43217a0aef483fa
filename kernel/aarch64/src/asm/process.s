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
1:  mrs  x10, cntvct_el0        // as begin_masked, which would look for the block again
    str  x10, [x9, #{MASKED_SINCE}]
    add  x9, x9, #{CORE_HERE}
    str  x9, [x1, #{HERE}]      // its core is this one now
    msr  tpidr_el0, x1
    restore_frame mov sp, x1
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

// girder_block(stack pointer x0, function x1, record x2): saves what a call leaves alone and goes on in
// function(record, where it is saved) on another stack, as the core's loop.
.section .text.girder_block, "ax"
.global girder_block
girder_block:
    mrs  x9, fpcr
    sub  sp, sp, #176
    stp  x29, x30, [sp, #16 * 0]
    stp  x19, x20, [sp, #16 * 1]
    stp  x21, x22, [sp, #16 * 2]
    stp  x23, x24, [sp, #16 * 3]
    stp  x25, x26, [sp, #16 * 4]
    stp  x27, x28, [sp, #16 * 5]
    stp  d8, d9, [sp, #16 * 6]
    stp  d10, d11, [sp, #16 * 7]
    stp  d12, d13, [sp, #16 * 8]
    stp  d14, d15, [sp, #16 * 9]
    str  x9, [sp, #16 * 10]
    mov  x3, sp
    b    girder_begin_loop

// girder_unblock(saved x0, record x1): comes back from girder_block as the process with that record.
.global girder_unblock
girder_unblock:
    msr  tpidr_el0, x1
    mov  sp, x0
    ldp  x29, x30, [sp, #16 * 0]
    ldp  x19, x20, [sp, #16 * 1]
    ldp  x21, x22, [sp, #16 * 2]
    ldp  x23, x24, [sp, #16 * 3]
    ldp  x25, x26, [sp, #16 * 4]
    ldp  x27, x28, [sp, #16 * 5]
    ldp  d8, d9, [sp, #16 * 6]
    ldp  d10, d11, [sp, #16 * 7]
    ldp  d12, d13, [sp, #16 * 8]
    ldp  d14, d15, [sp, #16 * 9]
    ldr  x9, [sp, #16 * 10]
    msr  fpcr, x9
    add  sp, sp, #176
    ret
