//! The table that `bench` ends with: ours beside the baseline and the peers.

use super::baseline::{Verdict, judge};
use super::figure::Figure;
use super::peers;

/// A table of words in columns, the first to the left, the others to the right.
#[derive(Default)]
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    pub(super) fn add<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.0.push(row.into_iter().map(Into::into).collect());
    }

    /// For a terminal.
    pub(super) fn text(&self) -> String {
        let widths = self.widths();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate();
            let padded: Vec<String> = cells
                .map(|(index, (cell, &width))| match index {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            padded.join("  ").trim_end().to_owned() + "\n"
        };
        self.0.iter().map(line).collect()
    }

    /// For a page.
    pub(super) fn markdown(&self) -> String {
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let mut lines = self.0.iter();
        let Some(head) = lines.next() else {
            return String::new();
        };
        let rule = format!(
            "| --- |{}\n",
            " ---: |".repeat(head.len().saturating_sub(1))
        );
        line(head) + &rule + &lines.map(line).collect::<String>()
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell: &String| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }
}

/// The table of a run.
pub(super) fn table(ours: &[Figure], baseline: &[Figure]) -> Table {
    let mut table = Table::default();
    table.add(
        [
            "instructions per operation",
            "ours",
            "baseline",
            "change",
            "",
        ]
        .into_iter()
        .chain(peers::COLUMNS),
    );
    for figure in ours {
        let before = baseline.iter().find(|each| each.name == figure.name);
        let verdict = judge(figure, before);
        let mut row = vec![
            figure.name.clone(),
            fixed(figure.hundredths()),
            before.map_or("-".to_owned(), |before| fixed(before.hundredths())),
            change(figure, before),
            remark(verdict).to_owned(),
        ];
        row.extend(peers::of(&figure.name).map(str::to_owned));
        table.add(row);
    }
    table
}

fn remark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "",
        Verdict::Worse => "WORSE",
        Verdict::Better => "better",
        Verdict::New => "new",
        Verdict::OtherCount => "other count",
    }
}

/// Hundredths as a number with two places.
pub(super) fn fixed(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The difference to the baseline in hundredths of it.
fn change(ours: &Figure, baseline: Option<&Figure>) -> String {
    let Some(then) = baseline.map(Figure::hundredths).filter(|&then| then > 0) else {
        return "-".to_owned();
    };
    let percent = (ours.hundredths() as f64 / then as f64 - 1.0) * 100.0;
    format!("{percent:+.2} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_stand_beside_baseline_and_peers() {
        let figures = |text| Figure::all_in(text);
        let ours = figures("yield 10 ops, 1100 ns, 110.00 ns/op\nmine 1 ops, 5 ns, 5.00 ns/op");
        let baseline = figures("yield 10 ops, 1000 ns, 100.00 ns/op");
        let text = table(&ours, &baseline).text();
        let words = |line: usize| -> Vec<&str> {
            text.lines()
                .nth(line)
                .map_or(Vec::new(), |line| line.split_whitespace().collect())
        };
        assert_eq!(
            words(1),
            [
                "yield", "110.00", "100.00", "+10.00", "%", "WORSE", "1296", "852", "294", "60"
            ]
        );
        assert_eq!(
            words(2),
            ["mine", "5.00", "-", "-", "new", "-", "-", "-", "-"]
        );
    }
}
