//! Runs seeds by hand: one, whose trace it prints, or many.
//!
//! ```text
//! cargo run -p girder-sim -- --seed 7 [--scenario Trouble]
//! cargo run -p girder-sim -- --seeds 0..100000 [--scenario Trouble]
//! ```

use girder_sim::{Plan, Scenario, simulate};
use std::ops::Range;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match read(&arguments) {
        Some((seeds, scenarios)) => {
            let is_one = seeds.end - seeds.start == 1;
            for seed in seeds {
                scenarios.iter().for_each(|&it| run(seed, it, is_one));
            }
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("--seed N or --seeds FROM..TO, and perhaps --scenario NAME, which is one of");
            eprintln!("{:?}", Scenario::ALL);
            ExitCode::FAILURE
        }
    }
}

fn run(seed: u64, scenario: Scenario, prints: bool) {
    let report = simulate(Plan {
        seed,
        scenario,
        sabotage: None,
    });
    if prints {
        for (now, event) in report.trace.events() {
            println!("{now:>12} {event:?}");
        }
        println!(
            "{scenario:?}: {} turns, {:?}",
            report.turns, report.statistics
        );
    }
}

/// Which seeds, and of what.
fn read(arguments: &[String]) -> Option<(Range<u64>, Vec<Scenario>)> {
    let mut seeds = None;
    let mut scenarios = Scenario::ALL.to_vec();
    for pair in arguments.chunks(2) {
        let [option, value] = pair else { return None };
        match option.as_str() {
            "--seed" => {
                let seed = value.parse().ok()?;
                seeds = Some(seed..seed + 1);
            }
            "--seeds" => {
                let (from, to) = value.split_once("..")?;
                seeds = Some(from.parse().ok()?..to.parse().ok()?);
            }
            "--scenario" => scenarios.retain(|it| format!("{it:?}") == *value),
            _ => return None,
        }
    }
    Some((seeds?, scenarios)).filter(|(_, scenarios)| !scenarios.is_empty())
}
