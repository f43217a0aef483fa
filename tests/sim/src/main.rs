//! Runs seeds by hand: one, whose trace it prints, or many.
//!
//! ```text
//! cargo run --profile sim -p girder-sim -- --seed 7 [--scenario Trouble]
//! cargo run --profile sim -p girder-sim -- --seeds 0..100000 [--scenario Trouble]
//! cargo run --profile sim -p girder-sim -- --seed 7 --scenario Mail --short 12..13
//! cargo run --profile sim -p girder-sim -- --seeds 0..1000 --cores 4 [--scenario Rendezvous]
//! cargo run --profile sim -p girder-sim -- --soak 1000000 [--from 0]
//! cargo run --profile sim -p girder-sim -- --compare 100
//! ```
//!
//! `--short` says for which allocations of the run there is no memory, by their numbers, or
//! by those that they have among all `--of` one purpose; `0..0` is for none.

mod compare;
mod several;
mod soak;

use girder_lockfree::scarcity::Purpose;
use girder_sim::{Plan, Scenario, Shortage, simulate};
use std::ops::Range;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(code) = soak::run(&arguments).or_else(|| compare::run(&arguments)) {
        return code;
    }
    if let Some(at) = arguments.iter().position(|it| it == "--cores") {
        return several::run(&arguments, at);
    }
    match read(&arguments) {
        Some((seeds, scenarios, shortage)) => {
            let is_one = seeds.end - seeds.start == 1;
            for seed in seeds {
                scenarios.iter().for_each(|&scenario| {
                    let plan = Plan {
                        seed,
                        scenario,
                        sabotage: None,
                        shortage,
                    };
                    run(plan, is_one);
                });
            }
            ExitCode::SUCCESS
        }
        None => {
            eprintln!(
                "--seed N or --seeds FROM..TO, perhaps --short FROM..TO [--of PURPOSE], and perhaps --scenario NAME, which is one of"
            );
            eprintln!("{:?}", Scenario::ALL);
            ExitCode::FAILURE
        }
    }
}

fn run(plan: Plan, prints: bool) {
    let report = simulate(plan);
    if prints {
        for (now, event) in report.trace.events() {
            println!("{now:>12} {event:?}");
        }
        println!(
            "{:?}: {} turns, {} allocations, {:?}",
            plan.scenario,
            report.turns,
            report.allocations.len(),
            report.statistics
        );
    }
}

/// Which seeds, of what, and what there is no memory for.
fn read(arguments: &[String]) -> Option<(Range<u64>, Vec<Scenario>, Option<Shortage>)> {
    let (mut seeds, mut short) = (None, None);
    let mut scenarios = Scenario::ALL.to_vec();
    for pair in arguments.chunks(2) {
        let [option, value] = pair else { return None };
        match option.as_str() {
            "--seed" => {
                let seed = value.parse().ok()?;
                seeds = Some(seed..seed + 1);
            }
            "--seeds" => seeds = Some(range(value)?),
            "--short" => short = Some(shortage(value)?),
            "--scenario" => scenarios.retain(|it| format!("{it:?}") == *value),
            "--of" => short.as_mut()?.of = Some(purpose(value)?),
            _ => return None,
        }
    }
    let is_any = !scenarios.is_empty();
    Some((seeds?, scenarios, short)).filter(|_| is_any)
}

/// Which allocations of a run there is no memory for.
fn shortage(text: &str) -> Option<Shortage> {
    let Range { start: first, end } = range(text)?;
    let count = end.checked_sub(first)?;
    let of = None;
    Some(Shortage { of, first, count })
}

fn purpose(text: &str) -> Option<Purpose> {
    let mut all = Purpose::ALL.into_iter();
    all.find(|it| format!("{it:?}") == *text)
}

fn range(text: &str) -> Option<Range<u64>> {
    let (from, to) = text.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}
