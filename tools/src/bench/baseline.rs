//! What was measured when the baseline was taken, and what a difference to it means.
//!
//! Runs repeat exactly, so any difference is a change of the code. Small ones come and go with the order of
//! functions and are nobody's fault; beyond three hundredths of a figure somebody has to look.

use super::figure::Figure;

/// Hundredths of the baseline that a figure may differ by.
const TOLERANCE: u128 = 3;

/// Where the baseline lies, below the workspace.
pub(super) const FILE: &str = "tools/bench/baseline.txt";

/// What a figure is to its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Within the tolerance.
    Same,
    /// Above it: a regression.
    Worse,
    /// Below it: the baseline should be taken anew, or it hides later regressions.
    Better,
    /// There is no baseline of this name.
    New,
    /// The operation was done another number of times, so the two are not the same thing.
    OtherCount,
}

pub(super) fn judge(ours: &Figure, baseline: Option<&Figure>) -> Verdict {
    let Some(baseline) = baseline else {
        return Verdict::New;
    };
    if ours.ops != baseline.ops {
        return Verdict::OtherCount;
    }
    let (now, then) = (u128::from(ours.nanos), u128::from(baseline.nanos));
    if now * 100 > then * (100 + TOLERANCE) {
        Verdict::Worse
    } else if now * 100 < then * (100 - TOLERANCE) {
        Verdict::Better
    } else {
        Verdict::Same
    }
}

/// Figures of the baseline that a whole run did not bring.
pub(super) fn missing<'a>(
    baseline: &'a [Figure],
    ours: &'a [Figure],
) -> impl Iterator<Item = &'a str> {
    let is_there = |name: &str| ours.iter().any(|figure| figure.name == name);
    baseline
        .iter()
        .map(|figure| figure.name.as_str())
        .filter(move |name| !is_there(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(ops: u64, nanos: u64) -> Figure {
        let name = "yield".to_owned();
        Figure {
            name,
            ops,
            nanos,
            unit: "ns",
        }
    }

    #[test]
    fn three_hundredths_are_allowed_and_no_more() {
        let baseline = figure(10, 1000);
        let verdict = |nanos| judge(&figure(10, nanos), Some(&baseline));
        assert_eq!(verdict(1030), Verdict::Same);
        assert_eq!(verdict(1031), Verdict::Worse);
        assert_eq!(verdict(970), Verdict::Same);
        assert_eq!(verdict(969), Verdict::Better);
    }

    #[test]
    fn another_count_is_not_compared() {
        assert_eq!(
            judge(&figure(11, 5000), Some(&figure(10, 1000))),
            Verdict::OtherCount
        );
        assert_eq!(judge(&figure(1, 1), None), Verdict::New);
    }

    #[test]
    fn a_benchmark_that_vanished_is_told() {
        let baseline = [figure(1, 1)];
        assert!(missing(&baseline, &[]).eq(["yield"]));
        assert_eq!(missing(&baseline, &baseline).count(), 0);
    }
}
