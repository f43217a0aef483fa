//! Tells the linker where the image's layout is, also for applications outside this tree.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    println!("cargo::rustc-link-search={here}/..");
    println!("cargo::rerun-if-changed=../linker.ld");
}
