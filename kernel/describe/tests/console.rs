//! The console: named by path or alias, else the first port with a driver.

mod support;

use girder_describe::{Console, ConsoleKind, Intid, TreeError};
use support::*;

fn chosen(path: &str) -> Node {
    board().change("/chosen", |chosen| chosen.text("stdout-path", path))
}

fn base(root: &Node) -> Option<u64> {
    machine(root).console.map(|console| console.base)
}

const FIRST: Option<u64> = Some(0x9_0000_1000);
const SECOND: Option<u64> = Some(0x9_0000_2000);

#[test]
fn console_carries_what_its_driver_needs() {
    let clock = Node::new("clock")
        .text("compatible", "fixed-clock")
        .cells("clock-frequency", &[24_000_000])
        .cells("phandle", &[0x50]);
    let root = chosen("/soc/serial@2000")
        .child(clock)
        .change("/soc/serial@2000", |port| {
            port.texts("compatible", &["rockchip,uart", "snps,dw-apb-uart"])
                .cells("reg-shift", &[2])
                .cells("reg-io-width", &[4])
                .cells("clocks", &[0x50, 0x50])
                .cells("current-speed", &[1_500_000])
        });
    let expected = Console {
        kind: ConsoleKind::Ns8250,
        compatible: "rockchip,uart".into(),
        base: 0x9_0000_2000,
        reg_shift: 2,
        reg_io_width: Some(4),
        clock_hz: Some(24_000_000),
        baud: Some(1_500_000),
        interrupt: Some(Intid(34)),
    };
    assert_eq!(machine(&root).console, Some(expected));
}

#[test]
fn own_clock_rate_wins_over_the_clock() {
    let root = board().change("/soc/serial@1000", |port| {
        port.cells("clock-frequency", &[48_000_000])
            .cells("clocks", &[0x10])
    });
    let console = machine(&root).console.expect("a console");
    assert_eq!(console.clock_hz, Some(48_000_000));
}

#[test]
fn path_alias_and_options_name_a_port() {
    let paths = [
        "/soc/serial@2000",
        "/soc/serial@2000:115200n8",
        "serial1",
        "serial1:9600",
    ];
    for path in paths {
        let root = chosen(path).change("/aliases", |aliases| {
            aliases.text("serial1", "/soc/serial@2000")
        });
        assert_eq!(base(&root), SECOND, "{path}");
    }
}

#[test]
fn alias_may_be_the_head_of_a_path() {
    let root =
        chosen("bus/serial@2000:9600").change("/aliases", |aliases| aliases.text("bus", "/soc"));
    assert_eq!(base(&root), SECOND);
}

#[test]
fn unit_addresses_may_be_left_out() {
    let root = chosen("/soc/serial").remove("/soc/serial@1000");
    assert_eq!(base(&root), SECOND);
}

#[test]
fn older_name_of_the_property_is_read() {
    let root = board().change("/chosen", |chosen| {
        chosen
            .without("stdout-path")
            .text("linux,stdout-path", "/soc/serial@2000")
    });
    assert_eq!(base(&root), SECOND);
}

#[test]
fn first_known_port_serves_where_none_is_named() {
    let nobody = board().remove("/chosen");
    assert_eq!(base(&nobody), FIRST);
    for path in [
        "",
        ":115200",
        "/",
        "/soc/nothing",
        "serial9",
        "/soc/serial@1000/child",
    ] {
        assert_eq!(base(&chosen(path)), FIRST, "{path}");
    }
    let disabled = board().change("/soc/serial@1000", |port| port.text("status", "disabled"));
    assert_eq!(base(&disabled), SECOND);
}

#[test]
fn alias_that_names_itself_is_no_console() {
    let root = chosen("serial1").change("/aliases", |node| node.text("serial1", "serial1"));
    assert_eq!(base(&root), FIRST);
}

#[test]
fn named_port_without_a_driver_is_unknown() {
    let root =
        chosen("/soc/serial@3000").change("/soc", |soc| soc.child(serial(0x3000, "vendor,uart")));
    let console = machine(&root).console.expect("a console");
    assert_eq!(console.kind, ConsoleKind::Unknown);
    assert_eq!(
        (console.compatible.as_str(), console.base),
        ("vendor,uart", 0x9_0000_3000)
    );
}

#[test]
fn every_known_port_has_its_kind() {
    let kinds = [
        ("arm,pl011", ConsoleKind::Pl011),
        ("arm,sbsa-uart", ConsoleKind::Pl011),
        ("ns16550a", ConsoleKind::Ns8250),
        ("snps,dw-apb-uart", ConsoleKind::Ns8250),
        ("nvidia,tegra20-uart", ConsoleKind::Ns8250),
        ("brcm,bcm2835-aux-uart", ConsoleKind::Bcm2835Aux),
        ("apple,s5l-uart", ConsoleKind::S5l),
    ];
    for (compatible, kind) in kinds {
        let names = [compatible, "arm,primecell"];
        let root = board().change("/soc/serial@1000", |port| port.texts("compatible", &names));
        assert_eq!(
            machine(&root).console.map(|console| console.kind),
            Some(kind)
        );
    }
}

#[test]
fn port_on_a_disabled_bus_is_not_usable() {
    let root = board().change("/soc", |soc| soc.text("status", "disabled"));
    assert_eq!(base(&root), None);
}

#[test]
fn port_that_cores_cannot_reach_is_not_usable() {
    let root = board().change("/soc", |soc| soc.without("ranges"));
    assert_eq!(base(&root), None);
    let outside = board().change("/soc", |soc| soc.cells("ranges", &[0x0, 0x9, 0x0, 0x1800]));
    assert_eq!(base(&outside), FIRST);
    assert_eq!(base(&outside.remove("/soc/serial@1000")), None);
}

#[test]
fn empty_ranges_pass_addresses_on() {
    let root = board().change("/soc", |soc| soc.flag("ranges"));
    assert_eq!(base(&root), Some(0x1000));
}

#[test]
fn ranges_of_nested_buses_add_up() {
    let inner = Node::new("inner")
        .cells("#address-cells", &[1])
        .cells("#size-cells", &[1])
        .cells("ranges", &[0x7e00_0000, 0x20_0000, 0x10_0000])
        .child(serial(0x7e00_4000, "arm,pl011"));
    let root = chosen("/soc/inner/serial").change("/soc", |soc| soc.child(inner));
    assert_eq!(base(&root), Some(0x9_0020_4000));
}

#[test]
fn port_behind_pci_is_found_in_memory_space() {
    let device = Node::new("io")
        .cells("#address-cells", &[1])
        .cells("#size-cells", &[1])
        .cells("ranges", &[0x0, 0x0200_0000, 0x0, 0x8000_0000, 0x1_0000])
        .child(serial(0x4000, "arm,pl011"));
    let input_output = [0x0100_0000, 0x0, 0x8000_0000, 0x1e, 0x0, 0x0, 0x1_0000];
    let memory = [0x4200_0000, 0x0, 0x8000_0000, 0x1f, 0x0, 0x0, 0x1_0000];
    let bridge = Node::new("pcie")
        .cells("#address-cells", &[3])
        .cells("#size-cells", &[2])
        .cells("ranges", &[input_output, memory].concat())
        .child(device);
    assert_eq!(
        base(&chosen("/pcie/io/serial").child(bridge)),
        Some(0x1f_0000_4000)
    );
}

#[test]
fn interrupt_at_another_controller_is_none() {
    let other = Node::new("other")
        .cells("#interrupt-cells", &[3])
        .cells("phandle", &[0x50]);
    let root = board()
        .change("/soc/serial@1000", |port| {
            port.cells("interrupt-parent", &[0x50])
        })
        .child(other);
    assert_eq!(
        machine(&root).console.and_then(|console| console.interrupt),
        None
    );
}

#[test]
fn registers_of_wrong_length_are_refused() {
    let root = board().change("/soc/serial@1000", |port| port.cells("reg", &[1, 2, 3]));
    assert_eq!(
        refusal(&root),
        TreeError::BadLength {
            property: "reg",
            length: 12
        }
    );
}

#[test]
fn ranges_of_wrong_length_are_refused() {
    let root = board().change("/soc", |soc| soc.cells("ranges", &[0, 0, 0]));
    assert_eq!(
        refusal(&root),
        TreeError::BadLength {
            property: "ranges",
            length: 12
        }
    );
}

#[test]
fn ranges_that_wrap_are_refused() {
    let wrapping = [0x0, 0xffff_ffff, 0xffff_f800, 0x100_0000];
    let root = board().change("/soc", |soc| soc.cells("ranges", &wrapping));
    let expected = TreeError::RangeOverflow {
        base: 0xffff_ffff_ffff_f800,
        size: 0x8_0000,
    };
    assert_eq!(refusal(&root), expected);
}

#[test]
fn bus_of_four_cells_hides_its_ports() {
    let root = board().change("/soc", |soc| soc.cells("#address-cells", &[4]));
    assert_eq!(base(&root), None);
}

#[test]
fn bad_cells_of_a_bus_are_refused() {
    for (property, cells) in [
        ("#address-cells", 0),
        ("#address-cells", 5),
        ("#size-cells", 5),
    ] {
        let root = board().change("/soc", |soc| soc.cells(property, &[cells]));
        assert_eq!(refusal(&root), TreeError::BadCells { property, cells });
    }
}

#[test]
fn details_of_wrong_shape_are_left_out() {
    let root = board().change("/soc/serial@1000", |port| {
        port.bytes("reg-shift", &[2])
            .cells("reg-io-width", &[4, 4])
            .bytes("clock-frequency", b"fast")
            .cells("clocks", &[])
            .bytes("current-speed", &[])
    });
    let console = machine(&root).console.expect("a console");
    assert_eq!(
        (console.reg_shift, console.reg_io_width, console.baud),
        (0, None, None)
    );
    let far = board().change("/soc/serial@1000", |port| port.cells("reg-shift", &[64]));
    assert_eq!(
        machine(&far).console.map(|console| console.reg_shift),
        Some(0)
    );
}
