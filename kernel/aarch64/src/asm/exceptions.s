// The exception vectors: save everything, call one Rust function per kind, put everything back.
//
// Code runs with SPSel = 0, so the first group of vectors is the one in use, and they run on
// SP_EL1, the core's exception stack: the interrupted stack needs no head-room, and an overflow
// of it is caught on a stack that still works. The second group is an exception inside a handler.
// The constants are given by exception.rs.

.macro save_frame
    sub  sp, sp, #{FRAME_SIZE}
    stp  x0, x1, [sp, #16 * 0]
    stp  x2, x3, [sp, #16 * 1]
    stp  x4, x5, [sp, #16 * 2]
    stp  x6, x7, [sp, #16 * 3]
    stp  x8, x9, [sp, #16 * 4]
    stp  x10, x11, [sp, #16 * 5]
    stp  x12, x13, [sp, #16 * 6]
    stp  x14, x15, [sp, #16 * 7]
    stp  x16, x17, [sp, #16 * 8]
    stp  x18, x19, [sp, #16 * 9]
    stp  x20, x21, [sp, #16 * 10]
    stp  x22, x23, [sp, #16 * 11]
    stp  x24, x25, [sp, #16 * 12]
    stp  x26, x27, [sp, #16 * 13]
    stp  x28, x29, [sp, #16 * 14]
    mrs  x0, sp_el0
    stp  x30, x0, [sp, #16 * 15]
    mrs  x0, elr_el1
    mrs  x1, spsr_el1
    stp  x0, x1, [sp, #16 * 16]
    mrs  x0, fpsr
    mrs  x1, fpcr
    stp  x0, x1, [sp, #16 * 17]
    stp  q0, q1, [sp, #288 + 32 * 0]
    stp  q2, q3, [sp, #288 + 32 * 1]
    stp  q4, q5, [sp, #288 + 32 * 2]
    stp  q6, q7, [sp, #288 + 32 * 3]
    stp  q8, q9, [sp, #288 + 32 * 4]
    stp  q10, q11, [sp, #288 + 32 * 5]
    stp  q12, q13, [sp, #288 + 32 * 6]
    stp  q14, q15, [sp, #288 + 32 * 7]
    stp  q16, q17, [sp, #288 + 32 * 8]
    stp  q18, q19, [sp, #288 + 32 * 9]
    stp  q20, q21, [sp, #288 + 32 * 10]
    stp  q22, q23, [sp, #288 + 32 * 11]
    stp  q24, q25, [sp, #288 + 32 * 12]
    stp  q26, q27, [sp, #288 + 32 * 13]
    stp  q28, q29, [sp, #288 + 32 * 14]
    stp  q30, q31, [sp, #288 + 32 * 15]
.endm

// Every vector has room for 32 instructions, so each one branches to its body at once.
.macro vector body
    .balign 128
    b \body
.endm

.section .text.girder_vectors, "ax"
.balign 2048
.global girder_vectors
girder_vectors:
    vector synchronous
    vector interrupt
    vector interrupt            // FIQ: whatever its source, the controller tells
    vector system_error
    vector nested               // from here on: an exception inside a handler
    vector nested
    vector nested
    vector nested
    .rept 8                     // from a lower level: nothing of ours runs there
    vector nested
    .endr

synchronous:
    save_frame
    mov  x0, sp
    bl   girder_synchronous
    b    restore

interrupt:
    save_frame
    mov  x0, sp
    bl   girder_interrupt
    b    restore

system_error:
    save_frame
    mov  x0, sp
    bl   girder_system_error
    b    restore

// Puts back the frame at sp and leaves the exception. Whoever wants the core to go elsewhere
// has changed the frame.
restore:
    ldp  q0, q1, [sp, #288 + 32 * 0]
    ldp  q2, q3, [sp, #288 + 32 * 1]
    ldp  q4, q5, [sp, #288 + 32 * 2]
    ldp  q6, q7, [sp, #288 + 32 * 3]
    ldp  q8, q9, [sp, #288 + 32 * 4]
    ldp  q10, q11, [sp, #288 + 32 * 5]
    ldp  q12, q13, [sp, #288 + 32 * 6]
    ldp  q14, q15, [sp, #288 + 32 * 7]
    ldp  q16, q17, [sp, #288 + 32 * 8]
    ldp  q18, q19, [sp, #288 + 32 * 9]
    ldp  q20, q21, [sp, #288 + 32 * 10]
    ldp  q22, q23, [sp, #288 + 32 * 11]
    ldp  q24, q25, [sp, #288 + 32 * 12]
    ldp  q26, q27, [sp, #288 + 32 * 13]
    ldp  q28, q29, [sp, #288 + 32 * 14]
    ldp  q30, q31, [sp, #288 + 32 * 15]
    ldp  x0, x1, [sp, #16 * 17]
    msr  fpsr, x0
    msr  fpcr, x1
    ldp  x0, x1, [sp, #16 * 16]
    msr  elr_el1, x0
    msr  spsr_el1, x1
    ldp  x30, x0, [sp, #16 * 15]
    msr  sp_el0, x0
    ldp  x28, x29, [sp, #16 * 14]
    ldp  x26, x27, [sp, #16 * 13]
    ldp  x24, x25, [sp, #16 * 12]
    ldp  x22, x23, [sp, #16 * 11]
    ldp  x20, x21, [sp, #16 * 10]
    ldp  x18, x19, [sp, #16 * 9]
    ldp  x16, x17, [sp, #16 * 8]
    ldp  x14, x15, [sp, #16 * 7]
    ldp  x12, x13, [sp, #16 * 6]
    ldp  x10, x11, [sp, #16 * 5]
    ldp  x8, x9, [sp, #16 * 4]
    ldp  x6, x7, [sp, #16 * 3]
    ldp  x4, x5, [sp, #16 * 2]
    ldp  x2, x3, [sp, #16 * 1]
    ldp  x0, x1, [sp, #16 * 0]
    add  sp, sp, #{FRAME_SIZE}
    eret

// An exception inside a handler. The report of a crash may run in one, and it probes addresses and
// calls for an emulator, so the two instructions that may fail are let off here too. Anything else
// is a crash. The exception stack may be what failed, so the core moves to its emergency stack
// without touching it; TPIDRRO_EL0, which nothing else uses, holds x0 meanwhile. The depth is
// counted: at some point a report that fails has to be given up.
nested:
    msr  tpidrro_el0, x0
    mrs  x0, tpidr_el1
    cbz  x0, park
    str  x1, [x0, #{NESTED_SCRATCH}]
    mrs  x1, elr_el1
    adrp x0, girder_probe_word
    add  x0, x0, :lo12:girder_probe_word
    cmp  x0, x1
    adrp x0, girder_probe_failed
    add  x0, x0, :lo12:girder_probe_failed
    b.eq let_off
    adrp x0, girder_semihosting
    add  x0, x0, :lo12:girder_semihosting
    cmp  x0, x1
    adrp x0, girder_semihosting_failed
    add  x0, x0, :lo12:girder_semihosting_failed
    b.eq let_off
    mrs  x0, tpidr_el1
    mov  x1, sp
    str  x1, [x0, #{NESTED_SP}]
    ldr  x1, [x0, #{NESTED_DEPTH}]
    add  x1, x1, #1
    str  x1, [x0, #{NESTED_DEPTH}]
    cmp  x1, #{NESTED_LIMIT}
    b.hi park
    ldr  x1, [x0, #{EMERGENCY_TOP}]
    mov  sp, x1
    ldr  x1, [x0, #{NESTED_SCRATCH}]
    mrs  x0, tpidrro_el0
    save_frame
    mov  x0, sp
    bl   girder_nested          // never returns

let_off:
    msr  elr_el1, x0
    mrs  x0, tpidr_el1
    ldr  x1, [x0, #{NESTED_SCRATCH}]
    mrs  x0, tpidrro_el0
    eret                        // with the flags from before

.global girder_park
girder_park:
park:
    msr  daifset, #0xf
1:  wfi
    b    1b

// Reads the word at x0: returns it in x0 and 1 in x1, or 0 in x1 if the access faults. The
// handler of synchronous exceptions knows this one instruction and goes on at the second label.
.section .text.girder_probe, "ax"
.global girder_probe_word
girder_probe_word:
    ldr  w0, [x0]
    mov  x1, #1
    ret
.global girder_probe_failed
girder_probe_failed:
    mov  x0, #0
    mov  x1, #0
    ret

// Asks the debugger or emulator for service w0 with argument x1. Without one this `hlt` is
// undefined, and the handler goes on behind it.
.global girder_semihosting
girder_semihosting:
    hlt  #0xf000
.global girder_semihosting_failed
girder_semihosting_failed:
    ret
