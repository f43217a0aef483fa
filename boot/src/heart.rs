//! The deployments: which cores schedule, and what lies below their six effects.
//!
//! What they decide nothing about is in `girder_core::sched`; how a process is run is in
//! `girder_aarch64::process`.
//!
//! The boot core comes here by itself. In the deployment `single` it is the only one: the others are parked and answer only
//! their word. In the others it calls them, and waits until all of them schedule before anybody is spawned.

mod handlers;

use crate::stacks::{add_spare, stacks};
use crate::{console, cores, heap};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::NonNull;
use girder_aarch64::core_block::CoreBlock;
use girder_aarch64::cpu;
use girder_aarch64::exception::Frame;
use girder_aarch64::halt::{self, HaltCause};
use girder_aarch64::process;
use girder_aarch64::process::NewLoop;
use girder_aarch64::relax::Once;
use girder_core::causes::Cause;
use girder_core::config::{Config, Deployment, QUANTUM_US, REDUCTIONS};
use girder_core::reports::CoreCounts;
use girder_core::sched::{
    Apart, Core, Fellows, Levels, Lifecycle, Migration, Neighbours, Next, Offering, Outcome, Ready,
    Statistics, Terms, World, apart, crew_of, run,
};
use girder_lockfree::Token;
use girder_lockfree::process::crew::{Crew, Seat};
use girder_lockfree::process::{Finished, Polled, SLOTS_MAX, Table};
use handlers::{Deployed, Dice, Nowhere, OnThisStack, ThisCore};

/// One core schedules.
type Single = Deployed<Levels, Nowhere>;
/// All do, and steal from each other.
type Shared = Deployed<Offering, Fellows>;
/// All do, and send each other packets.
type Message = Deployed<Apart, Neighbours>;

/// Stacks that a core begins with, for whoever comes after a process that took one along. It gets more
/// when they are used up.
const SPARES: usize = 16;
/// What all cores begin with is at most this part of the stacks that there may be: where there is little memory, processes want it.
const SHARE: usize = 4;
/// Processes at a time: as many as there is memory for, each with so many bytes; the least that a home has.
const LEAST_HOME: usize = 160;

/// What all cores have in common, where several schedule.
pub(crate) struct Common {
    table: &'static Table,
    terms: Terms,
    deployment: Deployment,
}

static COMMON: Once<Common> = Once::new();

/// What a core is to join, once it is called.
pub(crate) fn shared() -> Option<&'static Common> {
    COMMON.get()
}

/// The cores that run processes, if there are several deployed.
pub(crate) fn crew() -> Option<&'static Crew> {
    COMMON.get().map(|common| common.table.crew())
}

/// What the cores that share their work have counted.
pub(crate) fn counts() -> impl Iterator<Item = CoreCounts> {
    let heres = crew().into_iter().flat_map(|crew| {
        let count = crew.count();
        (0..count).filter_map(|core| crew.here_of(core))
    });
    heres.enumerate().map(|(number, here)| CoreCounts {
        number,
        counts: Statistics::shown_by(here),
        emigrants: here.emigrants(),
    })
}

/// How many cores run processes.
pub fn schedulers() -> usize {
    crew().map_or(1, Crew::count)
}

/// The deployment that was asked for; otherwise the one in which all cores that are up schedule.
pub(crate) fn deployment(config: &Config<'_>) -> Deployment {
    config
        .deployment
        .unwrap_or_else(|| match cores::up().count() {
            0 | 1 => Deployment::Single,
            _ => Deployment::Shared,
        })
}

/// Makes the running core a scheduling one, lets `first` spawn, and takes turns for ever.
pub(crate) fn start(block: &'static CoreBlock, config: &Config<'_>, first: impl FnOnce()) -> ! {
    let terms = Terms {
        quantum: u64::from(config.quantum_us.unwrap_or(QUANTUM_US)) * 1_000,
        reductions: config.reductions.unwrap_or(REDUCTIONS) as i32,
        keeps_time: config.keeps_time,
    };
    let deployment = deployment(config);
    match deployment {
        Deployment::Single => {
            let table = table_for(Vec::new());
            install::<Single>(block, table, terms, (Levels::default(), Nowhere));
            begin::<Single>(first)
        }
        Deployment::Shared | Deployment::Message => {
            let common = call_all(terms, deployment);
            schedule(block, common, || {
                wait_for_all(common);
                first();
            })
        }
    }
}

/// The processes of these cores: as many as there is memory for.
fn table_for(seats: Vec<Seat>) -> &'static Table {
    let most = heap::count().total / LEAST_HOME;
    let most = u32::try_from(most).unwrap_or(SLOTS_MAX);
    // Envelopes stay envelopes: so a flood of messages has a good third of the memory at most.
    Box::leak(Box::new(Table::with_crew(most, most, seats)))
}

/// Makes the running core one that schedules, with these handlers.
fn install<W: World<Hardware = ThisCore, Oracle = Dice> + NewLoop>(
    block: &'static CoreBlock,
    table: &'static Table,
    terms: Terms,
    handlers: (W::Ready, W::Migration),
) {
    let here = process::this_core();
    let share = stacks().most / SHARE / table.crew().count().max(1);
    let spares = share.clamp(1, SPARES);
    let hardware = ThisCore::new(block, spares);
    let oracle = Dice::of(block.index());
    let core = Core::<W>::new(handlers, hardware, oracle, terms, here);
    let core = NonNull::from(Box::leak(Box::new(core))).cast();
    // SAFETY: on this core, before anything is spawned here; `visit` takes it for what it is.
    unsafe { process::install::<W>(core, table) };
    for _ in 0..spares {
        add_spare();
    }
}

fn begin<W: World>(first: impl FnOnce()) -> ! {
    first();
    console::let_processes_run();
    cpu::unmask_interrupts();
    run::<W>(W::visit(Core::decide))
}

/// Calls all cores that are up to join.
fn call_all(terms: Terms, deployment: Deployment) -> &'static Common {
    let seat = |block: &'static CoreBlock| Seat {
        here: block.here(),
        address: block.affinity().0,
    };
    let table = table_for(cores::up().map(seat).collect());
    let common = COMMON.call_once(|| Common {
        table,
        terms,
        deployment,
    });
    let own = CoreBlock::with_current(CoreBlock::index);
    for block in cores::up().filter(|block| block.index() != own) {
        cores::ring(block, Cause::Wake);
    }
    common
}

/// Waits until all that were called schedule: from then on nothing that is done for one core alone is done by any.
fn wait_for_all(common: &Common) {
    while (common.table.cores() as usize) < common.table.crew().count() {
        if halt::is_ordered() {
            halt::stand_still(&Frame::here(), HaltCause::Ordered);
        }
        cpu::wait_for_event();
    }
}

/// Makes the running core one of several that schedule, lets `first` spawn, and takes turns for ever.
fn schedule(block: &'static CoreBlock, common: &Common, first: impl FnOnce()) -> ! {
    let Common {
        table,
        terms,
        deployment,
    } = *common;
    let (crew, here) = (table.crew(), process::this_core());
    const ONCE: &str = "each core that was called joins once";
    if deployment == Deployment::Message {
        install::<Message>(block, table, terms, apart(crew, here).expect(ONCE));
        begin::<Message>(first)
    }
    install::<Shared>(block, table, terms, crew_of(crew, here).expect(ONCE));
    begin::<Shared>(first)
}

/// Makes the running core, which was called, one of those that schedule.
pub(crate) fn join(block: &'static CoreBlock, common: &'static Common) -> ! {
    schedule(block, common, cpu::send_event)
}

/// New loops, on another stack or at the top of the same one, after a process was taken from the core.
impl<R: Ready + 'static, M: Migration + 'static> NewLoop for Deployed<R, M> {
    fn after_break(token: Token) -> ! {
        go_on_after::<R, M>(|core| core.settle_preempted(token))
    }

    fn after_block(polled: Polled) -> ! {
        go_on_after::<R, M>(|core| core.settle_at_length(polled.into()))
    }

    fn after_death(finished: Finished) -> ! {
        go_on_after::<R, M>(|core| core.settle_at_length(Outcome::Done(finished)))
    }
}

#[inline(always)]
fn go_on_after<R: Ready + 'static, M: Migration + 'static>(
    settle: impl FnOnce(&mut Core<Deployed<R, M>>) -> Next,
) -> ! {
    // SAFETY: this is the core's loop, between two visits.
    if !unsafe { process::has_spare() } {
        add_spare();
    }
    let mut next = Deployed::<R, M>::visit(settle);
    // Mostly somebody else who was broken off goes on. What `run` prepares for many turns would be in vain.
    while let Next::GoOn(token) = next {
        next = OnThisStack::<R, M>::go_on(token);
    }
    run::<Deployed<R, M>>(next)
}
