//! Loadable segments laid out as memory will hold them, without what is zero at the end.

use super::Error;

/// More than any image of ours; a larger span means a stray address, not a large kernel.
pub(crate) const SPAN_LIMIT: u64 = 64 << 20;

/// A loadable part of the ELF.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) address: u64,
    pub(crate) bytes: &'a [u8],
    /// Bytes and the zeroes behind them.
    pub(crate) memory_size: u64,
}

/// An image's bytes, and how much memory it takes once running.
#[derive(Debug)]
pub(crate) struct Flat {
    pub(crate) bytes: Vec<u8>,
    pub(crate) memory_size: u64,
}

/// Puts every segment at its distance from the lowest one.
pub(crate) fn lay_out(segments: &[Segment<'_>]) -> Result<Flat, Error> {
    let mut segments: Vec<_> = segments
        .iter()
        .filter(|each| each.memory_size > 0)
        .collect();
    segments.sort_by_key(|each| each.address);
    let base = segments.first().ok_or(Error::NoSegments)?.address;
    let mut flat = Flat {
        bytes: Vec::new(),
        memory_size: 0,
    };
    for segment in segments {
        let start = segment.address - base;
        if start < flat.memory_size {
            return Err(Error::SegmentsOverlap {
                at: segment.address,
            });
        }
        let end = start.saturating_add(segment.memory_size.max(segment.bytes.len() as u64));
        if end > SPAN_LIMIT {
            return Err(Error::TooLarge { span: end });
        }
        if !segment.bytes.is_empty() {
            flat.bytes.resize(start as usize, 0);
            flat.bytes.extend_from_slice(segment.bytes);
        }
        flat.memory_size = end;
    }
    Ok(flat)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(address: u64, bytes: &[u8], memory_size: u64) -> Segment<'_> {
        Segment {
            address,
            bytes,
            memory_size,
        }
    }

    #[test]
    fn gaps_and_inner_bss_are_zeroes_and_the_last_bss_is_left_out() {
        let segments = [
            segment(0x1008, &[3], 9),
            segment(0x1000, &[1, 2], 4),
            segment(0x9000, &[], 0),
        ];
        let flat = lay_out(&segments).expect("these don't overlap");
        assert_eq!(flat.bytes, [1, 2, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(flat.memory_size, 17);
    }

    #[test]
    fn overlap_is_refused() {
        let segments = [segment(0, &[1], 0x10), segment(0xf, &[2], 1)];
        assert_eq!(
            lay_out(&segments).err(),
            Some(Error::SegmentsOverlap { at: 0xf })
        );
    }

    #[test]
    fn a_stray_address_does_not_fill_the_disk() {
        let segments = [segment(0, &[1], 1), segment(u64::MAX, &[2], 1)];
        assert!(matches!(lay_out(&segments), Err(Error::TooLarge { .. })));
        let segments = [segment(0, &[], u64::MAX)];
        assert!(matches!(lay_out(&segments), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn nothing_to_load_is_an_error() {
        assert_eq!(lay_out(&[]).err(), Some(Error::NoSegments));
    }
}
