//! A text that outlives a reset.
//!
//! It stands in memory that nothing clears, behind a header by which the next boot knows it again: a word that memory does
//! not hold by chance, the length, and a sum over the text. What memory lost or changed meanwhile gives a wrong
//! sum, and then there is no text. The header is true after each piece, so a report that breaks off is kept as far as it came.

/// Never there by chance: not in memory that was just switched on, whatever that holds.
const MAGIC: u64 = u64::from_le_bytes(*b"GIRDkept");
/// The word, the sum, the length.
const HEADER: usize = 8 + 8 + 8;

/// FNV-1a, 64 bits: its start, and its factor.
const START: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x0000_0100_0000_01b3;

fn sum(before: u64, bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(FACTOR);
    bytes.iter().fold(before, step)
}

/// A text that is being kept.
#[derive(Debug)]
pub struct Keeper<'a> {
    header: &'a mut [u8],
    room: &'a mut [u8],
    length: usize,
    sum: u64,
}

impl<'a> Keeper<'a> {
    /// Begins a text, in place of what is there; nothing if the area has not even room for a header.
    #[must_use]
    pub fn begin(area: &'a mut [u8]) -> Option<Self> {
        let (header, room) = area.split_at_mut_checked(HEADER)?;
        let mut keeper = Self {
            header,
            room,
            length: 0,
            sum: START,
        };
        keeper.tell();
        Some(keeper)
    }

    /// Goes on with the text that is there, or begins one.
    #[must_use]
    pub fn go_on(area: &'a mut [u8]) -> Option<Self> {
        let Some(length) = text(area).map(<[u8]>::len) else {
            return Self::begin(area);
        };
        let (header, room) = area.split_at_mut_checked(HEADER)?;
        let sum = sum(START, &room[..length]);
        Some(Self {
            header,
            room,
            length,
            sum,
        })
    }

    /// Adds a piece, or as much of it as there is room for.
    pub fn push(&mut self, piece: &str) {
        let left = &mut self.room[self.length..];
        let piece = &piece.as_bytes()[..piece.len().min(left.len())];
        left[..piece.len()].copy_from_slice(piece);
        self.length += piece.len();
        self.sum = sum(self.sum, piece);
        self.tell();
    }

    fn tell(&mut self) {
        let words = [MAGIC, self.sum, self.length as u64];
        for (place, word) in self.header.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }
}

/// The text that was kept in an area, if it is still there whole. (Its last letter may be cut.)
#[must_use]
pub fn text(area: &[u8]) -> Option<&[u8]> {
    let (header, room) = area.split_at_checked(HEADER)?;
    let mut words = header.chunks_exact(8).map(|word| {
        let bytes = word.try_into().unwrap_or_default();
        u64::from_le_bytes(bytes)
    });
    let (magic, told, length) = (words.next()?, words.next()?, words.next()?);
    let text = room.get(..usize::try_from(length).ok()?)?;
    (magic == MAGIC && sum(START, text) == told).then_some(text)
}

/// True if the text came to the end of its room, so that there may have been more.
#[must_use]
pub fn is_full(area: &[u8]) -> bool {
    text(area).is_some_and(|text| text.len() + HEADER == area.len())
}

/// From now on no text is there.
pub fn forget(area: &mut [u8]) {
    let header = area.len().min(HEADER);
    area[..header].fill(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(pieces: &[&str], room: usize) -> Vec<u8> {
        let mut area = vec![0xa5; HEADER + room];
        let mut keeper = Keeper::begin(&mut area).expect("there is room");
        pieces.iter().for_each(|piece| keeper.push(piece));
        area
    }

    #[test]
    fn what_was_kept_is_found_once() {
        let mut area = kept(&["the kernel ", "crashed\n"], 64);
        assert_eq!(text(&area), Some(&b"the kernel crashed\n"[..]));
        assert!(!is_full(&area));
        forget(&mut area);
        assert_eq!(text(&area), None);
    }

    #[test]
    fn what_has_no_room_is_cut_and_that_is_known() {
        let area = kept(&["12345", "67890", "more"], 8);
        assert_eq!(text(&area), Some(&b"12345678"[..]));
        assert!(is_full(&area));
    }

    #[test]
    fn a_report_within_a_report_goes_on() {
        let mut area = kept(&["one "], 64);
        Keeper::go_on(&mut area)
            .expect("there is room")
            .push("and two");
        assert_eq!(text(&area), Some(&b"one and two"[..]));
        area[0] ^= 1;
        Keeper::go_on(&mut area)
            .expect("there is room")
            .push("another");
        assert_eq!(text(&area), Some(&b"another"[..]));
    }

    #[test]
    fn an_area_without_room_keeps_nothing() {
        let mut area = [0; HEADER - 1];
        assert!(Keeper::begin(&mut area).is_none());
        assert!(Keeper::go_on(&mut area).is_none());
        assert_eq!(text(&area), None);
        forget(&mut area);
        assert_eq!(text(&[]), None);
    }

    #[test]
    fn memory_as_it_is_switched_on_holds_no_text() {
        assert_eq!(text(&[0; 256]), None);
        assert_eq!(text(&[0xff; 256]), None);
    }

    proptest! {
        #[test]
        fn one_bit_that_memory_lost_is_noticed(place in 0usize..(HEADER + 19), bit in 0u8..8) {
            let mut area = kept(&["the kernel crashed\n"], 19);
            area[place] ^= 1 << bit;
            prop_assert_eq!(text(&area), None);
        }

        #[test]
        fn whatever_memory_holds_is_read_within_its_bounds(area in proptest::collection::vec(any::<u8>(), 0..96), length: u64) {
            let mut area = area;
            let _ = text(&area);
            if let Some((header, _)) = area.split_at_mut_checked(HEADER) {
                header[..8].copy_from_slice(&MAGIC.to_le_bytes());
                header[16..24].copy_from_slice(&length.to_le_bytes());
            }
            let _ = text(&area);
        }
    }
}
