//! Queues of a core's own beside queues behind locks, on the same work: `--compare SEEDS`. In virtual time, where a step
//! takes what the seed says, whichever kind of queue it is of: so what differs is when cores find work, and how evenly they do.

use girder_core::sched::Statistics;
use girder_sim::{ManyDeployment, ManyEvent, ManyPlan, ManyReport, ManyScenario, simulate_many};
use std::process::ExitCode;

const CORES: usize = 8;
const SCENARIOS: [ManyScenario; 4] = [
    ManyScenario::Tree,
    ManyScenario::Rendezvous,
    ManyScenario::FanIn,
    ManyScenario::Spread,
];

/// Does what the arguments say; `None` if they say something else.
pub(super) fn run(arguments: &[String]) -> Option<ExitCode> {
    let [option, seeds] = arguments else {
        return None;
    };
    let seeds: u64 = (option == "--compare").then(|| seeds.parse().ok())??;
    println!("{CORES} cores, {seeds} seeds; of a run, on average:");
    for scenario in SCENARIOS {
        for deployment in [ManyDeployment::Shared, ManyDeployment::Locked] {
            let plan = |seed| ManyPlan {
                seed,
                scenario,
                cores: CORES,
                deployment,
                sabotage: None,
                shortage: None,
            };
            let reports: Vec<_> = (0..seeds).map(|seed| simulate_many(plan(seed))).collect();
            tell(scenario, deployment, &reports);
        }
    }
    Some(ExitCode::SUCCESS)
}

fn tell(scenario: ManyScenario, deployment: ManyDeployment, reports: &[ManyReport]) {
    let count = reports.len().max(1) as u64;
    let sum = |of: fn(&Statistics) -> u64| {
        let each = |report: &ManyReport| report.statistics.iter().map(of).sum::<u64>();
        reports.iter().map(each).sum::<u64>() / count
    };
    let mean = |of: fn(&ManyReport) -> u64| reports.iter().map(of).sum::<u64>() / count;
    println!(
        "{scenario:?} {deployment:?}: over after {} us; a second core begins after {} us, the last one after {} us; \
         {} thefts, {} stolen, {} signals; the least of {} thousandths of its part",
        mean(|report| ended(report) / 1_000),
        mean(|report| begun(report, 1) / 1_000),
        mean(|report| begun(report, CORES - 1) / 1_000),
        sum(|it| it.thefts),
        sum(|it| it.stolen),
        mean(signals),
        mean(least),
    );
}

fn ended(report: &ManyReport) -> u64 {
    let is_end = |(_, _, event): &&(u64, usize, ManyEvent)| matches!(event, ManyEvent::End(_));
    report.trace.iter().rev().find(is_end).map_or(0, |it| it.0)
}

/// When the core after so many others has first run somebody; at the end, if it never has.
fn begun(report: &ManyReport, others: usize) -> u64 {
    let mut seen = [false; CORES];
    for (now, core, event) in &report.trace {
        if matches!(event, ManyEvent::Resume(_)) {
            seen[*core] = true;
            if seen.iter().filter(|seen| **seen).count() > others {
                return *now;
            }
        }
    }
    ended(report)
}

fn signals(report: &ManyReport) -> u64 {
    let is_signal =
        |(_, _, event): &&(u64, usize, ManyEvent)| matches!(event, ManyEvent::Signal(_));
    report.trace.iter().filter(is_signal).count() as u64
}

/// What the core that did least has done of an equal part: turns, or work where that is counted.
fn least(report: &ManyReport) -> u64 {
    let mut done = report.work.clone();
    if done.iter().sum::<u64>() == 0 {
        for (_, core, event) in &report.trace {
            done[*core] += u64::from(matches!(event, ManyEvent::Resume(_)));
        }
    }
    let part = (done.iter().sum::<u64>() / CORES as u64).max(1);
    done.iter().min().map_or(0, |least| least * 1_000 / part)
}
