// Macros of the vectors and of whoever goes on with a saved frame: how registers lie in a frame
// (exception.rs), and how the time with interrupts masked is kept (masked.rs). `macros_end.s` forgets them, for
// the compiler joins the assembly of several files.

// Interrupts are masked from here on. Leaves the core's block in \core.
.macro begin_masked now, core
    mrs  \now, cntvct_el0
    mrs  \core, tpidr_el1
    str  \now, [\core, #{MASKED_SINCE}]
.endm

// They are let in soon.
.macro end_masked now, core, other
    mrs  \now, cntvct_el0
    mrs  \core, tpidr_el1
    ldr  \other, [\core, #{MASKED_SINCE}]
    sub  \now, \now, \other
    ldr  \other, [\core, #{MASKED_LONGEST}]
    cmp  \now, \other
    b.ls 9f
    str  \now, [\core, #{MASKED_LONGEST}]
9:
.endm

// Puts into x0 where the registers of the interrupted code are to be saved; x1 is the core's block, and x0 and
// x1 have been saved. Code without a reason against preemption may lose the core, so they are saved where
// they can stay.
.macro choose_frame
    mrs  x0, tpidr_el0
    ldr  w0, [x0, #{REASONS}]
    cbnz w0, 8f
    ldr  x0, [x1, #{FRAME_ROOM}]
    cbnz x0, 9f
8:  mov  x0, sp
9:
.endm

// Saves all registers in the frame at x0, and leaves its address in x0 and x19. x0 and x1 lie at sp.
.macro save_frame
    stp  x2, x3, [x0, #16 * 1]
    stp  x4, x5, [x0, #16 * 2]
    stp  x6, x7, [x0, #16 * 3]
    stp  x8, x9, [x0, #16 * 4]
    stp  x10, x11, [x0, #16 * 5]
    stp  x12, x13, [x0, #16 * 6]
    stp  x14, x15, [x0, #16 * 7]
    stp  x16, x17, [x0, #16 * 8]
    stp  x18, x19, [x0, #16 * 9]
    stp  x20, x21, [x0, #16 * 10]
    stp  x22, x23, [x0, #16 * 11]
    stp  x24, x25, [x0, #16 * 12]
    stp  x26, x27, [x0, #16 * 13]
    stp  x28, x29, [x0, #16 * 14]
    ldp  x2, x3, [sp]
    stp  x2, x3, [x0]
    mov  x19, x0
    mrs  x1, sp_el0
    stp  x30, x1, [x0, #16 * 15]
    mrs  x1, elr_el1
    mrs  x2, spsr_el1
    stp  x1, x2, [x0, #16 * 16]
    mrs  x1, fpsr
    mrs  x2, fpcr
    stp  x1, x2, [x0, #16 * 17]
    stp  q0, q1, [x0, #288 + 16 * 0]
    stp  q2, q3, [x0, #288 + 16 * 2]
    stp  q4, q5, [x0, #288 + 16 * 4]
    stp  q6, q7, [x0, #288 + 16 * 6]
    stp  q8, q9, [x0, #288 + 16 * 8]
    stp  q10, q11, [x0, #288 + 16 * 10]
    stp  q12, q13, [x0, #288 + 16 * 12]
    stp  q14, q15, [x0, #288 + 16 * 14]
    stp  q16, q17, [x0, #288 + 16 * 16]
    stp  q18, q19, [x0, #288 + 16 * 18]
    stp  q20, q21, [x0, #288 + 16 * 20]
    stp  q22, q23, [x0, #288 + 16 * 22]
    stp  q24, q25, [x0, #288 + 16 * 24]
    stp  q26, q27, [x0, #288 + 16 * 26]
    stp  q28, q29, [x0, #288 + 16 * 28]
    stp  q30, q31, [x0, #288 + 16 * 30]
.endm

// Puts back the registers in the frame at x0; `set_stack` takes the stack pointer from x1.
.macro restore_frame set_stack:vararg
    ldp  q0, q1, [x0, #288 + 16 * 0]
    ldp  q2, q3, [x0, #288 + 16 * 2]
    ldp  q4, q5, [x0, #288 + 16 * 4]
    ldp  q6, q7, [x0, #288 + 16 * 6]
    ldp  q8, q9, [x0, #288 + 16 * 8]
    ldp  q10, q11, [x0, #288 + 16 * 10]
    ldp  q12, q13, [x0, #288 + 16 * 12]
    ldp  q14, q15, [x0, #288 + 16 * 14]
    ldp  q16, q17, [x0, #288 + 16 * 16]
    ldp  q18, q19, [x0, #288 + 16 * 18]
    ldp  q20, q21, [x0, #288 + 16 * 20]
    ldp  q22, q23, [x0, #288 + 16 * 22]
    ldp  q24, q25, [x0, #288 + 16 * 24]
    ldp  q26, q27, [x0, #288 + 16 * 26]
    ldp  q28, q29, [x0, #288 + 16 * 28]
    ldp  q30, q31, [x0, #288 + 16 * 30]
    ldp  x1, x2, [x0, #16 * 17]
    msr  fpsr, x1
    msr  fpcr, x2
    ldp  x1, x2, [x0, #16 * 16]
    msr  elr_el1, x1
    msr  spsr_el1, x2
    ldp  x30, x1, [x0, #16 * 15]
    \set_stack
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
    end_masked x1, x2, x3
    ldp  x2, x3, [x0, #16 * 1]
    ldp  x0, x1, [x0]
.endm
