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

// Entered by the boot loader: x0 = device tree, perhaps; translation and data cache off.
.section .text.girder_start, "ax"
.global girder_start
girder_start:
    msr  daifset, #0xf
    mov  x19, x0
    bl   girder_to_level_1
    mrs  x21, cntvct_el0        // when boot began
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
    bl   clear_bss
    mov  x0, x19
    mov  x1, x21
    bl   {EARLY}                // builds the boot tables; returns their Regime
    mov  x20, x0
    adrp x0, __constants_start
    add  x0, x0, :lo12:__constants_start
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

// Entered by PSCI on every other core: x0 = its block.
.global girder_secondary
girder_secondary:
    msr  daifset, #0xf
    mov  x19, x0
    bl   girder_to_level_1
    msr  tpidr_el1, x19
    adr  x0, early_vectors      // the others need a stack; the core's Rust installs them
    msr  vbar_el1, x0
    bl   allow_floating_point
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

// Drops from level 2 to level 1, or stays at level 1; nothing else is ours. Returns with SPSel = 1
// and translation off. Cores without the virtualization host extensions leave no other choice.
// Whatever a boot loader has set to trap is reset: level 1 is all that we have. A register that an
// extension brings is written only where its identification field says that it is there.
girder_to_level_1:
    mrs  x0, CurrentEL
    cmp  x0, #(1 << 2)
    b.eq 2f
    cmp  x0, #(2 << 2)
    b.ne girder_park
    mov  x0, #(1 << 31)         // HCR_EL2.RW: level 1 is AArch64; nothing else is trapped
    msr  hcr_el2, x0
    isb                         // E2H decides what the registers below mean
    mov  x0, #0b11              // CNTHCTL_EL2: level 1 may use the counter and its timers
    msr  cnthctl_el2, x0
    msr  cntvoff_el2, xzr       // virtual time is physical time
    mov  x0, #0x33ff            // CPTR_EL2: its reserved ones, no traps
    msr  cptr_el2, x0
    msr  hstr_el2, xzr
    msr  vttbr_el2, xzr
    mrs  x0, midr_el1
    msr  vpidr_el2, x0
    mrs  x0, mpidr_el1
    msr  vmpidr_el2, x0
    mrs  x1, id_aa64dfr0_el1
    mov  x0, xzr                // MDCR_EL2: no debug, no profiling is trapped
    ubfx x2, x1, #8, #4         // PMUVer: 0 and 15 mean no counters of the architecture's
    cbz  x2, 3f
    cmp  x2, #15
    b.eq 3f
    mrs  x0, pmcr_el0
    ubfx x0, x0, #11, #5        // HPMN = PMCR_EL0.N: every counter is level 1's
3:  msr  mdcr_el2, x0
    mrs  x1, id_aa64mmfr0_el1
    ubfx x1, x1, #56, #4        // FGT: fine-grained traps
    cbz  x1, 4f
    msr  s3_4_c1_c1_4, xzr      // HFGRTR_EL2
    msr  s3_4_c1_c1_5, xzr      // HFGWTR_EL2
    msr  s3_4_c1_c1_6, xzr      // HFGITR_EL2
    msr  s3_4_c3_c1_4, xzr      // HDFGRTR_EL2
    msr  s3_4_c3_c1_5, xzr      // HDFGWTR_EL2
4:  mrs  x1, id_aa64mmfr1_el1
    ubfx x1, x1, #40, #4        // HCX: the extended configuration
    cbz  x1, 5f
    msr  s3_4_c1_c2_2, xzr      // HCRX_EL2
5:  mrs  x0, id_aa64pfr0_el1
    ubfx x0, x0, #24, #4        // GIC: are there system registers for the interrupt controller?
    cbz  x0, 1f
    mrs  x0, s3_4_c12_c9_5      // ICC_SRE_EL2: use them, and let level 1 use them
    orr  x0, x0, #0b1000
    orr  x0, x0, #0b0001
    msr  s3_4_c12_c9_5, x0
    isb                         // from now on they exist
    mrs  x0, s3_4_c12_c9_5
    tbz  x0, #0, 1f             // they do not: firmware at level 3 keeps them
    msr  s3_4_c12_c11_0, xzr    // ICH_HCR_EL2: nothing virtual, no traps
1:  adr  x0, level_2_vectors
    msr  vbar_el2, x0
    adr  x0, 2f
    msr  elr_el2, x0
    mov  x0, #0x3c5             // SPSR: EL1h, everything masked
    msr  spsr_el2, x0
    ldr  x0, ={SCTLR_OFF}
    msr  sctlr_el1, x0
    isb
    eret
2:  ldr  x0, ={SCTLR_OFF}
    msr  sctlr_el1, x0
    msr  spsel, #1
    isb
    ret

// What is left at level 2: nobody. A call up there, as a description that was made for a machine
// with a hypervisor asks for, is answered like any that the callee does not know (SMC Calling
// Convention, "Unknown Function Identifier"), which PSCI names NOT_SUPPORTED. Translation is off at
// level 2, so this also serves while and after level 1 changes its own.
.balign 2048
level_2_vectors:
    .rept 8
    .balign 128
    b    girder_park
    .endr
    .balign 128                 // synchronous, from level 1
    mrs  x0, esr_el2
    lsr  x0, x0, #26            // EC
    cmp  x0, #0x16              // HVC from AArch64
    b.ne girder_park
    mov  x0, #-1               // x0 is the result; what it held is the callee's to change
    eret                        // the flags come back with the state
    .rept 7
    .balign 128
    b    girder_park
    .endr

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

// Until Rust's own vectors are in place: a failed probe goes on, anything else parks.
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
    b.ne girder_park
    adrp x0, girder_probe_failed
    add  x0, x0, :lo12:girder_probe_failed
    msr  elr_el1, x0
    eret

// A word that holds its own link-time address; relocated like any other, so read before that.
.section .data.girder_link_address, "aw"
.balign 8
girder_link_address:
    .quad girder_link_address
