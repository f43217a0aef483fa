//! Runs seeds by hand, of several cores: `--seed N` or `--seeds FROM..TO`, `--cores N`,
//! and perhaps `--scenario NAME`, `--deploy NAME`, and `--short FROM..TO` with `--of PURPOSE`.

use crate::{purpose, range, shortage};
use girder_sim::{ManyDeployment, ManyPlan, ManyScenario, Shortage, simulate_many};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;

/// What to run.
struct Wanted {
    cores: usize,
    seeds: Range<u64>,
    scenarios: Vec<ManyScenario>,
    deployments: Vec<ManyDeployment>,
    shortage: Option<Shortage>,
}

/// Does what the arguments say, of which the one at `at` is followed by the number of cores.
pub(super) fn run(arguments: &[String], at: usize) -> ExitCode {
    let Some(wanted) = read(arguments, at) else {
        eprintln!(
            "--cores N (64 at most), --seed N or --seeds FROM..TO, perhaps --deploy NAME, --short FROM..TO [--of PURPOSE], --scenario NAME:"
        );
        eprintln!("{:?}", ManyDeployment::ALL);
        eprintln!("{:?}", ManyScenario::ALL);
        return ExitCode::FAILURE;
    };
    say_how_to_repeat();
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
                    shortage: wanted.shortage,
                };
                run_one(plan, is_one);
            }
        }
    }
    ExitCode::SUCCESS
}

/// What is under way. (A build whose panics abort does not come to where the simulator itself would say so.)
static UNDER_WAY: Mutex<Option<ManyPlan>> = Mutex::new(None);

fn say_how_to_repeat() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        default(panic);
        let plan = UNDER_WAY.lock().ok().and_then(|mut plan| plan.take());
        plan.inspect(|plan| eprintln!("again: {}", plan.command()));
    }));
}

fn run_one(plan: ManyPlan, prints: bool) {
    if let Ok(mut under_way) = UNDER_WAY.lock() {
        *under_way = Some(plan);
    }
    let report = simulate_many(plan);
    if prints {
        for (now, core, event) in &report.trace {
            println!("{now:>12} {core} {event:?}");
        }
        println!(
            "{:?}: {} allocations, {:?}",
            plan.scenario,
            report.allocations.len(),
            report.statistics
        );
    }
}

fn read(arguments: &[String], at: usize) -> Option<Wanted> {
    let cores = arguments.get(at + 1)?.parse().ok();
    let (mut seeds, mut short) = (None, None);
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
                seeds = Some(range(value)?);
            }
            "--short" => short = Some(shortage(value)?),
            "--of" => short.as_mut()?.of = Some(purpose(value)?),
            "--scenario" => {
                scenarios.extend(ManyScenario::EVEN);
                scenarios.retain(|it| format!("{it:?}") == *value);
            }
            "--deploy" => deployments.retain(|it| format!("{it:?}") == *value),
            _ => return None,
        }
    }
    Some(Wanted {
        cores: cores.filter(|cores| (1..=64).contains(cores))?,
        seeds: seeds?,
        scenarios: Some(scenarios).filter(|all| !all.is_empty())?,
        deployments: Some(deployments).filter(|all| !all.is_empty())?,
        shortage: short,
    })
}
