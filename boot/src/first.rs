//! The processes that the kernel begins with, and who looks after them.
//!
//! What runs is itself a process and may die alone like any other. A shell that does is replaced. An
//! application's end, whatever it is, switches the machine off. A run of tests or benchmarks that dies has
//! no result to tell, and a script waits for one, so that is the kernel's own end.

use crate::console::println;
use crate::readers::read_byte;
use crate::{departure, image, names, power_down, reserve, suite};
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use girder_aarch64::lock::Lock;
use girder_aarch64::preemption::PreemptionOff;
use girder_core::check::{ExitStatus, Filter};
use girder_core::config::{BenchChoice, Config, Mode};
use girder_core::names::Name;
use girder_core::program::{Program, Role, choose};
use girder_core::sched::{ExitReason, Priority};
use girder_core::time::Instant;
use girder_lockfree::process::{
    NoProcess, Pid, own_pid, set_alarm, spawn, spawn_watched, spawn_with, take_for_kernel,
};

/// The system's own come before everything that they look after.
const SYSTEM: u8 = Priority::Max.level();
const NORMAL: u8 = Priority::Normal.level();

/// Spawns what the boot arguments ask for. An image that does not have it has nothing to do.
pub(crate) fn spawn_all(config: &'static Config<'static>) -> Result<(), NoProcess> {
    if let Mode::Test(filter) = config.mode {
        return keep(spawn(run_tests(config, filter), SYSTEM)?);
    }
    let program = choose(image::programs(), config.mode).unwrap_or_else(|error| {
        log::error!("{error}");
        power_down(ExitStatus::NothingToRun)
    });
    keep(match program.role() {
        Role::Shell => {
            let keeper = spawn(keep_shell(program, config), SYSTEM)?;
            reserve::set_keeper(keeper);
            keeper
        }
        Role::Main => spawn(run_main(program, config), SYSTEM)?,
        Role::Benches => spawn_with(move || to_the_end(program, config), SYSTEM)?,
    })
}

/// Makes the first process the kernel's own: there is room, and without it nobody would know when all is over.
fn keep(first: Pid) -> Result<(), NoProcess> {
    take_for_kernel(first).then_some(()).ok_or(NoProcess)
}

/// What is waited for before the third shell in a row, and before any at most.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A shell that lives for so long has come up.
const LONG_LIFE: Duration = Duration::from_secs(1);

/// One that can't come up must not have the core for ever: so after two in a row that did not live long there is a pause,
/// and a longer one before each that comes after that.
async fn keep_shell(program: &'static Program, config: &'static Config<'static>) {
    // The first alarm of a core makes room for some thousands: now there is memory for that.
    let _ = set_alarm(Instant::now().nanos());
    let mut pause = None;
    loop {
        let born = Instant::now();
        match end_of(move || to_the_end(program, config), SYSTEM).await {
            Ok(reason) => log::error!("the shell {reason}; here is another one"),
            Err(NoProcess) => log::error!("there is no room for a shell"),
        }
        let has_come_up = Instant::now() >= born + LONG_LIFE;
        pause = match pause {
            _ if has_come_up => None,
            None => Some(Duration::ZERO),
            Some(before) => {
                let next = (2 * before).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                wait_for(next).await;
                Some(next)
            }
        };
    }
}

/// Lets some time pass; without room for an alarm, until somebody types. (To look at the clock again and again would be to
/// have the core for ever, at this level.)
async fn wait_for(pause: Duration) {
    let end = Instant::now() + pause;
    if set_alarm(end.nanos()).is_err() {
        read_byte().await;
        return;
    }
    poll_fn(|_| match Instant::now() >= end {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// An application that does not come to its end is the machine's end too: whoever wants to go on
/// without it supervises it from a `main` that does nothing else.
async fn run_main(program: &'static Program, config: &'static Config<'static>) {
    match end_of(move || to_the_end(program, config), NORMAL).await {
        Ok(reason) => log::error!("{} {reason}", program.name()),
        Err(error) => log::error!("{} can't begin: {error}", program.name()),
    }
    departure::of_all().await;
    power_down(ExitStatus::Failed)
}

/// Runs a program beside what runs already; its end is told.
pub(crate) fn run_beside(
    program: &'static Program,
    config: &'static Config<'static>,
) -> Result<Pid, NoProcess> {
    let run = move || async move {
        take_name(program.name());
        (program.run)(config).await;
    };
    let (pid, watch) = spawn_watched(run, NORMAL)?;
    let tell = async move {
        let reason = watch.await;
        println!("{} {reason}", program.name());
    };
    // Nobody to tell it is less than nobody to run it.
    let _ = spawn(tell, SYSTEM);
    Ok(pid)
}

/// Which benchmarks a person wants, for them to ask.
static WISH: Lock<Option<Filter>> = Lock::new(None);

/// Takes that; all of them, if nobody has said.
pub(crate) fn take_wish() -> Filter {
    let wish = WISH.lock().take();
    wish.unwrap_or_else(|| Filter::new(""))
}

/// Runs the benchmarks of this image that somebody wants, beside what runs already.
pub(crate) async fn run_benches(config: &'static Config<'static>, wish: Filter) {
    match choose(image::programs(), Mode::Bench(BenchChoice::default())) {
        Ok(program) => {
            let _ = WISH.lock().replace(wish);
            (program.run)(config).await;
        }
        Err(error) => println!("{error}"),
    }
}

async fn run_tests(config: &'static Config<'static>, filter: &'static str) {
    let make = move || async move {
        own_pid().map(take_for_kernel);
        suite::run_tests_and_power_off(config, filter).await;
    };
    match end_of(make, SYSTEM).await {
        Ok(reason) => no_result("the test run", reason),
        Err(error) => {
            log::error!("the test run can't begin: {error}");
            power_down(ExitStatus::Crashed)
        }
    }
}

/// Runs a program, under its name; its end is the machine's.
async fn to_the_end(program: &'static Program, config: &'static Config<'static>) {
    let name = match program.role() {
        Role::Main => program.name(),
        Role::Shell => "shell",
        Role::Benches => "benches",
    };
    take_name(name);
    let status = (program.run)(config).await;
    departure::of_all().await;
    power_down(status)
}

/// Gives the running process a name. One that is too long, or is somebody else's, is nothing to fail for.
fn take_name(name: &str) {
    if let (Ok(name), Some(pid)) = (Name::new(name), own_pid()) {
        let _ = names::register(name, pid);
    }
}

/// What had to power the machine off with a result has ended without.
pub(crate) fn no_result(name: &str, reason: ExitReason) -> ! {
    let _kernel = PreemptionOff::new();
    panic!("{name} is over without a result: it {reason}");
}

/// Runs a process to its end, if there is room for it.
pub(crate) async fn end_of<F>(
    make: impl FnOnce() -> F + Send + 'static,
    level: u8,
) -> Result<ExitReason, NoProcess>
where
    F: Future<Output = ()> + 'static,
{
    let (_, watch) = spawn_watched(make, level)?;
    Ok(watch.await)
}
