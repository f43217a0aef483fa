//! The driver against a model of both controllers.

use super::*;
use std::cell::{Cell, RefCell};

const TIMER: InterruptId = InterruptId(3);
const CONSOLE: InterruptId = InterruptId(FIRST_SHARED + 2 * 32 + 25);
const HERE: usize = 2;

/// A timer that has fired keeps its line up; masks decide who hears of it.
#[derive(Default)]
struct Model {
    timers: [Cell<u32>; CORES],
    timer_masks: [Cell<u32>; CORES],
    mailbox_masks: [Cell<u32>; CORES],
    mailboxes: [[Cell<u32>; 4]; CORES],
    routing: Cell<u32>,
    /// Lines of the peripherals, and which of them are enabled, by bank.
    lines: [Cell<u32>; 3],
    enabled: [Cell<u32>; 3],
    others_off: RefCell<Vec<usize>>,
    forgets: bool,
}

struct Local<'a>(&'a Model);
struct Shared<'a>(&'a Model);

impl Model {
    fn driver(&self) -> Bcm2836<Port<'_>> {
        let shared = Port::Shared(Shared(self));
        Bcm2836::take_over(Port::Local(Local(self)), Some(shared))
    }

    fn pending(&self, bank: usize) -> u32 {
        self.lines[bank].get() & self.enabled[bank].get()
    }

    fn source(&self, core: usize, is_fiq: bool) -> u32 {
        let mask = self.timer_masks[core].get();
        let mask = if is_fiq { mask >> 4 } else { mask & 0xf };
        let timers = self.timers[core].get() & mask;
        let is_full = |mailbox: &usize| self.mailboxes[core][*mailbox].get() != 0;
        let wanted = |mailbox: &usize| self.mailbox_masks[core].get() & 1 << mailbox != 0;
        let full = (0..4).filter(is_full).filter(wanted);
        let mailboxes = full.fold(0, |bits, mailbox| bits | 1 << (4 + mailbox));
        let has_shared = self.routing.get() as usize == core;
        let shared = (0..3).any(|bank| has_shared && self.pending(bank) != 0);
        if is_fiq {
            return timers;
        }
        timers | mailboxes | u32::from(shared) << 8
    }
}

enum Port<'a> {
    Local(Local<'a>),
    Shared(Shared<'a>),
}

impl Block for Port<'_> {
    fn read_word(&self, offset: usize) -> u32 {
        match self {
            Self::Local(Local(model)) => {
                let core = offset / 4 % 4;
                match offset {
                    0x40..0x50 if model.forgets => 0,
                    0x40..0x50 => model.timer_masks[core].get(),
                    0x50..0x60 => model.mailbox_masks[core].get(),
                    0x60..0x70 => model.source(core, false),
                    0x70..0x80 => model.source(core, true),
                    _ => panic!("read of {offset:#x}"),
                }
            }
            // Bank 0 sums the others up in its upper bits.
            Self::Shared(Shared(model)) => match offset {
                0 => model.pending(0) | u32::from(model.pending(1) | model.pending(2) != 0) << 8,
                4 | 8 => model.pending(offset / 4),
                _ => panic!("read of {offset:#x} behind"),
            },
        }
    }

    fn write_word(&self, offset: usize, value: u32) {
        match self {
            Self::Local(Local(model)) => {
                let core = offset / 4 % 4;
                match offset {
                    0x0c => model.routing.set(value),
                    0x14 | 0x30 | 0x34 => model.others_off.borrow_mut().push(offset),
                    0x40..0x50 => model.timer_masks[core].set(value),
                    0x50..0x60 => model.mailbox_masks[core].set(value),
                    0x80..0xc0 => {
                        let mailbox = &model.mailboxes[(offset - 0x80) / 16][core];
                        mailbox.set(mailbox.get() | value);
                    }
                    0xc0..0x100 => {
                        let mailbox = &model.mailboxes[(offset - 0xc0) / 16][core];
                        mailbox.set(mailbox.get() & !value);
                    }
                    _ => panic!("write to {offset:#x}"),
                }
            }
            Self::Shared(Shared(model)) => {
                let change = |bank: usize, f: fn(u32, u32) -> u32| {
                    model.enabled[bank].set(f(model.enabled[bank].get(), value));
                };
                match offset {
                    0x0c => assert_eq!(value, 0, "nothing of the peripherals is FIQ"),
                    0x10 | 0x14 => change((offset - 0x0c) / 4, |old, new| old | new),
                    0x18 => change(0, |old, new| old | new),
                    0x1c | 0x20 => change((offset - 0x18) / 4, |old, new| old & !new),
                    0x24 => change(0, |old, new| old & !new),
                    _ => panic!("write to {offset:#x} behind"),
                }
            }
        }
    }
}

fn core(number: usize) -> Affinity {
    Affinity(number as u64)
}

fn enable_all(driver: &Bcm2836<Port<'_>>) {
    for number in 0..CORES {
        let wanted = [TIMER, CONSOLE].into_iter();
        assert_eq!(driver.enable_core(core(number), wanted), Ok(()));
    }
}

#[test]
fn what_firmware_left_is_off() {
    let model = Model::default();
    (0..3).for_each(|bank| model.enabled[bank].set(ALL));
    (0..CORES).for_each(|core| model.timer_masks[core].set(0xff));
    (0..CORES).for_each(|core| model.mailbox_masks[core].set(0xff));
    model.driver();
    assert!(model.enabled.iter().all(|bank| bank.get() == 0));
    assert!(model.timer_masks.iter().all(|mask| mask.get() == 0));
    assert!(model.mailbox_masks.iter().all(|mask| mask.get() == 0));
    assert_eq!(*model.others_off.borrow(), [0x14, 0x30, 0x34]);
}

#[test]
fn a_core_forgets_what_was_sent_before_it_listens() {
    let model = Model::default();
    model.mailboxes[HERE][0].set(7);
    let driver = model.driver();
    enable_all(&driver);
    assert_eq!(driver.acknowledge(core(HERE)), None);
}

#[test]
fn a_timer_is_masked_until_it_is_completed() {
    let model = Model::default();
    let driver = model.driver();
    enable_all(&driver);
    model.timers[HERE].set(1 << TIMER.0);
    assert_eq!(driver.acknowledge(core(HERE)), Some(Taken::Device(TIMER)));
    assert_eq!(driver.acknowledge(core(HERE)), None);
    driver.complete(TIMER, core(HERE));
    assert_eq!(driver.acknowledge(core(HERE)), Some(Taken::Device(TIMER)));
}

#[test]
fn a_timer_that_is_not_wanted_is_not_heard() {
    let model = Model::default();
    let driver = model.driver();
    enable_all(&driver);
    model.timers[HERE].set(0b0111);
    assert_eq!(driver.acknowledge(core(HERE)), None);
}

#[test]
fn another_cores_timer_stays_as_it_is() {
    let model = Model::default();
    let driver = model.driver();
    enable_all(&driver);
    model.timers.iter().for_each(|timers| timers.set(ALL & 0xf));
    assert_eq!(driver.acknowledge(core(0)), Some(Taken::Device(TIMER)));
    assert_eq!(driver.acknowledge(core(1)), Some(Taken::Device(TIMER)));
}

#[test]
fn a_signal_reaches_its_core_once() {
    let model = Model::default();
    let driver = model.driver();
    enable_all(&driver);
    driver.signal(core(HERE));
    driver.signal(core(HERE));
    for number in 0..CORES {
        let expected = (number == HERE).then_some(Taken::Signal);
        assert_eq!(driver.acknowledge(core(number)), expected);
        assert_eq!(driver.acknowledge(core(number)), None);
    }
}

#[test]
fn the_console_goes_to_the_core_that_asks_and_waits_for_completion() {
    let model = Model::default();
    let driver = model.driver();
    enable_all(&driver);
    assert_eq!(driver.enable_shared(CONSOLE, core(HERE)), Ok(()));
    model.lines[2].set(1 << 25);
    assert_eq!(driver.acknowledge(core(0)), None);
    assert_eq!(driver.acknowledge(core(HERE)), Some(Taken::Device(CONSOLE)));
    assert_eq!(driver.acknowledge(core(HERE)), None);
    driver.complete(CONSOLE, core(HERE));
    assert_eq!(driver.acknowledge(core(HERE)), Some(Taken::Device(CONSOLE)));
}

#[test]
fn every_bank_has_its_own_numbers() {
    let model = Model::default();
    let driver = model.driver();
    enable_all(&driver);
    for (bank, number) in [(0, 3), (1, 29), (2, 0)] {
        let id = InterruptId(FIRST_SHARED + 32 * bank as u32 + number);
        assert_eq!(driver.enable_shared(id, core(HERE)), Ok(()));
        model.lines[bank].set(1 << number);
        assert_eq!(driver.acknowledge(core(HERE)), Some(Taken::Device(id)));
    }
}

#[test]
fn an_interrupt_that_is_nowhere_is_told() {
    let model = Model::default();
    let driver = model.driver();
    for id in [8, 31, 128, ALL].map(InterruptId) {
        let answer = driver.enable_shared(id, core(0));
        assert_eq!(answer, Err(ControllerError::NoSuchInterrupt(id)));
    }
    let alone = Bcm2836::take_over(Port::Local(Local(&model)), None);
    let answer = alone.enable_shared(CONSOLE, core(0));
    assert_eq!(answer, Err(ControllerError::NoSuchInterrupt(CONSOLE)));
}

#[test]
fn a_core_that_it_does_not_know_is_told() {
    let model = Model::default();
    let driver = model.driver();
    for stranger in [4, 0x100].map(Affinity) {
        let answer = driver.enable_core(stranger, [TIMER].into_iter());
        assert_eq!(answer, Err(ControllerError::OutOfReach(stranger)));
    }
}

#[test]
fn a_device_that_keeps_nothing_is_told() {
    let model = Model {
        forgets: true,
        ..Model::default()
    };
    let answer = model.driver().enable_core(core(0), [TIMER].into_iter());
    let error = ControllerError::Unresponsive("local interrupt controller");
    assert_eq!(answer, Err(error));
}
