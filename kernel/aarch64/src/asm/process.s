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
1:  begin_masked x10, x9
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
