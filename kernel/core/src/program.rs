//! The programs that an image holds, and which of them a boot runs.
//!
//! `#[girder::main]` puts a [`Program`] into a section of the image; the stock image adds its shell and its
//! benchmarks in the same way. The kernel itself refers to none of them, so an image holds what it
//! links and nothing else.

use crate::check::ExitStatus;
use crate::config::{Config, Mode};
use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;

/// A program as it lies in the image.
///
/// Entries of one linker section are read as a slice, so the type has one size and `repr(C)` leaves nothing
/// between entries.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Program {
    path: &'static str,
    role: Role,
    /// Makes the future that a process of its own runs.
    pub run: fn(&'static Config<'static>) -> Run,
}

/// A program under way; what it comes to is the machine's exit status. It need not be one that threads can
/// share, for it never leaves its process.
pub type Run = Pin<Box<dyn Future<Output = ExitStatus>>>;

/// What a program is to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// An application: it runs, and its end is the machine's.
    Main,
    /// Answers the console for ever.
    Shell,
    /// Measures, and powers the machine off.
    Benches,
}

/// The image has nothing to run for what was asked.
#[derive(Clone, Copy, Debug)]
pub struct NoProgram<'a> {
    wanted: Mode<'a>,
    programs: &'a [Program],
}

impl Program {
    /// An application; `path` is that of the module which has its `main`.
    pub const fn main(path: &'static str, run: fn(&'static Config<'static>) -> Run) -> Self {
        Self {
            path,
            role: Role::Main,
            run,
        }
    }

    /// One of the stock image's own.
    pub const fn system(role: Role, run: fn(&'static Config<'static>) -> Run) -> Self {
        let path = "";
        Self { path, role, run }
    }

    /// What it is to the kernel.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What `run=` calls it: the crate or module that has its `main`.
    pub fn name(&self) -> &'static str {
        match self.path.rsplit_once("::") {
            Some((_, name)) => name,
            None => self.path,
        }
    }
}

/// The program that `wanted` asks for. Tests are none: every image can run those that it has.
///
/// Whoever asks for nothing in particular, or for the shell, gets the shell where the image has one, and
/// otherwise its application, if there is exactly one.
pub fn choose<'p: 'a, 'a>(
    programs: &'p [Program],
    wanted: Mode<'a>,
) -> Result<&'p Program, NoProgram<'a>> {
    let with_role = |role| programs.iter().filter(move |it| it.role == role);
    let mut mains = with_role(Role::Main);
    let found = match wanted {
        Mode::Run(name) => mains.find(|program| program.name() == name),
        Mode::Bench(_) => with_role(Role::Benches).next(),
        Mode::Shell => with_role(Role::Shell)
            .next()
            .or_else(|| mains.next().filter(|_| mains.next().is_none())),
        Mode::Test(_) => None,
    };
    found.ok_or(NoProgram { wanted, programs })
}

impl fmt::Display for NoProgram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wanted {
            Mode::Run(name) => write!(f, "this image holds no program '{name}'; ")?,
            Mode::Bench(_) => f.write_str("this image holds no benchmarks; ")?,
            Mode::Shell => f.write_str("which program? ")?,
            Mode::Test(_) => f.write_str("tests are no program; ")?,
        }
        let mains = self.programs.iter().filter(|it| it.role == Role::Main);
        let mut names = mains.map(Program::name);
        match names.next() {
            None => f.write_str("there is none"),
            Some(first) => {
                write!(f, "there is run={first}")?;
                names.try_for_each(|name| write!(f, ", run={name}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BenchChoice;

    fn nothing(_: &'static Config<'static>) -> Run {
        Box::pin(async { ExitStatus::AllPassed })
    }

    const HELLO: Program = Program::main("stock::demos::hello", nothing);
    const RING: Program = Program::main("ring", nothing);
    const SHELL: Program = Program::system(Role::Shell, nothing);
    const BENCHES: Program = Program::system(Role::Benches, nothing);

    /// The role and the name of what is chosen, or why nothing is.
    fn chosen(programs: &[Program], wanted: Mode<'_>) -> Result<(Role, &'static str), String> {
        match choose(programs, wanted) {
            Ok(program) => Ok((program.role(), program.name())),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn an_image_with_a_shell_boots_to_it() {
        let stock = [HELLO, SHELL, RING];
        assert_eq!(chosen(&stock, Mode::Shell), Ok((Role::Shell, "")));
    }

    #[test]
    fn an_application_needs_no_boot_argument() {
        assert_eq!(chosen(&[RING], Mode::Shell), Ok((Role::Main, "ring")));
    }

    #[test]
    fn programs_are_called_by_the_last_part_of_their_path() {
        let stock = [RING, HELLO];
        assert_eq!(
            chosen(&stock, Mode::Run("hello")),
            Ok((Role::Main, "hello"))
        );
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let both = [HELLO, SHELL, RING];
        for (programs, wanted, why) in [
            (
                &both[..],
                Mode::Run("rung"),
                "this image holds no program 'rung'; there is run=hello, run=ring",
            ),
            (
                &both[..1],
                Mode::Bench(BenchChoice::default()),
                "this image holds no benchmarks; there is run=hello",
            ),
            (
                &[HELLO, RING],
                Mode::Shell,
                "which program? there is run=hello, run=ring",
            ),
            (&[], Mode::Shell, "which program? there is none"),
            (
                &[SHELL],
                Mode::Run(""),
                "this image holds no program ''; there is none",
            ),
        ] {
            assert_eq!(chosen(programs, wanted), Err(why.to_owned()));
        }
    }

    #[test]
    fn the_systems_own_have_no_name_to_be_called_by() {
        let programs = [SHELL, BENCHES];
        let benches = Mode::Bench(BenchChoice::default());
        assert_eq!(chosen(&programs, benches), Ok((Role::Benches, "")));
        assert!(chosen(&programs, Mode::Run("")).is_err());
    }
}
