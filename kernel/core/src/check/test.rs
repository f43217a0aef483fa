//! A test as it lies in the image.

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
    pub run: fn(),
    /// Why it is not run, if it is not.
    pub ignored: Option<&'static str>,
    /// How it has to end.
    pub expect: Expect,
    /// Its own time limit in place of the plan's.
    pub limit_ms: Option<u32>,
    /// How many cores have to be up; it is ignored where they are not.
    pub cores: u32,
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
}

impl Test {
    /// Makes a test that has to return, on one core, within the plan's time limit.
    pub const fn new(name: &'static str, run: fn()) -> Self {
        Self {
            name,
            run,
            ignored: None,
            expect: Expect::Success,
            limit_ms: None,
            cores: 1,
        }
    }
}
