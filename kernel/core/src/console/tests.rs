//! A port made of two queues, and what happens when either side is slow.

use super::*;
use alloc::vec::Vec;

/// A port that takes `room` bytes, and has `arrived` ones.
#[derive(Default)]
struct Port {
    room: usize,
    sent: Vec<u8>,
    arrived: VecDeque<Received>,
    has_overrun: bool,
    wanted: Wanted,
}

impl Device for Port {
    fn try_send(&mut self, byte: u8) -> bool {
        let has_room = self.room > 0;
        if has_room {
            self.room -= 1;
            self.sent.push(byte);
        }
        has_room
    }

    fn is_sending(&self) -> bool {
        false
    }

    fn receive(&mut self) -> Option<Received> {
        self.arrived.pop_front()
    }

    fn take_overrun(&mut self) -> bool {
        core::mem::take(&mut self.has_overrun)
    }

    fn interrupt_for(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }
}

fn console(room: usize) -> Buffered<Port> {
    let mut console = Buffered::new();
    console.reserve();
    console.attach(Port {
        room,
        ..Port::default()
    });
    console.enable_interrupts();
    console
}

fn port(console: &mut Buffered<Port>) -> &mut Port {
    console.device.as_mut().expect("the tests attach one")
}

fn type_in(console: &mut Buffered<Port>, count: usize) {
    let bytes = (0..count).map(|n| Received::Byte(n as u8));
    port(console).arrived.extend(bytes);
    console.serve();
}

#[test]
fn unread_input_stops_interrupting_and_stays_in_the_device() {
    let mut console = console(0);
    type_in(&mut console, INPUT - 1);
    assert!(port(&mut console).wanted.receive);
    type_in(&mut console, 3);
    assert!(!port(&mut console).wanted.receive);
    assert_eq!(port(&mut console).arrived.len(), 2);
}

#[test]
fn reading_makes_room_and_loses_nothing() {
    let mut console = console(0);
    type_in(&mut console, 3 * INPUT);
    for n in 0..3 * INPUT {
        assert_eq!(console.read(), Some((n % INPUT % 256) as u8), "byte {n}");
    }
    assert_eq!(console.read(), None);
    assert!(port(&mut console).wanted.receive);
    assert_eq!(console.damaged(), 0);
}

/// It came while somebody looked: fetched, it would have no interrupt any more, and nobody would be woken for it.
#[test]
fn what_no_interrupt_has_told_of_is_read_at_once() {
    let mut console = console(0);
    assert_eq!(console.read(), None);
    let bytes = [7, 8].map(Received::Byte);
    port(&mut console).arrived.extend(bytes);
    assert_eq!(console.read(), Some(7));
    assert!(console.has_input());
    assert_eq!((console.read(), console.read()), (Some(8), None));
}

#[test]
fn each_loss_of_input_is_counted() {
    let mut console = console(0);
    port(&mut console).arrived.push_back(Received::Damaged);
    port(&mut console).has_overrun = true;
    console.serve();
    console.serve();
    assert_eq!(console.damaged(), 2);
}

#[test]
fn the_device_interrupts_for_room_while_output_waits() {
    let mut console = console(3);
    assert_eq!(console.accept(b"ab\n"), Wait::Done);
    assert_eq!(port(&mut console).sent, b"ab\r");
    assert!(port(&mut console).wanted.transmit);
    port(&mut console).room = 9;
    console.serve();
    assert_eq!(port(&mut console).sent, b"ab\r\n");
    assert!(!port(&mut console).wanted.transmit);
}

#[test]
fn a_stuck_device_holds_nobody_for_ever_and_the_loss_is_told() {
    let mut console = console(0);
    let mut looks = 0;
    for _ in 0..2 * OUTPUT / 4 {
        while console.accept(b"abc\n") == Wait::Goes {
            looks += 1;
        }
    }
    assert!((1..PATIENCE).contains(&looks), "{looks}");
    assert_eq!(console.flush(), Wait::Done);
    port(&mut console).room = usize::MAX;
    assert_eq!(console.accept(b"back\n"), Wait::Done);
    assert_eq!(console.accept(b"again\n"), Wait::Done);
    let sent = core::str::from_utf8(&port(&mut console).sent).expect("text was written");
    assert!(sent.contains("bytes of output lost]\r\n"), "{sent}");
    assert!(sent.ends_with("again\r\n"));
}

#[test]
fn who_may_not_wait_loses_its_own_lines_and_no_others_and_the_loss_is_told() {
    let mut console = console(0);
    let line = |n: usize| alloc::format!("line {n:05}\n");
    let told = OUTPUT / (line(0).len() + 1);
    for n in 0..told + 7 {
        console.accept_or_lose(line(n).as_bytes());
    }
    port(&mut console).room = usize::MAX;
    console.serve();
    console.accept_or_lose(b"back\n");
    let sent = core::str::from_utf8(&port(&mut console).sent).expect("text was written");
    let expected: alloc::string::String = (0..told)
        .map(line)
        .chain([alloc::format!(
            "\n[{} bytes of output lost]\n",
            7 * line(0).len()
        )])
        .chain(["back\n".into()])
        .collect();
    assert_eq!(sent, expected.replace('\n', "\r\n"));
}

#[test]
fn a_slow_device_gets_everything() {
    let mut console = console(0);
    let line = [b'x'; 99];
    let mut written = 0;
    while written < 3 * OUTPUT {
        while console.accept(&line) == Wait::Goes {
            port(&mut console).room = 1;
        }
        written += line.len();
    }
    port(&mut console).room = usize::MAX;
    assert_eq!(console.flush(), Wait::Done);
    assert_eq!(port(&mut console).sent.len(), written);
}

#[test]
fn a_flush_of_a_stuck_device_ends() {
    let mut console = console(0);
    assert_eq!(console.accept(b"abc\n"), Wait::Done);
    let looks = (0..).take_while(|_| console.flush() == Wait::Goes).count();
    assert!(looks < PATIENCE as usize);
}

#[test]
fn without_a_device_the_newest_output_is_kept() {
    let mut console = Buffered::<Port>::new();
    console.reserve();
    for n in 0..OUTPUT {
        assert_eq!(console.accept(&[n as u8]), Wait::Done);
    }
    assert_eq!(console.accept(b"last\n"), Wait::Done);
    let kept: Vec<u8> = core::iter::from_fn(|| console.take_output()).collect();
    assert!(kept.len() <= OUTPUT && kept.ends_with(b"last\r\n"));
}

#[test]
fn full_rings_have_never_grown() {
    let mut console = console(0);
    let capacities = (console.output.capacity(), console.input.capacity());
    type_in(&mut console, 2 * INPUT);
    while console.accept(b"abc\n") == Wait::Done {}
    assert_eq!(
        capacities,
        (console.output.capacity(), console.input.capacity())
    );
}
