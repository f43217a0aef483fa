//! Whole boards: the trees in `trees/`. What is printed of each is compared by `girder-tools`.

mod support;

use girder_describe::{ConsoleKind, Machine, Mpidr, describe};
use support::*;

const BOARDS: [(&str, &[u8]); 9] = [
    ("m1", include_bytes!("trees/m1.dtb")),
    ("phone", include_bytes!("trees/phone.dtb")),
    ("pi3", include_bytes!("trees/pi3.dtb")),
    ("pi4", include_bytes!("trees/pi4.dtb")),
    ("pi5", include_bytes!("trees/pi5.dtb")),
    ("server", include_bytes!("trees/server.dtb")),
    ("virt-gicv2-el2", include_bytes!("trees/virt-gicv2-el2.dtb")),
    ("virt-gicv3", include_bytes!("trees/virt-gicv3.dtb")),
    ("virt-numa", include_bytes!("trees/virt-numa.dtb")),
];

fn bytes(name: &str) -> Vec<u8> {
    let found = BOARDS.iter().find(|(known, _)| *known == name);
    found.expect("no such board").1.to_vec()
}

fn board_machine(name: &str) -> Machine {
    describe(&mut bytes(name)).expect(name)
}

#[test]
fn every_board_is_described() {
    for (name, _) in BOARDS {
        let machine = board_machine(name);
        assert!(!machine.model.is_empty(), "{name}");
        assert!(machine.timer.phys.is_some(), "{name}");
        assert!(machine.console.is_some(), "{name}");
    }
}

#[test]
fn every_board_cut_anywhere_is_refused() {
    for (name, whole) in BOARDS {
        for length in 0..whole.len() {
            assert!(
                describe(&mut whole[..length].to_vec()).is_err(),
                "{name} cut to {length}"
            );
        }
    }
}

#[test]
fn every_board_shifted_in_memory_is_the_same() {
    for (name, whole) in BOARDS {
        for shift in [1, 2, 4] {
            let mut shifted = [vec![0xee; shift], whole.to_vec()].concat();
            assert_eq!(describe(&mut shifted[shift..]), Ok(board_machine(name)));
        }
    }
}

#[test]
fn cores_that_a_loader_cut_out_are_gone() {
    let mut blob = bytes("m1");
    nop_out(&mut blob, "cpu@10103", 0);
    nop_out(&mut blob, "core3", 1);
    let machine = describe(&mut blob).expect("a good tree");
    let whole = board_machine("m1");
    assert_eq!(machine.cpus, whole.cpus[..7]);
    assert_eq!(machine.console, whole.console);
}

#[test]
fn first_core_cut_out_leaves_the_others() {
    let mut blob = bytes("m1");
    nop_out(&mut blob, "cpu@0", 0);
    let machine = describe(&mut blob).expect("a good tree");
    assert_eq!(machine.cpus[0].mpidr, Mpidr(1));
    assert_eq!(machine.cpus[0].cluster, Some(0));
}

#[test]
fn drivers_get_what_the_printed_form_leaves_out() {
    let pi4 = board_machine("pi4").console.expect("a console");
    assert_eq!(
        (pi4.kind, pi4.clock_hz),
        (ConsoleKind::Pl011, Some(48_000_000))
    );
    assert_eq!(pi4.interrupt.map(|intid| intid.0), Some(153));
    let virt = board_machine("virt-gicv3").console.expect("a console");
    assert_eq!(
        (virt.clock_hz, virt.interrupt.map(|intid| intid.0)),
        (Some(24_000_000), Some(33))
    );
    let m1 = board_machine("m1").console.expect("a console");
    assert_eq!(
        (m1.reg_io_width, m1.interrupt.map(|intid| intid.0)),
        (Some(4), Some(605))
    );
    let server = board_machine("server");
    assert_eq!(server.controller.redistributor_regions, 4);
    assert_eq!(server.controller.redistributor_stride, Some(0x4_0000));
    let pi3 = board_machine("pi3");
    assert_eq!(
        pi3.controller.second.map(|range| range.base),
        Some(0x3f00_b200)
    );
    // Bank 1, number 29, behind the local controller's own.
    let console = pi3.console.expect("a console");
    assert_eq!(console.interrupt.map(|intid| intid.0), Some(32 + 32 + 29));
    assert_eq!(pi3.initrd.map(|initrd| initrd.size), Some(0x10_0000));
}
