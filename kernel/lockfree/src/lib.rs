//! Words and structures that several cores touch at once, each with its loom story.
#![cfg_attr(not(any(test, loom)), no_std)]
