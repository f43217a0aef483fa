//! `dtb FILE`: prints what the kernel would make of a device tree, as one JSON object on one line.
//!
//! The types here are the printed form and nothing else: their field names and order are a
//! contract that scripts rely on, so they are spelled out instead of derived from `Machine`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use girder_describe::{
    Conduit, Console, ConsoleKind, Controller, ControllerKind, Cpu, EnableMethod, Intid, Machine,
    NumaNode, Range, TimerInterrupts,
};
use serde::Serialize;

/// Runs the command on its arguments.
///
/// A tree that the kernel would refuse leaves nothing on standard output, one line on standard
/// error, and status 1.
pub(crate) fn run(arguments: impl IntoIterator<Item: Into<OsString>>) -> ExitCode {
    match inspect(arguments.into_iter().map(Into::into).collect()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("dtb: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn inspect(arguments: Vec<OsString>) -> Result<String, String> {
    let [path] = <[OsString; 1]>::try_from(arguments).map_err(|_| "usage: dtb FILE")?;
    let path = PathBuf::from(path);
    let refused = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
    let mut blob = std::fs::read(&path).map_err(|error| refused(&error))?;
    describe(&mut blob).map_err(|error| refused(&error))
}

/// Describes the tree in `blob` as one line of JSON.
fn describe(blob: &mut [u8]) -> Result<String, Box<dyn std::error::Error>> {
    let machine = girder_describe::describe(blob)?;
    Ok(serde_json::to_string(&Description::from(&machine))?)
}

#[derive(Serialize)]
struct Description<'m> {
    cpus: Vec<CpuForm<'m>>,
    psci_conduit: Option<&'static str>,
    intc: ControllerForm<'m>,
    timer_irqs: TimerForm,
    console: Option<ConsoleForm<'m>>,
    memory: Vec<[u64; 2]>,
    reserved: Vec<[u64; 2]>,
    nodes: Vec<NodeForm>,
    distances: &'m [Vec<u8>],
    bootargs: &'m str,
}

#[derive(Serialize)]
struct CpuForm<'m> {
    mpidr: u64,
    compatible: &'m str,
    enable_method: Option<&'static str>,
    release_addr: Option<u64>,
    capacity: Option<u32>,
    cluster: Option<u32>,
    node: u32,
}

#[derive(Serialize)]
struct ControllerForm<'m> {
    kind: &'static str,
    compatible: &'m str,
    regs: Vec<[u64; 2]>,
}

#[derive(Serialize)]
struct TimerForm {
    phys: Option<u32>,
    virt: Option<u32>,
    hyp_phys: Option<u32>,
    hyp_virt: Option<u32>,
}

#[derive(Serialize)]
struct ConsoleForm<'m> {
    kind: &'static str,
    compatible: &'m str,
    base: u64,
}

#[derive(Serialize)]
struct NodeForm {
    id: u32,
    cpus: Vec<u64>,
    memory: Vec<[u64; 2]>,
}

impl<'m> From<&'m Machine> for Description<'m> {
    fn from(machine: &'m Machine) -> Self {
        Self {
            cpus: machine.cpus.iter().map(CpuForm::from).collect(),
            psci_conduit: machine.psci_conduit.map(|conduit| match conduit {
                Conduit::Hvc => "hvc",
                Conduit::Smc => "smc",
            }),
            intc: (&machine.controller).into(),
            timer_irqs: machine.timer.into(),
            console: machine.console.as_ref().map(ConsoleForm::from),
            memory: pairs(&machine.memory),
            reserved: pairs(&machine.reserved),
            nodes: machine.nodes.iter().map(NodeForm::from).collect(),
            distances: &machine.distances,
            bootargs: &machine.bootargs,
        }
    }
}

impl<'m> From<&'m Cpu> for CpuForm<'m> {
    fn from(cpu: &'m Cpu) -> Self {
        Self {
            mpidr: cpu.mpidr.0,
            compatible: &cpu.compatible,
            enable_method: cpu.enable_method.map(|method| match method {
                EnableMethod::Psci => "psci",
                EnableMethod::SpinTable => "spin-table",
            }),
            release_addr: cpu.release_address,
            capacity: cpu.capacity,
            cluster: cpu.cluster,
            node: cpu.node.0,
        }
    }
}

impl<'m> From<&'m Controller> for ControllerForm<'m> {
    fn from(controller: &'m Controller) -> Self {
        let kind = match controller.kind {
            ControllerKind::Gicv2 => "gicv2",
            ControllerKind::Gicv3 => "gicv3",
            ControllerKind::Bcm2836 => "bcm2836",
            ControllerKind::Aic => "aic",
            ControllerKind::Aic2 => "aic2",
            ControllerKind::Unknown => "unknown",
        };
        Self {
            kind,
            compatible: &controller.compatible,
            regs: pairs(&controller.regs),
        }
    }
}

impl From<TimerInterrupts> for TimerForm {
    fn from(timer: TimerInterrupts) -> Self {
        let number = |intid: Option<Intid>| intid.map(|intid| intid.0);
        Self {
            phys: number(timer.phys),
            virt: number(timer.virt),
            hyp_phys: number(timer.hyp_phys),
            hyp_virt: number(timer.hyp_virt),
        }
    }
}

impl<'m> From<&'m Console> for ConsoleForm<'m> {
    fn from(console: &'m Console) -> Self {
        let kind = match console.kind {
            ConsoleKind::Pl011 => "pl011",
            ConsoleKind::Ns8250 => "8250",
            ConsoleKind::Bcm2835Aux => "bcm2835-aux",
            ConsoleKind::S5l => "s5l",
            ConsoleKind::Unknown => "unknown",
        };
        Self {
            kind,
            compatible: &console.compatible,
            base: console.base,
        }
    }
}

impl From<&NumaNode> for NodeForm {
    fn from(node: &NumaNode) -> Self {
        let cpus = node.cpus.iter().map(|mpidr| mpidr.0).collect();
        Self {
            id: node.id.0,
            cpus,
            memory: pairs(&node.memory),
        }
    }
}

fn pairs(ranges: &[Range]) -> Vec<[u64; 2]> {
    ranges
        .iter()
        .map(|range| [range.base, range.size])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TREES: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../kernel/describe/tests/trees"
    );

    #[test]
    fn every_board_is_printed_as_agreed() {
        let files = fs::read_dir(TREES)
            .expect("the trees")
            .map(|file| file.expect("a file").path());
        let (mut boards, lines) = (
            0,
            files.filter(|path| path.extension() == Some("json".as_ref())),
        );
        for path in lines {
            let mut tree = fs::read(path.with_extension("dtb")).expect("a tree");
            let line = fs::read_to_string(&path).expect("a line");
            assert_eq!(
                describe(&mut tree).expect("a good tree"),
                line.trim_end(),
                "{path:?}"
            );
            boards += 1;
        }
        assert!(boards >= 9, "{boards} boards");
    }

    #[test]
    fn refused_tree_says_why_in_one_line() {
        let mut tree = fs::read(format!("{TREES}/pi4.dtb")).expect("a tree");
        tree.truncate(1000);
        let reason = describe(&mut tree).expect_err("a bad tree").to_string();
        assert_eq!(reason, "1000 bytes left of 2079");
    }

    #[test]
    fn wrong_arguments_say_how_it_is_used() {
        assert_eq!(inspect(vec![]), Err("usage: dtb FILE".into()));
        assert_eq!(
            inspect(vec!["a".into(), "b".into()]),
            Err("usage: dtb FILE".into())
        );
    }
}
