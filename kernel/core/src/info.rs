//! What is to be told of a process, to whoever asks and in the shell's tables.
//!
//! It was so at one moment. A pid whose process is gone gives nothing.

use crate::names::Name;
use crate::sched::Priority;
use core::fmt;
use core::time::Duration;
pub use girder_lockfree::heap::Held;
pub use girder_lockfree::mail::GateReport;
use girder_lockfree::mail::gate_report;
pub use girder_lockfree::process::Activity;
use girder_lockfree::process::{Account, Pid, View, Views, view, views};

/// What a process is and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Who it is.
    pub pid: Pid,
    /// What it is called.
    pub name: Option<Name>,
    /// What it is doing.
    pub activity: Activity,
    /// What it has used: there, if all cores come to rest for a moment, as they do unless one of them can't be taken from its
    /// process.
    pub account: Option<Usage>,
    /// What is special about its mailbox: a limit, or an urgent lane, at some time in its life.
    pub gate: Option<GateReport>,
}

/// What a process has used, and may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// How urgent it is.
    pub priority: Priority,
    /// Reductions that it has spent.
    pub reductions: u64,
    /// How long it has had a core for; nothing unless the boot argument `girder.clock` asks for it, or it has a limit.
    pub run_time: Duration,
    /// Messages that wait, as far as that is known: see [`Account::messages`].
    pub messages: u32,
    /// The most that have waited: see [`Account::most_messages`].
    pub most_messages: u32,
    /// True if it holds a stack: it was interrupted, or waits in the middle of ordinary code.
    pub has_stack: bool,
    /// Bytes of memory that it has, all told: see [`Account::memory`].
    pub memory: usize,
    /// Blocks of the heap that it has taken, wherever they have gone since; part of that.
    pub heap: Held,
    /// Bytes of its home, header and future; part of that.
    pub home: usize,
    /// Bytes of its arena; part of that.
    pub arena: usize,
    /// What `memory` may come to, if that was limited; a stack is set aside in it.
    pub max_heap: Option<usize>,
    /// What `run_time` may come to, if that was limited.
    pub max_runtime: Option<Duration>,
}

impl Info {
    /// Looks at a process; nothing if `pid` names none. Names are kept elsewhere: `name` says what it is.
    pub fn of(pid: Pid, name: impl FnOnce(Pid) -> Option<Name>) -> Option<Self> {
        let seen = view(pid)?;
        Some(Self::made_of(pid, seen, name(pid)))
    }

    /// Looks at all processes, at several together: for that the cores rest much less often than for one after the other.
    pub fn of_all<N: FnMut(Pid) -> Option<Name>>(name: N) -> All<N> {
        let views = views();
        All { views, name }
    }

    fn made_of(pid: Pid, seen: View, name: Option<Name>) -> Self {
        Self {
            pid,
            name,
            activity: seen.activity,
            account: seen.account.map(Usage::of),
            gate: gate_report(pid),
        }
    }

    /// Names the columns of the table whose rows `Display` gives.
    pub const HEADING: &'static str = "pid           state      priority  reductions  time us    mail    most  stack    memory  name";
}

/// See [`Info::of_all`].
#[derive(Debug)]
pub struct All<N> {
    views: Views,
    name: N,
}

impl<N: FnMut(Pid) -> Option<Name>> Iterator for All<N> {
    type Item = Info;

    fn next(&mut self) -> Option<Info> {
        let (pid, seen) = self.views.next()?;
        Some(Info::made_of(pid, seen, (self.name)(pid)))
    }

    /// Nobody is looked at for that.
    fn count(self) -> usize {
        self.views.count()
    }
}

impl Usage {
    fn of(account: Account) -> Self {
        Self {
            priority: Priority::from_level(account.level),
            reductions: account.reductions,
            run_time: Duration::from_nanos(account.nanos),
            messages: account.messages,
            most_messages: account.most_messages,
            has_stack: account.has_stack,
            memory: account.memory(),
            heap: account.heap,
            home: account.home,
            arena: account.arena,
            max_heap: account.max_heap,
            max_runtime: account.max_runtime.map(Duration::from_nanos),
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            name,
            activity,
            account,
            gate: _,
        } = self;
        // Numbers that are made of two keep their place only as one text.
        let pid = crate::line_buffer::LineBuffer::<24>::of(format_args!("{pid}"));
        write!(f, "{:<12}  {:<9}", pid.as_str(), word_for(*activity))?;
        match account {
            Some(usage) => write!(f, "{usage}")?,
            None => write!(
                f,
                "  {:<8}  {:>10}  {:>7}  {:>6}  {:>6}  {:<5}  {:>8}",
                "-", "-", "-", "-", "-", "-", "-"
            )?,
        }
        match name {
            Some(name) => write!(f, "  {name}"),
            None => f.write_str("  -"),
        }
    }
}

impl fmt::Display for Usage {
    /// The middle columns of the table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            priority,
            reductions,
            run_time,
            messages,
            most_messages,
            has_stack,
            memory,
            ..
        } = self;
        let micros = run_time.as_micros();
        let stack = if *has_stack { "yes" } else { "no" };
        let priority = priority.word();
        write!(
            f,
            "  {priority:<8}  {reductions:>10}  {micros:>7}  {messages:>6}  {most_messages:>6}  {stack:<5}  {memory:>8}"
        )
    }
}

fn word_for(activity: Activity) -> &'static str {
    match activity {
        Activity::Running => "running",
        Activity::Ready => "ready",
        Activity::Waiting => "waiting",
        Activity::Suspended => "suspended",
        Activity::Ending => "ending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_below_their_heading() {
        let shell = Info {
            pid: "1.1".parse().expect("a pid"),
            name: Name::new("shell").ok(),
            activity: Activity::Running,
            account: Some(Usage {
                priority: Priority::Max,
                reductions: 1_234,
                run_time: Duration::from_micros(56),
                messages: 7,
                most_messages: 89,
                has_stack: true,
                memory: 33_440,
                heap: Held::default(),
                home: 192,
                arena: 0,
                max_heap: None,
                max_runtime: None,
            }),
            gate: None,
        };
        let other = Info {
            pid: "1023.8589934".parse().expect("a pid"),
            name: None,
            activity: Activity::Suspended,
            account: None,
            gate: None,
        };
        assert_eq!(
            [Info::HEADING, &shell.to_string(), &other.to_string()],
            [
                "pid           state      priority  reductions  time us    mail    most  stack    memory  name",
                "1.1           running    max             1234       56       7      89  yes       33440  shell",
                "1023.8589934  suspended  -                  -        -       -       -  -             -  -",
            ]
        );
    }
}
