//! Runs seeds by hand, of several cores: `--seed N` or `--seeds FROM..TO`, `--cores N`,
//! and perhaps `--scenario NAME` and `--deploy NAME`.

use girder_sim::{ManyDeployment, ManyPlan, ManyScenario, simulate_many};
use std::ops::Range;
use std::process::ExitCode;

/// What to run.
struct Wanted {
    cores: usize,
    seeds: Range<u64>,
    scenarios: Vec<ManyScenario>,
    deployments: Vec<ManyDeployment>,
}

/// Does what the arguments say, of which the one at `at` is followed by the number of cores.
pub(super) fn run(arguments: &[String], at: usize) -> ExitCode {
    let Some(wanted) = read(arguments, at) else {
        eprintln!(
            "--cores N (64 at most), --seed N or --seeds FROM..TO, perhaps --deploy NAME, --scenario NAME:"
        );
        eprintln!("{:?}", ManyDeployment::ALL);
        eprintln!("{:?}", ManyScenario::ALL);
        return ExitCode::FAILURE;
    };
    let is_one = wanted.seeds.end - wanted.seeds.start == 1;
    for seed in wanted.seeds {
        for &scenario in &wanted.scenarios {
            for &deployment in &wanted.deployments {
                let plan = ManyPlan {
                    seed,
                    scenario,
                    cores: wanted.cores,
                    deployment,
                    sabotage: None,
                };
                run_one(plan, is_one);
            }
        }
    }
    ExitCode::SUCCESS
}

fn run_one(plan: ManyPlan, prints: bool) {
    let report = simulate_many(plan);
    if prints {
        for (now, core, event) in &report.trace {
            println!("{now:>12} {core} {event:?}");
        }
        println!("{:?}: {:?}", plan.scenario, report.statistics);
    }
}

fn read(arguments: &[String], at: usize) -> Option<Wanted> {
    let cores = arguments.get(at + 1)?.parse().ok();
    let mut seeds = None;
    let mut scenarios = ManyScenario::ALL.to_vec();
    let mut deployments = ManyDeployment::ALL.to_vec();
    let others = [&arguments[..at], arguments.get(at + 2..)?].concat();
    for pair in others.chunks(2) {
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
            "--deploy" => deployments.retain(|it| format!("{it:?}") == *value),
            _ => return None,
        }
    }
    Some(Wanted {
        cores: cores.filter(|cores| (1..=64).contains(cores))?,
        seeds: seeds?,
        scenarios: Some(scenarios).filter(|all| !all.is_empty())?,
        deployments: Some(deployments).filter(|all| !all.is_empty())?,
    })
}
