//! Rows against an emulator that plays a recorded run, and against the real one when it is there.
