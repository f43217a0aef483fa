//! What a supervisor and its children are to be like.

use core::time::Duration;

/// Who is started again when a child has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Strategy {
    /// That child alone.
    #[default]
    OneForOne,
    /// All: the others are ended first, from the last one on.
    OneForAll,
    /// It, and those that were started after it, which are ended first.
    RestForOne,
    /// That child alone, where all are alike and come and go at run time. They are ended at once, not in order.
    SimpleOneForOne,
}

/// When a child is started again that has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// If it ended [abnormally](Ended::Abnormal).
    Transient,
    /// Never; when it has ended, however that came, nothing is kept of it.
    Temporary,
}

/// How a child is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// It is killed.
    BrutalKill,
    /// It is asked to end, and killed if it takes longer.
    Within(Duration),
    /// It is asked to end, and may take its time: for supervisors.
    Infinity,
}

/// Five seconds, as in OTP.
impl Default for Shutdown {
    fn default() -> Self {
        Self::Within(Duration::from_secs(5))
    }
}

/// How a child ended, as far as it matters for what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It had done what it was for.
    Normal,
    /// It was asked to end, by whomever.
    Shutdown,
    /// Anything else.
    Abnormal,
}

/// When a supervisor ends because of the end of children that are significant, were not ended by it, and are not started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AutoShutdown {
    /// Never.
    #[default]
    Never,
    /// With the first of them.
    AnySignificant,
    /// With the last of them.
    AllSignificant,
}

/// What a supervisor is to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who is started again.
    pub strategy: Strategy,
    /// Restarts within one `period` that are in order; with one more it ends all children and itself.
    pub intensity: u32,
    /// The time that restarts count for.
    pub period: Duration,
    /// Whether it ends with some of its children.
    pub auto_shutdown: AutoShutdown,
}

/// One restart in five seconds, as in OTP.
impl Default for Rules {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            intensity: 1,
            period: Duration::from_secs(5),
            auto_shutdown: AutoShutdown::default(),
        }
    }
}

/// What a child is to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ChildRules {
    /// When it is started again.
    pub restart: Restart,
    /// How it is ended.
    pub shutdown: Shutdown,
    /// Whether its end may be its supervisor's: see [`AutoShutdown`].
    pub is_significant: bool,
}

impl Restart {
    /// True if a child is started again that ended like this.
    pub const fn applies_to(self, how: Ended) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => matches!(how, Ended::Abnormal),
            Self::Temporary => false,
        }
    }
}
