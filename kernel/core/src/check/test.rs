//! A test as it lies in the image.

use alloc::boxed::Box;
use core::pin::Pin;

/// An in-kernel test: what `#[girder::test]` registers.
///
/// Entries of one linker section are read as a slice, so the type has one size, is built in
/// constants, and `repr(C)` keeps its size a multiple of its alignment with nothing between
/// entries.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// Full path with its module; holds no white space.
    pub name: &'static str,
    /// The test itself.
    pub body: Body,
    /// Why it is not run, if it is not.
    pub ignored: Option<&'static str>,
    /// How it has to end.
    pub expect: Expect,
    /// Its own time limit in place of the plan's.
    pub limit_ms: Option<u32>,
    /// How many cores have to be up; it is ignored where they are not.
    pub cores: u32,
    /// How many of them have to schedule; it is ignored where fewer do.
    pub schedulers: u32,
    /// Why it is not run where several cores schedule, if it is not.
    pub alone: Option<&'static str>,
    /// Why it stays on the core where it begins, if it does.
    pub pinned: Option<&'static str>,
    /// Why it runs behind all others, if it does.
    pub last: Option<&'static str>,
    /// Why it is run only if a filter asks for it, if it is.
    pub long: Option<&'static str>,
}

/// What a test does.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// It runs from beginning to end.
    Function(fn()),
    /// It awaits.
    Process(fn() -> Future),
}

/// A test's future; it need not be one that threads can share, for it never leaves its process.
pub type Future = Pin<Box<dyn core::future::Future<Output = ()>>>;

impl Body {
    /// The test as a process runs it.
    pub async fn run(self) {
        match self {
            Self::Function(run) => run(),
            Self::Process(make) => make().await,
        }
    }
}

/// How a test has to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// By returning.
    #[default]
    Success,
    /// By a panic, whose message contains this text if there is one.
    Panic(Option<&'static str>),
    /// By a fault of the processor: a wild address, an overflow of the stack.
    Fault,
    /// By being abandoned at its time limit.
    Timeout,
    /// By returning, and leaving something that it should have given back: what is said of that contains this text.
    Leak(&'static str),
}

impl Test {
    /// Makes a test that has to return, on one core, within the plan's time limit.
    pub const fn new(name: &'static str, run: fn()) -> Self {
        Self::with_body(name, Body::Function(run))
    }

    /// As `new`, for a test that awaits.
    pub const fn asynchronous(name: &'static str, make: fn() -> Future) -> Self {
        Self::with_body(name, Body::Process(make))
    }

    const fn with_body(name: &'static str, body: Body) -> Self {
        Self {
            name,
            body,
            ignored: None,
            expect: Expect::Success,
            limit_ms: None,
            cores: 1,
            schedulers: 1,
            alone: None,
            pinned: None,
            last: None,
            long: None,
        }
    }
}
