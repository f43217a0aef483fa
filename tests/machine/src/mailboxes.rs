//! Floods: more messages than anybody reads, with limits and without.

use crate::support::{HIGH, NORMAL};
use core::time::Duration;
use girder::sleep;
use girder_core::mail::{
    Bound, Overflow, SendError, Sent, UrgentAddr, receive, send, send_wait, urgent_lane,
};
use girder_core::sched::ExitReason;
use girder_lockfree::mail::{envelopes_in_use, gate_report};
use girder_lockfree::process::{
    Pid, Watch, kill, own_pid, spawn, spawn_bounded, spawn_bounded_watched,
};

/// Messages of a flood.
const FLOOD: u32 = 100_000;

fn bound(limit: u32, overflow: Overflow) -> Bound {
    Bound::new(limit, overflow).expect("a limit")
}

/// One that never reads what it is sent.
async fn idle() {
    receive::<()>().await;
}

fn bounded(limit: u32, overflow: Overflow) -> (Pid, Watch) {
    let bound = bound(limit, overflow);
    spawn_bounded_watched(idle, NORMAL, bound).expect("there is room")
}

/// Sends as many as there is memory for; says how many that were.
fn flood(to: Pid) -> u32 {
    for number in 0..FLOOD {
        match send(to, number) {
            Ok(sent) => assert_eq!(sent, Sent::Delivered),
            Err(SendError::NoEnvelope(same)) => {
                assert_eq!(same, number);
                return number;
            }
            Err(SendError::Full(_)) => panic!("it has no limit"),
        }
    }
    FLOOD
}

/// Envelopes in use, once nothing has changed for a while: what earlier tests have left goes back by and by.
async fn settled_envelopes() -> usize {
    let mut before = envelopes_in_use().expect("all cores come to rest");
    loop {
        sleep(Duration::from_millis(2)).await;
        let now = envelopes_in_use().expect("all cores come to rest");
        if now == before {
            return now;
        }
        before = now;
    }
}

/// Everything is there again once the reaper has had its turns. Counting walks all envelopes: seldom.
async fn all_comes_back(before: usize) {
    const LOOKS: usize = 10_000;
    for _ in 0..LOOKS {
        if envelopes_in_use().expect("all cores come to rest") <= before {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!(
        "{} are in use, not {before}",
        envelopes_in_use().expect("all cores come to rest")
    );
}

#[girder::test(limit_ms = 300_000)]
async fn a_hundred_thousand_messages_to_one_that_does_not_read_come_back() {
    let before = settled_envelopes().await;
    for _ in 0..2 {
        let deaf = spawn(idle(), NORMAL).expect("there is room");
        let sent = flood(deaf);
        assert!(sent > 1_000, "only {sent}");
        assert!(envelopes_in_use().expect("all cores come to rest") >= before + sent as usize);
        kill(deaf);
        all_comes_back(before).await;
    }
}

#[girder::test]
async fn a_flood_is_refused_or_dropped_at_the_limit() {
    const LIMIT: u32 = 100;
    let before = settled_envelopes().await;
    let (refusing, _) = bounded(LIMIT, Overflow::Refuse);
    let (dropping, _) = bounded(LIMIT, Overflow::Drop);
    for number in 0..100_000_u32 {
        let is_in = number < LIMIT;
        assert_eq!(send(refusing, number).is_ok(), is_in);
        let expected = if is_in {
            Sent::Delivered
        } else {
            Sent::Dropped
        };
        assert_eq!(send(dropping, number), Ok(expected));
    }
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        before + 2 * LIMIT as usize
    );
    let drops = gate_report(dropping).map(|report| report.drops);
    assert_eq!(drops, Some(u64::from(100_000 - LIMIT)));
    kill(refusing);
    kill(dropping);
    all_comes_back(before).await;
}

#[girder::test]
async fn a_message_too_many_ends_its_receiver() {
    let (ending, watch) = bounded(100, Overflow::End);
    for number in 0..100_u32 {
        assert_eq!(send(ending, number), Ok(Sent::Delivered));
    }
    assert_eq!(send(ending, 100_u32), Ok(Sent::ToNobody));
    assert_eq!(watch.await, ExitReason::MailboxLimit);
}

/// The senders are more urgent than who receives, and the other way round; some of them give up.
#[girder::test]
async fn many_wait_for_room_and_all_are_served() {
    const SENDERS: u32 = 200;
    for (sending, receiving) in [(HIGH, NORMAL), (NORMAL, HIGH)] {
        let test = own_pid().expect("a test is a process");
        let receiver = spawn_bounded(
            async move {
                for _ in 0..SENDERS {
                    receive::<u32>().await;
                }
                send(test, ()).expect("there is memory");
            },
            receiving,
            bound(3, Overflow::Refuse),
        )
        .expect("there is room");
        for number in 0..SENDERS {
            let sender = async move {
                let sent = send_wait(receiver, number).await;
                assert_eq!(sent, Ok(Sent::Delivered));
            };
            spawn(sender, sending).expect("there is room");
        }
        receive::<()>().await;
    }
}

#[girder::test]
async fn an_urgent_message_passes_a_hundred_thousand_others() {
    /// Memory of the machine for each: envelopes stay envelopes, and other tests need memory too.
    const BYTES_EACH: usize = 2_048;
    let others = (girder_boot::available_memory() / BYTES_EACH).min(100_000) as u32;
    let test = own_pid().expect("a test is a process");
    let lane = urgent_lane().expect("there is memory");
    for number in 0..others {
        send(test, number).expect("there is memory");
    }
    UrgentAddr::<u32>::of(&lane)
        .send(u32::MAX)
        .expect("there is memory");
    assert_eq!(receive::<u32>().await, u32::MAX);
    for number in 0..others {
        assert_eq!(receive::<u32>().await, number);
    }
}
