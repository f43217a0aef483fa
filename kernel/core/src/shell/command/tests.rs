//! What each line does and answers.

use super::*;
use proptest::prelude::*;

struct Machine;

impl Inspect for Machine {
    fn cores(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "eight cores")
    }
    fn mem(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "much memory")
    }
    fn processes(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "three processes")
    }
    fn info(&self, who: &str, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "{who} is well")
    }
    fn config(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "as usual")
    }
    fn kill(&self, who: &str, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "{who} is gone")
    }
    fn crashes(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "nobody died")
    }
    fn trace(&self, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "nobody moved")
    }
    fn run(&self, program: &str, out: &mut dyn Write) -> fmt::Result {
        writeln!(out, "'{program}' runs")
    }
}

fn result_of(line: &str) -> (Action, String) {
    let mut out = String::new();
    let action = execute(line, &Machine, &mut out);
    (action, out)
}

#[test]
fn commands_print_or_ask_the_loop() {
    let tests = |filter| Action::StartTests(Filter::new(filter));
    let benches = |filter| Action::Measure(Filter::new(filter));
    for (line, action, printed) in [
        ("", Action::Nothing, ""),
        ("   ", Action::Nothing, ""),
        ("cores", Action::Nothing, "eight cores\n"),
        ("  mem  ", Action::Nothing, "much memory\n"),
        ("ps", Action::Nothing, "three processes\n"),
        ("info 1.2", Action::Nothing, "1.2 is well\n"),
        ("info shell", Action::Nothing, "shell is well\n"),
        ("config", Action::Nothing, "as usual\n"),
        ("kill 1.2", Action::Nothing, "1.2 is gone\n"),
        ("run ring", Action::Nothing, "'ring' runs\n"),
        ("run", Action::Nothing, "'' runs\n"),
        ("crashes", Action::Nothing, "nobody died\n"),
        ("top", Action::Watch, ""),
        ("poweroff", Action::PowerOff, ""),
        ("reboot", Action::Reboot, ""),
        ("crash", Action::Crash(CrashKind::Panic), ""),
        ("crash nested", Action::Crash(CrashKind::Nested), ""),
        ("crash fault@3", Action::CrashOn(CrashKind::Fault, 3), ""),
        (
            "crash panic@all",
            Action::CrashEverywhere(CrashKind::Panic),
            "",
        ),
        ("crash deaf@511", Action::CrashOn(CrashKind::Deaf, 511), ""),
        (
            "crash panic@three",
            Action::Nothing,
            "'crash' does not take 'panic@three'; try 'help crash'\n",
        ),
        ("bench", benches(""), ""),
        ("bench =yield,ring", benches("=yield,ring"), ""),
        (
            "bench a b",
            Action::Nothing,
            "'bench' does not take 'b'; try 'help bench'\n",
        ),
        ("trace", Action::Nothing, "nobody moved\n"),
        ("test", tests(""), ""),
        ("test =a::b,c", tests("=a::b,c"), ""),
        ("test \"a, b\"", tests("a, b"), ""),
    ] {
        assert_eq!(result_of(line), (action, printed.to_string()), "{line:?}");
    }
}

#[test]
fn mistakes_are_answered_with_the_way_to_help() {
    for (line, answer) in [
        ("hlep", "unknown command 'hlep'; try 'help'\n"),
        (
            "poweroff now",
            "'poweroff' does not take 'now'; try 'help poweroff'\n",
        ),
        ("info", "'info' wants to know more; try 'help info'\n"),
        ("kill", "'kill' wants to know more; try 'help kill'\n"),
        ("top 3", "'top' does not take '3'; try 'help top'\n"),
        ("test a b", "'test' does not take 'b'; try 'help test'\n"),
        (
            "crash hard",
            "'crash' does not take 'hard'; try 'help crash'\n",
        ),
        ("help x", "unknown command 'x'; try 'help'\n"),
    ] {
        assert_eq!(result_of(line), (Action::Nothing, answer.to_string()));
    }
}

#[test]
fn help_explains_each_command_alone_and_all_together() {
    let (_, all) = result_of("help");
    for name in NAMES {
        let (_, one) = result_of(&format!("help {name}"));
        assert!(one.contains(name) && all.contains(&one));
    }
    assert_eq!(all.lines().count(), NAMES.len());
}

#[test]
fn help_names_each_kind_of_crash() {
    let (_, help) = result_of("help crash");
    for (name, kind) in CRASH_KINDS {
        assert!(help.contains(name));
        let (action, _) = result_of(&format!("crash {name}"));
        assert_eq!(action, Action::Crash(kind));
    }
}

#[test]
fn names_are_in_order_and_ascii() {
    assert!(NAMES.is_sorted());
    assert!(NAMES.iter().all(|name| name.is_ascii()));
}

proptest! {
    #[test]
    fn any_line_is_answered(line in any::<String>()) {
        let (action, _) = result_of(&line);
        prop_assert!(!matches!(action, Action::PowerOff) || line.contains("poweroff"));
        prop_assert!(!matches!(action, Action::Crash(_) | Action::CrashOn(..) | Action::CrashEverywhere(_)) || line.contains("crash"));
    }
}
