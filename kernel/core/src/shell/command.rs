//! The commands: their words, their help, and what they ask the loop to do.

use crate::check::Filter;
use crate::words::{unquote, words};
use core::fmt::{self, Write};

/// What the loop has to do for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Nothing more; show the prompt.
    Nothing,
    /// Run the tests that the filter selects.
    StartTests(Filter),
    /// Run the benchmarks that the filter selects.
    Measure(Filter),
    /// Turn the machine off.
    PowerOff,
    /// Start it again.
    Reboot,
    /// Show the busiest processes again and again, until a key is pressed.
    Watch,
    /// Crash the kernel, or less.
    Crash(CrashKind),
    /// Crash it on this core.
    CrashOn(CrashKind, u32),
    /// Crash it on all cores at once.
    CrashEverywhere(CrashKind),
}

/// Ways to crash on purpose, each reported by another path. Some do not end the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashKind {
    /// A panic.
    Panic,
    /// A read of an address where nothing is.
    Fault,
    /// A recursion without end.
    Overflow,
    /// A fault inside an exception handler.
    Nested,
    /// A panic with the console's lock held, and a fault while it is being reported.
    Report,
    /// A panic in a process of its own.
    Process,
    /// A panic in the shell.
    Shell,
    /// No crash: the core masks its interrupts and does nothing more, for a report that has to do
    /// without it.
    Deaf,
    /// No crash: the core spins with a frame pointer that points nowhere, for a report that has to stop
    /// there.
    Wild,
    /// No crash: the core's loop has no turn any more, and takes interrupts still.
    Hang,
    /// No crash: a process on the core keeps preemption off for ever.
    Stuck,
}

impl CrashKind {
    /// The kind of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        let found = CRASH_KINDS.iter().find(|(known, _)| *known == name);
        found.map(|&(_, kind)| kind)
    }

    /// True if it is a core that is lost, or everything; a process is lost where it runs.
    pub fn is_of_a_core(self) -> bool {
        !matches!(self, Self::Process | Self::Shell)
    }

    /// True if the kernel goes on.
    pub fn is_survived(self) -> bool {
        matches!(self, Self::Deaf | Self::Wild | Self::Hang | Self::Stuck)
    }

    /// True if the core's neighbour is to tell of it.
    pub fn is_told(self) -> bool {
        matches!(self, Self::Hang | Self::Stuck)
    }
}

const CRASH_KINDS: [(&str, CrashKind); 11] = [
    ("panic", CrashKind::Panic),
    ("fault", CrashKind::Fault),
    ("overflow", CrashKind::Overflow),
    ("nested", CrashKind::Nested),
    ("report", CrashKind::Report),
    ("process", CrashKind::Process),
    ("shell", CrashKind::Shell),
    ("deaf", CrashKind::Deaf),
    ("wild", CrashKind::Wild),
    ("hang", CrashKind::Hang),
    ("stuck", CrashKind::Stuck),
];

/// What commands ask of the machine.
pub trait Inspect {
    /// Prints a table of the cores and their state.
    fn cores(&self, out: &mut dyn Write) -> fmt::Result;
    /// Prints a table of all processes.
    fn processes(&self, out: &mut dyn Write) -> fmt::Result;
    /// Prints the row of one, by its pid or its name.
    fn info(&self, who: &str, out: &mut dyn Write) -> fmt::Result;
    /// Prints what memory there is and what is taken.
    fn mem(&self, out: &mut dyn Write) -> fmt::Result;
    /// Prints what the boot arguments have decided.
    fn config(&self, out: &mut dyn Write) -> fmt::Result;
    /// Ends a process, by its pid or its name.
    fn kill(&self, who: &str, out: &mut dyn Write) -> fmt::Result;
    /// Prints which processes have died lately of a panic or a fault, and where.
    fn crashes(&self, out: &mut dyn Write) -> fmt::Result;
    /// Prints what cores have decided lately about processes that move.
    fn trace(&self, out: &mut dyn Write) -> fmt::Result;
    /// Starts a program of the image in a process of its own.
    fn run(&self, program: &str, out: &mut dyn Write) -> fmt::Result;
}

/// A line that is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError<'a> {
    /// No command of this name.
    Unknown(&'a str),
    /// The command lacks a word.
    Missing(&'static str),
    /// A word that the command does not take.
    Unexpected {
        /// The command.
        command: &'static str,
        /// The word.
        word: &'a str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Bench,
    Config,
    Cores,
    Crash,
    Crashes,
    Help,
    Info,
    Kill,
    Mem,
    PowerOff,
    Processes,
    Reboot,
    Run,
    Test,
    Top,
    Trace,
}

struct Entry {
    name: &'static str,
    argument: &'static str,
    help: &'static str,
    command: Command,
}

const TABLE: [Entry; 16] = [
    entry(
        Command::Bench,
        "bench",
        "[FILTER]",
        "run benchmarks; FILTER is parts of names, or =NAME, with commas between",
    ),
    entry(
        Command::Config,
        "config",
        "",
        "show what the boot arguments have decided",
    ),
    entry(
        Command::Cores,
        "cores",
        "",
        "list the cores and their state",
    ),
    entry(
        Command::Crash,
        "crash",
        "[KIND]",
        "crash the kernel to see its report; KIND is panic, fault, overflow, nested or report, on \
         another core with @CORE, on every one with @all; deaf@CORE, wild@CORE, hang@CORE and stuck@CORE lose \
         only a core, process and shell only that",
    ),
    entry(
        Command::Crashes,
        "crashes",
        "",
        "show which processes have died lately of a panic or a fault, and where they stood",
    ),
    entry(
        Command::Help,
        "help",
        "[COMMAND]",
        "list the commands, or explain one",
    ),
    entry(
        Command::Info,
        "info",
        "WHO",
        "show what a process is and does; WHO is its pid or its name",
    ),
    entry(
        Command::Kill,
        "kill",
        "WHO",
        "end a process; WHO is its pid or its name",
    ),
    entry(
        Command::Mem,
        "mem",
        "",
        "show what memory there is, what is taken, and how many messages nobody got",
    ),
    entry(
        Command::PowerOff,
        "poweroff",
        "",
        "end all applications, and turn the machine off",
    ),
    entry(
        Command::Processes,
        "ps",
        "",
        "list the processes, what they are doing and what they have used",
    ),
    entry(
        Command::Reboot,
        "reboot",
        "",
        "end all applications, and start the machine again",
    ),
    entry(
        Command::Run,
        "run",
        "PROGRAM",
        "start one of the image's programs beside the shell; without a name, they are listed",
    ),
    entry(
        Command::Test,
        "test",
        "[FILTER]",
        "run in-kernel tests; FILTER is parts of names, or =NAME, with commas between; -PART leaves out",
    ),
    entry(
        Command::Top,
        "top",
        "",
        "show who works most, once a second, until a key is pressed",
    ),
    entry(
        Command::Trace,
        "trace",
        "",
        "show which processes have moved lately, from which core to which",
    ),
];

/// The names of all commands in their order, for completion.
pub const NAMES: &[&str] = &{
    let mut names = [""; TABLE.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = TABLE[index].name;
        index += 1;
    }
    names
};

const fn entry(
    command: Command,
    name: &'static str,
    argument: &'static str,
    help: &'static str,
) -> Entry {
    Entry {
        name,
        argument,
        help,
        command,
    }
}

/// Does what a line says, as far as printing goes, and returns the rest.
pub fn execute(line: &str, machine: &impl Inspect, out: &mut dyn Write) -> Action {
    let mut words = words(line).map(|word| unquote(word.raw));
    let Some(name) = words.next() else {
        return Action::Nothing;
    };
    let outcome = match find(name).and_then(|entry| Ok((entry, argument(entry, words)?))) {
        Ok((entry, argument)) => act(entry.command, argument, machine, out),
        Err(error) => writeln!(out, "{error}").map(|()| Action::Nothing),
    };
    // A console that can't print must not keep anyone from the next command, `reboot` perhaps.
    outcome.unwrap_or(Action::Nothing)
}

fn find(name: &str) -> Result<&'static Entry, CommandError<'_>> {
    let entry = TABLE.iter().find(|entry| entry.name == name);
    entry.ok_or(CommandError::Unknown(name))
}

/// The one word that some commands take.
fn argument<'a>(
    entry: &'static Entry,
    mut words: impl Iterator<Item = &'a str>,
) -> Result<Option<&'a str>, CommandError<'a>> {
    let argument = match entry.argument {
        "" => None,
        _ => words.next(),
    };
    let unexpected = |word| CommandError::Unexpected {
        command: entry.name,
        word,
    };
    words
        .next()
        .map_or(Ok(argument), |word| Err(unexpected(word)))
}

fn act(
    command: Command,
    argument: Option<&str>,
    machine: &impl Inspect,
    out: &mut dyn Write,
) -> Result<Action, fmt::Error> {
    let printed = match command {
        Command::Bench => return Ok(Action::Measure(Filter::new(argument.unwrap_or("")))),
        Command::Config => machine.config(out),
        Command::Cores => machine.cores(out),
        Command::Crash => match crash(argument) {
            Ok(action) => return Ok(action),
            Err(error) => writeln!(out, "{error}"),
        },
        Command::Crashes => machine.crashes(out),
        Command::Help => help(argument, out),
        Command::Info => match argument {
            Some(who) => machine.info(who, out),
            None => writeln!(out, "{}", CommandError::Missing("info")),
        },
        Command::Kill => match argument {
            Some(who) => machine.kill(who, out),
            None => writeln!(out, "{}", CommandError::Missing("kill")),
        },
        Command::Mem => machine.mem(out),
        Command::Processes => machine.processes(out),
        Command::PowerOff => return Ok(Action::PowerOff),
        Command::Reboot => return Ok(Action::Reboot),
        Command::Run => machine.run(argument.unwrap_or(""), out),
        Command::Trace => machine.trace(out),
        Command::Top => return Ok(Action::Watch),
        Command::Test => return Ok(Action::StartTests(Filter::new(argument.unwrap_or("")))),
    };
    printed.map(|()| Action::Nothing)
}

/// A panic here, unless another kind or another core is named.
fn crash(word: Option<&str>) -> Result<Action, CommandError<'_>> {
    let word = word.unwrap_or("panic");
    let unexpected = CommandError::Unexpected {
        command: "crash",
        word,
    };
    let (name, place) = match word.split_once('@') {
        Some((name, place)) => (name, Some(place)),
        None => (word, None),
    };
    let kind = CrashKind::by_name(name).ok_or(unexpected)?;
    if place.is_some() && !kind.is_of_a_core() {
        return Err(unexpected);
    }
    Ok(match place {
        None => Action::Crash(kind),
        Some("all") => Action::CrashEverywhere(kind),
        Some(core) => Action::CrashOn(kind, core.parse().map_err(|_| unexpected)?),
    })
}

fn help(name: Option<&str>, out: &mut dyn Write) -> fmt::Result {
    let Some(name) = name else {
        return TABLE.iter().try_for_each(|entry| entry.explain(out));
    };
    match find(name) {
        Ok(entry) => entry.explain(out),
        Err(error) => writeln!(out, "{error}"),
    }
}

impl Entry {
    fn explain(&self, out: &mut dyn Write) -> fmt::Result {
        let Self {
            name,
            argument,
            help,
            ..
        } = self;
        writeln!(out, "  {name:<8} {argument:<9}  {help}")
    }
}

impl fmt::Display for CommandError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "unknown command '{name}'; try 'help'"),
            Self::Missing(command) => {
                write!(f, "'{command}' wants to know more; try 'help {command}'")
            }
            Self::Unexpected { command, word } => {
                write!(
                    f,
                    "'{command}' does not take '{word}'; try 'help {command}'"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
