use super::*;

/// Whatever follows.
const RETURN: u32 = 0xd65f_03c0;

fn rewritten(code: &[u32]) -> Option<Vec<u32>> {
    let code: Vec<u32> = code.iter().copied().chain([RETURN]).collect();
    let entered = entered(&code);
    rewrite(&code, 0, |place| entered[place])
}

/// Checks that each becomes what an assembler made of the second form; its text stands beside it.
fn check(cases: &[(&str, &[u32], &[u32])]) {
    for (what, old, new) in cases {
        let found = rewritten(old);
        assert_eq!(
            found.as_deref(),
            Some(*new),
            "{what}: {found:08x?}, not {new:08x?}"
        );
    }
}

#[test]
fn swaps_and_updates_become_one_access() {
    check(&[
        (
            "a swap",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffca, // cbnz w10, .-8
            ],
            &[
                0xf8eb_8128, // swpal x11, x8, [x9]
                0x5280_000a, // mov w10, #0
                0xd503_201f, // nop
            ],
        ),
        (
            "a swap of a byte that acquires only",
            &[
                0x085f_fd28, // ldaxrb w8, [x9]
                0x080a_7d2b, // stxrb w10, w11, [x9]
                0x35ff_ffca, // cbnz w10, .-8
            ],
            &[
                0x38ab_8128, // swpab w11, w8, [x9]
                0x5280_000a, // mov w10, #0
                0xd503_201f, // nop
            ],
        ),
        (
            "a count down that is looked at",
            &[
                0xc85f_7d2a, // ldxr x10, [x9]
                0xf100_054a, // subs x10, x10, #1
                0xc80b_fd2a, // stlxr w11, x10, [x9]
                0x35ff_ffab, // cbnz w11, .-12
            ],
            &[
                0x9280_000a, // mov x10, #-1
                0xf86a_012a, // ldaddl x10, x10, [x9]
                0xf100_054a, // subs x10, x10, #1
                0x5280_000b, // mov w11, #0
            ],
        ),
        (
            "a number with a shift",
            &[
                0xc85f_7d09, // ldxr x9, [x8]
                0x9140_0529, // add x9, x9, #1, lsl #12
                0xc80a_7d09, // stxr w10, x9, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0xd282_0009, // mov x9, #4096
                0xf829_0109, // ldadd x9, x9, [x8]
                0x9140_0529, // add x9, x9, #1, lsl #12
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "a sum",
            &[
                0x885f_fd09, // ldaxr w9, [x8]
                0x0b07_012c, // add w12, w9, w7
                0x880a_fd0c, // stlxr w10, w12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0xb8e7_0109, // ldaddal w7, w9, [x8]
                0x0b07_012c, // add w12, w9, w7
                0x5280_000a, // mov w10, #0
                0xd503_201f, // nop
            ],
        ),
        (
            "a difference",
            &[
                0x885f_fd09, // ldaxr w9, [x8]
                0x4b07_012c, // sub w12, w9, w7
                0x880a_fd0c, // stlxr w10, w12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0x4b07_03ec, // neg w12, w7
                0xb8ec_0109, // ldaddal w12, w9, [x8]
                0x4b07_012c, // sub w12, w9, w7
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "bits kept by a pattern of 64",
            &[
                0xc85f_fd09, // ldaxr x9, [x8]
                0x927c_ed2c, // and x12, x9, #0xfffffffffffffff0
                0xc80a_fd0c, // stlxr w10, x12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0xb240_0fec, // orr x12, xzr, #15
                0xf8ec_1109, // ldclral x12, x9, [x8]
                0x927c_ed2c, // and x12, x9, #0xfffffffffffffff0
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "bits kept by a pattern of 16",
            &[
                0x885f_fd09, // ldaxr w9, [x8]
                0x1208_9d2c, // and w12, w9, #0xff00ff00
                0x880a_fd0c, // stlxr w10, w12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0x3200_9fec, // orr w12, wzr, #0x00ff00ff
                0xb8ec_1109, // ldclral w12, w9, [x8]
                0x1208_9d2c, // and w12, w9, #0xff00ff00
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "bits set by a pattern",
            &[
                0xc85f_7d09, // ldxr x9, [x8]
                0xb27d_012c, // orr x12, x9, #0x8
                0xc80a_fd0c, // stlxr w10, x12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0xb27d_03ec, // orr x12, xzr, #0x8
                0xf86c_3109, // ldsetl x12, x9, [x8]
                0xb27d_012c, // orr x12, x9, #0x8
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "bits of a byte turned",
            &[
                0x085f_7d09, // ldxrb w9, [x8]
                0x4a03_012c, // eor w12, w9, w3
                0x080a_fd0c, // stlxrb w10, w12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0x3863_2109, // ldeorlb w3, w9, [x8]
                0x4a03_012c, // eor w12, w9, w3
                0x5280_000a, // mov w10, #0
                0xd503_201f, // nop
            ],
        ),
        (
            "bits kept by a register",
            &[
                0x485f_7d09, // ldxrh w9, [x8]
                0x0a03_012c, // and w12, w9, w3
                0x480a_fd0c, // stlxrh w10, w12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0x2a23_03ec, // mvn w12, w3
                0x786c_1109, // ldclrlh w12, w9, [x8]
                0x0a03_012c, // and w12, w9, w3
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "bits cleared by a register",
            &[
                0xc85f_7d09, // ldxr x9, [x8]
                0x8a23_012c, // bic x12, x9, x3
                0xc80a_fd0c, // stlxr w10, x12, [x8]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
            &[
                0xf863_1109, // ldclrl x3, x9, [x8]
                0x8a23_012c, // bic x12, x9, x3
                0x5280_000a, // mov w10, #0
                0xd503_201f, // nop
            ],
        ),
    ]);
}

#[test]
fn comparisons_keep_their_flags_and_their_ways_out() {
    check(&[
        (
            "a compare and swap",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xeb0a_011f, // cmp x8, x10
                0x5400_0201, // b.ne .+64
                0xc80b_fd2c, // stlxr w11, x12, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
            &[
                0xaa0a_03e8, // mov x8, x10
                0xc8e8_fd2c, // casal x8, x12, [x9]
                0xeb0a_011f, // cmp x8, x10
                0x5400_01e1, // b.ne .+60
                0x5280_000b, // mov w11, #0
            ],
        ),
        (
            "one that reuses the register of the old value",
            &[
                0xc85f_7eea, // ldxr x10, [x23]
                0xeb08_015f, // cmp x10, x8
                0x54ff_fe01, // b.ne .-64
                0xc80a_fee9, // stlxr w10, x9, [x23]
                0x35ff_ff8a, // cbnz w10, .-16
            ],
            &[
                0xaa08_03ea, // mov x10, x8
                0xc8aa_fee9, // casl x10, x9, [x23]
                0xeb08_015f, // cmp x10, x8
                0x54ff_fde1, // b.ne .-68
                0x5280_000a, // mov w10, #0
            ],
        ),
        (
            "a weak one that gives up",
            &[
                0x885f_7d28, // ldxr w8, [x9]
                0x7100_151f, // cmp w8, #5
                0x5400_0201, // b.ne .+64
                0x880b_7d2c, // stxr w11, w12, [x9]
                0x3500_028b, // cbnz w11, .+80
            ],
            &[
                0x5280_00a8, // mov w8, #5
                0x88a8_7d2c, // cas w8, w12, [x9]
                0x7100_151f, // cmp w8, #5
                0x5400_01e1, // b.ne .+60
                0x5280_000b, // mov w11, #0
            ],
        ),
        (
            "one of a byte",
            &[
                0x085f_fd28, // ldaxrb w8, [x9]
                0x6b2a_011f, // cmp w8, w10, uxtb
                0x5400_0201, // b.ne .+64
                0x080b_7d2c, // stxrb w11, w12, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
            &[
                0x2a0a_03e8, // mov w8, w10
                0x08e8_7d2c, // casab w8, w12, [x9]
                0x6b2a_011f, // cmp w8, w10, uxtb
                0x5400_01e1, // b.ne .+60
                0x5280_000b, // mov w11, #0
            ],
        ),
        (
            "one that expects minus one",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xb100_051f, // cmn x8, #1
                0x5400_0201, // b.ne .+64
                0xc80b_fd3f, // stlxr w11, xzr, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
            &[
                0x9280_0008, // mov x8, #-1
                0xc8e8_fd3f, // casal x8, xzr, [x9]
                0xb100_051f, // cmn x8, #1
                0x5400_01e1, // b.ne .+60
                0x5280_000b, // mov w11, #0
            ],
        ),
        (
            "one that leaves by a jump",
            &[
                0xc85f_7d0a, // ldxr x10, [x8]
                0xeb04_015f, // cmp x10, x4
                0x5400_0201, // b.ne .+64
                0xc80a_fd09, // stlxr w10, x9, [x8]
                0x3400_030a, // cbz w10, .+96
                0x17ff_fffb, // b .-20
            ],
            &[
                0xaa04_03ea, // mov x10, x4
                0xc8aa_fd09, // casl x10, x9, [x8]
                0xeb04_015f, // cmp x10, x4
                0x5400_01e1, // b.ne .+60
                0x5280_000a, // mov w10, #0
                0x1400_0017, // b .+92
            ],
        ),
        (
            "one that expects zero",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xb500_0208, // cbnz x8, .+64
                0xc80b_7d2c, // stxr w11, x12, [x9]
                0x35ff_ffab, // cbnz w11, .-12
            ],
            &[
                0xd280_0008, // mov x8, #0
                0xc8e8_7d2c, // casa x8, x12, [x9]
                0xb500_01e8, // cbnz x8, .+60
                0x5280_000b, // mov w11, #0
            ],
        ),
    ]);
}

#[test]
fn whatever_is_not_exactly_such_a_loop_stays() {
    let cases: &[(&str, &[u32])] = &[
        (
            "nothing comes of it",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xd65f_03c0, // ret
            ],
        ),
        (
            "a store to another place",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xc80a_fd8b, // stlxr w10, x11, [x12]
                0x35ff_ffca, // cbnz w10, .-8
            ],
        ),
        (
            "a store of another size",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x880a_fd2b, // stlxr w10, w11, [x9]
                0x35ff_ffca, // cbnz w10, .-8
            ],
        ),
        (
            "a retry from elsewhere",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffea, // cbnz w10, .-4
            ],
        ),
        (
            "a retry that asks another register",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffcc, // cbnz w12, .-8
            ],
        ),
        (
            "a swap that stores what it loaded",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xc80a_fd28, // stlxr w10, x8, [x9]
                0x35ff_ffca, // cbnz w10, .-8
            ],
        ),
        (
            "a sum of the value and itself",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x8b08_010b, // add x11, x8, x8
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
        ),
        (
            "an operand with a shift",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x8b07_050b, // add x11, x8, x7, lsl #1
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
        ),
        (
            "a sum that is not what is stored",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x8b07_010b, // add x11, x8, x7
                0xc80a_fd2c, // stlxr w10, x12, [x9]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
        ),
        (
            "a sum of other bits",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x0b07_010b, // add w11, w8, w7
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
        ),
        (
            "a sum of another value",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x8b07_018b, // add x11, x12, x7
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
        ),
        (
            "a number of two halves",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x9144_8d0b, // add x11, x8, #0x123, lsl #12
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffaa, // cbnz w10, .-12
            ],
        ),
        (
            "another condition",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xeb0a_011f, // cmp x8, x10
                0x5400_0200, // b.eq .+64
                0xc80b_fd2c, // stlxr w11, x12, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
        ),
        (
            "a comparison of another value",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xeb0a_00ff, // cmp x7, x10
                0x5400_0201, // b.ne .+64
                0xc80b_fd2c, // stlxr w11, x12, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
        ),
        (
            "a comparison of other bits",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0x6b0a_011f, // cmp w8, w10
                0x5400_0201, // b.ne .+64
                0xc80b_fd2c, // stlxr w11, x12, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
        ),
        (
            "work between comparison and store",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xeb0a_011f, // cmp x8, x10
                0x5400_0201, // b.ne .+64
                0x9100_050c, // add x12, x8, #1
                0xc80b_fd2c, // stlxr w11, x12, [x9]
                0x35ff_ff6b, // cbnz w11, .-20
            ],
        ),
        (
            "an end by a jump without the way back",
            &[
                0xc85f_7d0a, // ldxr x10, [x8]
                0xeb04_015f, // cmp x10, x4
                0x5400_0201, // b.ne .+64
                0xc80a_fd09, // stlxr w10, x9, [x8]
                0x3400_030a, // cbz w10, .+96
                0x17ff_fffc, // b .-16
            ],
        ),
        (
            "a jump into it",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xc80a_fd2b, // stlxr w10, x11, [x9]
                0x35ff_ffca, // cbnz w10, .-8
                0x17ff_fffe, // b .-8
            ],
        ),
        (
            "a way out into it",
            &[
                0xc85f_fd28, // ldaxr x8, [x9]
                0xeb0a_011f, // cmp x8, x10
                0x5400_0041, // b.ne .+8
                0xc80b_fd2c, // stlxr w11, x12, [x9]
                0x35ff_ff8b, // cbnz w11, .-16
            ],
        ),
    ];
    for (what, code) in cases {
        let found = rewritten(code);
        assert_eq!(found, None, "{what}");
    }
}

#[test]
fn a_place_at_the_end_of_the_code_is_read_no_further() {
    for (length, code) in (1..6).map(|length| (length, &COMPARE_AND_JUMP[..length])) {
        assert_eq!(rewrite(code, 0, |_| false), None, "{length}");
    }
    assert!(rewrite(&COMPARE_AND_JUMP, 0, |_| false).is_some());
}

/// The longest.
const COMPARE_AND_JUMP: [u32; 6] = [
    0xc85f_7d0a, // ldxr x10, [x8]
    0xeb04_015f, // cmp x10, x4
    0x5400_0201, // b.ne .+64
    0xc80a_fd09, // stlxr w10, x9, [x8]
    0x3400_030a, // cbz w10, .+96
    0x17ff_fffb, // b .-20
];

#[test]
fn a_full_table_leaves_the_rest_as_it_is() {
    let swap = &[0xc85f_fd28, 0xc80a_fd2b, 0x35ff_ffca];
    let code: Vec<u32> = swap.iter().copied().cycle().take(30).collect();
    let mut filled = Filled::default();
    let mut table = vec![0];
    filled.add(&code, 0x100, &mut table, 10);
    assert_eq!((filled.all, filled.rewritten), (10, 2));
    assert_eq!(
        (table.len(), table[1], table[5]),
        (9, 3 << 24 | 0x100, 3 << 24 | 0x103)
    );
}

/// A pattern and its inverse, by what they stand for.
#[test]
fn the_other_bits_of_every_pattern_are_a_pattern() {
    let bits_of = |fields: u32| {
        let (n, rotation, lengths) = (fields >> 22 & 1, fields >> 16 & 0x3f, fields >> 10 & 0x3f);
        let size = if n == 1 {
            64
        } else {
            1 << (!lengths & 0x3f).checked_ilog2()?
        };
        let (ones, rotation) = ((lengths & (size - 1)) + 1, rotation & (size - 1));
        let element = (0..size).filter(|bit| (bit + rotation) % size < ones);
        let element: u64 = element.map(|bit| 1_u64 << bit).sum();
        (ones < size).then(|| (0..64 / size).fold(0, |all, part| all | element << (part * size)))
    };
    let mut seen = 0;
    for fields in (0..1 << 13).map(|fields: u32| fields << 10) {
        let inverse = word::inverted_pattern(fields);
        assert_eq!(
            inverse.and_then(bits_of),
            bits_of(fields).map(|bits| !bits),
            "{fields:#x}"
        );
        seen += u32::from(inverse.is_some());
    }
    assert!(seen > 5_000, "{seen}");
}
