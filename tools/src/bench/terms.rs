//! The same benchmarks of one core on other terms: in the deployment that is made for many cores, and on a core without the
//! Large System Extensions. Neither may cost much more than ours, which are those of `single` on a core that has them.

use super::figure::Figure;
use super::machine::{self, PLAIN, Trial, USUAL};
use super::report::{Table, fixed};
use super::{Options, is_of_one_core};
use crate::error::Error;
use crate::workspace::Workspace;

/// On which terms, and what that may come to.
struct Terms {
    name: &'static str,
    argument: &'static str,
    cpu: &'static str,
    /// Hundredths of ours.
    most: u64,
    /// Those that are above that today, and what they may come to meanwhile: see `many-cores.md`, "What is missing".
    above: &'static [(&'static str, u64)],
}

const TERMS: [Terms; 2] = [
    Terms {
        name: "shared",
        argument: " girder.deploy=shared",
        cpu: USUAL,
        most: 110,
        // (A switch falls on the ticks at which the load is looked at, or never does, by which tick was the first.)
        above: &[("spawn_end", 112), ("preempt_switch", 128)],
    },
    Terms {
        name: PLAIN,
        argument: "",
        cpu: PLAIN,
        most: 130,
        above: &[],
    },
];

/// The longest of some moments: where in the code a tick has struck decides them, and which, and no two images are alike in
/// that. The median of the same is compared, or the mean.
const BY_CHANCE: [&str; 9] = [
    "preempt_latency_p99",
    "preempt_latency_max",
    "preempt_switch_max",
    "calm_latency_p50",
    "calm_latency_p99",
    "calm_latency_max",
    "crash_latency_p50",
    "crash_latency_p99",
    "crash_latency_max",
];

/// True of such a one.
pub(super) fn is_by_chance(name: &str) -> bool {
    BY_CHANCE.contains(&name)
}

/// Measures these boot arguments on those terms too, and shows that beside ours. False if something costs too much.
pub(super) fn compare(
    workspace: &Workspace,
    options: &Options,
    bootargs: &str,
    ours: &[Figure],
) -> Result<bool, Error> {
    let mut all = Vec::new();
    for terms in &TERMS {
        let trial = Trial {
            bootargs: format!("{bootargs}{}", terms.argument),
            cores: 1,
            cpu: terms.cpu,
        };
        let report = machine::run(workspace, &options.qemu, trial, Vec::new(), false)?;
        all.push(Figure::all_in(&report));
    }
    println!("\n{}", table(ours, &all).text());
    let mut is_good = true;
    for (terms, theirs) in TERMS.iter().zip(&all) {
        for name in too_dear(terms, ours, theirs) {
            let (on, most) = (terms.name, terms.most_of(name) - 100);
            println!("FAILED {name}: on {on} more than {most} % above ours, or not measured");
            is_good = false;
        }
    }
    Ok(is_good)
}

/// Which of ours are above what they may come to on those terms, or are missing there.
fn too_dear<'a>(terms: &Terms, ours: &'a [Figure], theirs: &[Figure]) -> Vec<&'a str> {
    let is_good = |our: &Figure| {
        let their = theirs.iter().find(|their| their.name == our.name);
        let most = terms.most_of(&our.name);
        their.is_some_and(|it| it.hundredths() * 100 <= our.hundredths() * most)
    };
    let names = ours
        .iter()
        .filter(|our| is_compared(our) && !is_good(our))
        .map(|our| our.name.as_str());
    names.collect()
}

fn is_compared(figure: &Figure) -> bool {
    let name = figure.name.as_str();
    is_of_one_core(name) && !BY_CHANCE.contains(&name)
}

impl Terms {
    fn most_of(&self, name: &str) -> u64 {
        let above = self.above.iter().find(|(it, _)| *it == name);
        above.map_or(self.most, |(_, most)| *most)
    }
}

fn table(ours: &[Figure], all: &[Vec<Figure>]) -> Table {
    let mut table = Table::default();
    let names = TERMS.iter().flat_map(|it| [it.name, ""]);
    table.add(["on one core", "single"].into_iter().chain(names));
    for our in ours.iter().filter(|our| is_of_one_core(&our.name)) {
        let mut row = vec![our.name.clone(), fixed(our.hundredths())];
        for theirs in all {
            row.extend(beside(theirs, our));
        }
        table.add(row);
    }
    table
}

/// The figure of the same benchmark, and how far it is from ours.
fn beside(theirs: &[Figure], our: &Figure) -> [String; 2] {
    let Some(their) = theirs.iter().find(|their| their.name == our.name) else {
        return ["-".to_owned(), String::new()];
    };
    let share = their.hundredths() as f64 / our.hundredths().max(1) as f64;
    let percent = (share - 1.0) * 100.0;
    [fixed(their.hundredths()), format!("{percent:+.1} %")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(text: &str) -> Vec<Figure> {
        Figure::all_in(text)
    }

    fn dear_when_shared(theirs: &str) -> Vec<&'static str> {
        let ours: &'static _ = Box::leak(Box::new(figures(
            "yield 10 ops, 1000 ns, 100.00 ns/op\n\
             preempt_switch 1 ops, 500 ns, 500.00 ns/op\n\
             preempt_latency_max 1 ops, 500 ns, 500.00 ns/op\n\
             steal 1 ops, 50 ns, 50.00 ns/op",
        )));
        too_dear(&TERMS[0], ours, &figures(theirs))
    }

    #[test]
    fn a_tenth_is_allowed_and_no_more() {
        let with = |yields: u64, switches: u64| {
            dear_when_shared(&format!(
                "yield 10 ops, {yields} ns, 1.00 ns/op\n\
                 preempt_switch 1 ops, {switches} ns, 1.00 ns/op\n\
                 preempt_latency_max 1 ops, 5000 ns, 1.00 ns/op"
            ))
        };
        assert!(with(1_100, 640).is_empty());
        assert_eq!(with(1_101, 640), ["yield"]);
        assert_eq!(with(1_000, 641), ["preempt_switch"]);
    }

    #[test]
    fn what_was_not_measured_is_told() {
        assert_eq!(dear_when_shared(""), ["yield", "preempt_switch"]);
    }

    #[test]
    fn both_figures_stand_beside_ours() {
        let ours = figures("yield 10 ops, 1000 ns, 100.00 ns/op");
        let theirs = figures("yield 10 ops, 1050 ns, 105.00 ns/op");
        let text = table(&ours, &[theirs, Vec::new()]).text();
        let words: Vec<_> = text
            .lines()
            .nth(1)
            .into_iter()
            .flat_map(str::split_whitespace)
            .collect();
        assert_eq!(words, ["yield", "100.00", "105.00", "+5.0", "%", "-"]);
    }
}
