//! What Erlang, Go and tokio take for the same workload, from `tools/bench/peers.tsv`, and how far below that ours are to be.

use super::figure::Figure;

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

/// Ours are to be so many times below the best of the others, and below Erlang's.
const BELOW_ALL: u64 = 3;
const BELOW_ERLANG: u64 = 10;

/// True if ours is as far below theirs as it is meant to be, where there are any.
pub(super) fn are_far(ours: &Figure) -> bool {
    let [erlang, go, tokio, _] = of(&ours.name).map(|figure| figure.parse::<u64>().ok());
    let is_below = |theirs: u64, times| ours.hundredths() * times <= theirs * 100;
    let others = [erlang, go, tokio].into_iter().flatten();
    others.min().is_none_or(|best| is_below(best, BELOW_ALL))
        && erlang.is_none_or(|erlang| is_below(erlang, BELOW_ERLANG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_is_three_times_below_the_best_and_ten_below_erlang() {
        let is_far = |text: &str| are_far(&Figure::parse(text).expect("a figure"));
        // Erlang 1296, Go 852, tokio 294.
        assert!(is_far("yield 1 ops, 98 ns, 98.00 ns/op"));
        assert!(!is_far("yield 1 ops, 99 ns, 99.00 ns/op"));
        // Erlang 1389, Go 248, tokio 326.
        assert!(is_far("timers_remove 1 ops, 82 ns, 82.00 ns/op"));
        assert!(!is_far("timers_remove 1 ops, 83 ns, 83.00 ns/op"));
        // Erlang 1855, Go 1687.
        assert!(!is_far("timers_cancel 1 ops, 186 ns, 186.00 ns/op"));
        assert!(is_far("masked_max 1 ops, 1000000 ns, 1000000.00 ns/op"));
    }

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
