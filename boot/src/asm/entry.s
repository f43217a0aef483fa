// The first instructions: from whatever the boot loader left to Rust with translation on.
// The constants are given by entry.rs.

.section .head, "ax"
.global girder_head
girder_head:
    ccmp x18, #0, #0xd, pl      // a harmless instruction whose bytes are "MZ"
    b    girder_start
    .quad 0                     // text offset: the image may be entered anywhere
    .quad __image_size          // with everything that is not in the file
    .quad 0xa                   // little endian, 4 KiB pages, anywhere in memory
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0                     // offset of a PE header, once there is one

// Entered by the boot loader: x0 = device tree, perhaps; translation and data cache off. By one core,
// or by all at once, as at level 3.
.section .text.girder_start, "ax"
.global girder_start
girder_start:
    msr  daifset, #0xf
    mov  x19, x0
    mrs  x22, CurrentEL
    bl   elect                  // comes back on one core
    mov  x0, xzr
    bl   settle
    mrs  x21, cntvct_el0        // when boot began
    msr  tpidr_el1, xzr         // no block: this is the boot core
    msr  tpidrro_el0, xzr       // no fault has been told
    adr  x0, early_vectors
    msr  vbar_el1, x0
    bl   allow_floating_point
    adrp x0, __bss_start
    add  x0, x0, :lo12:__bss_start
    dc   civac, x0              // this line may begin with data, which is to stay
    bl   forget_stale_lines
    adrp x0, {BOOT_EXCEPTION_STACK}
    add  x0, x0, :lo12:{BOOT_EXCEPTION_STACK}
    mov  x1, #{BOOT_EXCEPTION_STACK_SIZE}
    add  sp, x0, x1
    msr  spsel, #0
    adrp x0, {BOOT_STACK}
    add  x0, x0, :lo12:{BOOT_STACK}
    mov  x1, #{BOOT_STACK_SIZE}
    add  sp, x0, x1
    mov  x29, xzr
    mov  x30, xzr
    bl   relocate
    bl   choose_atomics
    bl   clear_bss
    mov  x0, x19
    mov  x1, x21
    lsr  x2, x22, #2            // the level of entry
    bl   {EARLY}                // builds the boot tables; returns their Regime
    mov  x20, x0
    adrp x0, __image_start
    add  x0, x0, :lo12:__image_start
    bl   forget_stale_lines
    mov  x0, x20
    bl   girder_enable_translation
    b    {MAIN}

// Applies RELR relocations (generic ELF ABI, "Relative Relocation Table"): an even entry is the
// address of a word to move; an odd one is a bit map of the 63 words that follow the last.
relocate:
    adrp x0, __relr_start
    add  x0, x0, :lo12:__relr_start
    adrp x1, __relr_end
    add  x1, x1, :lo12:__relr_end
    adrp x2, girder_link_address
    add  x2, x2, :lo12:girder_link_address
    ldr  x3, [x2]               // where the linker thought this word's label would be
    sub  x2, x2, x3             // how far the image lies from there
1:  cmp  x0, x1
    b.hs 5f
    ldr  x3, [x0], #8
    tbnz x3, #0, 2f
    add  x4, x3, x2             // one word, and where the next bit map begins
    ldr  x5, [x4]
    add  x5, x5, x2
    str  x5, [x4], #8
    b    1b
2:  mov  x6, x4
    add  x4, x4, #63 * 8
3:  lsr  x3, x3, #1
    cbz  x3, 1b
    tbz  x3, #0, 4f
    ldr  x5, [x6]
    add  x5, x5, x2
    str  x5, [x6]
4:  add  x6, x6, #8
    b    3b
5:  ret

clear_bss:
    adrp x0, __bss_start
    add  x0, x0, :lo12:__bss_start
    adrp x1, __bss_end
    add  x1, x1, :lo12:__bss_end
1:  cmp  x0, x1
    b.hs 2f
    stp  xzr, xzr, [x0], #16
    b    1b
2:  ret

// Drops what the caches hold of the image from x0 on (Arm ARM, "A64 Cache maintenance instructions",
// DC IVAC). Twice. First of what is not in the file, before it is used: a boot loader need not have
// cleaned that, and a dirty line that is evicted later would overwrite what is stored past the
// caches. Then of all that has been stored so, for which the caches may hold older, clean copies.
forget_stale_lines:
    adrp x1, __image_end
    add  x1, x1, :lo12:__image_end
    mrs  x2, ctr_el0
    ubfx x2, x2, #16, #4        // DminLine: log2 of words in the smallest line
    mov  x3, #4
    lsl  x3, x3, x2
    dsb  sy                     // the writes before the invalidation
1:  dc   ivac, x0
    add  x0, x0, x3
    cmp  x0, x1
    b.lo 1b
    dsb  sy                     // the invalidation before translation comes on
    ret

// Entered by PSCI or out of the pen on every other core: x0 = its block.
.global girder_secondary
girder_secondary:
    msr  daifset, #0xf
    mov  x19, x0
    ldr  x0, [x19, #{LEVEL}]
    bl   settle
    msr  tpidr_el1, x19
    adr  x0, early_vectors      // the others need a stack; the core's Rust installs them
    msr  vbar_el1, x0
    bl   allow_floating_point
    bl   check_atomics
    add  x0, x19, #{REGIME}
    bl   girder_enable_translation
    ldr  x0, [x19, #{EXCEPTION_STACK}]
    mov  sp, x0
    msr  spsel, #0
    ldr  x0, [x19, #{LOOP_STACK}]
    mov  sp, x0
    ldr  x1, [x19, #{MAIN_OFFSET}]
    mov  x0, x19
    mov  x29, xzr
    mov  x30, xzr
    br   x1

allow_floating_point:
    mov  x0, #(0b11 << 20)      // CPACR_EL1.FPEN: trap nothing
    msr  cpacr_el1, x0
    isb
    ret

// girder_enable_translation(x0 = Regime): the registers before the enable (Arm ARM,
// "Enabling and disabling stages of address translation"), and no translation or instruction from
// before may survive it.
girder_enable_translation:
    ldp  x1, x2, [x0]
    ldp  x3, x4, [x0, #16]
    ldr  x5, [x0, #32]
    msr  ttbr0_el1, x1
    msr  ttbr1_el1, x2
    msr  mair_el1, x3
    msr  tcr_el1, x4
    isb
    tlbi vmalle1
    ic   iallu
    dsb  nsh
    isb
    msr  sctlr_el1, x5
    isb
    ret

// Until Rust's own vectors are in place: a failed probe goes on, anything else is told, once, by the
// boot core, and parks. Of another core the boot core will say that it did not come.
.balign 2048
early_vectors:
    .rept 16
    .balign 128
    b    early_exception
    .endr
early_exception:
    mrs  x0, elr_el1
    adrp x1, girder_probe_word
    add  x1, x1, :lo12:girder_probe_word
    cmp  x0, x1
    b.ne 1f
    adrp x0, girder_probe_failed
    add  x0, x0, :lo12:girder_probe_failed
    msr  elr_el1, x0
    eret
1:  mrs  x2, tpidr_el1
    cbnz x2, girder_park
    mrs  x2, tpidrro_el0
    cbnz x2, girder_park
    mov  x2, #1
    msr  tpidrro_el0, x2
    mov  x1, x0
    mrs  x0, esr_el1
    mrs  x2, far_el1
    ldr  x3, ={SCTLR_OFF}
    msr  sctlr_el1, x3
    isb
    adrp x3, {FAULT_STACK}
    add  x3, x3, :lo12:{FAULT_STACK}
    add  x3, x3, #{FAULT_STACK_SIZE}
    msr  spsel, #1
    mov  sp, x3
    b    {EARLY_FAULT}

// A word that holds its own link-time address; relocated like any other, so read before that.
.section .data.girder_link_address, "aw"
.balign 8
girder_link_address:
    .quad girder_link_address
