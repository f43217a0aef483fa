//! The driver against memory that does as a device.

use super::*;

const READY: u32 = 1;
const OVERRUN: u32 = 1 << 1;
const ROOM: u32 = 1 << 5;
const IDLE: u32 = 1 << 6;

const WORDS: Layout = Layout {
    shift: 2,
    width: Width::Word,
    transmitter: Transmitter::Whole,
};

type Memory = [ReadWrite<u32>; 8];

/// Eight registers that remember what is written and change nothing by themselves.
fn device(layout: Layout, values: &[(usize, u32)]) -> (Ns8250, &'static Memory) {
    let mut memory = Box::new([0_u32; 8]);
    for &(register, value) in values {
        memory[register] = value;
    }
    // SAFETY: a cell of a word is a word, and the memory is given away for ever.
    let memory = unsafe { &*Box::leak(memory).as_ptr().cast::<Memory>() };
    // SAFETY: memory does as a device here, and only this test knows of it.
    let device = unsafe { Ns8250::new(memory.as_ptr() as usize, layout) };
    (device.expect("the address is good"), memory)
}

#[test]
fn a_byte_is_sent_where_there_is_room() {
    let (mut device, memory) = device(WORDS, &[(LINE_STATUS, ROOM)]);
    assert!(device.try_send(b'x'));
    assert_eq!(memory[DATA].get(), b'x'.into());
}

#[test]
fn a_full_transmitter_takes_no_byte() {
    let (mut device, memory) = device(WORDS, &[]);
    assert!(!device.try_send(b'x'));
    assert_eq!(memory[DATA].get(), 0);
}

#[test]
fn an_empty_fifo_takes_sixteen_bytes_before_it_is_asked_again() {
    let fifos_on = 0xc1;
    let (mut device, memory) = device(WORDS, &[(LINE_STATUS, ROOM), (INTERRUPT_STATE, fifos_on)]);
    device.enable_fifos();
    assert!(device.try_send(b'x'));
    memory[LINE_STATUS].set(0);
    assert_eq!((1..20).filter(|_| device.try_send(b'x')).count(), 15);
}

#[test]
fn the_mini_uart_is_asked_before_every_byte() {
    let fifos_on = 0xc1;
    let values = [(LINE_STATUS, ROOM), (INTERRUPT_STATE, fifos_on)];
    let (mut device, memory) = device(Layout::MINI, &values);
    device.enable_fifos();
    assert!(device.try_send(b'x'));
    memory[LINE_STATUS].set(0);
    assert!(!device.try_send(b'y'));
}

#[test]
fn fifos_that_are_off_are_switched_on() {
    let (mut device, memory) = device(WORDS, &[(INTERRUPT_STATE, 1)]);
    device.enable_fifos();
    assert_eq!(memory[FIFO_CONTROL].get(), 1);
}

#[test]
fn a_byte_from_before_the_fifos_is_kept() {
    let values = [(INTERRUPT_STATE, 1), (LINE_STATUS, READY), (DATA, 0x41)];
    let (mut device, memory) = device(WORDS, &values);
    device.enable_fifos();
    memory[LINE_STATUS].set(0);
    assert_eq!(device.receive(), Some(Received::Byte(0x41)));
    assert_eq!(device.receive(), None);
}

#[test]
fn a_byte_is_fetched_when_one_is_there() {
    let (mut device, memory) = device(WORDS, &[(DATA, 0x41)]);
    assert_eq!(device.receive(), None);
    memory[LINE_STATUS].set(READY);
    assert_eq!(device.receive(), Some(Received::Byte(0x41)));
}

#[test]
fn a_byte_with_an_error_is_damaged_and_the_next_is_not() {
    for bit in [2, 3, 4] {
        let (mut device, memory) = device(WORDS, &[(LINE_STATUS, READY | 1 << bit), (DATA, 0x41)]);
        assert_eq!(device.receive(), Some(Received::Damaged));
        memory[LINE_STATUS].set(READY);
        assert_eq!(device.receive(), Some(Received::Byte(0x41)));
    }
}

#[test]
fn an_error_that_a_writer_saw_is_not_forgotten() {
    let (mut device, memory) = device(WORDS, &[(LINE_STATUS, READY | ROOM | OVERRUN | 1 << 3)]);
    assert!(device.try_send(b'x'));
    // The device has forgotten it by now.
    memory[LINE_STATUS].set(READY);
    assert_eq!(device.receive(), Some(Received::Damaged));
    assert!(device.take_overrun());
    assert!(!device.take_overrun());
}

#[test]
fn interrupts_are_for_what_was_asked_and_off_at_first() {
    let (mut device, memory) = device(WORDS, &[(INTERRUPT_ENABLE, 0xf)]);
    assert_eq!(memory[INTERRUPT_ENABLE].get(), 0);
    for (receive, transmit, enabled) in [
        (true, false, 0b1101),
        (false, true, 0b0010),
        (true, true, 0b1111),
        (false, false, 0),
    ] {
        device.interrupt_for(receive, transmit);
        assert_eq!(
            memory[INTERRUPT_ENABLE].get(),
            enabled,
            "{receive} {transmit}"
        );
    }
}

#[test]
fn it_is_sending_until_all_has_left() {
    let (device, memory) = device(WORDS, &[(LINE_STATUS, ROOM)]);
    assert!(device.is_sending());
    memory[LINE_STATUS].set(ROOM | IDLE);
    assert!(!device.is_sending());
}

#[test]
fn registers_may_be_bytes_side_by_side() {
    let memory = Box::leak(Box::new([0_u8; 8]));
    memory[LINE_STATUS] = (ROOM | READY) as u8;
    let layout = Layout::of_8250(0, None).expect("the usual one");
    // SAFETY: memory does as a device here, and only this test knows of it.
    let device = unsafe { Ns8250::new(memory.as_ptr() as usize, layout) };
    let mut device = device.expect("the address is good");
    assert!(device.try_send(b'x'));
    assert_eq!(device.receive(), Some(Received::Byte(b'x')));
}

#[test]
fn what_no_port_can_be_is_refused() {
    assert_eq!(Layout::of_8250(5, None), None);
    assert_eq!(Layout::of_8250(0, Some(4)), None);
    assert_eq!(Layout::of_8250(2, Some(8)), None);
    for base in [0, 2] {
        // SAFETY: nothing is accessed at these.
        assert!(unsafe { Ns8250::new(base, WORDS) }.is_none());
    }
}
