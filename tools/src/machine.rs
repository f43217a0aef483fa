//! Which machine QEMU shall be, and the words that ask it to.
//!
//! One value describes the hardware, another what boots on it, a third where the serial line
//! goes; `arguments` is the only place that spells QEMU's options.

use std::ffi::OsString;
use std::path::PathBuf;

/// Boards that have an image today.
pub(crate) const BOARDS: &[&str] = &["virt", "rpi3", "rpi4"];
/// The emulator, unless `--qemu` names another.
pub(crate) const QEMU: &str = "qemu-system-aarch64";

/// The exception level a machine starts its kernel at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    El1,
    El2,
}

/// The version of the machine's interrupt controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gic {
    /// At most eight cores.
    V2,
    V3,
    /// Needs [`Level::El2`].
    V4,
}

/// A machine that QEMU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Board {
    /// Made to order.
    Virt,
    /// As it is sold: four cores, 1 GiB.
    RaspberryPi3,
    /// As it is sold: four cores, 2 GiB.
    RaspberryPi4,
    /// An evaluation board of Nuvoton's, for its 16550: in tests alone.
    Npcm845,
}

/// Which of a machine's serial lines is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    First,
    /// A Raspberry Pi's mini UART.
    Second,
}

/// How the kernel can end the machine, which decides what QEMU's exit status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerOff {
    /// The status carries the result.
    Semihosting,
    /// By firmware, or a board's own registers: always status 0, and the result line alone tells.
    Psci,
}

/// A machine of QEMU; on boards other than `virt` most is as it is.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) board: Board,
    pub(crate) line: Line,
    pub(crate) cores: u32,
    pub(crate) cpu: String,
    pub(crate) memory: String,
    pub(crate) level: Level,
    pub(crate) gic: Gic,
    /// It has the secure state: an image is not in it, but an ELF file is, at level 3.
    pub(crate) is_secure: bool,
    pub(crate) power_off: PowerOff,
    /// One instruction takes 2^shift ns of virtual time, over all cores; runs repeat exactly.
    pub(crate) icount_shift: Option<u8>,
}

/// What starts on a machine.
#[derive(Clone, Debug)]
pub(crate) struct Boot {
    pub(crate) start: Start,
    /// A device tree in place of the one QEMU makes.
    pub(crate) tree: Option<PathBuf>,
    pub(crate) bootargs: String,
}

/// How the kernel gets into memory.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// QEMU is the boot loader.
    Kernel(PathBuf),
    /// QEMU is, and puts these files there too.
    KernelAnd { kernel: PathBuf, blobs: Vec<Blob> },
    /// Nobody is: files lie where they are put, and core 0 starts at `entry`.
    Raw { blobs: Vec<Blob>, entry: u64 },
}

/// A file and where it lies in the machine's memory.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub(crate) file: PathBuf,
    pub(crate) address: u64,
}

/// Where the serial line goes.
#[derive(Clone, Debug)]
pub(crate) enum Serial {
    /// Standard input and output, bytes untouched.
    Stdio,
    /// A terminal, shared with QEMU's monitor: Ctrl-A X leaves.
    Terminal,
    /// A file; nothing is ever typed.
    File(PathBuf),
    /// A socket to talk to, with everything said kept in a file.
    Socket { path: PathBuf, log: PathBuf },
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            board: Board::Virt,
            line: Line::First,
            cores: 8,
            cpu: "neoverse-n1".to_owned(),
            memory: "1G".to_owned(),
            level: Level::El1,
            gic: Gic::V3,
            is_secure: false,
            power_off: PowerOff::Semihosting,
            icount_shift: None,
        }
    }
}

impl Board {
    /// The board of this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        match name {
            "virt" => Some(Self::Virt),
            "rpi3" => Some(Self::RaspberryPi3),
            "rpi4" => Some(Self::RaspberryPi4),
            _ => None,
        }
    }

    /// How many cores it has, if that can't be chosen.
    pub(crate) fn fixed_cores(self) -> Option<u32> {
        (self != Self::Virt).then_some(4)
    }
}

impl Machine {
    /// All of QEMU's arguments.
    pub(crate) fn arguments(&self, boot: &Boot, serial: &Serial) -> Vec<OsString> {
        let mut words = self.hardware("");
        words.extend(["-display", "none", "-nic", "none"].map(OsString::from));
        words.extend(serial.arguments(self.line));
        if self.power_off == PowerOff::Semihosting {
            words.extend(["-semihosting-config", "enable=on,target=native"].map(OsString::from));
        }
        if let Some(shift) = self.icount_shift {
            words.extend(["-icount".into(), format!("shift={shift},sleep=off").into()]);
        }
        if let Some(tree) = &boot.tree {
            words.extend(["-dtb".into(), tree.into()]);
        }
        words.extend(boot.start.arguments());
        if !boot.bootargs.is_empty() {
            words.extend(["-append".into(), boot.bootargs.clone().into()]);
        }
        words
    }

    /// The arguments that make QEMU write this machine's device tree to `file` and end.
    pub(crate) fn dump_tree(&self, file: &std::path::Path) -> Vec<OsString> {
        let mut words = self.hardware(&format!(",dumpdtb={}", file.display()));
        words.extend(["-display", "none", "-nic", "none"].map(OsString::from));
        words
    }

    fn hardware(&self, suffix: &str) -> Vec<OsString> {
        let name = match self.board {
            Board::Virt => return self.virt(suffix),
            Board::RaspberryPi3 => "raspi3b",
            Board::RaspberryPi4 => "raspi4b",
            Board::Npcm845 => "npcm845-evb",
        };
        ["-M".into(), format!("{name}{suffix}").into()].into()
    }

    fn virt(&self, suffix: &str) -> Vec<OsString> {
        let level = match self.level {
            Level::El1 => "",
            Level::El2 => ",virtualization=on",
        };
        let secure = if self.is_secure { ",secure=on" } else { "" };
        let gic = match self.gic {
            Gic::V2 => 2,
            Gic::V3 => 3,
            Gic::V4 => 4,
        };
        [
            "-M",
            &format!("virt,gic-version={gic}{secure}{level}{suffix}"),
            "-cpu",
            &self.cpu,
            "-smp",
            &self.cores.to_string(),
            "-m",
            &self.memory,
        ]
        .map(OsString::from)
        .to_vec()
    }
}

impl Start {
    fn arguments(&self) -> Vec<OsString> {
        match self {
            Self::Kernel(file) => vec!["-kernel".into(), file.into()],
            Self::KernelAnd { kernel, blobs } => {
                let kernel = ["-kernel".into(), kernel.into()];
                let blobs = blobs.iter().flat_map(Blob::arguments);
                kernel.into_iter().chain(blobs).collect()
            }
            Self::Raw { blobs, entry } => {
                let start = loader(&format!("addr={entry:#x},cpu-num=0"));
                blobs
                    .iter()
                    .flat_map(Blob::arguments)
                    .chain(start)
                    .collect()
            }
        }
    }
}

impl Blob {
    fn arguments(&self) -> [OsString; 2] {
        let (file, address) = (self.file.display(), self.address);
        loader(&format!("file={file},addr={address:#x},force-raw=on"))
    }
}

/// QEMU's generic loader.
fn loader(text: &str) -> [OsString; 2] {
    ["-device".into(), format!("loader,{text}").into()]
}

impl Serial {
    fn arguments(&self, line: Line) -> Vec<OsString> {
        let nobody = match line {
            Line::First => Vec::new(),
            Line::Second => vec!["-serial".into(), "null".into()],
        };
        [nobody, self.one()].concat()
    }

    fn one(&self) -> Vec<OsString> {
        match self {
            Self::Stdio => ["-monitor", "none", "-serial", "stdio"]
                .map(OsString::from)
                .to_vec(),
            Self::Terminal => ["-serial", "mon:stdio"].map(OsString::from).to_vec(),
            Self::File(path) => {
                let device = format!("file:{}", path.display());
                ["-monitor", "none", "-serial", &device]
                    .map(OsString::from)
                    .to_vec()
            }
            Self::Socket { path, log } => {
                let device = format!(
                    "socket,id=serial,path={},server=on,wait=off,logfile={}",
                    path.display(),
                    log.display()
                );
                [
                    "-monitor",
                    "none",
                    "-chardev",
                    &device,
                    "-serial",
                    "chardev:serial",
                ]
                .map(OsString::from)
                .to_vec()
            }
        }
    }
}

/// A command line that a shell reads back as it was meant.
pub(crate) fn shell_line(program: &OsString, arguments: &[OsString]) -> String {
    let words: Vec<String> = std::iter::once(program)
        .chain(arguments)
        .map(quote)
        .collect();
    words.join(" ")
}

fn quote(word: &OsString) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=,./:+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot() -> Boot {
        Boot {
            start: Start::Kernel("dist/Image".into()),
            tree: None,
            bootargs: "test=timer girder.seed=7".to_owned(),
        }
    }

    #[test]
    fn a_plain_machine_is_asked_for_in_words_a_person_can_paste() {
        let words = Machine::default().arguments(&boot(), &Serial::Stdio);
        assert_eq!(
            shell_line(&QEMU.into(), &words),
            "qemu-system-aarch64 -M virt,gic-version=3 -cpu neoverse-n1 -smp 8 -m 1G \
             -display none -nic none -monitor none -serial stdio \
             -semihosting-config enable=on,target=native \
             -kernel dist/Image -append 'test=timer girder.seed=7'"
        );
    }

    #[test]
    fn every_choice_has_its_words() {
        let machine = Machine {
            level: Level::El2,
            gic: Gic::V2,
            is_secure: true,
            power_off: PowerOff::Psci,
            icount_shift: Some(0),
            ..Machine::default()
        };
        let boot = Boot {
            tree: Some("lying.dtb".into()),
            ..boot()
        };
        let line = shell_line(&QEMU.into(), &machine.arguments(&boot, &Serial::Terminal));
        assert!(line.contains("-M virt,gic-version=2,secure=on,virtualization=on "));
        assert!(line.contains("-icount shift=0,sleep=off"));
        assert!(line.contains("-dtb lying.dtb"));
        assert!(line.contains("-serial mon:stdio"));
        assert!(!line.contains("semihosting"));
    }

    #[test]
    fn a_raw_start_loads_its_files_and_says_where_to_begin() {
        let blob = |file: &str, address| Blob {
            file: file.into(),
            address,
        };
        let start = Start::Raw {
            blobs: vec![blob("Image", 0x4123_5000), blob("stub", 0x4200_0000)],
            entry: 0x4200_0000,
        };
        assert_eq!(
            shell_line(&"q".into(), &start.arguments()),
            "q -device loader,file=Image,addr=0x41235000,force-raw=on \
             -device loader,file=stub,addr=0x42000000,force-raw=on \
             -device loader,addr=0x42000000,cpu-num=0"
        );
    }

    #[test]
    fn boards_are_as_they_are() {
        let machine = Machine {
            board: Board::RaspberryPi4,
            line: Line::Second,
            ..Machine::default()
        };
        let line = shell_line(&"q".into(), &machine.arguments(&boot(), &Serial::Stdio));
        let expected =
            "q -M raspi4b -display none -nic none -serial null -monitor none -serial stdio ";
        assert!(line.starts_with(expected), "{line}");
    }

    #[test]
    fn quotes_survive_a_shell() {
        let line = shell_line(&"q".into(), &["it's".into(), "".into(), "a b".into()]);
        assert_eq!(line, r"q 'it'\''s' '' 'a b'");
    }
}
