//! The whole command against an emulator that plays a recorded run.
