//! The prompt: a process that awaits keys and does what the lines say.
//!
//! It is one of the system's own, so it is served before whatever else runs, a process that never
//! awaits included. While tests run it awaits their end; what is typed meanwhile waits in the console.

use crate::console::println;
use crate::instruments::Instruments;
use crate::readers::read_byte;
use crate::suite::run_tests;
use crate::{console, departure, first, names, provoke};
use alloc::boxed::Box;
use core::time::Duration;
use girder_aarch64::power;
use girder_core::check::ExitStatus;
use girder_core::config::Config;
use girder_core::info::Info;
use girder_core::program::{Program, Role};
use girder_core::shell::{self, Action, LineEditor};
use girder_core::time::{Instant, timeout_at};
use girder_core::top::{Look, Top};
use girder_lockfree::process::yield_now;

/// The shell, for an image that holds it.
pub const PROGRAM: Program = Program::system(Role::Shell, |config| Box::pin(serve(config)));

/// Answers the console for ever.
async fn serve(config: &'static Config<'static>) -> ExitStatus {
    let mut editor = LineEditor::new(shell::NAMES);
    editor.show_prompt(&mut console::Output::new());
    loop {
        let byte = read_byte().await;
        let action = match editor.feed(byte, &mut console::Output::new()) {
            Some(line) => shell::execute(line, &Instruments(config), &mut console::Output::new()),
            None => continue,
        };
        act(action, config).await;
        // If that was its own end, it comes before another prompt.
        yield_now().await;
        editor.show_prompt(&mut console::Output::new());
    }
}

/// Who works most, once a second. What is typed meanwhile ends it, and is not kept.
async fn watch() {
    const PERIOD: Duration = Duration::from_secs(1);
    let mut top = Top::default();
    let mut beat = Instant::now();
    loop {
        show(&top.look(names::infos()));
        beat = beat + PERIOD;
        if timeout_at(beat, read_byte()).await.is_ok() {
            return;
        }
    }
}

fn show(look: &Look) {
    // To the upper left, and what was there is gone (ECMA-48, CUP and ED).
    const CLEAR: &str = "\x1b[H\x1b[J";
    let Look {
        rows,
        spent,
        processes,
        unseen,
    } = look;
    println!(
        "{CLEAR}{processes} processes have spent {spent} reductions since the last look; a key ends this"
    );
    if *unseen > 0 {
        println!("there are {unseen} more, which are not looked at");
    }
    println!("     spent  {}", Info::HEADING);
    for (info, spent) in rows {
        println!("{spent:>10}  {info}");
    }
}

async fn act(action: Action, config: &'static Config<'static>) {
    match action {
        Action::Nothing => {}
        Action::StartTests(filter) => {
            run_tests(config, filter).await;
        }
        Action::Measure(filter) => first::run_benches(config, filter).await,
        Action::Watch => watch().await,
        Action::PowerOff => {
            departure::of_all().await;
            console::flush();
            power::off()
        }
        Action::Reboot => {
            departure::of_all().await;
            console::flush();
            power::reset()
        }
        Action::Crash(kind) => provoke::crash(kind).await,
        Action::CrashOn(kind, core) if kind.is_told() => provoke::hang_on(kind, core).await,
        Action::CrashOn(kind, core) => provoke::crash_on(kind, core),
        Action::CrashEverywhere(kind) => provoke::crash_everywhere(kind),
    }
}
