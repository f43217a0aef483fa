//! What Erlang, Go and tokio take for the same workload, from `tools/bench/peers.tsv`.

/// Where the figures come from stands in the file itself.
const FIGURES: &str = include_str!("../../bench/peers.tsv");

/// The columns of a line, after its name.
pub(super) const COLUMNS: [&str; 4] = ["Erlang", "Go", "tokio", "aim"];

/// The line of this benchmark; a dash where there is no figure.
pub(super) fn of(name: &str) -> [&'static str; COLUMNS.len()] {
    let mut lines = FIGURES.lines().filter(|line| !line.starts_with('#'));
    let found = lines.find_map(|line| {
        let mut fields = line.split('\t');
        (fields.next() == Some(name)).then_some(fields)
    });
    let mut fields = found.into_iter().flatten();
    [(); COLUMNS.len()].map(|()| fields.next().unwrap_or("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmark_without_peers_has_dashes() {
        assert_eq!(of("yield"), ["1296", "852", "294", "60"]);
        assert_eq!(of("preempt_switch"), ["-", "-", "-", "500"]);
        assert_eq!(of("nothing"), ["-"; 4]);
    }

    #[test]
    fn every_line_has_every_column_and_numbers_in_them() {
        for line in FIGURES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 1 + COLUMNS.len(), "{line}");
            let is_figure = |field: &&str| *field == "-" || field.parse::<u64>().is_ok();
            assert!(fields[1..].iter().all(is_figure), "{line}");
        }
    }
}
