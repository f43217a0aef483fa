//! From a loop of exclusive accesses to the same in the Large System Extensions, instruction by
//! instruction in the same room.
//!
//! What stands behind the loop may read any register or flag that the loop wrote, and nothing tells
//! which. So the new form leaves **all of them** as the old one did: the value that was there, the value
//! computed from it, the flags, the word that says whether the store failed (0: it never does now). On
//! the way out that a failed comparison takes, the old form had written the loaded value and the flags,
//! and the new one writes no others.
//!
//! ```text
//! 1: ldaxr x8, [x9]                mov    x8, x10       1: ldxr x8, [x9]           mov   x11, #-1
//!    cmp   x8, x10                 casal  x8, x12, [x9]    sub  x11, x8, #1        ldaddl x11, x8, [x9]
//!    b.ne  2f            becomes   cmp    x8, x10          stlxr w12, x11, [x9]    sub   x11, x8, #1
//!    stlxr w11, x12, [x9]          b.ne   2f               cbnz  w12, 1b           mov   w12, #0
//!    cbnz  w11, 1b                 mov    w11, #0
//! ```
//!
//! That is one instruction shorter as a rule, for no instruction must ask whether the store failed, and one
//! longer, for the operand must be in a register, or what was expected where the old value will be.
//!
//! A place is rewritten only if it is exactly one of these forms and no jump leads into its middle. Any
//! other stays as it is, and is right on every core.

use super::word::{
    Access, Expected, Jump, Kind, Load, NOP, Operand, Operation, Store, ZERO, always, comparison,
    copy, inverted, inverted_pattern, is_wide, minus, moved, negated, number, pattern,
};

/// The most instructions that a place has.
pub(super) const LONGEST: usize = 6;

/// What `code[at..]` becomes, if a form begins there. `is_entered` tells whether any jump leads to an instruction.
pub(super) fn rewrite(
    code: &[u32],
    at: usize,
    is_entered: impl Fn(usize) -> bool,
) -> Option<Vec<u32>> {
    let load = Load::read(*code.get(at)?)?;
    let rest = &code[at + 1..];
    let new = swap(load, rest)
        .or_else(|| update(load, rest))
        .or_else(|| compare_and_swap(load, rest))
        .or_else(|| compare_with_zero(load, rest))?;
    debug_assert!(new.len() <= LONGEST);
    let is_whole = !(1..new.len()).any(|step| is_entered(at + step));
    is_whole.then_some(new)
}

/// A store that belongs to the load.
fn store(load: Load, word: u32) -> Option<Store> {
    let store = Store::read(word)?;
    let belongs = store.size == load.size && store.n == load.n;
    // A loop that overwrites its own input is none.
    let repeats = load.t != load.n && store.s != load.n && store.s != store.t && load.t != ZERO;
    (belongs && repeats).then_some(store)
}

/// Whether this goes back, from so many instructions on, if the store failed.
fn is_retry(word: u32, store: Store, back: i32) -> bool {
    !is_wide(word) && Jump::read(word) == Some(Jump::NotZero(store.s, -back))
}

/// Back to the start, or to what a weak exchange does about a store that failed: either way not taken.
fn is_never_taken(word: u32, store: Store) -> bool {
    !is_wide(word) && matches!(Jump::read(word), Some(Jump::NotZero(s, _)) if s == store.s)
}

/// The store did not fail.
fn succeeded(store: Store) -> Option<u32> {
    number(false, store.s, 0)
}

fn swap(load: Load, rest: &[u32]) -> Option<Vec<u32>> {
    let [stored, retry, ..] = *rest else {
        return None;
    };
    let store = store(load, stored)?;
    if !is_retry(retry, store, 2) || store.t == load.t {
        return None;
    }
    let swap = Access::of(load, store).swap(store.t, load.t);
    Some(vec![swap, succeeded(store)?, NOP])
}

fn update(load: Load, rest: &[u32]) -> Option<Vec<u32>> {
    let [computed, stored, retry, ..] = *rest else {
        return None;
    };
    let operation = Operation::read(computed)?;
    let store = store(load, stored)?;
    let access = Access::of(load, store);
    let fits = operation.value == load.t
        && store.t == operation.d
        && ![load.n, ZERO].contains(&operation.d)
        && is_wide(computed) == access.is_wide()
        && is_retry(retry, store, 3);
    if !fits {
        return None;
    }
    let mut new = apply(access, operation, load.t)?;
    new.extend([computed, succeeded(store)?]);
    new.resize(4, NOP);
    Some(new)
}

/// One access that leaves the old value in `old`, behind what gets its operand into a register if it is
/// in none: the one that the result is computed in afterwards.
fn apply(access: Access, operation: Operation, old: u32) -> Option<Vec<u32>> {
    let Operation { kind, d, .. } = operation;
    let wide = access.is_wide();
    let update = match kind {
        Kind::Add | Kind::Subtract => Access::add,
        Kind::And | Kind::AndNot => Access::clear,
        Kind::Or => Access::set,
        Kind::ExclusiveOr => Access::exclusive_or,
    };
    let prepared = match (kind, operation.operand) {
        // It is overwritten before the result is computed from it.
        (_, Operand::Register(m)) if m == old || m == d => return None,
        (Kind::Subtract, Operand::Register(m)) => negated(wide, d, m),
        (Kind::And, Operand::Register(m)) => inverted(wide, d, m),
        (_, Operand::Register(m)) => return Some(vec![update(access, m, old)]),
        (Kind::Subtract, Operand::Number(n)) => minus(wide, d, n)?,
        (_, Operand::Number(n)) => number(wide, d, n)?,
        (Kind::And, Operand::Pattern(bits)) => pattern(wide, d, inverted_pattern(bits)?)?,
        (_, Operand::Pattern(bits)) => pattern(wide, d, bits)?,
    };
    Some(vec![prepared, update(access, d, old)])
}

fn compare_and_swap(load: Load, rest: &[u32]) -> Option<Vec<u32>> {
    let [compared, differs, stored, retry, ..] = *rest else {
        return None;
    };
    let store = store(load, stored)?;
    let access = Access::of(load, store);
    let is_right = is_wide(compared) == access.is_wide() && store.t != load.t;
    let Some(Jump::NotEqual(_)) = Jump::read(differs).filter(|_| is_right) else {
        return None;
    };
    let expected = match comparison(compared, load.t)? {
        Expected::Register(m) if m == load.t => return None,
        Expected::Register(m) => copy(access.is_wide(), load.t, m),
        Expected::Number(n) => number(access.is_wide(), load.t, n)?,
        Expected::Minus(n) => minus(access.is_wide(), load.t, n)?,
    };
    let swap = access.compare_and_swap(load.t, store.t);
    let mut new = vec![
        expected,
        swap,
        compared,
        moved(differs, 1)?,
        succeeded(store)?,
    ];
    if !is_never_taken(retry, store) {
        // `cbz s, done; b 1b`: always done.
        let Some(Jump::Zero(s, done)) = Jump::read(retry) else {
            return None;
        };
        let again = Jump::read(*rest.get(4)?);
        if s != store.s || is_wide(retry) || again != Some(Jump::Always(-5)) {
            return None;
        }
        new.push(always(done - 1));
    }
    Some(new)
}

fn compare_with_zero(load: Load, rest: &[u32]) -> Option<Vec<u32>> {
    let [differs, stored, retry, ..] = *rest else {
        return None;
    };
    let store = store(load, stored)?;
    let access = Access::of(load, store);
    let is_right =
        is_wide(differs) == access.is_wide() && store.t != load.t && is_never_taken(retry, store);
    match Jump::read(differs)? {
        Jump::NotZero(t, _) if is_right && t == load.t => Some(vec![
            number(access.is_wide(), load.t, 0)?,
            access.compare_and_swap(load.t, store.t),
            moved(differs, 1)?,
            succeeded(store)?,
        ]),
        _ => None,
    }
}
