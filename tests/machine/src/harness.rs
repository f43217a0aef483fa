//! The harness survives whatever a test does, and tells the endings apart.

#[girder::test]
fn a_test_that_returns_passes() {}

#[girder::test(expect = "panic", panic_message = "on purpose")]
fn a_panic_ends_the_test_alone() {
    panic!("on purpose");
}
