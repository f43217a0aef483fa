//! What a gate counts, at the ends of its words.

use super::*;

fn drops(gate: &Gate, pid: Pid) -> u64 {
    gate.report(pid).expect("it serves this process").drops
}

#[test]
fn a_hundred_million_drops_are_told_and_no_number_of_them_makes_another_process() {
    const HUNDRED_MILLION_AND_MORE: u64 = 1 << 28;
    let (pid, next) = (Pid::new(3, 7), Pid::new(3, 8));
    let gate = Gate::new();
    gate.open(pid, Bound::new(1, Overflow::Drop).ok());
    gate.drops.fetch_add(HUNDRED_MILLION_AND_MORE - 1, Relaxed);
    gate.count_drop(pid);
    assert_eq!(drops(&gate, pid), HUNDRED_MILLION_AND_MORE);
    gate.drops.fetch_or(DROPS, Relaxed);
    for _ in 0..3 {
        gate.count_drop(pid);
        assert_eq!(drops(&gate, pid), DROPS);
    }
    assert!(gate.report(next).is_none());
}
