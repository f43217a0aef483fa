//! Where the instructions of one operation come from: parts of its budget, and functions.

use std::collections::HashMap;
use std::ops::AddAssign;

use super::super::report::Table;
use super::decode::{Deed, deed};
use super::places::Places;
use super::trace::Step;
use super::{Sample, parts};

/// A function and its file.
type Place = (String, String);

/// What an operation's instructions were written for.
pub(super) struct Budget {
    /// In the order of each function's first instruction.
    functions: Vec<(Place, Counts)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts([usize; 3]);

/// The columns of `Counts`.
const COLUMNS: [&str; 3] = ["instructions", "loads", "stores"];

impl Counts {
    fn of(step: &Step) -> Self {
        let deed = deed(step.encoding);
        Self([
            1,
            usize::from(deed == Deed::Load),
            usize::from(deed == Deed::Store),
        ])
    }

    fn cells(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|count| count.to_string())
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }
}

impl Budget {
    /// That of the operation that most others are like.
    pub(super) fn of(sample: &Sample, places: &Places) -> Self {
        let mut functions: Vec<(Place, Counts)> = Vec::new();
        for step in usual(sample) {
            let place = places.function(step.address);
            match functions.iter_mut().find(|(known, _)| *known == place) {
                Some((_, counts)) => *counts += Counts::of(step),
                None => functions.push((place, Counts::of(step))),
            }
        }
        Self { functions }
    }

    /// The parts that the budget speaks of.
    pub(super) fn parts(&self) -> Table {
        let mut table = Table::default();
        table.add(["part"].into_iter().chain(COLUMNS));
        for part in parts::names() {
            let counts = self.sum(|function| parts::of(function) == part);
            table.add([part.to_owned()].into_iter().chain(counts.cells()));
        }
        let all = self.sum(|_| true);
        table.add(["all".to_owned()].into_iter().chain(all.cells()));
        table
    }

    /// All functions.
    pub(super) fn functions(&self) -> Table {
        let mut table = Table::default();
        table.add(["function"].into_iter().chain(COLUMNS).chain(["file"]));
        for ((function, file), counts) in &self.functions {
            let cells = [format!("`{function}`")].into_iter().chain(counts.cells());
            table.add(cells.chain([file.clone()]));
        }
        table
    }

    fn sum(&self, is_meant: impl Fn(&str) -> bool) -> Counts {
        let mut sum = Counts::default();
        for ((function, _), counts) in &self.functions {
            if is_meant(function) {
                sum += *counts;
            }
        }
        sum
    }
}

/// The operation that most others are like, instruction by instruction.
fn usual(sample: &Sample) -> &[Step] {
    let steps = |index: usize| &sample.steps[sample.operations[index].clone()];
    let way = |index| -> Vec<u64> { steps(index).iter().map(|step| step.address).collect() };
    let mut ways: HashMap<Vec<u64>, usize> = HashMap::new();
    for index in 0..sample.operations.len() {
        *ways.entry(way(index)).or_default() += 1;
    }
    let indices = (0..sample.operations.len()).rev();
    let usual = indices.max_by_key(|&index| ways[&way(index)]);
    usual.map_or(&[], steps)
}
