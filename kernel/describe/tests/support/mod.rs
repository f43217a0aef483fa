//! Trees for tests: a small board in memory that a test changes in one point and flattens.
#![allow(dead_code, reason = "each test binary uses its own part")]

use girder_describe::{Machine, TreeError, describe};

pub(crate) const BEGIN_NODE: u32 = 1;
pub(crate) const END_NODE: u32 = 2;
pub(crate) const PROPERTY: u32 = 3;
pub(crate) const NOP: u32 = 4;
pub(crate) const END: u32 = 9;

/// Offsets of the header's fields.
pub(crate) const TOTAL_SIZE: usize = 4;
pub(crate) const STRUCTURE: usize = 8;
pub(crate) const STRINGS: usize = 12;
pub(crate) const RESERVATIONS: usize = 16;
pub(crate) const VERSION: usize = 20;
pub(crate) const LAST_COMPATIBLE: usize = 24;
pub(crate) const STRINGS_SIZE: usize = 32;
pub(crate) const STRUCTURE_SIZE: usize = 36;

/// A node that is still easy to change.
#[derive(Clone, Default)]
pub(crate) struct Node {
    name: String,
    properties: Vec<(String, Vec<u8>)>,
    children: Vec<Node>,
}

impl Node {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets a property to raw bytes.
    pub(crate) fn bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a property to cells.
    pub(crate) fn cells(self, name: &str, cells: &[u32]) -> Self {
        self.bytes(name, &be(cells))
    }

    /// Sets a property to texts, each with its NUL.
    pub(crate) fn texts(self, name: &str, texts: &[&str]) -> Self {
        let value = texts
            .iter()
            .flat_map(|text| text.bytes().chain([0]))
            .collect::<Vec<_>>();
        self.bytes(name, &value)
    }

    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.texts(name, &[text])
    }

    pub(crate) fn flag(self, name: &str) -> Self {
        self.bytes(name, &[])
    }

    pub(crate) fn child(mut self, child: Node) -> Self {
        self.children.push(child);
        self
    }

    pub(crate) fn without(mut self, property: &str) -> Self {
        self.properties.retain(|(name, _)| name != property);
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: &[u8]) {
        match self.properties.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_vec(),
            None => self.properties.push((name.into(), value.to_vec())),
        }
    }

    /// Replaces the node at `path` below this one by what `change` makes of it.
    pub(crate) fn change(mut self, path: &str, change: impl FnOnce(Node) -> Node) -> Self {
        let mut at = &mut self;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            at = at
                .children
                .iter_mut()
                .find(|child| child.name == name)
                .expect("no such node");
        }
        *at = change(std::mem::take(at));
        self
    }

    pub(crate) fn remove(mut self, path: &str) -> Self {
        let (parent, name) = path.rsplit_once('/').expect("absolute path");
        self = self.change(parent, |mut node| {
            node.children.retain(|child| child.name != name);
            node
        });
        self
    }

    /// Flattens the tree below this root.
    pub(crate) fn flatten(&self) -> Vec<u8> {
        self.flatten_with(&[], || 0)
    }

    pub(crate) fn reserving(&self, reservations: &[(u64, u64)]) -> Vec<u8> {
        self.flatten_with(reservations, || 0)
    }

    /// Flattens, with as many FDT_NOPs before each token as `nops` says.
    pub(crate) fn flatten_with(
        &self,
        reservations: &[(u64, u64)],
        mut nops: impl FnMut() -> usize,
    ) -> Vec<u8> {
        let mut flat = Flat::default();
        self.write(&mut flat, &mut nops);
        flat.token(END, &mut nops);
        raw(reservations, &flat.structure, &flat.strings)
    }

    fn write(&self, flat: &mut Flat, nops: &mut impl FnMut() -> usize) {
        flat.token(BEGIN_NODE, nops);
        flat.padded(&[self.name.as_bytes(), &[0]].concat());
        for (name, value) in &self.properties {
            flat.token(PROPERTY, nops);
            let name = flat.string(name);
            flat.structure.extend(be(&[value.len() as u32, name]));
            flat.padded(value);
        }
        self.children
            .iter()
            .for_each(|child| child.write(flat, nops));
        flat.token(END_NODE, nops);
    }
}

#[derive(Default)]
struct Flat {
    structure: Vec<u8>,
    strings: Vec<u8>,
}

impl Flat {
    fn token(&mut self, token: u32, nops: &mut impl FnMut() -> usize) {
        (0..nops()).for_each(|_| self.structure.extend(be(&[NOP])));
        self.structure.extend(be(&[token]));
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.structure.extend(bytes);
        self.structure
            .resize(self.structure.len().next_multiple_of(4), 0);
    }

    fn string(&mut self, name: &str) -> u32 {
        let name = [name.as_bytes(), &[0]].concat();
        let known = self
            .strings
            .windows(name.len())
            .position(|window| window == name);
        let at = known.unwrap_or(self.strings.len());
        if known.is_none() {
            self.strings.extend(name);
        }
        at as u32
    }
}

/// Puts a header and reservations round two blocks, whatever is in them.
pub(crate) fn raw(reservations: &[(u64, u64)], structure: &[u8], strings: &[u8]) -> Vec<u8> {
    let reserved = reservations.iter().copied().chain([(0, 0)]);
    let reserved = reserved.flat_map(|(base, size)| [base.to_be_bytes(), size.to_be_bytes()]);
    let reserved = reserved.flatten().collect::<Vec<_>>();
    let structure_at = 40 + reserved.len();
    let strings_at = structure_at + structure.len();
    let total = strings_at + strings.len();
    let sizes = [0, strings.len(), structure.len()].map(|size| size as u32);
    let places = [total, structure_at, strings_at, 40].map(|place| place as u32);
    let header = [&[0xd00d_feed][..], &places, &[17, 16], &sizes].concat();
    [be(&header), reserved, structure.to_vec(), strings.to_vec()].concat()
}

/// Writes cells as the tree has them.
pub(crate) fn be(cells: &[u32]) -> Vec<u8> {
    cells.iter().flat_map(|cell| cell.to_be_bytes()).collect()
}

/// Overwrites one word.
pub(crate) fn poke(blob: &mut [u8], offset: usize, word: u32) {
    blob[offset..offset + 4].copy_from_slice(&word.to_be_bytes());
}

pub(crate) fn peek(blob: &[u8], offset: usize) -> u32 {
    u32::from_be_bytes(blob[offset..offset + 4].try_into().expect("four bytes"))
}

/// Describes a tree that must be accepted.
pub(crate) fn machine(root: &Node) -> Machine {
    describe(&mut root.flatten()).expect("a good tree")
}

/// Describes a tree that must be refused.
pub(crate) fn refusal(root: &Node) -> TreeError {
    describe(&mut root.flatten()).expect_err("a bad tree")
}

pub(crate) const GIC: u32 = 1;

/// A board with two cores, a GICv3, a timer, a PL011 on a bus, and memory; what tests start from.
pub(crate) fn board() -> Node {
    Node::new("")
        .cells("#address-cells", &[2])
        .cells("#size-cells", &[2])
        .cells("interrupt-parent", &[GIC])
        .text("model", "test board")
        .texts("compatible", &["test,board", "test,family"])
        .child(Node::new("chosen").text("stdout-path", "serial0:115200n8"))
        .child(Node::new("aliases").text("serial0", "/soc/serial@1000"))
        .child(
            Node::new("cpus")
                .cells("#address-cells", &[1])
                .cells("#size-cells", &[0])
                .child(cpu(0).cells("phandle", &[0x10]))
                .child(cpu(1).cells("phandle", &[0x11])),
        )
        .child(
            Node::new("psci")
                .text("compatible", "arm,psci-1.0")
                .text("method", "hvc"),
        )
        .child(memory(0x4000_0000, 0x1000_0000))
        .child(
            Node::new("timer")
                .text("compatible", "arm,armv8-timer")
                .cells("interrupts", &[1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4]),
        )
        .child(
            Node::new("soc")
                .text("compatible", "simple-bus")
                .cells("#address-cells", &[1])
                .cells("#size-cells", &[1])
                .cells("ranges", &[0x0, 0x9, 0x0, 0x100_0000])
                .child(
                    Node::new("interrupt-controller@80000")
                        .text("compatible", "arm,gic-v3")
                        .flag("interrupt-controller")
                        .cells("#interrupt-cells", &[3])
                        .cells("reg", &[0x8_0000, 0x1_0000, 0xa_0000, 0x10_0000])
                        .cells("phandle", &[GIC]),
                )
                .child(serial(0x1000, "arm,pl011"))
                .child(serial(0x2000, "snps,dw-apb-uart")),
        )
}

pub(crate) fn cpu(mpidr: u32) -> Node {
    Node::new(&format!("cpu@{mpidr:x}"))
        .text("device_type", "cpu")
        .texts("compatible", &["arm,cortex-a72", "arm,armv8"])
        .cells("reg", &[mpidr])
        .text("enable-method", "psci")
}

pub(crate) fn memory(base: u64, size: u64) -> Node {
    let cells = [base >> 32, base, size >> 32, size].map(|cell| cell as u32);
    Node::new(&format!("memory@{base:x}"))
        .text("device_type", "memory")
        .cells("reg", &cells)
}

pub(crate) fn serial(base: u32, compatible: &str) -> Node {
    Node::new(&format!("serial@{base:x}"))
        .text("compatible", compatible)
        .cells("reg", &[base, 0x100])
        .cells("interrupts", &[0, base >> 12, 4])
}

/// Overwrites the node whose name is the `occurrence`-th `name` with FDT_NOPs, as boot loaders do.
pub(crate) fn nop_out(blob: &mut [u8], name: &str, occurrence: usize) {
    let begin = [&be(&[BEGIN_NODE])[..], name.as_bytes(), &[0]].concat();
    let places = blob.windows(begin.len()).enumerate();
    let mut places = places.filter(|(at, window)| at % 4 == 0 && *window == begin);
    let (start, _) = places.nth(occurrence).expect("no such node");
    let (mut at, mut depth) = (start, 0);
    loop {
        let token = peek(blob, at);
        at += 4;
        match token {
            BEGIN_NODE => {
                let name = blob[at..]
                    .iter()
                    .position(|byte| *byte == 0)
                    .expect("a name");
                at = (at + name + 1).next_multiple_of(4);
                depth += 1;
            }
            PROPERTY => at = (at + 8 + peek(blob, at) as usize).next_multiple_of(4),
            END_NODE => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    (start..at)
        .step_by(4)
        .for_each(|word| poke(blob, word, NOP));
}
