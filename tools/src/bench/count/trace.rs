//! A trace as the plugin writes it: instructions, and what each has accessed.
//!
//! `tools/tracer` says what a record is.

/// An instruction that was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) address: u64,
    pub(super) encoding: u32,
    pub(super) accesses: Vec<Access>,
}

/// Data that an instruction has loaded or stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) address: u64,
    pub(super) bytes: u64,
}

const RECORD: usize = 16;
const INSTRUCTION: u32 = 0;
/// No instruction accesses more at a time.
const LARGEST: u64 = 64;

/// Reads all records. An access belongs to the instruction before it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Step>, &'static str> {
    let mut steps: Vec<Step> = Vec::new();
    let mut records = bytes.chunks_exact(RECORD);
    for record in &mut records {
        let address = u64::from_le_bytes(part(record, 0));
        let second = u32::from_le_bytes(part(record, 8));
        let kind = u32::from_le_bytes(part(record, 12));
        if kind == INSTRUCTION {
            steps.push(Step {
                address,
                encoding: second,
                accesses: Vec::new(),
            });
            continue;
        }
        let bytes = u64::from(second);
        if bytes == 0 || bytes > LARGEST {
            return Err("an access of no size that there is");
        }
        // The first mark's own block may end with an access whose instruction came before it.
        if let Some(step) = steps.last_mut() {
            step.accesses.push(Access { address, bytes });
        }
    }
    match records.remainder() {
        [] => Ok(steps),
        _ => Err("it ends in the middle of a record"),
    }
}

fn part<const N: usize>(record: &[u8], from: usize) -> [u8; N] {
    core::array::from_fn(|index| record[from + index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(first: u64, second: u32, third: u32) -> Vec<u8> {
        let words = [second.to_le_bytes(), third.to_le_bytes()].concat();
        [&first.to_le_bytes()[..], &words].concat()
    }

    #[test]
    fn an_access_belongs_to_the_instruction_before() {
        let bytes = [
            record(0x1000, 0xa940_0001, 0),
            record(0x8000, 16, 1),
            record(0x1004, 1, 0),
        ];
        let steps = read(&bytes.concat()).expect("well formed");
        let access = Access {
            address: 0x8000,
            bytes: 16,
        };
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].accesses, [access]);
        assert_eq!(steps[1].accesses, []);
    }

    #[test]
    fn a_damaged_trace_is_refused() {
        assert!(read(&record(0, 0, 1)).is_err());
        assert!(read(&record(0, 0, 0)[..15]).is_err());
    }
}
