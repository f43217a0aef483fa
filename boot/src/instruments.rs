//! What the shell's commands read off the machine.

use crate::stacks::{Stacks, given_up, stacks};
use crate::{
    console, cores, first, heap, heart, image, memory, names, obituaries, reserve, shortage,
};
use core::fmt::{self, Write};
use core::sync::atomic::Ordering::Relaxed;
use girder_aarch64::timer;
use girder_core::config::{Config, Mode};
use girder_core::info::Info;
use girder_core::names::Name;
use girder_core::program::{Program, Role, choose};
use girder_core::reports::{CoreCounts, CoreLine, CoreState};
use girder_core::shell::Inspect;
use girder_core::trace::{self, Entry};
use girder_core::units::Bytes;
use girder_lockfree::heap::{Count, Held, SPAN, Usage};
use girder_lockfree::process::crew::{Restless, at_standstill};
use girder_lockfree::process::{Pid, Request, kill};

/// What the kernel has given out, in bytes: for who wants to see it come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Of the heap: blocks, slots.
    pub heap: usize,
    /// Of physical memory: stacks, the heap itself.
    pub physical: usize,
    /// What the kernel has of the heap, which is part of it.
    pub kernel: Held,
    /// What deaths in mid-poll have abandoned of it, so far.
    pub abandoned: Held,
    /// What others still have of processes that ended otherwise.
    pub outliving: Held,
}

/// Returns what the kernel has given out so far, on all cores, which stand still meanwhile. What is empty is given back
/// before.
pub fn resources() -> Result<Resources, Restless> {
    at_standstill(|all| {
        all.trim_homes();
        heap::trim(all);
        let charges = heap::charges(all);
        let physical = memory::MEMORY.lock().as_ref().map(memory::Memory::usage);
        Resources {
            heap: heap::usage(all).used(),
            physical: physical.map_or(0, |usage| usage.total - usage.free),
            kernel: charges.kernel(),
            abandoned: charges.abandoned(),
            outliving: charges.outliving(),
        }
    })
}

/// Bytes of memory that nobody has.
pub fn free_memory() -> usize {
    heap::count().free
}

/// The same, after what is kept for processes and messages to come has been given back.
pub fn available_memory() -> usize {
    let _ = shortage::tidy();
    free_memory()
}

/// What there is of each size, and how much of it is used.
fn write_sizes(usage: &Usage, out: &mut dyn Write) -> fmt::Result {
    let used = usage.sizes().filter(|(_, class)| class.room > 0);
    for (size, class) in used {
        writeln!(out, "  {size:>6}  {:>8} used of {}", class.used, class.room)?;
    }
    Ok(())
}

/// Rows of a table that may have a million.
const ROWS_MAX: usize = 500;

/// Decisions that are shown.
const DECISIONS: usize = 40;

/// The machine, as its boot arguments made it.
pub(crate) struct Instruments(pub(crate) &'static Config<'static>);

/// The process that a person means.
fn find(who: &str) -> Option<Pid> {
    let by_name = || Name::new(who).ok().and_then(names::whereis);
    who.parse().ok().or_else(by_name)
}

impl Inspect for Instruments {
    fn cores(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "{}", CoreLine::HEADING)?;
        for (id, core) in cores::all().iter().enumerate() {
            let reason = cores::reason(core.state());
            let state = match core.state() {
                cores::State::Boot => CoreState::Boot,
                cores::State::Up => CoreState::Up,
                _ => CoreState::LeftOut(&reason),
            };
            let part = core.block().map_or("", |block| block.part().name());
            writeln!(
                out,
                "{}",
                CoreLine {
                    id: id as u32,
                    mpidr: core.mpidr(),
                    part,
                    state
                }
            )?;
        }
        let mut counts = heart::counts().peekable();
        if counts.peek().is_some() {
            writeln!(out, "{}", CoreCounts::HEADING)?;
        }
        counts.try_for_each(|row| writeln!(out, "{row}"))
    }

    fn processes(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "{}", Info::HEADING)?;
        let mut all = names::infos();
        for info in all.by_ref().take(ROWS_MAX) {
            writeln!(out, "{info}")?;
        }
        match all.count() {
            0 => Ok(()),
            more => writeln!(out, "and {more} more"),
        }
    }

    fn info(&self, who: &str, out: &mut dyn Write) -> fmt::Result {
        match find(who).and_then(names::info) {
            Some(info) => {
                writeln!(out, "{}\n{info}", Info::HEADING)?;
                match info.gate {
                    Some(gate) => writeln!(out, "mailbox: {gate}"),
                    None => Ok(()),
                }
            }
            None => writeln!(out, "there is no process '{who}'"),
        }
    }

    fn config(&self, out: &mut dyn Write) -> fmt::Result {
        write!(out, "{}", self.0.table())
    }

    fn kill(&self, who: &str, out: &mut dyn Write) -> fmt::Result {
        match find(who).map(|pid| (pid, kill(pid))) {
            Some((pid, Request::Refused)) => writeln!(out, "{pid} is the kernel's own"),
            Some((pid, Request::Taken)) => writeln!(out, "{pid} ends"),
            Some((_, Request::Ignored)) | None => {
                writeln!(out, "there is no process '{who}' to end")
            }
        }
    }

    fn crashes(&self, out: &mut dyn Write) -> fmt::Result {
        obituaries::write_all(out)
    }

    fn trace(&self, out: &mut dyn Write) -> fmt::Result {
        let entries = heart::crew().map(|crew| trace::last(crew.records(), DECISIONS));
        let entries = entries.unwrap_or_default();
        let now = timer::nanos();
        for Entry { at, core, decision } in &entries {
            let ago = now.saturating_sub(*at) / 1_000;
            writeln!(out, "{ago:>10} us ago  core {core:<3} {decision}")?;
        }
        match entries.is_empty() {
            true => writeln!(out, "no process has moved"),
            false => Ok(()),
        }
    }

    fn run(&self, program: &str, out: &mut dyn Write) -> fmt::Result {
        if program.is_empty() {
            let mains = image::programs()
                .iter()
                .filter(|it| it.role() == Role::Main);
            return mains
                .map(Program::name)
                .try_for_each(|name| writeln!(out, "  {name}"));
        }
        match choose(image::programs(), Mode::Run(program)) {
            Ok(program) => match first::run_beside(program, self.0) {
                Ok(pid) => writeln!(out, "{} is {pid}", program.name()),
                Err(error) => writeln!(out, "{error}"),
            },
            Err(error) => writeln!(out, "{error}"),
        }
    }

    fn mem(&self, out: &mut dyn Write) -> fmt::Result {
        let physical = memory::MEMORY.lock().as_ref().map(memory::Memory::usage);
        if let Some(memory::Usage { free, total }) = physical {
            let (free, total) = (Bytes(free as u64), Bytes(total as u64));
            writeln!(out, "physical  {free} free of {total}")?;
        }
        let books = at_standstill(|all| (heap::usage(all), heap::charges(all), all.traffic()));
        let Ok((usage, charges, traffic)) = books else {
            return writeln!(out, "heap      not all cores came to rest");
        };
        writeln!(
            out,
            "heap      {} used of {} in {} spans",
            Bytes(usage.used() as u64),
            Bytes((usage.spans * SPAN) as u64),
            usage.spans,
        )?;
        write_sizes(&usage, out)?;
        let Count {
            spans, large, odd, ..
        } = heap::count();
        let [spans, large, odd] = [spans, large, odd].map(|bytes| Bytes(bytes as u64));
        writeln!(
            out,
            "blocks    {spans} spans, {large} large, {odd} odd pieces"
        )?;
        let (used, all) = (reserve::usage().used(), reserve::size());
        let [used, all] = [used, all].map(|bytes| Bytes(bytes as u64));
        writeln!(out, "reserve   {used} used of {all}, the kernel's own")?;
        for (name, held) in [
            ("kernel", charges.kernel()),
            ("abandoned", charges.abandoned()),
            ("outliving", charges.outliving()),
        ] {
            let Held { blocks, bytes } = held;
            writeln!(out, "{name:<9} {} in {blocks} blocks", Bytes(bytes as u64))?;
        }
        writeln!(out, "messages  {traffic}")?;
        let Stacks { made, most } = stacks();
        let waited = cores::up().map(|core| core.counters().no_stack.load(Relaxed));
        writeln!(
            out,
            "stacks    {made} of at most {most}; there was none {} times, and {} processes were given up",
            waited.sum::<u64>(),
            given_up()
        )?;
        if let Some(each) = cores::memory_each() {
            writeln!(out, "cores     {} each", Bytes(each))?;
        }
        let (tables, room) = crate::pool::usage();
        writeln!(out, "tables    {tables} used of {room}")?;
        let damaged = console::damaged();
        writeln!(out, "console   {damaged} received bytes damaged or lost")
    }
}
