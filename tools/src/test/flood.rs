//! More at once than anybody types: what a prompt has to survive, and what it must not lose.

use super::outcome::Reason;

/// Bytes without a line end.
const NOISE: usize = 64 << 10;
/// Lines far longer than the prompt keeps, and how many.
const LONG_LINE: usize = 5000;
const LONG_LINES: usize = 10;
/// Ctrl-C: abandons the line.
const ABANDON: u8 = 3;

/// What is typed in one go before a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flood {
    /// Random bytes without a line end, lines of great length, then Ctrl-C.
    Noise,
    /// `test`, and while the tests run more than anything keeps, then Ctrl-C.
    BehindTests,
    /// So many commands, each with its number, that the prompt does not know: each has its answer.
    Numbered(usize),
}

impl Flood {
    /// What is typed.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Noise => noise(),
            Self::BehindTests => [b"test\r", &[b'x'; NOISE][..], &[ABANDON]].concat(),
            Self::Numbered(count) => (0..count)
                .flat_map(|n| format!("n{n}\r").into_bytes())
                .collect(),
        }
    }

    /// What is wrong with the answer: each number must be there once, in order, and nothing between.
    pub(super) fn judge(self, answer: &str) -> Option<Reason> {
        let Self::Numbered(sent) = self else {
            return None;
        };
        let answered = answer
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("unknown command 'n"))
            .filter_map(|rest| rest.split_once('\'')?.0.parse::<usize>().ok());
        let in_order = answered
            .zip(0..)
            .take_while(|(found, n)| found == n)
            .count();
        (in_order != sent).then_some(Reason::Lost { sent, in_order })
    }
}

/// The same bytes every time: a generator of its own (Knuth's MMIX) is enough to be no pattern.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(&mut random)
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .take(NOISE)
        .collect();
    // Twice: the first may end an escape sequence.
    bytes.extend([ABANDON; 2]);
    for _ in 0..LONG_LINES {
        bytes.extend([b'x'; LONG_LINE]);
        bytes.push(b'\r');
    }
    bytes.extend(b"half a line");
    bytes.push(ABANDON);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_no_line_end_before_the_long_lines() {
        let noise = Flood::Noise.bytes();
        assert!(
            !noise[..NOISE]
                .iter()
                .any(|byte| matches!(byte, b'\r' | b'\n'))
        );
        assert_eq!(
            noise.iter().filter(|&&byte| byte == b'\r').count(),
            LONG_LINES
        );
        assert_eq!(noise.last(), Some(&ABANDON));
    }

    #[test]
    fn a_number_that_is_lost_or_late_is_told() {
        let answer = |numbers: &[usize]| -> String {
            let line = |n| format!("n{n}\r\nunknown command 'n{n}'; try 'help'\r\ngirder> ");
            numbers.iter().map(line).collect()
        };
        let judge = |numbers: &[usize]| Flood::Numbered(3).judge(&answer(numbers));
        let lost = |in_order| Some(Reason::Lost { sent: 3, in_order });
        assert_eq!(judge(&[0, 1, 2]), None);
        assert_eq!(judge(&[0, 2]), lost(1));
        assert_eq!(judge(&[0, 2, 1]), lost(1));
        assert_eq!(judge(&[]), lost(0));
    }
}
