//! The driver against a model of its device.

use super::model::*;
use super::*;

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
