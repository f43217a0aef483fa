//! The machines that every change must pass on.
//!
//! Not the full product (`--all` adds that): each value of cores, level and cpu stands in some
//! row, and so do the pairs where one is known to matter to the other: EL2 with and without
//! VHE, one core with its tree that names no enable-method, more than 16 cores with their
//! second affinity level, 64 cores on old and new atomics. Then boots of another kind, one
//! property each: `levels` has entry at other levels and on other cores, `boards` Raspberry Pis,
//! `controllers` the interrupt controllers, `starts` has those that no good boot loader makes, `lies`
//! descriptions that are wrong, `crashes` those that end badly, `examples` other programs than the tests, `scale`
//! the largest, `shared` the deployments in which all cores schedule, `debugged` those that gdb looks at.

mod boards;
mod controllers;
mod crashes;
mod debugged;
mod examples;
mod levels;
mod lies;
mod scale;
mod shared;
mod special;
mod starts;

use std::time::Duration;

use super::dialogue::{Ends, Step};
use super::row::{Course, Kernel, Row, Tree};
use super::watch::Expect;
use crate::machine::Level::{self, El1, El2};
use crate::machine::Machine;

/// A line that must be there, with these texts in it.
macro_rules! says {
    ($what:literal, $($text:literal),+) => {
        Expect::Line { what: $what, texts: &[$($text),+] }
    };
}
use says;

/// More than any test's own time limit, so that the kernel ends a test that hangs and says so.
const SILENCE: Duration = Duration::from_secs(400);
/// Most rows take seconds, on two idle host cores. On busy ones they may take a hundred times as long.
const TIME_LIMIT: Duration = Duration::from_secs(1200);
const MANY_CORES: u32 = 64;

const CORES: [u32; 6] = [1, 2, 3, 4, 8, MANY_CORES];
const CPUS: [&str; 6] = [
    "cortex-a53",
    "cortex-a72",
    "cortex-a76",
    "neoverse-n1",
    "a64fx",
    "max",
];

const MACHINES: [(u32, Level, &str); 13] = [
    (1, El1, "cortex-a53"),
    (1, El2, "cortex-a76"),
    (2, El1, "max"),
    (2, El2, "cortex-a53"),
    (3, El1, "a64fx"),
    (3, El2, "cortex-a76"),
    (4, El1, "cortex-a72"),
    (4, El2, "cortex-a72"),
    (8, El1, "neoverse-n1"),
    (8, El2, "neoverse-n1"),
    (8, El1, "cortex-a76"),
    (MANY_CORES, El1, "cortex-a72"),
    (MANY_CORES, El2, "max"),
];

const POWEROFF: Step = Step {
    flood: None,
    command: "poweroff",
    expected: &[],
    ends: Ends::WithTheMachine,
};

const fn ask(command: &'static str, expected: &'static [&'static str]) -> Step {
    Step {
        flood: None,
        command,
        expected,
        ends: Ends::AtThePrompt,
    }
}

/// Leaves out the dozen tests that need three quarters of the time of a run. They are about processes, which know nothing of
/// how the machine under them has come up, so they run where that is ordinary: in the rows of `WITH_THE_LONGEST`, and in every
/// one of `--all`.
macro_rules! but_the_longest {
    () => {
        "-a_thousand_that_are_killed,-a_kill_at_any_moment,-panics_thousands_of_times,\
         -destructor_never_ends,-destructor_that_never_ends,-more_spinners_than_stacks,\
         -an_overflow_on_the_way,-what_the_stolen_leave,-a_flood_of_deaths,-rings_that_die_at_once,\
         -a_hundred_thousand_messages,-no_ping_is_lost_part_3,\
         -linking::races,-linking::crowds,-supervising::trees,-crashes::"
    };
}

use but_the_longest;

/// Old atomics and new, one core and several, each deployment and both levels.
const WITH_THE_LONGEST: [&str; 7] = [
    "virt-1-el1-cortex-a53",
    "virt-2-el1-max",
    "virt-4-el2-cortex-a72",
    "virt-8-el1-neoverse-n1",
    "message-2-neoverse-n1",
    "message-4-max",
    "single-4-cortex-a72",
];

/// The suite, typed.
const ASK_MOST: Step = ask_test(concat!("test ", but_the_longest!()));

const fn ask_test(command: &'static str) -> Step {
    Step {
        flood: None,
        command,
        expected: &["test result: ok. "],
        ends: Ends::AtThePromptAfter("test result: "),
    }
}

/// All rows, in the order in which they run.
pub(crate) fn rows(reach: Reach) -> Vec<Row> {
    let mut rows: Vec<_> = MACHINES.into_iter().map(machine_row).collect();
    rows.iter_mut().for_each(spare_the_host);
    rows.extend(with_one_scheduler(special::rows()));
    rows.extend(shared::rows());
    rows.extend(bench_rows());
    rows.extend(controllers::rows());
    rows.extend(with_one_scheduler(levels::rows()));
    rows.extend(with_one_scheduler(boards::rows()));
    rows.extend(with_one_scheduler(starts::rows()));
    rows.extend(with_one_scheduler(lies::rows()));
    rows.extend(crashes::rows());
    rows.extend(debugged::rows());
    rows.extend(examples::rows());
    if reach == Reach::Chosen {
        rows.iter_mut().for_each(leave_the_longest_out);
    }
    if reach == Reach::EveryCombination {
        rows.extend(boards::slow_rows());
        for cores in CORES {
            for level in [El1, El2] {
                rows.extend(CPUS.map(|cpu| machine_row((cores, level, cpu))));
            }
        }
        rows.extend(scale::rows());
        let mut seen = std::collections::HashSet::new();
        rows.retain(|row| seen.insert(row.name.clone()));
    }
    rows
}

/// How much of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Minutes: before every commit.
    Chosen,
    /// The full product as well, and the largest machines.
    EveryCombination,
}

/// Boards whose cores all schedule in the tests; there is one row for each.
const ALL_SCHEDULE: [&str; 2] = ["rpi3-image", "rpi4-image"];

/// Leaves out what processes do to each other at their ends as well.
const ONE_SCHEDULER: &str = concat!(
    but_the_longest!(),
    ",-monitoring::,-obituaries::,-runtimes::"
);

/// What is about how a machine comes up is the same for all deployments: there the tests run on the core that does.
fn with_one_scheduler(rows: Vec<Row>) -> impl Iterator<Item = Row> {
    rows.into_iter().map(|mut row| {
        let may_choose = row.runs_the_tests() && row.bootargs.is_empty();
        if may_choose && !ALL_SCHEDULE.contains(&row.name.as_str()) {
            row.bootargs = "girder.deploy=single";
            row.tests = ONE_SCHEDULER;
        }
        row
    })
}

fn leave_the_longest_out(row: &mut Row) {
    if row.tests.is_empty() && !WITH_THE_LONGEST.contains(&row.name.as_str()) {
        row.tests = but_the_longest!();
    }
}

/// Tests that load all cores take as many times longer as there are more of them than the host has: of 64 that
/// schedule the tests about several cores are enough before every commit.
fn spare_the_host(row: &mut Row) {
    if row.machine.cores >= MANY_CORES {
        match row.machine.level {
            El1 => row.tests = "many::",
            El2 => row.bootargs = "girder.deploy=single",
        }
    }
}

fn machine_row((cores, level, cpu): (u32, Level, &str)) -> Row {
    let word = match level {
        El1 => "el1",
        El2 => "el2",
    };
    let machine = Machine {
        cores,
        level,
        cpu: cpu.to_owned(),
        ..Machine::default()
    };
    Row {
        machine,
        ..plain_row(&format!("virt-{cores}-{word}-{cpu}"))
    }
}

/// The default machine, running all tests.
pub(super) fn plain_row(name: &str) -> Row {
    Row {
        name: name.to_owned(),
        machine: Machine::default(),
        kernel: Kernel::Image,
        tree: Tree::True,
        bootargs: "",
        tests: "",
        script: &[],
        expects: &[],
        course: Course::Ordinary,
        silence: SILENCE,
        time_limit: TIME_LIMIT,
    }
}

const BENCHES: &[Expect] = &[
    Expect::Line {
        what: "two processes yield to each other",
        texts: &["yield ", " ns/op"],
    },
    Expect::Line {
        what: "processes come and go",
        texts: &["spawn_end ", " ns/op"],
    },
    Expect::Line {
        what: "a spinner gives way",
        texts: &["yield_beside_spinner ", " ns/op"],
    },
];

/// The benchmarks, where nobody counts instructions: on a free-running machine interrupts come at any
/// time, and processes are spawned, preempted and ended under them.
fn bench_rows() -> Vec<Row> {
    let row = |cores, cpu: &str| {
        let machine = Machine {
            cores,
            cpu: cpu.to_owned(),
            ..Machine::default()
        };
        Row {
            machine,
            course: Course::Bench,
            expects: BENCHES,
            ..plain_row(&format!("bench-{cores}-{cpu}"))
        }
    };
    vec![
        row(1, "cortex-a53"),
        row(4, "cortex-a72"),
        row(2, "max"),
        counting(crowd(
            "512M",
            "bench=idle_memory:1000000",
            &[A_MILLION, LAST_AS_FIRST],
        )),
        // A service with all that it has in its arena; the first byte that is lost ends the run without a figure.
        Row {
            name: "a-million-crashes".to_owned(),
            ..crowd("64M", "bench=arena_crash:1000000", &[A_MILLION_CRASHES])
        },
    ]
}

const A_MILLION: Expect = says!(
    "a million wait at once",
    "idle_memory 1000000 ops, ",
    " bytes/op"
);

/// On a machine that counts instructions, so these are compared, and no time.
const LAST_AS_FIRST: Expect = Expect::NoDearer {
    what: "the last ten thousand are spawned for what the first ten thousand took",
    first: "idle_spawn_first",
    last: "idle_spawn_last",
    percent: 10,
};

const A_MILLION_CRASHES: Expect = says!(
    "a million crashes lose nothing",
    "arena_crash 1000000 ops, ",
    " ns/op"
);

/// As many processes as a memory of this size is to hold, image and kernel included.
fn crowd(memory: &str, bootargs: &'static str, expects: &'static [Expect]) -> Row {
    let machine = Machine {
        memory: memory.to_owned(),
        cores: 1,
        ..Machine::default()
    };
    Row {
        machine,
        course: Course::Bench,
        bootargs,
        expects,
        ..plain_row(&format!("crowd-in-{memory}"))
    }
}

/// The same on a machine where an instruction takes a nanosecond.
fn counting(row: Row) -> Row {
    Row {
        machine: Machine {
            icount_shift: Some(0),
            ..row.machine
        },
        ..row
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_fit_a_file_name() {
        for reach in [Reach::Chosen, Reach::EveryCombination] {
            let rows = rows(reach);
            for name in ALL_SCHEDULE {
                assert!(rows.iter().any(|row| row.name == name), "{name}");
            }
            let names: HashSet<_> = rows.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(names.len(), rows.len());
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(names.iter().all(|name| name.chars().all(is_plain)));
        }
    }

    #[test]
    fn each_value_is_covered_without_the_full_product() {
        let rows = rows(Reach::Chosen);
        for cores in CORES {
            assert!(
                rows.iter().any(|row| row.machine.cores == cores),
                "{cores} cores"
            );
        }
        for cpu in CPUS {
            assert!(rows.iter().any(|row| row.machine.cpu == cpu), "{cpu}");
        }
        for level in [El1, El2] {
            assert!(
                rows.iter().any(|row| row.machine.level == level),
                "{level:?}"
            );
        }
    }

    #[test]
    fn every_combination_has_each_pair_once() {
        let product = CORES.len() * CPUS.len() * 2;
        let slow = boards::slow_rows().len() + scale::rows().len();
        let others = rows(Reach::Chosen).len() - MACHINES.len() + slow;
        assert_eq!(rows(Reach::EveryCombination).len(), product + others);
    }
}
