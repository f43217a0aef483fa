use super::*;
use crate::logging::{Level, LevelFilter};
use proptest::prelude::*;

fn clean(text: &str) -> Config<'_> {
    Config::parse(text, &mut |complaint| panic!("{complaint}"))
}

fn complaints(text: &str) -> (Config<'_>, Vec<String>) {
    let mut all = vec![];
    let config = Config::parse(text, &mut |complaint| all.push(complaint.to_string()));
    (config, all)
}

#[test]
fn nothing_said_boots_the_shell_on_all_cores() {
    let config = clean("  ");
    assert_eq!(config, Config::default());
    assert_eq!(config.mode, Mode::Shell);
    assert_eq!(config.cores, None);
    assert_eq!((config.quantum_us, config.reductions), (None, None));
    assert!(!config.keeps_time);
    assert_eq!(config.deployment, None);
    assert_eq!((config.rounds, config.limit_ms), (1, 60_000));
}

#[test]
fn every_argument_of_the_contract_is_understood() {
    let config = clean(
        "test=timer girder.cores=4 girder.quantum_us=500 girder.reductions=0x100 \
         girder.clock=on girder.deploy=message girder.seed=18446744073709551615 girder.log=warn,sched=trace \
         girder.panic=reset console=/soc/serial@7e201000 girder.repeat=3 girder.limit_ms=200 \
         girder.crash=fault@3",
    );
    assert_eq!(config.mode, Mode::Test("timer"));
    assert_eq!(config.cores, NonZeroU32::new(4));
    assert_eq!(
        (config.quantum_us, config.reductions),
        (Some(500), Some(256))
    );
    assert!(config.keeps_time);
    assert_eq!(config.deployment, Some(Deployment::Message));
    assert_eq!(config.seed, Some(u64::MAX));
    assert!(config.log.passes("girder_core::sched", Level::Trace));
    assert_eq!(config.panic, Some(OnPanic::Reset));
    assert_eq!(config.crash, Some((CrashKind::Fault, 3)));
    let path = ConsoleChoice::Path("/soc/serial@7e201000");
    assert_eq!(config.console, Some(path));
    assert_eq!((config.rounds, config.limit_ms), (3, 200));
}

#[test]
fn modes_are_read() {
    let bench = |filter, count| Mode::Bench(BenchChoice { filter, count });
    for (text, mode) in [
        ("shell", Mode::Shell),
        ("test", Mode::Test("")),
        ("test=", Mode::Test("")),
        ("test=a,=b::c", Mode::Test("a,=b::c")),
        ("bench", bench("", None)),
        (
            "bench=idle_memory:1000000",
            bench("idle_memory", Some(1_000_000)),
        ),
        ("bench=suite::yield", bench("suite::yield", None)),
        ("bench=suite::yield:5", bench("suite::yield", Some(5))),
        ("run=hello", Mode::Run("hello")),
        ("run=\"hello world\"", Mode::Run("hello world")),
        ("\"run=hello world\"", Mode::Run("hello world")),
        ("test=x shell", Mode::Shell),
    ] {
        assert_eq!(clean(text).mode, mode, "{text}");
    }
}

#[test]
fn console_address_is_hexadecimal_with_and_without_prefix() {
    for text in ["console=pl011@9000000", "console=pl011@0x9000000"] {
        let console = Some(ConsoleChoice::Pl011(0x900_0000));
        assert_eq!(clean(text).console, console);
    }
}

#[test]
fn arguments_of_other_systems_warn_and_change_nothing() {
    let (config, all) = complaints("root=/dev/vda1 quiet -- girder.corse=4");
    assert_eq!(config, Config::default());
    assert_eq!(
        all,
        ["root=/dev/vda1", "quiet", "--", "girder.corse=4"]
            .map(|word| format!("unknown argument `{word}` ignored"))
    );
}

#[test]
fn wrong_values_say_so_and_use_the_default() {
    let default = Config::default();
    for (text, words) in [
        (
            "girder.cores=abc",
            "is not a number from 1 to 512, using all",
        ),
        ("girder.cores=0", "is not a number from 1 to 512, using all"),
        ("girder.cores=", "is not a number from 1 to 512, using all"),
        (
            "girder.cores=+4",
            "is not a number from 1 to 512, using all",
        ),
        (
            "girder.cores=4294967297",
            "is not a number from 1 to 512, using all",
        ),
        (
            "girder.quantum_us=1",
            "is not a number from 50 to 10000000, using 1000",
        ),
        (
            "girder.reductions=-1",
            "is not a number from 1 to 1000000000, using 2000",
        ),
        (
            "girder.repeat=0",
            "is not a number from 1 to 1000000, using 1",
        ),
        (
            "girder.limit_ms=x",
            "is not a number from 1 to 3600000, using 60000",
        ),
        ("girder.clock=maybe", "is not on or off, using off"),
        ("girder.seed=dice", "is not a number of 64 bits, using none"),
        (
            "girder.deploy=all",
            "is not single, shared or message, using the default",
        ),
        (
            "girder.panic=hope",
            "is not halt, reset or off, using off in test and bench mode, else halt",
        ),
        (
            "girder.crash=process@1",
            "is not a kind of crash and a core, such as panic@3, using none",
        ),
        (
            "girder.crash=panic",
            "is not a kind of crash and a core, such as panic@3, using none",
        ),
        (
            "console=ttyAMA0,115200",
            "is neither a path in the device tree nor pl011@ADDRESS, using the machine's own",
        ),
        (
            "console=pl011@2",
            "is neither a path in the device tree nor pl011@ADDRESS, using the machine's own",
        ),
        ("run=", "names no program, using the shell"),
        ("shell=zsh", "takes no value, using the shell"),
    ] {
        let (config, all) = complaints(text);
        assert_eq!(config, default, "{text}");
        assert_eq!(all, [format!("{text} {words}")]);
    }
}

#[test]
fn wrong_count_keeps_the_benchmark() {
    let (config, all) = complaints("bench=spawn:many");
    let choice = BenchChoice {
        filter: "spawn",
        count: None,
    };
    assert_eq!(config.mode, Mode::Bench(choice));
    assert_eq!(
        all,
        ["bench=spawn:many does not end in a count, using the usual count"]
    );
}

#[test]
fn last_of_several_counts_even_if_it_is_wrong() {
    assert_eq!(
        clean("girder.cores=2 girder.cores=3").cores,
        NonZeroU32::new(3)
    );
    let (config, all) = complaints("girder.cores=2 girder.cores=x");
    assert_eq!((config.cores, all.len()), (None, 1));
}

#[test]
fn unclosed_quote_is_told() {
    let (config, all) = complaints("run=\"a b");
    assert_eq!(config.mode, Mode::Run("a b"));
    assert_eq!(all, ["`run=\"a b` opens a quote that never ends"]);
}

#[test]
fn part_of_the_log_filter_may_be_wrong() {
    let (config, all) = complaints("girder.log=debug,sched=loud");
    assert_eq!(config.log, LogFilter::at(LevelFilter::Debug));
    assert_eq!(all.len(), 1);
}

#[test]
fn crash_powers_off_only_where_a_script_waits() {
    for (text, answer) in [
        ("", OnPanic::Halt),
        ("run=x", OnPanic::Halt),
        ("test", OnPanic::Off),
        ("bench", OnPanic::Off),
        ("girder.panic=halt test", OnPanic::Halt),
        ("girder.panic=reset", OnPanic::Reset),
    ] {
        assert_eq!(clean(text).on_panic(), answer, "{text}");
    }
}

/// Text that is often nearly right.
fn near_arguments() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("girder.cores=".to_string()),
        Just("girder.log=".to_string()),
        Just("console=pl011@".to_string()),
        Just("bench=".to_string()),
        Just("test".to_string()),
        "[0-9a-fx:,=\"é ]{0,12}",
        any::<String>(),
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_text_gives_a_config_within_its_bounds(text in near_arguments()) {
        let config = Config::parse(&text, &mut |complaint| drop(complaint.to_string()));
        prop_assert!(config.cores.is_none_or(|cores| cores.get() <= CORES_MAX));
        let quantum = config.quantum_us.unwrap_or(QUANTUM_US);
        prop_assert!((QUANTUM_US_MIN..=QUANTUM_US_MAX).contains(&quantum));
        prop_assert!((1..=ROUNDS_MAX).contains(&config.rounds));
        prop_assert!((1..=LIMIT_MS_MAX).contains(&config.limit_ms));
    }

    #[test]
    fn complaining_to_nobody_gives_the_same_config(text in near_arguments()) {
        let (config, _) = complaints(&text);
        prop_assert_eq!(config, Config::parse(&text, &mut |_| ()));
    }
}
