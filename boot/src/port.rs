//! A serial port: where it is, which driver it wants, and the driver itself.

use girder_aarch64::ns8250::{self, Layout, Ns8250};
use girder_aarch64::page_table::PAGE;
use girder_aarch64::pl011::{self, Pl011};
use girder_core::console::{Device, Received, Wanted};
use girder_describe::{Console, ConsoleKind};

/// The name of a PL011 that identifies itself; there are subsets that do not.
const FULL_PL011: &str = "arm,pl011";

/// Where a port is, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) base: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pl011,
    /// Works like one, and need not say that it is one.
    Pl011Subset,
    Ns8250(Layout),
}

impl Place {
    /// A PL011 at `base`, perhaps.
    pub(crate) const fn pl011(base: u64) -> Self {
        let kind = Kind::Pl011;
        Self { base, kind }
    }

    /// Where the description has this port, if it is one that we drive.
    pub(crate) fn of(console: &Console) -> Option<Self> {
        let kind = match console.kind {
            ConsoleKind::Pl011 if console.compatible == FULL_PL011 => Kind::Pl011,
            ConsoleKind::Pl011 => Kind::Pl011Subset,
            ConsoleKind::Bcm2835Aux => Kind::Ns8250(Layout::MINI),
            ConsoleKind::Ns8250 => {
                Kind::Ns8250(Layout::of_8250(console.reg_shift, console.reg_io_width)?)
            }
            ConsoleKind::S5l | ConsoleKind::Unknown => return None,
        };
        let base = console.base;
        Some(Self { base, kind })
    }

    /// The pages of its registers: first address and bytes.
    pub(crate) fn pages(self) -> (u64, u64) {
        let bytes = match self.kind {
            Kind::Pl011 | Kind::Pl011Subset => pl011::SIZE,
            Kind::Ns8250(layout) => ns8250::bytes(layout),
        };
        let first = self.base & !(PAGE - 1);
        let end = self.base.saturating_add(bytes - 1) & !(PAGE - 1);
        (first, (end - first).saturating_add(PAGE))
    }

    /// True if something is there that may be this port: as much as can be found out.
    ///
    /// # Safety
    ///
    /// Reading device registers there must do no harm.
    pub(crate) unsafe fn answers(self) -> bool {
        let base = self.base as usize;
        // SAFETY: the caller's promise.
        unsafe {
            match self.kind {
                Kind::Pl011 => Pl011::is_at(base),
                Kind::Pl011Subset => Pl011::is_at(base) || Pl011::may_be_at(base),
                Kind::Ns8250(layout) => Ns8250::may_be_at(base, layout),
            }
        }
    }

    /// Takes the port over, polled.
    ///
    /// # Safety
    ///
    /// The port is there, its pages are mapped as device memory for ever, and nobody else drives it.
    pub(crate) unsafe fn open(self) -> Option<Port> {
        let base = self.base as usize;
        // SAFETY: the caller's promise.
        unsafe {
            match self.kind {
                Kind::Pl011 | Kind::Pl011Subset => Pl011::new(base).map(Port::Pl011),
                Kind::Ns8250(layout) => Ns8250::new(base, layout).map(Port::Ns8250),
            }
        }
    }

    /// True if the port has FIFOs that firmware may have left off.
    pub(crate) fn has_fifos(self) -> bool {
        match self.kind {
            // SAFETY: a port is there, and reading its identification does no harm. A subset of a
            // PL011, which has none, has no such setting either.
            Kind::Pl011 | Kind::Pl011Subset => unsafe { Pl011::is_at(self.base as usize) },
            Kind::Ns8250(_) => true,
        }
    }
}

/// A port that we drive.
pub(crate) enum Port {
    Pl011(Pl011),
    Ns8250(Ns8250),
}

impl Port {
    pub(crate) fn enable_fifos(&mut self) {
        match self {
            Self::Pl011(device) => device.enable_fifos(),
            Self::Ns8250(device) => device.enable_fifos(),
        }
    }
}

impl Device for Port {
    fn try_send(&mut self, byte: u8) -> bool {
        match self {
            Self::Pl011(device) => device.try_send(byte),
            Self::Ns8250(device) => device.try_send(byte),
        }
    }

    fn is_sending(&self) -> bool {
        match self {
            Self::Pl011(device) => device.is_sending(),
            Self::Ns8250(device) => device.is_sending(),
        }
    }

    fn receive(&mut self) -> Option<Received> {
        let received = match self {
            Self::Pl011(device) => device.receive(),
            Self::Ns8250(device) => device.receive(),
        };
        received.map(|received| match received {
            pl011::Received::Byte(byte) => Received::Byte(byte),
            pl011::Received::Damaged => Received::Damaged,
        })
    }

    fn take_overrun(&mut self) -> bool {
        match self {
            Self::Pl011(device) => device.take_overrun(),
            Self::Ns8250(device) => device.take_overrun(),
        }
    }

    fn interrupt_for(&mut self, wanted: Wanted) {
        match self {
            Self::Pl011(device) => device.interrupt_for(wanted.receive, wanted.transmit),
            Self::Ns8250(device) => device.interrupt_for(wanted.receive, wanted.transmit),
        }
    }
}
