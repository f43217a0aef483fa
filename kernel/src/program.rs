//! What `#[girder::main]` expands to; no one else names it.

use alloc::boxed::Box;
use core::fmt::Debug;
use girder_core::check::ExitStatus;
pub use girder_core::program::{Program, Run};

/// What a `main` may return.
pub trait Ending {
    /// The machine's exit status; an error is printed.
    fn status(self) -> ExitStatus;
}

impl Ending for () {
    fn status(self) -> ExitStatus {
        ExitStatus::AllPassed
    }
}

impl<E: Debug> Ending for Result<(), E> {
    fn status(self) -> ExitStatus {
        match self {
            Ok(()) => ExitStatus::AllPassed,
            Err(error) => {
                crate::println!("main failed: {error:?}");
                ExitStatus::Failed
            }
        }
    }
}

/// Boxes what an image's entry runs.
pub fn run(main: impl Future<Output = ExitStatus> + 'static) -> Run {
    Box::pin(main)
}

/// All that an application does on a host.
#[cfg(not(target_os = "none"))]
pub fn on_a_host(path: &str) -> i32 {
    std::eprintln!("{path} runs on a machine of its own: girder-tools run, or make run APP=PATH");
    ExitStatus::Failed.code().into()
}
