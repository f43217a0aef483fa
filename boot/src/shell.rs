//! The prompt: a process that awaits keys and does what the lines say.
//!
//! It is one of the system's own, so it is served before whatever else runs, a process that never
//! awaits included. While tests run it awaits their end; what is typed meanwhile waits in the console.

use crate::instruments::Instruments;
use crate::readers::read_byte;
use crate::suite::run_tests;
use crate::{console, provoke};
use alloc::boxed::Box;
use girder_aarch64::power;
use girder_core::check::ExitStatus;
use girder_core::config::Config;
use girder_core::program::{Program, Role};
use girder_core::shell::{self, Action, LineEditor};

/// The shell, for an image that holds it.
pub const PROGRAM: Program = Program::system(Role::Shell, |config| Box::pin(serve(config)));

/// Answers the console for ever.
async fn serve(config: &'static Config<'static>) -> ExitStatus {
    let mut editor = LineEditor::new(shell::NAMES);
    editor.show_prompt(&mut console::Output::new());
    loop {
        let byte = read_byte().await;
        let action = match editor.feed(byte, &mut console::Output::new()) {
            Some(line) => shell::execute(line, &Instruments, &mut console::Output::new()),
            None => continue,
        };
        act(action, config).await;
        editor.show_prompt(&mut console::Output::new());
    }
}

async fn act(action: Action, config: &'static Config<'static>) {
    match action {
        Action::Nothing => {}
        Action::StartTests(filter) => {
            run_tests(config, filter).await;
        }
        Action::PowerOff => {
            console::flush();
            power::off()
        }
        Action::Reboot => {
            console::flush();
            power::reset()
        }
        Action::Crash(kind) => provoke::crash(kind).await,
        Action::CrashOn(kind, core) => provoke::crash_on(kind, core),
        Action::CrashEverywhere(kind) => provoke::crash_everywhere(kind),
    }
}
