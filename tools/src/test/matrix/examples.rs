//! The examples, and an application outside the tree: each says what it has to say, and its end switches
//! the machine off. The application is the README's first program.
//!
//! The stock image holds the examples, so most rows boot that one; two build an image as
//! `make run EXAMPLE=NAME` and `make run APP=PATH` do, which must hold nothing else.

use girder_core::check::ExitStatus;

use super::{POWEROFF, ask, plain_row, says};
use crate::test::dialogue::{Ends, Step};
use crate::test::row::{Course, Kernel, Row};
use crate::test::watch::Expect;

/// What the example `echo` shows when it waits for a line.
const ECHO: Course = Course::Program {
    prompt: "echo> ",
    status: ExitStatus::AllPassed,
};
/// A program that is not typed at.
const QUIET: Course = ending(ExitStatus::AllPassed);

/// A program that is not typed at, and ends so.
const fn ending(status: ExitStatus) -> Course {
    let prompt = "";
    Course::Program { prompt, status }
}

pub(super) fn rows() -> Vec<Row> {
    let alone = |name, kernel, expects| Row {
        kernel,
        course: QUIET,
        expects,
        ..plain_row(name)
    };
    vec![
        demo("example-hello", "run=hello", HELLO),
        demo("example-crash", "run=crash", CRASH),
        demo("example-house", "run=house", HOUSE),
        Row {
            script: HOUSE_BESIDE,
            expects: HOUSE,
            ..plain_row("poweroff-of-applications")
        },
        demo("example-timers", "run=timers", TIMERS),
        demo("example-parallel-sum", "run=parallel_sum", PARALLEL_SUM),
        demo("example-prime-sieve", "run=prime_sieve", PRIME_SIEVE),
        demo("example-ping-pong", "run=ping_pong", PING_PONG),
        demo("example-ring", "run=ring", RING),
        demo("example-proc-a", "run=proc_a", PROC_A),
        demo("example-proc-b", "run=proc_b", PROC_B),
        Row {
            course: ECHO,
            script: TYPED,
            ..demo(
                "example-echo",
                "run=echo",
                &[says!("it returned", "the echo returned")],
            )
        },
        failing(
            "program-fails",
            "run=failing",
            &[says!("the error is told", "main failed: \"as it should\"")],
        ),
        failing(
            "program-panics",
            "run=panicking",
            &[says!(
                "the panic is told",
                "panicking panicked at",
                "as it should"
            )],
        ),
        failing(
            "program-exits",
            "run=exiting",
            &[says!("the reason is told", "exiting exited: as it should")],
        ),
        Row {
            course: ending(ExitStatus::NothingToRun),
            ..demo(
                "no-such-program",
                "run=rung",
                &[says!(
                    "what there is is told",
                    "no program 'rung'",
                    "run=ring",
                    "run=hello"
                )],
            )
        },
        alone("image-of-example", Kernel::Example("hello"), HELLO),
        alone(
            "image-of-application",
            Kernel::Application(first_process()),
            FIRST_PROCESS,
        ),
    ]
}

/// A program that does not return.
fn failing(name: &str, bootargs: &'static str, expects: &'static [Expect]) -> Row {
    Row {
        course: ending(ExitStatus::Failed),
        ..demo(name, bootargs, expects)
    }
}

/// An example in the stock image.
fn demo(name: &str, bootargs: &'static str, expects: &'static [Expect]) -> Row {
    Row {
        bootargs,
        course: QUIET,
        expects,
        ..plain_row(name)
    }
}

const HELLO: &[Expect] = &[says!("it says hello", "hello from process ")];

const CRASH: &[Expect] = &[
    says!("a panic is told", "a star is missing"),
    says!("who faults begins again", "|- camera ", "in its life 2"),
    says!("who panics begins again", "|- catalogue ", "in its life 2"),
    says!(
        "who overflows begins again",
        "|  |- motor ",
        "in its life 2"
    ),
    says!(
        "who depends on it does so too",
        "|  |- shutter ",
        "in its life 2"
    ),
    says!(
        "who fails for ever is given up with its supervisor",
        "the weather's supervisor was shut down"
    ),
    says!("the others are there", "|- weather  is not there"),
    says!(
        "the tree ends as a whole",
        "the observatory closes: it returned, and 0 are left"
    ),
];

const HOUSE_BESIDE: &[Step] = &[
    Step {
        flood: None,
        command: "run house",
        expected: &["lamps: on", "the day is over"],
        ends: Ends::WhenSaid("the day is over"),
    },
    POWEROFF,
];
const HOUSE: &[Expect] = &[
    says!("who was started last ends first", "lamps: off, the first"),
    says!("then who was started before", "doors: off, the second"),
    says!("then who all others need", "journal: off, the third"),
];

const TIMERS: &[Expect] = &[
    says!("a sleep is not short", "slept 20ms or more: true"),
    says!(
        "a beat does not drift",
        "beat 3 is due 30ms after the first"
    ),
    says!("patience ends", "gave up: the time was over first"),
    says!("a sleeper is killed", "nobody waits an hour: true"),
];

const PARALLEL_SUM: &[Expect] = &[says!(
    "the sum is right",
    "8 parts: 1 + ... + 10000000 = 50000005000000"
)];

const PRIME_SIEVE: &[Expect] = &[says!(
    "the primes are found in order",
    "25 primes below 100: [2, 3, 5, 7, 11, 13,",
    "79, 83, 89, 97]"
)];

const PING_PONG: &[Expect] = &[
    says!("each question is answered", "ping, pong, and so on: 10000"),
    says!(
        "no answer is told",
        "asked to answer nothing: Err(NoAnswer)"
    ),
    says!("so is nobody", "asked when it is gone: Err(NoAnswer)"),
    says!("patience ends", "asked in vain: Err(TimedOut)"),
];

const RING: &[Expect] = &[says!(
    "the token has gone round",
    "100 times round a ring of 100: 10000 hands"
)];

const PROC_A: &[Expect] = &[
    says!("it says its lines", "process a, line 3"),
    says!("it returns", "it returned"),
];

const PROC_B: &[Expect] = &[
    says!(
        "nobody is kept from a line",
        "line 3, while process b spins"
    ),
    says!("it is killed", "it ended because it was killed: true"),
];

const TYPED: &[Step] = &[
    ask("one", &["one (and a and b have gone on)"]),
    // What is deleted is not there.
    ask("twx\x7fo", &["two (and a and b have gone on)"]),
    Step {
        flood: None,
        command: "quit",
        expected: &[],
        ends: Ends::WithTheMachine,
    },
];

const FIRST_PROCESS: &[Expect] = &[
    says!("a process beats", "tick"),
    says!(
        "another one's panic is its own",
        "it panicked at src/main.rs:18: enough of that"
    ),
];

/// The program that the README begins with.
fn first_process() -> &'static str {
    const README: &str = include_str!("../../../../README.md");
    let (_, rest) = README.split_once("```rust\n").expect("it has a program");
    let (program, _) = rest.split_once("```").expect("the program ends");
    program
}
