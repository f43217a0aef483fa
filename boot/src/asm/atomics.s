// Which atomic operations the kernel has.
//
// The compiler made loops of exclusive accesses. `girder-tools image` has put the same operations as single
// instructions of the Large System Extensions beside them, as a table (its atomics.rs says how): each place's
// distance from the start of the image in words, its length in the upper eight bits, and its
// instructions. A core that has the extensions takes those, before the first of them runs; translation is
// off, so code can be written and nobody has read it through a cache that is on.

.section .text.girder_choose_atomics, "ax"
choose_atomics:
    mrs  x0, id_aa64isar0_el1
    ubfx x0, x0, #{ATOMIC_SHIFT}, #4
    cmp  x0, #{ATOMIC_LSE}
    b.lo 4f
    adrp x1, __image_start
    add  x1, x1, :lo12:__image_start
    adrp x0, __girder_atomics_start
    add  x0, x0, :lo12:__girder_atomics_start
    ldr  w2, [x0], #4           // how many words follow
    add  x2, x0, x2, lsl #2
    mov  w6, wzr
1:  cmp  x0, x2
    b.hs 3f
    ldr  w3, [x0], #4
    lsr  w4, w3, #24
    and  w3, w3, #0xffffff
    add  x3, x1, x3, lsl #2
2:  ldr  w5, [x0], #4
    str  w5, [x3], #4
    subs w4, w4, #1
    b.ne 2b
    add  w6, w6, #1
    b    1b
3:  adrp x0, girder_atomics_chosen
    str  w6, [x0, :lo12:girder_atomics_chosen]
4:  ret

// A core that lacks what the boot core has can run none of it: it stays here, and the boot core
// says that it did not come.
check_atomics:
    adrp x1, girder_atomics_chosen
    ldr  w1, [x1, :lo12:girder_atomics_chosen]
    cbz  w1, 1f
    mrs  x0, id_aa64isar0_el1
    ubfx x0, x0, #{ATOMIC_SHIFT}, #4
    cmp  x0, #{ATOMIC_LSE}
    b.lo girder_park
1:  ret

// How many places have the second form. In the file, for bss is cleared later.
.section .data.girder_atomics_chosen, "aw"
.balign 4
.global girder_atomics_chosen
girder_atomics_chosen:
    .long 0
