// The exception vectors: save everything, call one Rust function per kind, put everything back.
//
// Code runs with SPSel = 0, so the first group of vectors is the one in use, and they run on
// SP_EL1, the core's exception stack: the interrupted stack needs no head-room, and an overflow
// of it is caught on a stack that still works. The second group is an exception inside a handler.
// The constants are given by exception.rs; macros.s has the frame.
//
// The registers of code that may be preempted are saved where they stay if it is: in the room at the top of its
// own stack, which the core's block knows. So nothing is copied, and the new loop needs none of them. Everything
// else is saved on the exception stack.

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

// Each body begins with room on the exception stack, with x0 and x1 in it and free, and the core's block in x1.
.macro enter
    sub  sp, sp, #{FRAME_SIZE}
    stp  x0, x1, [sp]
    begin_masked x0, x1
.endm

synchronous:
    enter
    mrs  x0, esr_el1
    mov  w1, #{LEAVE_LOW}
    movk w1, #{LEAVE_HIGH}, lsl #16
    cmp  x0, x1
    b.eq leave_call
    mov  x0, sp
    save_frame
    bl   girder_synchronous
    b    restore

leave_call:
    mrs  x1, tpidr_el1
    choose_frame
    save_frame
    bl   girder_leave_call
    b    leave_or_restore

interrupt:
    enter
    choose_frame
    save_frame
    bl   girder_interrupt
    b    leave_or_restore

system_error:
    enter
    mov  x0, sp
    save_frame
    bl   girder_system_error
    b    restore

// The frame at x19 goes on, or stays where it is: then x0 is the record of its process, and a new loop,
// whose stack and start the handler has set, gets both.
leave_or_restore:
    cbz  x0, restore
    mov  x1, x19
    mov  x29, xzr               // backtraces end here
    mov  x30, xzr
    msr  fpcr, xzr              // the loop's own: default rounding, no traps
    add  sp, sp, #{FRAME_SIZE}
    end_masked x2, x3, x4
    eret

// Puts back the frame at x19 and leaves the exception. Whoever wants the core to go elsewhere
// has changed the frame.
restore:
    mov  x0, x19
    restore_frame msr sp_el0, x1
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
    sub  sp, sp, #{FRAME_SIZE}
    stp  x0, x1, [sp]
    mov  x0, sp
    save_frame
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
