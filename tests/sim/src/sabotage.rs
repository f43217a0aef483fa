//! Handlers that misbehave, one way at a time, so that each check is known to bite.
//!
//! They are the handlers' faults and not the scheduler's, because handlers can be had in two kinds;
//! what they do to the processes is the same as what a scheduler with that fault would do. Mailboxes are no handler's: there
//! receivers do to what they have received what a faulty mailbox would have done before.

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A queue loses a process now and then.
    LoseToken,
    /// Whoever comes last goes first.
    NewestFirst,
    /// Low ones wait as long as there is any other.
    StarveLow,
    /// Low ones go before normal ones.
    PreferLow,
    /// The last one in line is taken, whatever its priority.
    IgnorePriority,
    /// A process that was broken off goes on at once, quantum or not.
    NeverGiveWay,
    /// Deadlines are not set now and then.
    ForgetDeadline,
    /// The timer's cause is lost now and then.
    LoseCause,
    /// The scheduler's clock is ahead of the processes'.
    FastClock,
    /// A process that was broken off begins a new poll instead of going on.
    ForgetFrame,
    /// A waker does nothing now and then.
    LoseWake,
    /// A process that is to end at an await never drops what it owns.
    NeverDrop,
    /// A killed process is given up in mid-poll at once.
    NoGrace,
    /// A process that is to end at an await runs on.
    NeverDie,
    /// What a process was asked and has not answered is forgotten when it ends.
    ForgetQuestions,
    /// A process ends instead of running now and then.
    EndInstead,
    /// The place of a message that was received is not left now and then.
    LosePlace,
    /// A message that was received is lost now and then.
    LoseMessage,
    /// A message is received twice now and then.
    DoubleMessage,
    /// A message is received after the next one now and then.
    SwapMessages,
    /// A message is sent too early now and then.
    SendEarly,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::LoseToken,
        Self::NewestFirst,
        Self::StarveLow,
        Self::PreferLow,
        Self::IgnorePriority,
        Self::NeverGiveWay,
        Self::ForgetDeadline,
        Self::LoseCause,
        Self::FastClock,
        Self::ForgetFrame,
        Self::LoseWake,
        Self::NeverDrop,
        Self::NoGrace,
        Self::NeverDie,
        Self::ForgetQuestions,
        Self::EndInstead,
        Self::LosePlace,
        Self::LoseMessage,
        Self::DoubleMessage,
        Self::SwapMessages,
        Self::SendEarly,
    ];
}
