//! The kernel's heap keeps its promises.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::Layout;
use girder::check::rng;

#[girder::test]
fn blocks_are_aligned_and_apart() {
    let mut rng = rng();
    let mut blocks = Vec::new();
    for _ in 0..300 {
        let size = 1 + rng.below(3_000) as usize;
        let align = 1 << rng.below(13);
        let layout = Layout::from_size_align(size, align).expect("small");
        // SAFETY: the layout's size is not zero.
        let block = unsafe { alloc::alloc::alloc(layout) };
        assert!(!block.is_null() && block.addr().is_multiple_of(align));
        // SAFETY: the block is `size` bytes long.
        unsafe { block.write_bytes(blocks.len() as u8, size) };
        blocks.push((block, layout));
    }
    for (tag, (block, layout)) in blocks.into_iter().enumerate() {
        // SAFETY: as above; each block is freed once, with its layout.
        unsafe {
            let bytes = core::slice::from_raw_parts(block, layout.size());
            assert!(
                bytes.iter().all(|&byte| byte == tag as u8),
                "block {tag} was overwritten"
            );
            alloc::alloc::dealloc(block, layout);
        }
    }
}

#[girder::test]
fn too_large_a_request_is_an_error() {
    let mut bytes = Vec::<u8>::new();
    // A request whose result nobody uses need not be made at all.
    let bytes = core::hint::black_box(&mut bytes);
    for size in [1 << 40, isize::MAX as usize] {
        assert!(bytes.try_reserve_exact(size).is_err());
    }
    assert!(bytes.try_reserve_exact(1 << 10).is_ok());
}

#[girder::test]
fn what_is_freed_serves_again() {
    // Far more in sum than the heap holds.
    for round in 0..20_000_u64 {
        let block = Box::new([round; 128]);
        assert_eq!(core::hint::black_box(&block)[127], round);
    }
}
