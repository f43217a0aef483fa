// Going on with a process where an interrupt broke it off. process.rs has the argument.

// girder_go_on(frame x0, record x1): comes back only if a cause waits. The present stack is lost
// otherwise. Interrupts are masked from the last look on; `eret` opens them again.
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
    b    girder_restore_frame
