//! `bench --count`: what an operation's instructions do, read from a trace.
//!
//! Instructions are not cycles. What decides on silicon is how many cache lines an operation touches, and how many
//! atomics, barriers and system registers, so those are counted too: by running a benchmark a few times under
//! a tracing plugin and looking at operations in the middle, when everything is warm.

mod budget;
mod decode;
mod law;
mod page;
mod parts;
mod places;
mod tally;
mod trace;
mod window;

use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::process::ExitCode;

use super::machine::{Trial, USUAL};
use super::{Options, exit_code, machine};
use crate::error::Error;
use crate::workspace::Workspace;
use places::Places;
use trace::Step;
use window::Windows;

/// A benchmark that can be counted.
struct Counted {
    name: &'static str,
    /// Operations in a trace: so few that it stays small, so many that the middle is warm.
    ops: u64,
    /// Boot arguments besides the choice.
    arguments: &'static str,
    windows: Windows,
}

const COUNTED: [Counted; 4] = [
    // The shortest quantum: a yield takes its shortest way once its core has looked up, at a tick.
    Counted {
        name: "yield",
        ops: 10_000,
        arguments: " girder.quantum_us=50",
        windows: Windows::Periods,
    },
    Counted {
        name: "spawn_end",
        ops: 200,
        arguments: "",
        windows: Windows::Periods,
    },
    Counted {
        name: "spawn_end_batch",
        ops: 1000,
        arguments: "",
        windows: Windows::Periods,
    },
    // The same: what lies between two switches is as long as the quantum, and traced as well.
    Counted {
        name: "preempt_switch",
        ops: 10,
        arguments: " girder.quantum_us=50",
        windows: Windows::Interrupts,
    },
];

/// The benchmark whose operation has a law and a budget.
const YIELD: &Counted = &COUNTED[0];

/// A benchmark's trace, and its operations in the middle.
struct Sample {
    steps: Vec<Step>,
    operations: Vec<Range<usize>>,
}

/// Counts the chosen benchmarks, or all that can be counted.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode, Error> {
    let is_chosen = |counted: &&Counted| match options.choice.as_str() {
        "" => true,
        choice => counted.name == choice,
    };
    let places = Places::open(&workspace.elf())?;
    let mut page = page::Page::default();
    for counted in COUNTED.iter().filter(is_chosen) {
        let sample = sample(workspace, options, counted, &places)?;
        page.add(counted.name, &sample, &places);
    }
    if page.is_empty() {
        return Err(Error::NotCounted(options.choice.clone()));
    }
    print!("{}", page.text());
    if options.writes {
        page.write(workspace)?;
    }
    Ok(exit_code(page.keeps_law()))
}

/// Whether a yield does nothing that it must not; says what, if it does.
pub(super) fn yield_keeps_its_law(workspace: &Workspace, options: &Options) -> Result<bool, Error> {
    let places = Places::open(&workspace.elf())?;
    let sample = sample(workspace, options, YIELD, &places)?;
    let breaches = law::breaches(&sample);
    match breaches.as_slice() {
        [] => println!("yield: {}", law::KEPT),
        breaches => println!("FAILED yield: {}", breaches.join("; ")),
    }
    Ok(breaches.is_empty())
}

fn sample(
    workspace: &Workspace,
    options: &Options,
    counted: &Counted,
    places: &Places,
) -> Result<Sample, Error> {
    let file = workspace
        .path("build/bench")
        .join(format!("{}.trace", counted.name));
    let steps = trace(workspace, options, counted, &file)?;
    let all = counted.windows.find(&steps, counted.ops, places.vectors());
    // A quarter at each end is warming up and coming to an end.
    let quarter = all.len() / 4;
    let operations = all[quarter..all.len() - quarter].to_vec();
    if operations.is_empty() {
        return Err(Error::Trace(file, "no operation was found in it"));
    }
    Ok(Sample { steps, operations })
}

fn trace(
    workspace: &Workspace,
    options: &Options,
    counted: &Counted,
    file: &std::path::Path,
) -> Result<Vec<Step>, Error> {
    let plugin = build_plugin(workspace)?;
    let folder = workspace.path("build/bench");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    // An emulator without plugins would leave an old one there.
    let _ = fs::remove_file(file);
    let bootargs = format!(
        "bench={}:{}{}",
        counted.name, counted.ops, counted.arguments
    );
    let plugin = format!("{},out={}", plugin.display(), file.display());
    let extra = vec![OsString::from("-plugin"), plugin.into()];
    let trial = Trial {
        bootargs,
        cores: 1,
        cpu: USUAL,
    };
    let run = machine::run(workspace, &options.qemu, trial, extra, false);
    if run.is_err() && !file.exists() {
        return Err(Error::NoPlugin(options.qemu.clone()));
    }
    run?;
    let bytes = fs::read(file).map_err(Error::file(file))?;
    trace::read(&bytes).map_err(|what| Error::Trace(file.to_owned(), what))
}

/// The plugin is a package of the workspace. QEMU's header is not needed: it declares what it calls.
fn build_plugin(workspace: &Workspace) -> Result<std::path::PathBuf, Error> {
    let target = workspace.path("target");
    let mut cargo = workspace.cargo();
    cargo.args(["build", "-q", "--release", "-p", "girder-tracer"]);
    let status = cargo.arg("--target-dir").arg(&target).status();
    let status = status.map_err(Error::start("cargo"))?;
    if !status.success() {
        return Err(Error::Ended {
            program: "cargo build -p girder-tracer".into(),
            status,
        });
    }
    let name = format!(
        "{}girder_tracer{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    Ok(target.join("release").join(name))
}
