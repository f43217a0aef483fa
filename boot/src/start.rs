//! The boot core's way from its first Rust to its loop, stage by stage.
//!
//! Each stage has a number and a name, and a failure says both. `early` has what happens before the
//! memory is set up, `devices` what the description says about register blocks.

use crate::complain::complain;
use crate::devices::{controller, devices};
use crate::early::{Attached, Early};
use crate::entry::Handover;
use crate::memory::{MEMORY, Memory};
use crate::{
    console, cores, crash, first, heap, heart, image, logger, obituaries, reserve, watchdogs,
};
use alloc::boxed::Box;
use alloc::vec::Vec;
use console::println;
use core::fmt;
use girder_aarch64::core_block::{CoreBlock, Start};
use girder_aarch64::cpu::{self, Affinity};
use girder_aarch64::interrupts::{self, InterruptId, Route};
use girder_aarch64::mmu::Regime;
use girder_aarch64::page_table::Tables;
use girder_aarch64::{exception, timer};
use girder_core::causes::Cause;
use girder_core::check::protocol::BANNER;
use girder_core::config::Config;
use girder_core::timeline::Timeline;
use girder_core::units::{Bytes, Frequency};
use girder_describe::{Intid, Machine};

/// The boot core's block until the lasting one is laid out.
static FIRST_BLOCK: CoreBlock = CoreBlock::new(
    0,
    Affinity(0),
    Start {
        regime: Regime {
            ttbr0: 0,
            ttbr1: 0,
            mair: 0,
            tcr: 0,
            sctlr: 0,
        },
        loop_stack: 0,
        exception_stack: 0,
        main: 0,
        level: 0,
    },
);

/// The stages of boot, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    Description = 1,
    Clock,
    Memory,
    Interrupts,
    Cores,
}

/// Ends a boot that can't go on.
#[track_caller]
pub(crate) fn fail(stage: Stage, error: impl fmt::Display) -> ! {
    panic!("boot stage {} ({stage:?}): {error}", stage as u8)
}

/// Leaves a trace, for a boot that hangs, if it is asked for one.
fn enter(stage: Stage) {
    log::debug!("boot stage {} ({stage:?})", stage as u8);
}

/// Everything that later stages need to know.
struct Boot {
    machine: &'static Machine,
    config: &'static Config<'static>,
    frequency: Frequency,
    /// Where the console is, if there is one.
    console: Option<Attached>,
    timeline: Timeline,
}

/// Called once translation is on, with the boot tables and what the boot loader left.
pub(crate) fn boot_core(handover: Handover, tables: Tables) -> ! {
    // SAFETY: this core's own for now, and no process runs.
    unsafe { FIRST_BLOCK.install() };
    exception::install();
    exception::on_crash(crash::on_fault);
    // SAFETY: called once, here.
    unsafe { heap::start_early() };
    console::reserve();
    let mut timeline = Timeline::starting_at(handover.entry);
    timeline.end_phase("entry", timer::now());

    let mut early = Early::new(tables);
    let machine = early.describe(handover);
    timeline.end_phase("description", timer::now());
    early.install_power(machine);
    let config = early.configure(machine);
    let console = early.attach_console(config, machine);
    let Some(frequency) = Frequency::new(timer::frequency()) else {
        fail(
            Stage::Clock,
            "CNTFRQ_EL0 is zero: the firmware has not set it",
        )
    };
    if let Some(hertz) = core::num::NonZero::new(frequency.hertz()) {
        timer::start_clock(hertz);
    }
    logger::start(config.log, handover.entry, frequency);
    obituaries::start();
    crash::tell_what_was_kept();
    complain(config, machine, console);
    timeline.end_phase("console", timer::now());

    Boot {
        machine,
        config,
        frequency,
        console,
        timeline,
    }
    .set_up()
}

impl Boot {
    fn set_up(mut self) -> ! {
        enter(Stage::Memory);
        let regime = self.start_memory();
        self.end_phase("memory");
        let cores = self.lay_out_cores(regime);
        let boot = cores.iter().find(|core| core.state() == cores::State::Boot);
        let Some(block) = boot.and_then(cores::Core::block) else {
            fail(Stage::Cores, "the boot core has no block")
        };
        // SAFETY: this core's own block, and no process runs.
        unsafe { block.install() };
        self.end_phase("layout");
        enter(Stage::Interrupts);
        self.start_interrupts();
        self.end_phase("interrupts");
        enter(Stage::Cores);
        cores::start(cores, self.frequency);
        self.end_phase("cores");
        self.leave_boot_stack(block)
    }

    fn end_phase(&mut self, name: &'static str) {
        self.timeline.end_phase(name, timer::now());
    }

    fn start_memory(&self) -> Regime {
        let devices = devices(self.machine, self.console.map(|console| console.place));
        // SAFETY: called once, with the boot tables in use; the ranges are the description's.
        let started = unsafe { Memory::start(self.machine, &devices) };
        let (memory, regime) = started.unwrap_or_else(|error| fail(Stage::Memory, error));
        *MEMORY.lock() = Some(memory);
        reserve::set_aside();
        regime
    }

    fn lay_out_cores(&self, regime: Regime) -> Vec<cores::Core> {
        let limit = self.config.cores.map(core::num::NonZero::get);
        with_memory(|memory| cores::lay_out(self.machine, limit, memory, regime))
            .unwrap_or_else(|error| fail(Stage::Cores, error))
    }

    fn start_interrupts(&self) {
        let controller = controller(self.machine);
        let Some(timer) = timer_interrupt(self.machine) else {
            fail(
                Stage::Interrupts,
                "the description has no virtual timer interrupt for this level",
            )
        };
        let timer = Route {
            id: InterruptId(timer.0),
            causes: Cause::Timer.bit(),
        };
        let console = self.console.and_then(|console| console.interrupt);
        let console = console.map(|id| Route {
            id: InterruptId(id.0),
            causes: Cause::Console.bit(),
        });
        let installed = interrupts::install(controller, timer, console);
        timer::disarm();
        installed
            .and_then(|()| interrupts::enable_on_this_core())
            .unwrap_or_else(|error| fail(Stage::Interrupts, error));
        if let Err(error) = interrupts::route_shared_here() {
            log::warn!("no input: {error}");
        }
    }

    /// Goes over to stacks with guards, the loop's and the exceptions', and into the loop.
    fn leave_boot_stack(self, block: &'static CoreBlock) -> ! {
        let stacks = with_memory(|memory| [(); 2].map(|()| memory.stack()));
        let [loop_stack, exception_stack] =
            stacks.map(|stack| stack.unwrap_or_else(|error| fail(Stage::Cores, error)));
        exception::use_stack(exception_stack);
        let rest = Box::new(Rest { boot: self, block });
        loop_stack.enter_for_ever(run_loop, Box::into_raw(rest) as u64)
    }

    fn say_hello(&self, block: &CoreBlock) {
        let Machine {
            model,
            nodes,
            memory,
            controller,
            ..
        } = self.machine;
        let (up, total) = (cores::up().count(), cores::all().len());
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        println!(
            "{BANNER}{version} on {model}: {up} of {total} core{s} up, {nodes} node{n}, deployment {deployment}",
            version = env!("CARGO_PKG_VERSION"),
            s = plural(total),
            nodes = nodes.len(),
            n = plural(nodes.len()),
            deployment = heart::deployment(self.config).word(),
        );
        let bytes = memory.iter().map(|range| range.size).sum();
        let level = cpu::exception_level();
        let atomics = match image::atomics().rewritten {
            0 => "LL/SC",
            _ => "LSE",
        };
        println!(
            "  cores      {}, EL{level}, {atomics}, boot core {}",
            block.part().name(),
            block.index()
        );
        println!("  memory     {}", Bytes(bytes));
        println!("  interrupts {}", controller.compatible);
        println!("  clock      {} Hz", self.frequency.hertz());
        let (start, end) = image::range();
        println!(
            "  image      {} at {start:#x}, build {}",
            Bytes(end - start),
            image::ShortBuildId
        );
        println!("{}", self.timeline.table(self.frequency));
    }
}

/// What crosses over to the loop's stack.
struct Rest {
    boot: Boot,
    block: &'static CoreBlock,
}

extern "C" fn run_loop(rest: u64) -> ! {
    // SAFETY: `leave_boot_stack` made the pointer from a box and gave it away.
    let rest = *unsafe { Box::from_raw(rest as *mut Rest) };
    let Rest { mut boot, block } = rest;
    console::enable_interrupts();
    boot.end_phase("loop");
    boot.say_hello(block);
    let config = boot.config;
    heart::start(block, config, || {
        first::spawn_all(config)
            .unwrap_or_else(|error| fail(Stage::Cores, format_args!("{error:?}")));
        watchdogs::start();
    })
}

/// The virtual timer's: at level 2 as a host its names reach another one.
fn timer_interrupt(machine: &Machine) -> Option<Intid> {
    match cpu::is_host() {
        true => machine.timer.hyp_virt,
        false => machine.timer.virt,
    }
}

fn with_memory<R>(f: impl FnOnce(&mut Memory) -> R) -> R {
    let mut memory = MEMORY.lock();
    f(memory
        .as_mut()
        .expect("memory is set up before anyone asks"))
}
