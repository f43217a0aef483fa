// Where cores wait that nobody has called yet: those that entered together with the boot core, and
// those that a spin table lets go, which brings no argument along. Each finds itself by its
// affinity in a table that the boot core publishes (cores/pen.rs); so one release address may
// serve all of them.

// elect: comes back on one core; the others wait in the pen.
//
// At level 3, on an emulator: exclusives work there with translation off, as they need not on
// silicon. The first core gets a head start, so that boots are alike; but it need not be there.
// Where its exclusives fail and fail, it takes what it has a head start for.
.section .text.girder_pen, "ax"
elect:
    adrp x1, boot_core_chosen
    add  x1, x1, :lo12:boot_core_chosen
    mrs  x2, mpidr_el1
    and  x2, x2, #0xffffff      // Aff2 to Aff0
    mov  w5, #(1 << 10)         // tries
    cbz  x2, 2f
    mov  w3, #(1 << 24)         // looks at the word: tenths of a second
1:  ldr  w4, [x1]
    cbnz w4, 3f
    subs w3, w3, #1
    b.ne 1b
2:  ldxr w4, [x1]
    cbnz w4, 3f
    mov  w4, #1
    stxr w3, w4, [x1]
    cbz  w3, 4f
    subs w5, w5, #1
    b.ne 2b
    cbnz x2, 1b                 // another core waits for whoever can
    str  w4, [x1]
4:  ret
3:  mov  x0, xzr
    bl   settle                 // wait where the boot core writes: in the Non-secure state
    // falls through

// What a spin table's release word gets. Translation and caches are off, and stay so.
.global girder_pen
girder_pen:
    msr  daifset, #0xf
    adrp x1, {PEN}
    add  x1, x1, :lo12:{PEN}
1:  ldr  x2, [x1, #{PEN_TABLE}]
    cbnz x2, 2f
    wfe                         // the boot core sends an event once the table is there
    b    1b
2:  dmb  ld                     // the table's address before the rest
    ldr  x3, [x1, #{PEN_COUNT}]
    mrs  x4, mpidr_el1
    and  x5, x4, #0xffffff
    and  x4, x4, #0xff00000000
    orr  x4, x4, x5             // as `Affinity` has it
3:  cbz  x3, girder_park        // not among those that are wanted
    ldp  x5, x0, [x2], #16
    cmp  x5, x4
    b.eq girder_secondary
    sub  x3, x3, #1
    b    3b

// Not in .bss: read before that is cleared.
.section .data.boot_core_chosen, "aw"
.balign 8
boot_core_chosen:
    .quad 0
