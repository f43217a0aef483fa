//! The table of the README: ours and the peers', as rows of a page.
//!
//! Which rows there are, and what is said of each, is the page's; the figures are the baseline's and the peers'. So
//! whoever makes a baseline writes both, and a test fails if they differ.

use super::figure::Figure;
use super::peers;

/// The page, below the workspace.
pub(super) const FILE: &str = "README.md";

/// The page with these figures in its rows.
pub(super) fn with_figures(page: &str, ours: &[Figure]) -> String {
    page.lines()
        .map(|line| row(line, ours).unwrap_or_else(|| line.to_owned()) + "\n")
        .collect()
}

/// A row of the table, if the line is one: its name, what is said of it, and our own and the peers' figures.
fn row(line: &str, ours: &[Figure]) -> Option<String> {
    let mut cells = line.strip_prefix("| `")?.split(" | ");
    let (name, what) = (cells.next()?.strip_suffix('`')?, cells.next()?);
    let figure = ours.iter().find(|figure| figure.name == name)?;
    let [erlang, go, tokio, aim] = peers::of(name).map(grouped);
    let own = grouped(&((figure.hundredths() + 50) / 100).to_string());
    Some(format!(
        "| `{name}` | {what} | {own} | {aim} | {erlang} | {go} | {tokio} |"
    ))
}

/// A number with its thousands apart; what is none is a dash.
fn grouped(number: &str) -> String {
    if number.parse::<u64>().is_err() {
        return "–".to_owned();
    }
    let places = number.len();
    let digits = number.chars().enumerate();
    digits
        .flat_map(|(place, digit)| {
            let is_apart = place > 0 && (places - place).is_multiple_of(3);
            is_apart.then_some(',').into_iter().chain([digit])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../../README.md");
    const BASELINE: &str = include_str!("../../bench/baseline.txt");

    #[test]
    fn the_page_has_the_baselines_figures() {
        let ours = Figure::all_in(BASELINE);
        let page = with_figures(README, &ours);
        for (line, expected) in README.lines().zip(page.lines()) {
            assert_eq!(line, expected, "`bench --write` makes it right");
        }
        let rows = README.lines().filter(|line| row(line, &ours).is_some());
        assert!(rows.count() >= 17, "the table was not found");
    }

    #[test]
    fn a_row_keeps_its_words_and_gets_new_figures() {
        let ours = Figure::all_in("yield 2 ops, 2501 ns, 1250.50 ns/op");
        let page = "# A\n| `yield` | gives way | 1 | 2 | 3 | 4 | 5 |\n| `other` | x | 1 |\n";
        let expected =
            "# A\n| `yield` | gives way | 1,251 | 60 | 1,296 | 852 | 294 |\n| `other` | x | 1 |\n";
        assert_eq!(with_figures(page, &ours), expected);
    }

    #[test]
    fn thousands_stand_apart() {
        let numbers = ["7", "852", "1296", "39232000", "-"].map(grouped);
        assert_eq!(numbers, ["7", "852", "1,296", "39,232,000", "–"]);
    }
}
