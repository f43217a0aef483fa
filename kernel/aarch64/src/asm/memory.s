// What the compiler calls to copy and to fill memory: `memcpy` and `memset` of the C library, by the System V names
// and the procedure call standard. Those that come with `core` move eight bytes in four instructions; a large future, or
// why a process ended, is moved in so many.
//
// They run before translation is on, where an access that is not aligned to its size faults, and an aligned pair does
// not: so nothing here is accessed unaligned. Only general registers are used, and no stack.

.section .text.girder_memory, "ax"

// x0 to, x1 from, x2 bytes; returns x0. The ranges do not overlap.
.balign 32
.global memcpy
.type memcpy, %function
memcpy:
    mov  x3, x0
    eor  x4, x0, x1
    tst  x4, #7
    b.ne 5f                     // they never are aligned together
    tst  x0, #7
    b.ne 4f
1:  subs x2, x2, #64
    b.lo 3f
2:  ldp  x4, x5, [x1]
    ldp  x6, x7, [x1, #16]
    ldp  x8, x9, [x1, #32]
    ldp  x10, x11, [x1, #48]
    add  x1, x1, #64
    stp  x4, x5, [x3]
    stp  x6, x7, [x3, #16]
    stp  x8, x9, [x3, #32]
    stp  x10, x11, [x3, #48]
    add  x3, x3, #64
    subs x2, x2, #64
    b.hs 2b
3:  // The lower six bits are what is left: each says whether a part of its size is.
    tbz  x2, #5, 3f
    ldp  x4, x5, [x1], #16
    ldp  x6, x7, [x1], #16
    stp  x4, x5, [x3], #16
    stp  x6, x7, [x3], #16
3:  tbz  x2, #4, 3f
    ldp  x4, x5, [x1], #16
    stp  x4, x5, [x3], #16
3:  tbz  x2, #3, 3f
    ldr  x4, [x1], #8
    str  x4, [x3], #8
3:  tst  x2, #7
    b.eq 9f
    tbz  x2, #2, 3f
    ldr  w4, [x1], #4
    str  w4, [x3], #4
3:  tbz  x2, #1, 3f
    ldrh w4, [x1], #2
    strh w4, [x3], #2
3:  tbz  x2, #0, 9f
    ldrb w4, [x1]
    strb w4, [x3]
9:  ret

    // To the next multiple of eight, or to the end.
4:  cbz  x2, 9b
    ldrb w4, [x1], #1
    strb w4, [x3], #1
    sub  x2, x2, #1
    tst  x3, #7
    b.ne 4b
    b    1b

    // Bytes until the target is aligned; few altogether are all copied so.
5:  cmp  x2, #16
    b.lo 8f
6:  tst  x3, #7
    b.eq 7f
    ldrb w4, [x1], #1
    strb w4, [x3], #1
    sub  x2, x2, #1
    b    6b
    // Words that are put together from two aligned ones of the source, each of which holds a byte of it.
7:  and  x4, x1, #7
    sub  x5, x1, x4             // the word that the next byte is in
    lsl  x6, x4, #3             // bits of it that are not wanted any more
    neg  x7, x6                 // a shift takes this by 64
    ldr  x8, [x5], #8
    sub  x2, x2, #8
7:  ldr  x9, [x5], #8
    lsr  x10, x8, x6
    lsl  x11, x9, x7
    orr  x10, x10, x11
    str  x10, [x3], #8
    add  x1, x1, #8
    mov  x8, x9
    subs x2, x2, #8
    b.hs 7b
    add  x2, x2, #8
8:  cbz  x2, 9b
8:  ldrb w4, [x1], #1
    strb w4, [x3], #1
    subs x2, x2, #1
    b.ne 8b
    ret
.size memcpy, . - memcpy

// x0 where, w1 the byte, x2 how many; returns x0.
.balign 32
.global memset
.type memset, %function
memset:
    mov  x3, x0
    and  x1, x1, #0xff
    orr  x1, x1, x1, lsl #8
    orr  x1, x1, x1, lsl #16
    orr  x1, x1, x1, lsl #32
    tst  x0, #7
    b.ne 4f
1:  subs x2, x2, #64
    b.lo 3f
2:  stp  x1, x1, [x3]
    stp  x1, x1, [x3, #16]
    stp  x1, x1, [x3, #32]
    stp  x1, x1, [x3, #48]
    add  x3, x3, #64
    subs x2, x2, #64
    b.hs 2b
3:  tbz  x2, #5, 3f
    stp  x1, x1, [x3], #16
    stp  x1, x1, [x3], #16
3:  tbz  x2, #4, 3f
    stp  x1, x1, [x3], #16
3:  tbz  x2, #3, 3f
    str  x1, [x3], #8
3:  tst  x2, #7
    b.eq 9f
    tbz  x2, #2, 3f
    str  w1, [x3], #4
3:  tbz  x2, #1, 3f
    strh w1, [x3], #2
3:  tbz  x2, #0, 9f
    strb w1, [x3]
9:  ret

4:  cbz  x2, 9b
    strb w1, [x3], #1
    sub  x2, x2, #1
    tst  x3, #7
    b.ne 4b
    b    1b
.size memset, . - memset
