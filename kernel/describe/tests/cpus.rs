//! Cores: which are usable, how they start, where they sit.

mod support;

use girder_describe::{Conduit, EnableMethod, Machine, Mpidr, NodeId, TreeError, limits};
use support::*;

fn mpidrs(machine: &Machine) -> Vec<u64> {
    machine.cpus.iter().map(|cpu| cpu.mpidr.0).collect()
}

fn first_cpu(change: impl FnOnce(Node) -> Node) -> Node {
    board().change("/cpus/cpu@0", change)
}

#[test]
fn core_carries_its_facts() {
    let root = first_cpu(|cpu| {
        cpu.cells("capacity-dmips-mhz", &[485])
            .text("enable-method", "spin-table")
            .cells("cpu-release-addr", &[0x1, 0xd8])
            .cells("numa-node-id", &[3])
    });
    let cpu = &machine(&root).cpus[0];
    assert_eq!(cpu.mpidr, Mpidr(0));
    assert_eq!(cpu.compatible, "arm,cortex-a72");
    assert_eq!(cpu.enable_method, Some(EnableMethod::SpinTable));
    assert_eq!(cpu.release_address, Some(0x1_0000_00d8));
    assert_eq!(cpu.capacity, Some(485));
    assert_eq!(cpu.cluster, None);
    assert_eq!(cpu.node, NodeId(3));
}

#[test]
fn release_address_may_have_one_cell() {
    let root = first_cpu(|cpu| cpu.cells("cpu-release-addr", &[0xd8]));
    assert_eq!(machine(&root).cpus[0].release_address, Some(0xd8));
}

#[test]
fn affinity_may_have_two_cells() {
    let root = board()
        .change("/cpus", |cpus| cpus.cells("#address-cells", &[2]))
        .change("/cpus/cpu@0", |cpu| cpu.cells("reg", &[0x1, 0x8000_0100]))
        .change("/cpus/cpu@1", |cpu| cpu.cells("reg", &[0x0, 0x101]));
    assert_eq!(mpidrs(&machine(&root)), [0x1_8000_0100, 0x101]);
}

#[test]
fn only_okay_is_usable() {
    for (status, usable) in [
        ("okay", true),
        ("ok", true),
        ("disabled", false),
        ("fail", false),
    ] {
        let root = first_cpu(|cpu| cpu.text("status", status));
        assert_eq!(mpidrs(&machine(&root)).contains(&0), usable, "{status}");
    }
}

#[test]
fn device_type_decides_before_the_name() {
    let root = board().change("/cpus", |cpus| {
        cpus.child(
            Node::new("big-core")
                .text("device_type", "cpu")
                .cells("reg", &[0x100]),
        )
        .child(Node::new("cpu@200").cells("reg", &[0x200]))
        .child(
            Node::new("cpu@300")
                .text("device_type", "cache")
                .cells("reg", &[0x300]),
        )
        .child(Node::new("idle-states").cells("reg", &[0x400]))
    });
    assert_eq!(mpidrs(&machine(&root)), [0, 1, 0x100, 0x200]);
}

#[test]
fn method_of_the_parent_holds_where_the_core_has_none() {
    let root = first_cpu(|cpu| cpu.without("enable-method"))
        .change("/cpus", |cpus| cpus.text("enable-method", "spin-table"));
    let methods = machine(&root)
        .cpus
        .iter()
        .map(|cpu| cpu.enable_method)
        .collect::<Vec<_>>();
    assert_eq!(
        methods,
        [Some(EnableMethod::SpinTable), Some(EnableMethod::Psci)]
    );
}

#[test]
fn unknown_method_is_none() {
    let root = first_cpu(|cpu| cpu.text("enable-method", "brcm,bcm2836-smp"));
    assert_eq!(machine(&root).cpus[0].enable_method, None);
}

#[test]
fn conduit_is_what_the_firmware_says() {
    let with = |method: &str| board().change("/psci", |psci| psci.text("method", method));
    assert_eq!(machine(&with("hvc")).psci_conduit, Some(Conduit::Hvc));
    assert_eq!(machine(&with("smc")).psci_conduit, Some(Conduit::Smc));
    assert_eq!(machine(&with("carrier pigeon")).psci_conduit, None);
}

#[test]
fn firmware_may_sit_anywhere_unless_disabled() {
    let psci = Node::new("psci")
        .text("compatible", "arm,psci-0.2")
        .text("method", "smc");
    let moved = board()
        .remove("/psci")
        .child(Node::new("firmware").child(psci));
    assert_eq!(machine(&moved).psci_conduit, Some(Conduit::Smc));
    let disabled = moved.change("/firmware", |node| node.text("status", "disabled"));
    assert_eq!(machine(&disabled).psci_conduit, None);
}

fn core(name: &str, phandle: u32) -> Node {
    Node::new(name).cells("cpu", &[phandle])
}

#[test]
fn clusters_count_in_tree_order_over_all_sockets() {
    let socket = |name: &str, phandle| {
        let empty = Node::new("cluster0");
        let full = Node::new("cluster1").child(core("core0", phandle));
        Node::new(name).child(empty).child(full)
    };
    let map = Node::new("cpu-map")
        .child(socket("socket0", 0x11))
        .child(socket("socket1", 0x10));
    let machine = machine(&board().change("/cpus", |cpus| cpus.child(map)));
    assert_eq!(machine.cpus[0].cluster, Some(1));
    assert_eq!(machine.cpus[1].cluster, Some(0));
}

#[test]
fn threads_sit_in_the_innermost_cluster_of_their_core() {
    let threads = Node::new("core0")
        .child(core("thread0", 0x10))
        .child(core("thread1", 0x11));
    let outer = Node::new("cluster0")
        .child(Node::new("cluster0").child(core("core0", 0x99)))
        .child(Node::new("cluster1").child(threads));
    let map = Node::new("cpu-map").child(outer);
    let machine = machine(&board().change("/cpus", |cpus| cpus.child(map)));
    assert_eq!(machine.cpus[0].cluster, Some(1));
    assert_eq!(machine.cpus[1].cluster, Some(1));
}

#[test]
fn core_outside_any_cluster_has_none() {
    let map = Node::new("cpu-map").child(Node::new("socket0").child(core("core0", 0x10)));
    let machine = machine(&board().change("/cpus", |cpus| cpus.child(map)));
    assert_eq!(machine.cpus[0].cluster, None);
}

#[test]
fn no_core_is_refused() {
    assert_eq!(refusal(&board().remove("/cpus")), TreeError::NoCpus);
    let disabled = board().change("/cpus", |cpus| cpus.text("status", "disabled"));
    assert_eq!(refusal(&disabled), TreeError::NoCpus);
}

#[test]
fn two_cores_of_one_affinity_are_refused() {
    let root = first_cpu(|cpu| cpu.cells("reg", &[1]));
    assert_eq!(refusal(&root), TreeError::DuplicateCpu(Mpidr(1)));
}

#[test]
fn disabled_twin_does_no_harm() {
    let root = first_cpu(|cpu| cpu.cells("reg", &[1]).text("status", "disabled"));
    assert_eq!(mpidrs(&machine(&root)), [1]);
}

#[test]
fn core_without_affinity_is_refused() {
    let missing = TreeError::PropertyMissing { property: "reg" };
    assert_eq!(refusal(&first_cpu(|cpu| cpu.without("reg"))), missing);
    let short = TreeError::BadLength {
        property: "reg",
        length: 2,
    };
    assert_eq!(refusal(&first_cpu(|cpu| cpu.bytes("reg", &[0, 0]))), short);
}

#[test]
fn bad_cells_of_cores_are_refused() {
    for cells in [0, 3, 5, u32::MAX] {
        let root = board().change("/cpus", |cpus| cpus.cells("#address-cells", &[cells]));
        let expected = TreeError::BadCells {
            property: "#address-cells",
            cells,
        };
        assert_eq!(refusal(&root), expected);
    }
    let root = board().change("/cpus", |cpus| cpus.bytes("#address-cells", &[1]));
    assert_eq!(
        refusal(&root),
        TreeError::BadLength {
            property: "#address-cells",
            length: 1
        }
    );
}

#[test]
fn more_cores_than_the_limit_are_refused() {
    let with = |count: u32| {
        let cpus = (2..count).map(cpu);
        board().change("/cpus", |parent| cpus.fold(parent, Node::child))
    };
    assert_eq!(machine(&with(limits::CPUS as u32)).cpus.len(), limits::CPUS);
    assert_eq!(
        refusal(&with(limits::CPUS as u32 + 1)),
        TreeError::TooManyCpus
    );
}

#[test]
fn overlong_text_is_refused() {
    let root = first_cpu(|cpu| cpu.text("compatible", &"c".repeat(300)));
    assert_eq!(
        refusal(&root),
        TreeError::TextTooLong {
            property: "compatible",
            length: 300
        }
    );
}

#[test]
fn text_that_is_not_text_is_kept_readable() {
    let root = first_cpu(|cpu| cpu.bytes("compatible", b"arm,\xff\0"));
    assert_eq!(machine(&root).cpus[0].compatible, "arm,\u{fffd}");
}
