//! A model of the device, which refuses what the architecture leaves open.

use super::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

pub(super) const DISABLE: usize = 0x180;
pub(super) const ENABLE: usize = 0x100;
pub(super) const GROUPS: usize = 0x080;
pub(super) const PRIORITIES: usize = 0x400;
pub(super) const TARGETS: usize = 0x800;
pub(super) const KINDS: usize = 0xc00;
pub(super) const MASK: usize = 0x004;
pub(super) const TWO_STEP_END: u32 = 1 << 9;
pub(super) const SPURIOUS: u32 = 1023;
pub(super) const LEFT_ALONE: u32 = 0x5a5a_5a5a;

/// Which side of the Security Extensions the kernel is on.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum View {
    Only,
    NotSecure,
}

/// What a core has to itself.
#[derive(Default)]
pub(super) struct Core {
    pub(super) banked: HashMap<usize, u32>,
    pub(super) control: u32,
    pub(super) mask: u32,
    pub(super) pending: Vec<u32>,
    /// Acknowledged, and the priority not dropped yet.
    pub(super) running: Vec<u32>,
    pub(super) active: Vec<u32>,
}

pub(super) struct Model {
    pub(super) view: View,
    pub(super) interfaces: usize,
    pub(super) lines: u32,
    pub(super) has_two_step_end: bool,
    pub(super) here: Cell<usize>,
    pub(super) shared: RefCell<HashMap<usize, u32>>,
    pub(super) cores: RefCell<Vec<Core>>,
}

impl Model {
    pub(super) fn new(view: View, interfaces: usize) -> Self {
        Self {
            view,
            interfaces,
            lines: 96,
            has_two_step_end: true,
            here: Cell::new(0),
            shared: RefCell::default(),
            cores: RefCell::new((0..16).map(|_| Core::default()).collect()),
        }
    }

    pub(super) fn driver(&self) -> GicV2<Port<'_>> {
        let (distributor, interface) = (Port(self, Part::Distributor), Port(self, Part::Interface));
        GicV2::take_over(distributor, interface).expect("the model says that it is one")
    }

    pub(super) fn with_core<R>(&self, f: impl FnOnce(&mut Core) -> R) -> R {
        f(&mut self.cores.borrow_mut()[self.here.get()])
    }

    pub(super) fn word(&self, offset: usize) -> u32 {
        let shared = || self.shared.borrow().get(&offset).copied();
        self.with_core(|core| core.banked.get(&offset).copied())
            .or_else(shared)
            .unwrap_or(0)
    }

    pub(super) fn put(&self, offset: usize, value: u32) {
        match is_banked(offset) {
            true => self.with_core(|core| _ = core.banked.insert(offset, value)),
            false => _ = self.shared.borrow_mut().insert(offset, value),
        }
    }

    /// Nothing may be enabled before all that governs it is as it should be.
    fn enable(&self, offset: usize, bits: u32) {
        let first = (offset - ENABLE) * 8;
        for id in (0..32)
            .filter(|id| bits & 1 << id != 0)
            .map(|id| first + id)
        {
            let byte = |array| self.word(array + id / 4 * 4).to_ne_bytes()[id % 4];
            assert_eq!(byte(PRIORITIES), PRIORITY, "priority of {id}");
            assert_eq!(self.word(DISABLE + id / 32 * 4), ALL, "{id} was not off");
            assert_eq!(self.word(GROUPS + id / 32 * 4), GROUP_0, "group of {id}");
            assert!(id < 32 || byte(TARGETS).is_power_of_two(), "target of {id}");
            assert!(id < self.lines as usize, "{id} does not exist");
        }
        self.put(offset, self.word(offset) | bits);
    }

    fn write_distributor(&self, offset: usize, value: u32) {
        match offset {
            GROUPS..ENABLE if self.view == View::NotSecure => {}
            ENABLE..DISABLE => self.enable(offset, value),
            0xf00 => self.signal(value),
            KINDS => panic!("inter-core interrupts are edges"),
            TARGETS..0x820 => panic!("the banked targets are read only"),
            _ => self.put(offset, value),
        }
    }

    fn signal(&self, value: u32) {
        let source = (self.here.get() as u32) << 10;
        for (index, core) in self.cores.borrow_mut().iter_mut().enumerate() {
            if index < 8 && value >> 16 & 1 << index != 0 {
                core.pending.push(value & 0xf | source);
            }
        }
    }

    fn read_distributor(&self, offset: usize) -> u32 {
        match offset {
            0x004 => (self.lines / 32 - 1) | (self.interfaces as u32 - 1) << 5,
            0xfe8 => 2 << 4 | 0xb,
            // Bytes of interrupts that a core does not have read as zero.
            TARGETS..0x810 | 0x818..0x820 => 0,
            0x810..0x818 if self.interfaces == 1 => 0,
            0x810..0x818 => 0x0101_0101 << (self.here.get() % self.interfaces),
            _ => self.word(offset),
        }
    }

    fn write_interface(&self, offset: usize, value: u32) {
        let kept = match self.view {
            View::Only => 0x1f | TWO_STEP_END,
            View::NotSecure => 0x61 | TWO_STEP_END,
        };
        let kept = match self.has_two_step_end {
            true => kept,
            false => kept & !TWO_STEP_END,
        };
        self.with_core(|core| match offset {
            0x000 => core.control = value & kept,
            // A mask in the secure half is out of the other view's reach.
            MASK if self.view == View::NotSecure && (1..0x80).contains(&core.mask) => {}
            MASK => core.mask = value,
            0x010 => {
                assert_eq!(core.running.pop(), Some(value), "dropped out of order");
                core.active.push(value);
            }
            0x0d0..0x0f0 => assert_eq!(value, 0),
            0x1000 => {
                let found = core.active.iter().position(|&active| active == value);
                core.active
                    .remove(found.expect("what is deactivated is active and dropped"));
            }
            _ => panic!("write to {offset:#x} of the interface"),
        });
    }

    fn read_interface(&self, offset: usize) -> u32 {
        self.with_core(|core| match offset {
            0x000 => core.control,
            0x0fc => 2 << 16,
            MASK if self.view == View::NotSecure && core.mask < 0x80 => 0,
            MASK => core.mask,
            0x00c if core.pending.is_empty() => SPURIOUS,
            0x00c => {
                let taken = core.pending.remove(0);
                core.running.push(taken);
                taken
            }
            _ => panic!("read of {offset:#x} of the interface"),
        })
    }
}

/// The first word of each bit array, and the first eight of each byte array.
pub(super) fn is_banked(offset: usize) -> bool {
    match offset {
        0..PRIORITIES => offset >= GROUPS && offset.is_multiple_of(0x80),
        PRIORITIES..KINDS => offset % 0x400 < 0x20,
        KINDS..0xf00 => offset - KINDS < 8,
        _ => false,
    }
}

#[derive(Clone, Copy)]
pub(super) enum Part {
    Distributor,
    Interface,
}

#[derive(Clone, Copy)]
pub(super) struct Port<'a>(pub(super) &'a Model, pub(super) Part);

impl Block for Port<'_> {
    fn read_word(&self, offset: usize) -> u32 {
        match self.1 {
            Part::Distributor => self.0.read_distributor(offset),
            Part::Interface => self.0.read_interface(offset),
        }
    }

    fn write_word(&self, offset: usize, value: u32) {
        match self.1 {
            Part::Distributor => self.0.write_distributor(offset, value),
            Part::Interface => self.0.write_interface(offset, value),
        }
    }
}
