//! `dtb FILE` as scripts meet it: what goes where, and with which status.

use std::fs;
use std::process::{Command, Output};

fn dtb(file: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_girder-tools");
    Command::new(program)
        .args(["dtb", file])
        .output()
        .expect("the program runs")
}

fn tree(name: &str) -> String {
    format!(
        "{}/../kernel/describe/tests/trees/{name}",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn good_tree_is_one_line_on_standard_output() {
    let output = dtb(&tree("pi5.dtb"));
    assert!(output.status.success());
    assert_eq!(
        output.stdout,
        fs::read(tree("pi5.json")).expect("the expected line")
    );
    assert!(output.stderr.is_empty());
}

#[test]
fn refused_tree_is_one_line_on_standard_error_and_status_1() {
    for file in [tree("pi5.dts"), tree("no such file")] {
        let output = dtb(&file);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        assert_eq!(
            output.stderr.iter().filter(|byte| **byte == b'\n').count(),
            1
        );
    }
}
