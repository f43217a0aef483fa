//! The very first console: a fault before there are vectors, tables, a heap or a description.
//!
//! `entry.s` comes here on a stack inside the file, which is there if anything is, with translation
//! off again: memory is device memory then, so there is no formatting here, only bytes one after
//! the other. A PL011 that identifies itself where a common board has one gets the words; without
//! one there is nobody to tell.

use crate::console::LIKELY;
use girder_aarch64::cpu;
use girder_core::console::Device as _;

/// Looks at a device that takes no byte, before the rest goes unsaid.
const TRIES: u32 = 1_000_000;

/// Says what is known and parks.
pub(crate) extern "C" fn early_fault(syndrome: u64, program_counter: u64, address: u64) -> ! {
    say(b"\r\nkernel crash: boot stage 0 (Entry): fault with syndrome ");
    say(&digits(syndrome));
    say(b" at ");
    say(&digits(program_counter));
    say(b", address ");
    say(&digits(address));
    say(b"\r\nend of crash dump\r\n");
    cpu::park()
}

/// Says that the boot tables can't be made, and parks.
pub(crate) fn without_tables() -> ! {
    say(b"\r\nkernel crash: boot stage 0 (Entry): the boot tables can't be made\r\nend of crash dump\r\n");
    cpu::park()
}

fn say(text: &[u8]) {
    // SAFETY: only identification registers are read, and a fault is caught. A board with something
    // else there is past harm.
    let place = LIKELY.into_iter().find(|place| unsafe { place.answers() });
    // SAFETY: a PL011 has identified itself there; without translation it is device memory. Nobody
    // else drives it yet.
    let Some(mut port) = place.and_then(|place| unsafe { place.open() }) else {
        return;
    };
    for &byte in text {
        if !(0..TRIES).any(|_| port.try_send(byte)) {
            return;
        }
    }
}

/// A number as people read syndromes and addresses.
fn digits(number: u64) -> [u8; 18] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = *b"0x0000000000000000";
    for (index, digit) in text.iter_mut().skip(2).enumerate() {
        *digit = DIGITS[(number >> (60 - 4 * index)) as usize & 0xf];
    }
    text
}
