//! `girder-tools`: run, test, build images and inspect machine descriptions from the host.
fn main() {}
