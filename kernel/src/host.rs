//! What stands in for the machine on a host, where applications are compiled and never run.

use core::fmt;
use girder_core::departure::{Ask, Full};
use girder_lockfree::process::Pid;

pub(crate) fn print(text: fmt::Arguments<'_>) {
    std::print!("{text}");
}

pub(crate) async fn read_byte() -> u8 {
    only_on_the_machine()
}

pub(crate) fn exit(_: fmt::Arguments<'_>) -> ! {
    only_on_the_machine()
}

pub(crate) fn enter_departure(_: Pid, _: Ask) -> Result<(), Full> {
    only_on_the_machine()
}

pub(crate) async fn power_off() -> ! {
    only_on_the_machine()
}

/// Names of processes that are not there.
pub(crate) mod names {
    use super::only_on_the_machine;
    use girder_core::info::Info;
    use girder_core::names::{Name, NameError, Reservation};
    use girder_lockfree::process::Pid;

    pub(crate) fn register(_: Name, _: Pid) -> Result<(), NameError> {
        only_on_the_machine()
    }

    pub(crate) fn unregister(_: Name) -> Option<Pid> {
        only_on_the_machine()
    }

    pub(crate) fn whereis(_: Name) -> Option<Pid> {
        only_on_the_machine()
    }

    pub(crate) fn reserve(_: Name, _: Pid) -> Result<Reservation, NameError> {
        only_on_the_machine()
    }

    pub(crate) fn settle(_: Name, _: Reservation, _: Pid) {
        only_on_the_machine()
    }

    pub(crate) fn give_up(_: Name, _: Reservation) {
        only_on_the_machine()
    }

    pub(crate) fn info(_: Pid) -> Option<Info> {
        only_on_the_machine()
    }
}

fn only_on_the_machine() -> ! {
    panic!("there are processes only on the machine")
}
