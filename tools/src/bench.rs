//! `bench`: the image's benchmarks on one core that counts its instructions.
//!
//! With `-icount shift=0` an instruction takes a nanosecond of the machine's own time, so what the
//! benchmarks print as ns/op are instructions per operation, and the same in every run. They are
//! compared with a committed baseline, and measured on other terms as well, which may not cost much more (`terms`);
//! `--count` looks closer, at what the instructions do.

mod baseline;
mod count;
mod figure;
mod machine;
mod peers;
mod readme;
mod report;
mod terms;

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

use crate::error::Error;
use crate::image;
use crate::machine::QEMU;
use crate::workspace::Workspace;
use baseline::{Verdict, judge};
pub(crate) use figure::Figure;
use machine::{Trial, USUAL};

/// What to measure, and what to do with it.
#[derive(Debug)]
pub(crate) struct Options {
    /// As the boot argument has it: a part of a name, and perhaps a count.
    choice: String,
    counts: bool,
    writes: bool,
    builds: bool,
    qemu: OsString,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Error> {
        let mut options = Self {
            choice: String::new(),
            counts: false,
            writes: false,
            builds: true,
            qemu: QEMU.into(),
        };
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("count") => options.counts = true,
                Arg::Long("write") => options.writes = true,
                Arg::Long("no-build") => options.builds = false,
                Arg::Long("qemu") => options.qemu = parser.value()?,
                Arg::Value(choice) if options.choice.is_empty() => {
                    options.choice = choice.string()?;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Measures or counts.
pub(crate) fn run(
    workspace: &Workspace,
    arguments: impl Iterator<Item = OsString>,
) -> Result<ExitCode, Error> {
    let options = Options::parse(arguments)?;
    if options.builds {
        image::build(workspace)?;
    }
    if options.counts {
        return count::run(workspace, &options);
    }
    let mut ours = Vec::new();
    for (bootargs, cores) in boots(&options.choice) {
        let trial = Trial {
            bootargs,
            cores,
            cpu: USUAL,
        };
        let report = machine::run(workspace, &options.qemu, trial, Vec::new(), true)?;
        ours.extend(Figure::all_in(&report));
    }
    let file = workspace.path(baseline::FILE);
    let before = match fs::read_to_string(&file) {
        Ok(text) => Figure::all_in(&text),
        Err(_) if options.writes => Vec::new(),
        Err(cause) => return Err(Error::file(file)(cause)),
    };
    println!("\n{}", report::table(&ours, &before).text());
    if options.writes {
        return write(workspace, &options, &ours);
    }
    let is_whole = options.choice.is_empty();
    let mut is_good = tell(&ours, &before, is_whole);
    if let Some(bootargs) = of_one_core(&options.choice) {
        is_good &= terms::compare(workspace, &options, &bootargs, &ours)?;
    }
    // The one path with a law of its own is looked at in every whole run.
    let keeps_law = !is_whole || count::yield_keeps_its_law(workspace, &options)?;
    Ok(exit_code(is_good && keeps_law))
}

/// The benchmark that needs a machine which keeps its processes' time: the others are measured without.
const TIMED: &str = "yield_clock";

/// The benchmarks that need two cores which run processes: a machine for each, so that none finds what another has left.
const OF_TWO_CORES: [&str; 2] = ["ping_pong_cross", "steal"];

/// The boot arguments of each machine that the chosen benchmarks take, and how many cores it has.
fn boots(choice: &str) -> Vec<(String, u32)> {
    let timed = |choice| (format!("bench={choice} girder.clock=on"), 1);
    let of_two = |choice| (format!("bench={choice} girder.deploy=shared"), 2);
    let name = choice.split(':').next().unwrap_or_default();
    match choice {
        "" => [("bench".to_owned(), 1), timed(TIMED)]
            .into_iter()
            .chain(OF_TWO_CORES.map(of_two))
            .collect(),
        choice if name == TIMED => vec![timed(choice)],
        choice if OF_TWO_CORES.contains(&name) => vec![of_two(choice)],
        choice => vec![(format!("bench={choice}"), 1)],
    }
}

/// The boot arguments for those of them that one core does, as it is.
fn of_one_core(choice: &str) -> Option<String> {
    let name = choice.split(':').next().unwrap_or_default();
    match choice {
        "" => Some("bench".to_owned()),
        choice => is_of_one_core(name).then(|| format!("bench={choice}")),
    }
}

fn is_of_one_core(name: &str) -> bool {
    name != TIMED && !OF_TWO_CORES.contains(&name)
}

fn exit_code(is_good: bool) -> ExitCode {
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Says what has to be done about the figures. False if one is worse than it may be.
fn tell(ours: &[Figure], before: &[Figure], is_whole: bool) -> bool {
    let of_verdict = |wanted: Verdict| {
        ours.iter().filter(move |figure| {
            let baseline = before.iter().find(|each| each.name == figure.name);
            judge(figure, baseline) == wanted
        })
    };
    let mut is_good = true;
    for figure in of_verdict(Verdict::Worse) {
        if terms::is_by_chance(&figure.name) {
            println!(
                "{}: above its baseline, by where a tick has struck",
                figure.name
            );
            continue;
        }
        println!("FAILED {}: more than 3 % above its baseline", figure.name);
        is_good = false;
    }
    for figure in ours.iter().filter(|figure| !peers::are_far(figure)) {
        println!("FAILED {}: too near to the others", figure.name);
        is_good = false;
    }
    if is_whole {
        for name in baseline::missing(before, ours) {
            println!("FAILED {name}: has a baseline and was not measured");
            is_good = false;
        }
    }
    if of_verdict(Verdict::Better)
        .chain(of_verdict(Verdict::New))
        .next()
        .is_some()
    {
        println!(
            "take better and new figures over with: cargo run -p girder-tools -- bench --write"
        );
    }
    is_good
}

/// Makes a whole run's figures the baseline, and those of the README.
fn write(workspace: &Workspace, options: &Options, ours: &[Figure]) -> Result<ExitCode, Error> {
    if !options.choice.is_empty() {
        return Err(Error::NotYet(
            "--write: only a whole run makes a baseline; leave the filter out",
        ));
    }
    let text: String = ours.iter().map(|figure| format!("{figure}\n")).collect();
    let file = workspace.path(baseline::FILE);
    fs::write(&file, text).map_err(Error::file(&file))?;
    println!("wrote {}", workspace.short(&file));
    let page = workspace.path(readme::FILE);
    let before = fs::read_to_string(&page).map_err(Error::file(&page))?;
    let now = readme::with_figures(&before, ours);
    if now != before {
        fs::write(&page, now).map_err(Error::file(&page))?;
        println!("wrote {}", workspace.short(&page));
    }
    Ok(ExitCode::SUCCESS)
}
