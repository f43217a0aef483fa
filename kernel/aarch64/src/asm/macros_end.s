// Forgets what macros.s has defined.
.purgem begin_masked
.purgem end_masked
.purgem choose_frame
.purgem save_frame
.purgem restore_frame
