//! Messages that are sent at a time: once, or again and again. Neither is early.

use super::super::{Shared, any_priority, honest, interruptible, point, spawn};
use super::{Card, Letter, micros};
use crate::sabotage::Sabotage;
use crate::world::{strikes_sabotage, with_state};
use girder_core::mail::{Pid, SendError, receive, receive_timeout, traffic, try_receive};
use girder_core::rng::Rng;
use girder_core::time::{Cancelled, Instant, send_after, send_every};
use girder_lockfree::process::own_pid;

/// Beats that somebody waits for.
const BEATS: u32 = 6;

/// Has it sent in a while, or thinks better of it.
pub(super) fn post(rng: &mut Rng, to: Pid, mut letter: Letter) -> Option<Card> {
    let mut delay = micros(rng.below(200));
    letter.due = (Instant::now() + delay).nanos();
    if strikes_sabotage(Sabotage::SendEarly, 2) {
        delay /= 2;
    }
    let before = traffic().expect("all cores come to rest").refused;
    let is_refused = |sent: &Result<_, SendError<_>>| sent.is_err();
    let delayed = match honest(|| send_after(delay, to, Card(letter)), is_refused) {
        Ok(delayed) => delayed,
        Err(refused) => {
            assert_eq!(
                traffic().expect("all cores come to rest").refused,
                before + 1,
                "refusals are counted"
            );
            return Some(refused.into_message());
        }
    };
    if rng.below(4) == 0 {
        assert_eq!(delayed.cancel(), Cancelled::InTime);
        assert_eq!(delayed.cancel(), Cancelled::TooLate);
    }
    None
}

/// The number of a beat.
struct Beat(u32);

/// Spawns somebody who has something sent to it again and again, until it has enough of that: each is there, in order and not
/// early, and when it is called off no more come.
pub(super) fn listener(rng: &mut Rng, score: &Shared) {
    // Whoever sends is no process of this program. Without memory for an alarm it would end where nobody here sees to that.
    if !with_state(|state| state.memory.is_plenty()) {
        return;
    }
    let period = micros(1 + rng.below(2_000));
    spawn(any_priority(rng), score, async move {
        let (start, me) = (Instant::now(), own_pid().expect("in a process"));
        let mut number = 0;
        let make = move || {
            number += 1;
            Beat(number)
        };
        let beats = send_every(period, me, make).expect("there is memory");
        for expected in 1..=BEATS {
            let Beat(number) = interruptible(receive()).await;
            assert_eq!(number, expected, "a beat was lost or doubled");
            assert!(
                Instant::now() >= start + period * number,
                "a beat came early"
            );
            point().await;
        }
        assert_eq!(beats.cancel(), Cancelled::InTime);
        while let Some(Beat(_)) = try_receive() {}
        let more = interruptible(receive_timeout::<Beat>(3 * period)).await;
        assert!(more.is_err(), "it beats on");
    });
}
