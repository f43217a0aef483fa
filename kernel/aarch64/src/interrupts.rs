//! From interrupt numbers to bits of the status word.
//!
//! A handler acknowledges what is pending, turns each number into the cause it stands for, and is
//! done (spec, first law). The interrupt stays *active* at the controller, which keeps it from
//! being signalled again, until the loop has served the cause and calls [`complete`]. So nothing
//! has to be masked at the devices, and the same shape serves controllers that mask by themselves.
//!
//! Which controller it is, the machine's description says. The set is closed, so it is an enum, and what
//! is asked of each is this: set up this core, route a shared interrupt, acknowledge, complete,
//! disable, signal a core.

use crate::bcm2836::Bcm2836;
use crate::core_block::{CoreBlock, count};
use crate::cpu::{self, Affinity};
use crate::gic_v2::GicV2;
use crate::gic_v3::GicV3;
use crate::monitor;
use crate::relax::Once;

use crate::controller::Taken;
pub use crate::controller::{ControllerError, InterruptId, Region};

/// What an interrupt means to the loop.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The number.
    pub id: InterruptId,
    /// The bits of the status word.
    pub causes: u32,
}

/// The controllers that we drive.
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
pub enum Controller {
    /// Memory-mapped, for eight cores at most.
    GicV2(GicV2),
    /// With system registers, for any number; version 4 as well.
    GicV3(GicV3),
    /// Raspberry Pi 3.
    Bcm2836(Bcm2836),
}

/// Interrupts taken in one handler at most. More than a machine has at a time are a fault of its
/// own, and the loop must get its turn.
const BATCH: usize = 64;
/// Timer and console; a board has no more that we drive.
const ROUTES: usize = 2;

struct Interrupts {
    controller: Controller,
    /// Without a console, the second has no causes, and the number of the first.
    routes: [Route; ROUTES],
}

impl Interrupts {
    /// What it means that this was taken.
    #[inline(always)]
    fn causes_of(&self, taken: Option<Taken>, core: &CoreBlock) -> u32 {
        // A signal's word itself says why: whoever signals has rung it before.
        let Some(Taken::Device(id)) = taken else {
            return 0;
        };
        let [timer, console] = &self.routes;
        match id {
            _ if id == timer.id => timer.causes,
            _ if id == console.id => console.causes,
            _ => self.refuse(id, core),
        }
    }

    /// Does something with the interrupts that mean one of these causes.
    #[inline(always)]
    fn for_each(&self, causes: u32, act: impl Fn(InterruptId)) {
        for route in &self.routes {
            if route.causes & causes != 0 {
                act(route.id);
            }
        }
    }

    /// Takes what is pending: nearly always that is one interrupt, so the controller is asked for more only while
    /// the core's own line is up.
    #[inline(always)]
    fn take_all(&self, core: &CoreBlock, take: impl Fn() -> Option<Taken>) -> u32 {
        let causes = self.causes_of(take(), core);
        if cpu::is_interrupt_pending() {
            return causes | self.take_more(core, take);
        }
        causes
    }

    #[cold]
    #[inline(never)]
    fn take_more(&self, core: &CoreBlock, take: impl Fn() -> Option<Taken>) -> u32 {
        let others = (1..BATCH).map_while(|_| take());
        others.fold(0, |causes, taken| {
            causes | self.causes_of(Some(taken), core)
        })
    }

    /// Whoever raises it will not be served, so it would come again at once. It means nothing.
    #[cold]
    #[inline(never)]
    fn refuse(&self, id: InterruptId, core: &CoreBlock) -> u32 {
        self.controller.disable(id, core.affinity());
        count(&core.counters().spurious);
        0
    }
}

static INTERRUPTS: Once<Interrupts> = Once::new();

/// Takes charge of the controller; the boot core calls it once, before [`enable_on_this_core`]. The
/// timer's interrupt must be one that each core has for itself.
pub fn install(
    controller: Controller,
    timer: Route,
    console: Option<Route>,
) -> Result<(), ControllerError> {
    if !controller.is_private(timer.id) {
        return Err(ControllerError::NotPrivate(timer.id));
    }
    let none = Route { causes: 0, ..timer };
    INTERRUPTS.call_once(|| Interrupts {
        controller,
        routes: [timer, console.unwrap_or(none)],
    });
    Ok(())
}

/// Sets this core's part of the controller up and lets its own interrupts through.
pub fn enable_on_this_core() -> Result<(), ControllerError> {
    let Some(interrupts) = INTERRUPTS.get() else {
        return Err(ControllerError::Unresponsive("nothing"));
    };
    monitor::give_this_core();
    let wanted = interrupts.routes.iter().map(|route| route.id);
    interrupts.controller.enable_core(wanted)
}

/// Sends the shared interrupts that have a route to this core; the boot core calls it once.
pub fn route_shared_here() -> Result<(), ControllerError> {
    let Some(interrupts) = INTERRUPTS.get() else {
        return Ok(());
    };
    let mut routes = interrupts.routes.iter();
    routes.try_for_each(|route| interrupts.controller.enable_shared(route.id))
}

/// Takes everything that is pending and returns what it means. Each driver has its own way through here, for
/// one for all of them would begin with what any of them needs.
#[inline(always)]
pub(crate) fn acknowledge(core: &CoreBlock) -> u32 {
    let Some(interrupts) = INTERRUPTS.get() else {
        return 0;
    };
    match &interrupts.controller {
        Controller::GicV2(driver) => interrupts.take_all(core, || driver.acknowledge()),
        Controller::GicV3(driver) => interrupts.take_all(core, || driver.acknowledge()),
        Controller::Bcm2836(driver) => {
            let here = core.affinity();
            interrupts.take_all(core, || driver.acknowledge(here))
        }
    }
}

/// Lets the interrupts behind `causes` be signalled again; the loop calls it on the core that took
/// them, once they are served.
#[inline(always)]
pub fn complete(causes: u32) {
    let Some(interrupts) = INTERRUPTS.get() else {
        return;
    };
    match &interrupts.controller {
        Controller::GicV2(driver) => interrupts.for_each(causes, |id| driver.complete(id)),
        Controller::GicV3(driver) => interrupts.for_each(causes, |id| driver.complete(id)),
        Controller::Bcm2836(driver) => {
            let here = Affinity::of_this_core();
            interrupts.for_each(causes, |id| driver.complete(id, here));
        }
    }
}

/// The causes that mean the timer's interrupt.
pub(crate) fn timer_causes() -> u32 {
    INTERRUPTS.get().map_or(0, |it| it.routes[0].causes)
}

/// Makes the core with this affinity look at its status word.
pub fn signal(affinity: Affinity) {
    if let Some(interrupts) = INTERRUPTS.get() {
        interrupts.controller.signal(affinity);
    }
}

/// One match for each operation but those of the hot path, which have theirs above; what it means is the drivers' to say.
impl Controller {
    fn is_private(&self, id: InterruptId) -> bool {
        match self {
            Self::GicV2(driver) => driver.is_private(id),
            Self::GicV3(driver) => driver.is_private(id),
            Self::Bcm2836(driver) => driver.is_private(id),
        }
    }

    fn enable_core(
        &self,
        wanted: impl Iterator<Item = InterruptId>,
    ) -> Result<(), ControllerError> {
        let here = Affinity::of_this_core();
        match self {
            Self::GicV2(driver) => driver.enable_core(here, wanted),
            Self::GicV3(driver) => driver.enable_core(here, wanted),
            Self::Bcm2836(driver) => driver.enable_core(here, wanted),
        }
    }

    fn enable_shared(&self, id: InterruptId) -> Result<(), ControllerError> {
        let here = Affinity::of_this_core();
        match self {
            Self::GicV2(driver) => driver.enable_shared(id, here),
            Self::GicV3(driver) => driver.enable_shared(id, here),
            Self::Bcm2836(driver) => driver.enable_shared(id, here),
        }
    }

    /// Keeps an interrupt that this core has taken from coming again, and ends it.
    fn disable(&self, id: InterruptId, here: Affinity) {
        match self {
            Self::GicV2(driver) => driver.disable(id),
            Self::GicV3(driver) => driver.disable(id, here),
            // Taking it has masked it.
            Self::Bcm2836(_) => {}
        }
    }

    fn signal(&self, target: Affinity) {
        match self {
            Self::GicV2(driver) => driver.signal(target),
            Self::GicV3(driver) => driver.signal(target),
            Self::Bcm2836(driver) => driver.signal(target),
        }
    }
}
