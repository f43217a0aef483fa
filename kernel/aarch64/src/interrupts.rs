//! From interrupt numbers to bits of the status word.
//!
//! A handler acknowledges what is pending, turns each number into the cause it stands for, and is
//! done (spec, first law). The interrupt stays *active* at the controller, which keeps it from
//! being signalled again, until the loop has served the cause and calls [`complete`]. So nothing
//! has to be masked at the devices, and the same shape serves controllers that mask by themselves.

use crate::core_block::{CoreBlock, count};
use crate::cpu::Affinity;
use crate::gic_set_up::Unresponsive;
use crate::gic_v3::{self, GicV3};
use spin::Once;

/// The number of an interrupt at the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InterruptId(pub u32);

impl InterruptId {
    /// The inter-core interrupt that says "look at your status word".
    pub const SIGNAL: Self = Self(0);
}

/// What an interrupt means to the loop.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The number.
    pub id: InterruptId,
    /// The bits of the status word.
    pub causes: u32,
}

/// Why the controller can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerError {
    /// Nothing at this address identifies itself as a distributor.
    NoDistributor(usize),
    /// No redistributor carries this core's affinity.
    NoRedistributor(Affinity),
    /// The device did not become ready in bounded time.
    Unresponsive(&'static str),
    /// The core has no system-register interface to the controller.
    NoCpuInterface,
}

impl core::fmt::Display for ControllerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoDistributor(base) => write!(f, "no GICv3 distributor at {base:#x}"),
            Self::NoRedistributor(affinity) => {
                write!(f, "no redistributor for core {:#x}", affinity.0)
            }
            Self::Unresponsive(part) => write!(f, "interrupt controller: {part} does not answer"),
            Self::NoCpuInterface => f.write_str("no system registers for the interrupt controller"),
        }
    }
}

impl From<Unresponsive> for ControllerError {
    fn from(Unresponsive(part): Unresponsive) -> Self {
        Self::Unresponsive(part)
    }
}

/// Interrupts taken in one handler at most. More than a machine has at a time are a fault of its
/// own, and the loop must get its turn.
const BATCH: usize = 64;
/// Timer and console; a board has no more that we drive.
const ROUTES: usize = 2;

struct Interrupts {
    controller: GicV3,
    /// Without a console, the second has no causes, and the number of the first.
    routes: [Route; ROUTES],
}

impl Interrupts {
    /// What an interrupt of this number means, if anything.
    #[inline(always)]
    fn causes_of(&self, id: InterruptId) -> Option<u32> {
        let [timer, console] = &self.routes;
        match id {
            _ if id == timer.id => Some(timer.causes),
            _ if id == console.id => Some(console.causes),
            _ => None,
        }
    }

    /// Whoever raises it will not be served, so it would come again at once.
    #[cold]
    #[inline(never)]
    fn refuse(&self, id: InterruptId, core: &CoreBlock) {
        self.controller.disable(id, core.affinity());
        count(&core.counters().spurious);
        self.controller.complete(id);
    }
}

static INTERRUPTS: Once<Interrupts> = Once::new();

/// Takes charge of the controller; the boot core calls it once, before [`enable_on_this_core`].
pub fn install(controller: GicV3, timer: Route, console: Option<Route>) {
    let none = Route { causes: 0, ..timer };
    INTERRUPTS.call_once(|| Interrupts {
        controller,
        routes: [timer, console.unwrap_or(none)],
    });
}

/// Sets this core's part of the controller up and lets its own interrupts through.
pub fn enable_on_this_core() -> Result<(), ControllerError> {
    let Some(interrupts) = INTERRUPTS.get() else {
        return Err(ControllerError::Unresponsive("nothing"));
    };
    let private = interrupts.routes.iter().map(|route| route.id);
    interrupts
        .controller
        .enable_core(Affinity::of_this_core(), private)
}

/// Sends the shared interrupts that have a route to this core.
pub fn route_shared_here() {
    if let Some(interrupts) = INTERRUPTS.get() {
        for route in &interrupts.routes {
            interrupts
                .controller
                .enable_shared(route.id, Affinity::of_this_core());
        }
    }
}

/// Takes everything that is pending and returns what it means.
pub(crate) fn acknowledge(core: &CoreBlock) -> u32 {
    let Some(interrupts) = INTERRUPTS.get() else {
        return 0;
    };
    let mut causes = 0;
    for id in (0..BATCH).map_while(|_| interrupts.controller.acknowledge()) {
        if id == InterruptId::SIGNAL {
            // The word itself says why: whoever signals has rung it before.
            interrupts.controller.complete(id);
        } else if let Some(of_route) = interrupts.causes_of(id) {
            causes |= of_route;
        } else {
            interrupts.refuse(id, core);
        }
    }
    causes
}

/// Lets the interrupts behind `causes` be signalled again; the loop calls it on the core that took
/// them, once they are served.
pub fn complete(causes: u32) {
    if let Some(interrupts) = INTERRUPTS.get() {
        for route in &interrupts.routes {
            if route.causes & causes != 0 {
                interrupts.controller.complete(route.id);
            }
        }
    }
}

/// True if each core has an interrupt of this number for a device of its own.
pub fn is_private(id: InterruptId) -> bool {
    (gic_v3::FIRST_PRIVATE..gic_v3::FIRST_SHARED).contains(&id.0)
}

/// Makes the core with this affinity look at its status word.
pub fn signal(affinity: Affinity) {
    if let Some(interrupts) = INTERRUPTS.get() {
        interrupts.controller.signal(affinity, InterruptId::SIGNAL);
    }
}
