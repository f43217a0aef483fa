//! The tables of `kernel/core/doc/hot-paths.md`, which are made, not written.

use std::fs;

use super::super::report::{Table, fixed};
use super::budget::Budget;
use super::places::Places;
use super::tally::Tally;
use super::{Sample, YIELD, law};
use crate::error::Error;
use crate::workspace::Workspace;

const FILE: &str = "kernel/core/doc/hot-paths.md";
const BEGIN: &str = "<!-- made by `girder-tools bench --count --write`: begin -->\n";
const END: &str = "<!-- made by `girder-tools bench --count --write`: end -->\n";

/// What the counted benchmarks have come to.
#[derive(Default)]
pub(super) struct Page {
    tallies: Vec<(&'static str, Tally)>,
    budget: Option<Budget>,
    breaches: Vec<String>,
}

impl Page {
    pub(super) fn add(&mut self, name: &'static str, sample: &Sample, places: &Places) {
        self.tallies.push((
            name,
            Tally::of(&sample.steps, &sample.operations, places.vectors()),
        ));
        if name == YIELD.name {
            self.budget = Some(Budget::of(sample, places));
            self.breaches = law::breaches(sample);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    pub(super) fn keeps_law(&self) -> bool {
        self.breaches.is_empty()
    }

    /// As a person at a terminal reads it.
    pub(super) fn text(&self) -> String {
        let budget = self.budget.as_ref();
        let budget = budget
            .map(|budget| format!("{}\n{}", budget.parts().text(), budget.functions().text()));
        let budget = budget.unwrap_or_default();
        let law = match (&self.budget, self.breaches.as_slice()) {
            (None, _) => String::new(),
            (Some(_), []) => format!("yield: {}\n", law::KEPT),
            (Some(_), breaches) => format!("FAILED yield: {}\n", breaches.join("; ")),
        };
        format!(
            "{}\n{}\n{}\n{budget}\n{law}",
            self.counts().text(),
            self.registers(),
            self.masked()
        )
    }

    /// Puts the tables where the page has its marks.
    pub(super) fn write(&self, workspace: &Workspace) -> Result<(), Error> {
        let Some(budget) = self.budget.as_ref().filter(|_| self.is_whole()) else {
            return Err(Error::NotYet(
                "--count --write: only all of them make the page",
            ));
        };
        let file = workspace.path(FILE);
        let page = fs::read_to_string(&file).map_err(Error::file(&file))?;
        let tables = format!(
            "\n{}\nSystem registers per operation:\n\n{}\n{}\n\
             A yield, from one process's await to the next one's:\n\n{}\n{}\n",
            self.counts().markdown(),
            self.registers(),
            self.masked(),
            budget.parts().markdown(),
            budget.functions().markdown(),
        );
        let page = between_marks(&page, &tables).ok_or(Error::Trace(
            file.clone(),
            "it has lost the marks of its tables",
        ))?;
        fs::write(&file, page).map_err(Error::file(&file))?;
        println!("wrote {}", workspace.short(&file));
        Ok(())
    }

    fn is_whole(&self) -> bool {
        self.tallies.len() == super::COUNTED.len()
    }

    fn counts(&self) -> Table {
        let mut table = Table::default();
        table.add([
            "per operation",
            "instructions",
            "lines",
            "loads",
            "stores",
            "ordered",
            "atomics",
            "barriers",
            "system registers",
            "mask writes",
        ]);
        for (name, tally) in &self.tallies {
            let sums = [
                tally.instructions,
                tally.lines,
                tally.loads,
                tally.stores,
                tally.ordered,
                tally.atomics,
                tally.barriers,
                tally.system(),
                tally.mask_writes,
            ];
            let cells = sums.map(|sum| number(tally.each(sum)));
            table.add([(*name).to_owned()].into_iter().chain(cells));
        }
        table
    }

    /// Which system registers, for whoever wants to spare one.
    fn registers(&self) -> String {
        let line = |(name, tally): &(&str, Tally)| {
            let accesses = tally.registers.iter().map(|(&(register, way), &sum)| {
                let way = format!("{way:?}").to_lowercase();
                format!("{} {way} {}", register.name(), number(tally.each(sum)))
            });
            let accesses: Vec<String> = accesses.collect();
            format!("- `{name}`: {}\n", accesses.join(", "))
        };
        self.tallies.iter().map(line).collect()
    }

    /// The longest time with interrupts masked that the traces have seen.
    fn masked(&self) -> String {
        let longest = self
            .tallies
            .iter()
            .map(|(_, tally)| tally.longest_masked)
            .max();
        format!(
            "Most instructions with interrupts masked, by the traces: {}.\n",
            longest.unwrap_or(0)
        )
    }
}

/// Hundredths, without the places where they say nothing.
fn number(hundredths: u64) -> String {
    match hundredths % 100 {
        0 => (hundredths / 100).to_string(),
        _ => fixed(hundredths),
    }
}

fn between_marks(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_replace_what_stands_between_the_marks() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let expected = format!("before\n{BEGIN}new\n{END}after\n");
        assert_eq!(between_marks(&page, "new\n"), Some(expected));
        assert_eq!(between_marks("before\nafter\n", "new\n"), None);
    }

    #[test]
    fn whole_numbers_have_no_places() {
        assert_eq!(number(6000), "60");
        assert_eq!(number(6050), "60.50");
    }
}
