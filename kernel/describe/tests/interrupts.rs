//! The root interrupt controller and the timer's interrupts.

mod support;

use girder_describe::{ControllerKind, Intid, Range, TimerInterrupts, TreeError};
use support::*;

const CONTROLLER: &str = "/soc/interrupt-controller@80000";

fn timer_with(change: impl FnOnce(Node) -> Node) -> Node {
    board().change("/timer", change)
}

fn timer(phys: u32, virt: u32, hyp_phys: u32) -> TimerInterrupts {
    let [phys, virt, hyp_phys] = [phys, virt, hyp_phys].map(|number| Some(Intid(number)));
    TimerInterrupts {
        phys,
        virt,
        hyp_phys,
        hyp_virt: None,
    }
}

fn controller(name: &str, compatible: &str, phandle: u32, cells: u32) -> Node {
    Node::new(name)
        .text("compatible", compatible)
        .flag("interrupt-controller")
        .cells("#interrupt-cells", &[cells])
        .cells("phandle", &[phandle])
}

#[test]
fn controller_has_translated_regions() {
    let found = machine(&board()).controller;
    assert_eq!(found.kind, ControllerKind::Gicv3);
    assert_eq!(found.compatible, "arm,gic-v3");
    let distributor = Range {
        base: 0x9_0008_0000,
        size: 0x1_0000,
    };
    assert_eq!(
        found.regs,
        [
            distributor,
            Range {
                base: 0x9_000a_0000,
                size: 0x10_0000
            }
        ]
    );
    assert_eq!(
        (found.redistributor_regions, found.redistributor_stride),
        (1, None)
    );
}

#[test]
fn redistributor_layout_is_kept() {
    let root = board().change(CONTROLLER, |gic| {
        gic.cells("#redistributor-regions", &[2])
            .cells("redistributor-stride", &[0, 0x4_0000])
    });
    let found = machine(&root).controller;
    assert_eq!(
        (found.redistributor_regions, found.redistributor_stride),
        (2, Some(0x4_0000))
    );
}

#[test]
fn every_known_controller_has_its_kind() {
    let kinds = [
        ("arm,gic-400", ControllerKind::Gicv2),
        ("arm,cortex-a15-gic", ControllerKind::Gicv2),
        ("qcom,msm-qgic2", ControllerKind::Gicv2),
        ("arm,gic-v3", ControllerKind::Gicv3),
        ("brcm,bcm2836-l1-intc", ControllerKind::Bcm2836),
        ("apple,aic", ControllerKind::Aic),
        ("apple,aic2", ControllerKind::Aic2),
        ("vendor,other", ControllerKind::Unknown),
    ];
    for (compatible, kind) in kinds {
        let names = ["vendor,specific", compatible];
        let root = board().change(CONTROLLER, |node| node.texts("compatible", &names));
        let found = machine(&root).controller;
        assert_eq!(
            (found.kind, found.compatible.as_str()),
            (kind, "vendor,specific")
        );
    }
}

#[test]
fn timer_by_position() {
    assert_eq!(machine(&board()).timer, timer(30, 27, 26));
}

#[test]
fn timer_by_name_where_there_are_names() {
    let root = timer_with(|timer| {
        timer
            .texts("interrupt-names", &["virt", "hyp-virt", "phys", "hyp-phys"])
            .cells("interrupts", &[1, 11, 4, 1, 12, 4, 1, 14, 4, 1, 10, 4])
    });
    let hyp_virt = Some(Intid(28));
    assert_eq!(
        machine(&root).timer,
        TimerInterrupts {
            hyp_virt,
            ..timer(30, 27, 26)
        }
    );
}

#[test]
fn each_interrupt_may_name_its_controller() {
    let root = timer_with(|timer| {
        let extended = [GIC, 1, 13, 4, GIC, 1, 14, 4, 0x50, 9, GIC, 1, 10, 4];
        timer.cells("interrupts-extended", &extended)
    });
    let root = root.child(controller("other", "vendor,other", 0x50, 1));
    assert_eq!(
        machine(&root).timer,
        TimerInterrupts {
            virt: None,
            ..timer(30, 27, 26)
        }
    );
}

#[test]
fn every_type_of_gic_interrupt_has_its_range() {
    let types = [(0, 5, 37), (1, 5, 21), (2, 5, 4101), (3, 5, 1061)];
    for (kind, number, intid) in types {
        let root = timer_with(|timer| timer.cells("interrupts", &[1, 13, 4, kind, number, 4]));
        assert_eq!(machine(&root).timer.phys, Some(Intid(intid)));
    }
}

#[test]
fn gic_interrupt_outside_its_range_is_absent() {
    for [kind, number] in [[0, 988], [1, 16], [2, 1024], [3, 64], [4, 0], [0, u32::MAX]] {
        let root = timer_with(|timer| timer.cells("interrupts", &[1, 13, 4, kind, number, 4]));
        assert_eq!(
            machine(&root).timer.phys,
            None,
            "type {kind} number {number}"
        );
    }
}

#[test]
fn fourth_cell_of_a_gic_is_a_partition() {
    let root = timer_with(|timer| timer.cells("interrupts", &[1, 13, 4, 0, 1, 14, 4, 0x10]))
        .change(CONTROLLER, |gic| gic.cells("#interrupt-cells", &[4]));
    assert_eq!(machine(&root).timer.phys, Some(Intid(30)));
}

#[test]
fn local_controller_of_a_pi_has_raw_numbers() {
    let local = controller("local", "brcm,bcm2836-l1-intc", 0x50, 2);
    let root = timer_with(|timer| {
        timer
            .text("compatible", "arm,armv7-timer")
            .cells("interrupt-parent", &[0x50])
            .cells("interrupts", &[0, 4, 1, 4, 3, 4, 2, 4])
    });
    let machine = machine(&root.child(local));
    assert_eq!(machine.controller.kind, ControllerKind::Bcm2836);
    assert_eq!(machine.timer, timer(1, 3, 2));
}

#[test]
fn second_controller_belongs_to_the_root_it_hangs_below() {
    let second = |above| {
        let local = controller("local", "brcm,bcm2836-l1-intc", 0x50, 2);
        let second = controller("second@b200", "brcm,bcm2836-armctrl-ic", 0x51, 2)
            .cells("reg", &[0, 0xb200, 0, 0x200])
            .cells("interrupt-parent", &[above])
            .cells("interrupts", &[8, 4]);
        let root = timer_with(|timer| {
            timer
                .cells("interrupt-parent", &[0x50])
                .cells("interrupts", &[0, 4, 1, 4, 3, 4, 2, 4])
        });
        machine(&root.child(local).child(second)).controller.second
    };
    let range = Range {
        base: 0xb200,
        size: 0x200,
    };
    assert_eq!((second(0x50), second(0x51)), (Some(range), None));
}

#[test]
fn aic_with_dies_has_raw_numbers() {
    for (cells, phys, virt) in [
        (3, vec![1, 2, 4], vec![1, 3, 4]),
        (4, vec![1, 0, 2, 4], vec![1, 0, 3, 4]),
    ] {
        let root = timer_with(|timer| {
            timer
                .texts("interrupt-names", &["phys", "virt"])
                .cells("interrupts", &[phys, virt].concat())
        });
        let root = root.change(CONTROLLER, |aic| {
            aic.text("compatible", "apple,aic2")
                .cells("#interrupt-cells", &[cells])
        });
        let found = machine(&root).timer;
        assert_eq!((found.phys, found.virt), (Some(Intid(2)), Some(Intid(3))));
    }
}

#[test]
fn armv8_timer_is_preferred_to_an_earlier_armv7_one() {
    let old = Node::new("old")
        .text("compatible", "arm,armv7-timer")
        .cells("interrupts", &[0, 1, 4]);
    let root = board().remove("/timer").child(old).child(
        Node::new("timer")
            .text("compatible", "arm,armv8-timer")
            .cells("interrupts", &[1, 1, 4, 1, 2, 4]),
    );
    assert_eq!(machine(&root).timer.phys, Some(Intid(18)));
}

#[test]
fn disabled_or_absent_timer_has_no_interrupts() {
    let disabled = timer_with(|timer| timer.text("status", "disabled"));
    assert_eq!(machine(&disabled).timer, TimerInterrupts::default());
    assert_eq!(
        machine(&board().remove("/timer")).timer,
        TimerInterrupts::default()
    );
}

#[test]
fn interrupt_parent_that_names_nobody_leaves_the_timer_without_interrupts() {
    let root = timer_with(|timer| timer.cells("interrupt-parent", &[0x99]));
    let machine = machine(&root);
    assert_eq!(machine.timer, TimerInterrupts::default());
    assert_eq!(machine.controller.kind, ControllerKind::Gicv3);
}

#[test]
fn impossible_interrupt_cells_leave_the_timer_without_interrupts() {
    for cells in [0, 1, 2, 9, u32::MAX] {
        let root = board().change(CONTROLLER, |gic| gic.cells("#interrupt-cells", &[cells]));
        assert_eq!(machine(&root).timer.phys, None, "{cells} cells");
    }
}

#[test]
fn controller_of_the_timer_wins_over_the_first_in_the_tree() {
    let root = board().change("/psci", |psci| {
        psci.child(controller("first", "brcm,bcm2836-l1-intc", 0x50, 2))
    });
    assert_eq!(machine(&root).controller.kind, ControllerKind::Gicv3);
}

#[test]
fn controller_behind_the_one_that_devices_name_is_the_root() {
    let wakeup = controller("wakeup", "vendor,wakeup", 0x50, 3).cells("interrupt-parent", &[GIC]);
    let root = board()
        .remove("/timer")
        .cells("interrupt-parent", &[0x50])
        .child(wakeup);
    assert_eq!(machine(&root).controller.kind, ControllerKind::Gicv3);
}

#[test]
fn disabled_controller_is_not_the_root() {
    let root = board()
        .change(CONTROLLER, |gic| gic.text("status", "disabled"))
        .child(controller("other", "arm,gic-400", 0x50, 3));
    assert_eq!(machine(&root).controller.kind, ControllerKind::Gicv2);
}

#[test]
fn machine_without_a_controller_is_described() {
    let root = board().remove(CONTROLLER);
    let found = machine(&root).controller;
    assert_eq!(
        (found.kind, found.compatible.as_str()),
        (ControllerKind::Unknown, "")
    );
    assert!(found.regs.is_empty());
}

#[test]
fn controllers_in_a_circle_are_refused() {
    let root = board()
        .remove("/timer")
        .cells("interrupt-parent", &[0x50])
        .child(controller("a", "vendor,a", 0x50, 3).cells("interrupt-parent", &[0x51]))
        .child(controller("b", "vendor,b", 0x51, 3).cells("interrupt-parent", &[0x50]));
    assert_eq!(refusal(&root), TreeError::InterruptCycle);
}

#[test]
fn controller_that_is_its_own_parent_is_the_last() {
    let own = controller("a", "vendor,a", 0x50, 3).cells("interrupt-parent", &[0x50]);
    let root = board()
        .remove(CONTROLLER)
        .cells("interrupt-parent", &[0x50])
        .child(own);
    assert_eq!(machine(&root).controller.compatible, "vendor,a");
}
