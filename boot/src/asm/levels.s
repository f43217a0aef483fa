// From whatever level a core is entered at to the one the kernel runs at, everything reset that a
// boot loader may have set to trap. A register that an extension brings is written only where its
// identification field says that it is there.

// settle(x0 = level that the boot core settled at, 0 on the boot core). Returns there with
// SPSel = 1 and translation off; changes x0 to x4.
//
// That is level 1, unless the core is entered at level 2 as a host (HCR_EL2.E2H, "Virtualization Host
// Extensions"): some cores can't leave that state, so nobody is asked to. At level 2 as a host the
// names of level 1's registers reach level 2's, so the rest of the kernel knows no difference.
.section .text.girder_settle, "ax"
settle:
    mrs  x1, CurrentEL
    cmp  x1, #(3 << 2)
    b.eq leave_level_3
    cmp  x1, #(2 << 2)
    b.ne at_level_1
at_level_2:
    mrs  x1, hcr_el2
    tbnz x1, #34, be_host       // E2H
    cmp  x0, #2
    b.eq be_host
    mov  x1, #(1 << 31)         // HCR_EL2.RW: level 1 is AArch64; nothing else is trapped
    msr  hcr_el2, x1
    isb                         // E2H decides what the registers below mean
    mov  x1, #0b11              // CNTHCTL_EL2: level 1 may use the counter and its timers
    msr  cnthctl_el2, x1
    mov  x1, #0x33ff            // CPTR_EL2: its reserved ones, no traps
    msr  cptr_el2, x1
    mov  x4, x30
    bl   reset_level_2
    mov  x30, x4
    adr  x1, level_2_vectors
    msr  vbar_el2, x1
    adr  x1, at_level_1
    msr  elr_el2, x1
    mov  x1, #0x3c5             // SPSR: EL1h, everything masked
    msr  spsr_el2, x1
    ldr  x1, ={SCTLR_OFF}
    msr  sctlr_el1, x1
    isb
    eret

be_host:
    ldr  x1, ={HCR_HOST}
    msr  hcr_el2, x1
    isb                         // E2H decides what the registers below mean
    mov  x1, #(0b11 << 10)      // CNTHCTL_EL2, as a host has it: level 1 may use the timers
    msr  cnthctl_el2, x1
    mov  x4, x30
    bl   reset_level_2
    mov  x30, x4
at_level_1:
    ldr  x1, ={SCTLR_OFF}
    msr  sctlr_el1, x1
    msr  spsel, #1
    isb
    ret

// What level 2 needs in either case; changes x1 to x3.
reset_level_2:
    msr  cntvoff_el2, xzr       // virtual time is physical time
    msr  hstr_el2, xzr
    msr  vttbr_el2, xzr
    mrs  x1, midr_el1
    msr  vpidr_el2, x1
    mrs  x1, mpidr_el1
    msr  vmpidr_el2, x1
    mrs  x2, id_aa64dfr0_el1
    mov  x1, xzr                // MDCR_EL2: no debug, no profiling is trapped
    ubfx x3, x2, #8, #4         // PMUVer: 0 and 15 mean no counters of the architecture's
    cbz  x3, 1f
    cmp  x3, #15
    b.eq 1f
    mrs  x1, pmcr_el0
    ubfx x1, x1, #11, #5        // HPMN = PMCR_EL0.N: every counter is level 1's
1:  msr  mdcr_el2, x1
    mrs  x2, id_aa64mmfr0_el1
    ubfx x2, x2, #56, #4        // FGT: fine-grained traps
    cbz  x2, 2f
    msr  s3_4_c1_c1_4, xzr      // HFGRTR_EL2
    msr  s3_4_c1_c1_5, xzr      // HFGWTR_EL2
    msr  s3_4_c1_c1_6, xzr      // HFGITR_EL2
    msr  s3_4_c3_c1_4, xzr      // HDFGRTR_EL2
    msr  s3_4_c3_c1_5, xzr      // HDFGWTR_EL2
2:  mrs  x2, id_aa64mmfr1_el1
    ubfx x2, x2, #40, #4        // HCX: the extended configuration
    cbz  x2, 3f
    msr  s3_4_c1_c2_2, xzr      // HCRX_EL2
3:  mrs  x2, id_aa64pfr0_el1
    ubfx x2, x2, #24, #4        // GIC: are there system registers for the interrupt controller?
    cbz  x2, 4f
    mrs  x1, s3_4_c12_c9_5      // ICC_SRE_EL2: use them, and let level 1 use them
    orr  x1, x1, #0b1000
    orr  x1, x1, #0b0001
    msr  s3_4_c12_c9_5, x1
    isb                         // from now on they exist
    mrs  x1, s3_4_c12_c9_5
    tbz  x1, #0, 4f             // they do not: firmware at level 3 keeps them
    msr  s3_4_c12_c11_0, xzr    // ICH_HCR_EL2: nothing virtual, no traps
4:  ret

// Only emulators enter a kernel here: there is no firmware then, and we are it. To level 2, or to
// level 1 where there is no level 2, both in the Non-secure state, as a boot loader would leave them.
leave_level_3:
    mov  x1, #0x531             // SCR_EL3: NS, its reserved ones, HCE, RW; no interrupt is ours
    mrs  x2, id_aa64mmfr0_el1
    ubfx x2, x2, #56, #4        // FGT
    cbz  x2, 1f
    orr  x1, x1, #(1 << 27)     // FGTEn: level 2 may use its registers
1:  mrs  x2, id_aa64mmfr1_el1
    ubfx x2, x2, #40, #4        // HCX
    cbz  x2, 2f
    orr  x1, x1, #(1 << 38)     // HXEn
2:  msr  scr_el3, x1
    msr  cptr_el3, xzr          // nothing is trapped
    msr  mdcr_el3, xzr
    isb                         // NS decides whose banked registers are meant below
    mrs  x2, id_aa64pfr0_el1
    ubfx x1, x2, #24, #4        // GIC
    cbz  x1, 3f
    mrs  x1, s3_6_c12_c12_5     // ICC_SRE_EL3: use the system registers, and let others use them
    orr  x1, x1, #0b1000
    orr  x1, x1, #0b0001
    msr  s3_6_c12_c12_5, x1
    isb
3:  adr  x1, level_3_vectors
    msr  vbar_el3, x1
    ubfx x2, x2, #8, #4         // EL2: is it there?
    cbz  x2, 4f
    msr  hcr_el2, xzr
    ldr  x1, =0x30c50830        // SCTLR_EL2: its reserved ones, translation and caches off
    msr  sctlr_el2, x1
    adr  x1, at_level_2
    mov  x2, #0x3c9             // SPSR: EL2h, everything masked
    b    5f
4:  ldr  x1, ={SCTLR_OFF}
    msr  sctlr_el1, x1
    adr  x1, at_level_1
    mov  x2, #0x3c5             // SPSR: EL1h, everything masked
5:  msr  elr_el3, x1
    msr  spsr_el3, x2
    isb
    eret

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
    mov  x0, #-1                // x0 is the result; what it held is the callee's to change
    eret                        // the flags come back with the state
    .rept 7
    .balign 128
    b    girder_park
    .endr

// What is left at level 3, if we began there: one service for the kernel, which is to write a word
// that only the Secure state can (x0 = {MONITOR_STORE}, x1 = address, w2 = word). Anything else is
// answered as above.
.balign 2048
level_3_vectors:
    .rept 8
    .balign 128
    b    girder_park
    .endr
    .balign 128                 // synchronous, from a lower level in AArch64
    mrs  x3, esr_el3
    lsr  x3, x3, #26            // EC
    cmp  x3, #0x17              // SMC from AArch64
    b.ne girder_park
    ldr  x3, ={MONITOR_STORE}
    cmp  x0, x3
    mov  x0, #-1
    b.ne 1f
    str  w2, [x1]
    dsb  sy                     // the device has it before the caller goes on
    mov  x0, xzr
1:  eret
    .rept 7
    .balign 128
    b    girder_park
    .endr
