//! A QEMU plugin that writes down what a machine of one core does between two marks: each instruction, and
//! each access to memory. What that means is not decided here; `girder-tools bench --count` reads it.
//!
//! The marks are `hint #0x70` and `hint #0x71`, which are `nop` to every core. The file is a sequence of
//! records of 16 bytes, little-endian: a word of 64 bits and two of 32:
//!
//! | first | second | third |
//! |---|---|---|
//! | address of an instruction | its encoding | 0 |
//! | address of data | bytes | 1 for a load, 2 for a store |
//!
//! The interface is that of `qemu-plugin.h`, version 4 (QEMU 9.1 and newer), declared below: distributions
//! package QEMU without the header.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// `qemu_plugin_id_t`
type Id = u64;
type OnInstruction = extern "C" fn(c_uint, *mut c_void);
type OnAccess = extern "C" fn(c_uint, u32, u64, *mut c_void);

// What `libqemu` calls handles are pointers to its own structures; we only pass them back.
unsafe extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: Id, callback: extern "C" fn(Id, *mut c_void));
    fn qemu_plugin_register_atexit_cb(
        id: Id,
        callback: extern "C" fn(Id, *mut c_void),
        user: *mut c_void,
    );
    fn qemu_plugin_tb_n_insns(block: *const c_void) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const c_void, index: usize) -> *mut c_void;
    fn qemu_plugin_insn_data(instruction: *const c_void, to: *mut c_void, bytes: usize) -> usize;
    fn qemu_plugin_insn_vaddr(instruction: *const c_void) -> u64;
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut c_void,
        callback: OnInstruction,
        flags: c_int,
        user: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut c_void,
        callback: OnAccess,
        flags: c_int,
        kinds: c_int,
        user: *mut c_void,
    );
    safe fn qemu_plugin_mem_size_shift(info: u32) -> c_uint;
    safe fn qemu_plugin_mem_is_store(info: u32) -> bool;
}

/// The version of the interface that this is written for; QEMU looks for it by its name.
#[unsafe(no_mangle)]
pub static qemu_plugin_version: c_int = 4;

/// `QEMU_PLUGIN_CB_NO_REGS`
const NO_REGISTERS: c_int = 0;
/// `QEMU_PLUGIN_MEM_RW`
const LOADS_AND_STORES: c_int = 3;
const BEGIN: u32 = hint(0x70);
const END: u32 = hint(0x71);

const INSTRUCTION: u32 = 0;
const LOAD: u32 = 1;
const STORE: u32 = 2;

static IS_BETWEEN_MARKS: AtomicBool = AtomicBool::new(false);
static TRACE: Mutex<Option<BufWriter<File>>> = Mutex::new(None);

/// The encoding of `hint #number`.
const fn hint(number: u32) -> u32 {
    0xd503_201f | number << 5
}

/// Called by QEMU once, with the words after the plugin's file: `out=FILE`.
///
/// # Safety
///
/// `words` is an array of `count` C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: Id,
    _machine: *const c_void,
    count: c_int,
    words: *const *const c_char,
) -> c_int {
    let words = (0..usize::try_from(count).unwrap_or(0))
        // SAFETY: the caller's promise.
        .map(|index| unsafe { CStr::from_ptr(*words.add(index)) }.to_string_lossy());
    let mut files = words.filter_map(|word| word.strip_prefix("out=").map(File::create));
    let Some(Ok(file)) = files.next() else {
        eprintln!("girder-tracer: it takes out=FILE, a file that can be written");
        return -1;
    };
    *trace() = Some(BufWriter::new(file));
    // SAFETY: the functions have the types that QEMU calls them by, and live as long as the plugin.
    unsafe {
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
        qemu_plugin_register_atexit_cb(id, on_exit, std::ptr::null_mut());
    }
    0
}

/// Whoever panicked with the lock ended the process.
fn trace() -> std::sync::MutexGuard<'static, Option<BufWriter<File>>> {
    TRACE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Asks for a call at each instruction of a block, and at what it does to memory. A record's address and
/// encoding travel in a box that lives as long as the translation may, which is for ever.
extern "C" fn on_translation(_: Id, block: *mut c_void) {
    // SAFETY: `block` is what QEMU has just translated; its instructions are asked for by their number.
    unsafe {
        for index in 0..qemu_plugin_tb_n_insns(block) {
            let instruction = qemu_plugin_tb_get_insn(block, index);
            let mut encoding = 0_u32;
            qemu_plugin_insn_data(
                instruction,
                (&raw mut encoding).cast(),
                size_of_val(&encoding),
            );
            let seen = Box::new((qemu_plugin_insn_vaddr(instruction), encoding));
            let seen = Box::into_raw(seen).cast();
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_instruction, NO_REGISTERS, seen);
            qemu_plugin_register_vcpu_mem_cb(
                instruction,
                on_access,
                NO_REGISTERS,
                LOADS_AND_STORES,
                std::ptr::null_mut(),
            );
        }
    }
}

extern "C" fn on_instruction(_: c_uint, seen: *mut c_void) {
    // SAFETY: `on_translation` made it from a box of this type, and never frees it.
    let (address, encoding) = unsafe { *seen.cast::<(u64, u32)>() };
    match encoding {
        BEGIN => IS_BETWEEN_MARKS.store(true, Relaxed),
        END => IS_BETWEEN_MARKS.store(false, Relaxed),
        _ => record(address, encoding, INSTRUCTION),
    }
}

extern "C" fn on_access(_: c_uint, info: u32, address: u64, _: *mut c_void) {
    let kind = match qemu_plugin_mem_is_store(info) {
        true => STORE,
        false => LOAD,
    };
    record(address, 1 << qemu_plugin_mem_size_shift(info), kind);
}

fn record(first: u64, second: u32, third: u32) {
    if !IS_BETWEEN_MARKS.load(Relaxed) {
        return;
    }
    let mut trace = trace();
    let Some(file) = trace.as_mut() else { return };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first.to_le_bytes());
    bytes[8..12].copy_from_slice(&second.to_le_bytes());
    bytes[12..].copy_from_slice(&third.to_le_bytes());
    if let Err(error) = file.write_all(&bytes) {
        eprintln!("girder-tracer: {error}");
        *trace = None;
    }
}

extern "C" fn on_exit(_: Id, _: *mut c_void) {
    if let Some(Err(error)) = trace().as_mut().map(Write::flush) {
        eprintln!("girder-tracer: {error}");
    }
}
