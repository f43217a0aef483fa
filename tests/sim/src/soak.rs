//! Very many seeds, by as many processes at a time as there are cores: `--soak COUNT [--from SEED]`.
//!
//! A seed decides which deployment it is of, and of that the scenario and the number of cores; so each of so many seeds in a row is
//! another run, and all kinds of runs come up equally often. A process runs some hundreds and ends, for what a run has made of
//! processes' memory stays: the kernel's tables live as long as their machine. The first run that fails ends it all, and has said how
//! to repeat it.

use girder_sim::{ManyDeployment, ManyPlan, ManyScenario, Plan, Scenario, simulate, simulate_many};
use std::ops::Range;
use std::process::{Child, Command, ExitCode};
use std::thread::available_parallelism;

/// Seeds of a process.
const PORTION: u64 = 300;
/// Seeds after which it says how far it has come.
const TOLD_EVERY: u64 = 30_000;
const CORES: [usize; 4] = [1, 2, 4, 8];

/// Does what the arguments say; `None` if they say something else.
pub(super) fn run(arguments: &[String]) -> Option<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match words[..] {
        ["--soak", count] => Some(soak(0..number(count)?)),
        ["--soak", count, "--from", from] => {
            let from = number(from)?;
            Some(soak(from..from + number(count)?))
        }
        ["--mixed", from, to] => {
            (number(from)?..number(to)?).for_each(run_mixed);
            Some(ExitCode::SUCCESS)
        }
        _ => None,
    }
}

/// One seed, of whichever kind it is.
fn run_mixed(seed: u64) {
    let (kind, rest) = (seed % 3, seed / 3);
    let deployment = match kind {
        0 => {
            let scenario = Scenario::ALL[rest as usize % Scenario::ALL.len()];
            simulate(Plan {
                seed,
                scenario,
                sabotage: None,
                shortage: None,
            });
            return;
        }
        1 => ManyDeployment::Shared,
        _ => ManyDeployment::Message,
    };
    let scenario = ManyScenario::ALL[(rest / 4) as usize % ManyScenario::ALL.len()];
    simulate_many(ManyPlan {
        seed,
        scenario,
        cores: CORES[(rest % 4) as usize],
        deployment,
        sabotage: None,
        shortage: None,
    });
}

fn soak(seeds: Range<u64>) -> ExitCode {
    let jobs = available_parallelism().map_or(1, usize::from);
    let mut under_way: Vec<(Range<u64>, Child)> = Vec::new();
    let mut has_failed = false;
    for from in seeds.clone().step_by(PORTION as usize) {
        if under_way.len() == jobs {
            has_failed |= !ends_well(under_way.remove(0));
        }
        if has_failed {
            break;
        }
        let portion = from..(from + PORTION).min(seeds.end);
        if (from - seeds.start).is_multiple_of(TOLD_EVERY) {
            println!(
                "{} of {} seeds",
                from - seeds.start,
                seeds.end - seeds.start
            );
        }
        match begin(&portion) {
            Ok(child) => under_way.push((portion, child)),
            Err(error) => {
                eprintln!("girder-sim did not start: {error}");
                has_failed = true;
                break;
            }
        }
    }
    for each in under_way {
        has_failed |= !ends_well(each);
    }
    if has_failed {
        return ExitCode::FAILURE;
    }
    println!("{} seeds: ok", seeds.end - seeds.start);
    ExitCode::SUCCESS
}

fn begin(seeds: &Range<u64>) -> std::io::Result<Child> {
    let [from, to] = [seeds.start, seeds.end].map(|seed| seed.to_string());
    Command::new(std::env::current_exe()?)
        .args(["--mixed", &from, &to])
        .spawn()
}

fn ends_well((seeds, mut child): (Range<u64>, Child)) -> bool {
    let is_well = child.wait().is_ok_and(|status| status.success());
    if !is_well {
        eprintln!("one of the seeds {seeds:?} failed: see above");
    }
    is_well
}
