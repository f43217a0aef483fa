// Where cores wait that nobody has called yet: those that entered together with the boot core, and
// those that a spin table lets go, which brings no argument along. Each finds itself by its
// affinity in a table that the boot core publishes (cores/pen.rs); so one release address may
// serve all of them.

// elect(x19, x22 = level of entry, as CurrentEL has it): comes back on one core; the others wait in
// the pen. Changes x0 to x6.
//
// Lamport's fast mutual exclusion (ACM Transactions on Computer Systems 5(1), 1987, algorithm 2) that
// nobody leaves again: loads and stores alone, for exclusives need not work with translation off, and
// on common boards do not. It is right where memory is sequentially consistent, which a barrier between
// any two accesses makes it (kernel/lockfree/tests/election.rs has the model). Each core has a flag of its own, by its affinity: one that stands still at
// any point holds nobody up for longer than that.
//
// At level 3, where all cores come for certain, the first gets a head start, so that boots are alike.
// It need not be there.
.equ LAST, 0                    // x in the paper
.equ CHOSEN, 4                  // y
.equ IS_OVER, 8
.equ FLAGS, 16                  // b
.equ FLAG_COUNT, 1 << 10        // as many as the numbers that `elect` makes of affinities
.section .text.girder_pen, "ax"
elect:
    adrp x1, election
    add  x1, x1, :lo12:election
    mrs  x2, mpidr_el1
    and  x3, x2, #0xf           // Aff0
    ubfx x4, x2, #8, #5         // Aff1
    orr  x3, x3, x4, lsl #4
    ubfx x4, x2, #16, #1        // Aff2: no board that people have needs more
    orr  x3, x3, x4, lsl #9
    add  x4, x1, #FLAGS
    add  x4, x4, x3             // our flag
    add  w3, w3, #1             // our number: 0 is nobody's
    cmp  x22, #(3 << 2)
    b.ne 2f
    tst  x2, #0xffffff          // Aff2 to Aff0
    b.eq 2f
    mov  w5, #(1 << 24)         // looks: tenths of a second
1:  ldr  w6, [x1, #CHOSEN]
    cbnz w6, 6f
    subs w5, w5, #1
    b.ne 1b
2:  mov  w5, #1
    strb w5, [x4]
    dmb  sy
    str  w3, [x1, #LAST]
    dmb  sy
    ldr  w5, [x1, #CHOSEN]
    cbnz w5, 6f
    dmb  sy
    str  w3, [x1, #CHOSEN]
    dmb  sy
    ldr  w5, [x1, #LAST]
    cmp  w5, w3
    b.eq 5f                     // nobody else has come as far
    dmb  sy
    strb wzr, [x4]
    mov  x6, #0
3:  dmb  sy                     // until nobody can choose any more, or somebody is through
    ldr  w5, [x1, #IS_OVER]
    cbnz w5, 6f
    add  x2, x1, #FLAGS
    ldrb w5, [x2, x6]
    cbnz w5, 3b
    add  x6, x6, #1
    cmp  x6, #FLAG_COUNT
    b.ne 3b
    dmb  sy
    ldr  w5, [x1, #CHOSEN]
    cmp  w5, w3
    b.ne 6f
5:  mov  w5, #1
    dmb  sy
    str  w5, [x1, #IS_OVER]
    ret
6:  dmb  sy
    strb wzr, [x4]
    cmp  x22, #(3 << 2)
    b.ne girder_pen
    mov  x0, xzr
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

// Not in .bss: read before that is cleared. Only ever read and written past the caches, so no line of
// it is shared with anything else (2 KiB is the architecture's upper bound of a line).
.section .data.girder_election, "aw"
.balign 2048
election:
    .zero FLAGS + FLAG_COUNT
.balign 2048
