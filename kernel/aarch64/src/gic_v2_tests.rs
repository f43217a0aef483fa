//! The driver against a model of its device, which refuses what the architecture leaves open.

use super::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

const DISABLE: usize = 0x180;
const ENABLE: usize = 0x100;
const GROUPS: usize = 0x080;
const PRIORITIES: usize = 0x400;
const TARGETS: usize = 0x800;
const KINDS: usize = 0xc00;
const MASK: usize = 0x004;
const TWO_STEP_END: u32 = 1 << 9;
const SPURIOUS: u32 = 1023;
const LEFT_ALONE: u32 = 0x5a5a_5a5a;

/// Which side of the Security Extensions the kernel is on.
#[derive(Clone, Copy, PartialEq)]
enum View {
    Only,
    NotSecure,
}

/// What a core has to itself.
#[derive(Default)]
struct Core {
    banked: HashMap<usize, u32>,
    control: u32,
    mask: u32,
    pending: Vec<u32>,
    /// Acknowledged, and the priority not dropped yet.
    running: Vec<u32>,
    active: Vec<u32>,
}

struct Model {
    view: View,
    interfaces: usize,
    lines: u32,
    has_two_step_end: bool,
    here: Cell<usize>,
    shared: RefCell<HashMap<usize, u32>>,
    cores: RefCell<Vec<Core>>,
}

impl Model {
    fn new(view: View, interfaces: usize) -> Self {
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

    fn driver(&self) -> GicV2<Port<'_>> {
        let (distributor, interface) = (Port(self, Part::Distributor), Port(self, Part::Interface));
        GicV2::take_over(distributor, interface).expect("the model says that it is one")
    }

    fn with_core<R>(&self, f: impl FnOnce(&mut Core) -> R) -> R {
        f(&mut self.cores.borrow_mut()[self.here.get()])
    }

    fn word(&self, offset: usize) -> u32 {
        let shared = || self.shared.borrow().get(&offset).copied();
        self.with_core(|core| core.banked.get(&offset).copied())
            .or_else(shared)
            .unwrap_or(0)
    }

    fn put(&self, offset: usize, value: u32) {
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
fn is_banked(offset: usize) -> bool {
    match offset {
        0..PRIORITIES => offset >= GROUPS && offset.is_multiple_of(0x80),
        PRIORITIES..KINDS => offset % 0x400 < 0x20,
        KINDS..0xf00 => offset - KINDS < 8,
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Part {
    Distributor,
    Interface,
}

#[derive(Clone, Copy)]
struct Port<'a>(&'a Model, Part);

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

const TIMER: InterruptId = InterruptId(27);
const CONSOLE: InterruptId = InterruptId(33);

fn core(index: usize) -> Affinity {
    Affinity(0x100 * index as u64)
}

/// Lets the model's core run the set-up of a core.
fn enable(model: &Model, driver: &GicV2<Port<'_>>, index: usize) -> Result<(), ControllerError> {
    model.here.set(index);
    driver.enable_core(core(index), [TIMER, CONSOLE].into_iter())
}

#[test]
fn each_core_sets_its_banked_registers_up() {
    for view in [View::Only, View::NotSecure] {
        let model = Model::new(view, 4);
        let driver = model.driver();
        for index in 0..4 {
            assert_eq!(enable(&model, &driver, index), Ok(()));
            assert_eq!(model.word(ENABLE), 1 << TIMER.0 | 1 << SIGNAL);
            assert_eq!(model.word(KINDS + 4), BY_LEVEL);
            model.with_core(|core| assert_eq!(core.control, 1 | TWO_STEP_END));
        }
    }
}

#[test]
fn shared_interrupts_that_firmware_left_are_off_and_forgotten() {
    let model = Model::new(View::Only, 4);
    model.put(GROUPS + 4, ALL);
    model.put(KINDS + 8, LEFT_ALONE);
    model.put(DISABLE + 12, LEFT_ALONE);
    model.driver();
    for first in [DISABLE, 0x280, 0x380] {
        assert_eq!([4, 8].map(|n| model.word(first + n)), [ALL, ALL]);
    }
    assert_eq!(model.word(GROUPS + 4), GROUP_0);
    assert_eq!(model.word(KINDS + 8), BY_LEVEL);
    assert_eq!(model.word(DISABLE + 12), LEFT_ALONE, "beyond the last line");
}

#[test]
fn another_device_is_left_alone() {
    struct Other<'a>(Port<'a>, usize);
    impl Block for Other<'_> {
        fn read_word(&self, offset: usize) -> u32 {
            match offset == self.1 {
                true => 0xffff_ffff,
                false => self.0.read_word(offset),
            }
        }
        fn write_word(&self, offset: usize, _: u32) {
            panic!("write to {offset:#x} of something else");
        }
    }
    let model = Model::new(View::Only, 4);
    for (place, missing) in [(0xfe8, DISTRIBUTOR), (0x0fc, INTERFACE)] {
        let [distributor, interface] =
            [Part::Distributor, Part::Interface].map(|part| Other(Port(&model, part), place));
        let answer = GicV2::take_over(distributor, interface);
        assert_eq!(answer.err(), Some(missing));
    }
}

#[test]
fn a_shared_interrupt_goes_to_the_core_that_asks() {
    let model = Model::new(View::Only, 4);
    let driver = model.driver();
    for index in 0..3 {
        assert_eq!(enable(&model, &driver, index), Ok(()));
    }
    assert_eq!(driver.enable_shared(CONSOLE, core(2)), Ok(()));
    assert_eq!(model.word(TARGETS + 32), 1 << 2 << 8);
    assert_eq!(model.word(ENABLE + 4), 1 << 1);
    let stranger = driver.enable_shared(CONSOLE, core(3));
    assert_eq!(stranger, Err(ControllerError::OutOfReach(core(3))));
}

#[test]
fn an_interrupt_beyond_the_last_line_is_told() {
    let model = Model::new(View::Only, 4);
    let driver = model.driver();
    assert_eq!(enable(&model, &driver, 0), Ok(()));
    for id in [96, 1019, 1020, 1023, 4096].map(InterruptId) {
        let answer = driver.enable_shared(id, core(0));
        assert_eq!(answer, Err(ControllerError::NoSuchInterrupt(id)));
    }
}

#[test]
fn a_signal_reaches_its_core_alone_and_ends_with_its_senders_name() {
    let model = Model::new(View::NotSecure, 8);
    let driver = model.driver();
    for index in 0..8 {
        assert_eq!(enable(&model, &driver, index), Ok(()));
    }
    model.here.set(5);
    driver.signal(core(7));
    for index in 0..8 {
        model.here.set(index);
        let expected = (index == 7).then_some(Taken::Signal);
        assert_eq!(driver.acknowledge(), expected);
        assert_eq!(driver.acknowledge(), None);
        model.with_core(|core| assert!(core.active.is_empty() && core.running.is_empty()));
    }
}

#[test]
fn nobody_is_signalled_before_it_has_its_interface() {
    let model = Model::new(View::Only, 2);
    let driver = model.driver();
    assert_eq!(enable(&model, &driver, 0), Ok(()));
    driver.signal(core(1));
    assert!(
        model
            .cores
            .borrow()
            .iter()
            .all(|core| core.pending.is_empty())
    );
}

#[test]
fn a_device_stays_active_until_it_is_completed() {
    let model = Model::new(View::Only, 1);
    let driver = model.driver();
    assert_eq!(enable(&model, &driver, 0), Ok(()));
    model.with_core(|core| core.pending = vec![TIMER.0, CONSOLE.0]);
    assert_eq!(driver.acknowledge(), Some(Taken::Device(TIMER)));
    assert_eq!(driver.acknowledge(), Some(Taken::Device(CONSOLE)));
    model.with_core(|core| assert_eq!(core.active, [TIMER.0, CONSOLE.0]));
    driver.complete(TIMER);
    model.with_core(|core| assert_eq!(core.active, [CONSOLE.0]));
}

#[test]
fn numbers_that_are_no_interrupts_are_neither_dropped_nor_ended() {
    let model = Model::new(View::Only, 1);
    let driver = model.driver();
    for id in SPECIAL {
        model.with_core(|core| core.pending = vec![id]);
        assert_eq!(driver.acknowledge(), None);
        model.with_core(|core| assert!(core.active.is_empty()));
    }
}

#[test]
fn what_nobody_asked_for_is_turned_off() {
    let model = Model::new(View::Only, 1);
    let driver = model.driver();
    assert_eq!(enable(&model, &driver, 0), Ok(()));
    model.with_core(|core| core.pending = vec![70]);
    assert_eq!(driver.acknowledge(), Some(Taken::Device(InterruptId(70))));
    driver.disable(InterruptId(70));
    model.with_core(|core| assert!(core.active.is_empty()));
    assert_eq!(model.word(DISABLE + 8), 1 << (70 - 64));
}

#[test]
fn a_lone_core_needs_no_target_bits() {
    let model = Model::new(View::Only, 1);
    let driver = model.driver();
    assert_eq!(enable(&model, &driver, 0), Ok(()));
    driver.signal(core(0));
    assert_eq!(driver.acknowledge(), Some(Taken::Signal));
}

#[test]
fn a_core_without_an_interface_of_its_own_is_told() {
    let model = Model::new(View::Only, 8);
    let driver = model.driver();
    for index in 0..8 {
        assert_eq!(enable(&model, &driver, index), Ok(()));
    }
    let ninth = enable(&model, &driver, 8);
    assert_eq!(ninth, Err(ControllerError::NoInterfaceLeft(core(8))));
    // The core that has it may ask again.
    assert_eq!(enable(&model, &driver, 3), Ok(()));
}

#[test]
fn an_interface_that_ends_in_one_step_is_told() {
    let mut model = Model::new(View::Only, 1);
    model.has_two_step_end = false;
    let driver = model.driver();
    let answer = enable(&model, &driver, 0);
    assert_eq!(answer, Err(ControllerError::NoTwoStepEnd));
}

#[test]
fn a_mask_that_firmware_keeps_is_told() {
    const SECURE_HALF: u32 = 0x40;
    let model = Model::new(View::NotSecure, 1);
    model.with_core(|core| core.mask = SECURE_HALF);
    let driver = model.driver();
    assert_eq!(enable(&model, &driver, 0), Err(ControllerError::Masked));
}
