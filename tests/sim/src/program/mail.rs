//! Messages among processes that are killed, and others that live in their places after them.

mod later;

use super::received::received;
use super::{Shared, any_priority, interruptible, point, send_honestly, spawn};
use crate::world::{lacks, with_state};
use girder_core::mail::{
    CallError, Pid, ReplyTo, SendError, call_timeout, receive, receive_any, receive_timeout,
    receive_where, send, try_receive,
};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_core::time::timeout;
use girder_lockfree::mail::envelopes_in_use;
use girder_lockfree::process::{here, kill, own_pid, yield_now};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const RECEIVERS: usize = 4;
const SENDERS: usize = 4;
const MESSAGES: u32 = 60;

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// What is counted in a run.
#[derive(Clone, Default)]
struct Count {
    made: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

/// A message that knows whom it is for, and is counted when it is gone.
struct Letter {
    from: usize,
    to: Pid,
    number: u32,
    /// When the clock shall have come there before it is received.
    due: u64,
    count: Count,
    _large: Option<[u64; 7]>,
}

/// A small one of another type.
struct Card(Letter);

impl Drop for Letter {
    fn drop(&mut self) {
        self.count.dropped.fetch_add(1, Relaxed);
    }
}

/// A question: the answer is its number.
struct Ask(u32, ReplyTo<u32>);

/// One that fits into no envelope, and neither does its answer.
struct Survey([u32; 16], ReplyTo<[u32; 16]>);

/// Who receives now; somebody who is gone may still be among them.
type Receivers = Rc<RefCell<Vec<Pid>>>;

/// Spawns senders, receivers, somebody who kills and replaces receivers, and somebody who looks at what
/// is left in the end.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    with_state(|state| state.has_mail = true);
    let count = Count::default();
    let receivers = Receivers::default();
    let at_work = Rc::new(RefCell::new(SENDERS + 1));
    for _ in 0..RECEIVERS {
        let pid = receiver(rng, score);
        receivers.borrow_mut().push(pid);
    }
    for from in 0..SENDERS {
        sender(from, rng, score, &receivers, &count, &at_work);
    }
    later::listener(rng, score);
    killer(rng, score, &receivers, &at_work);
    closer(score, &receivers, &count, &at_work);
}

/// Spawns somebody who must be there; now and then it is refused, and asked again.
pub(super) fn insist<T>(mut spawn: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(pid) = spawn() {
            return pid;
        }
    }
}

fn receiver(rng: &mut Rng, score: &Shared) -> Pid {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let mut next = BTreeMap::<usize, u32>::new();
        spawn(any_priority(&mut rng), score, async move {
            loop {
                take_one(&mut rng, &mut next).await;
                point().await;
            }
        })
    })
}

/// Receives in one of many ways. Nothing is held while an interrupt may strike, for whoever is killed in
/// mid-poll drops nothing.
async fn take_one(rng: &mut Rng, next: &mut BTreeMap<usize, u32>) {
    match rng.below(7) {
        0 => {
            let letter = interruptible(receive::<Letter>()).await;
            received(letter, try_receive, |it| judge(it, next));
        }
        1 => {
            let odd = |letter: &Letter| letter.number % 2 == 1;
            // What it skips it will find later, but no longer in order among the others.
            let wait = timeout(micros(100), receive_where(odd));
            let skipped = interruptible(wait).await.map(|letter| is_mine(&letter));
            if skipped.is_ok() {
                next.clear();
            }
        }
        2 => {
            if let Some(card) = try_receive::<Card>() {
                is_mine(&card.0);
            }
        }
        3 => {
            let wait = receive_timeout(micros(50));
            if let Ok(Ask(number, reply_to)) = interruptible(wait).await {
                // Now and then the question is let drop.
                if number % 5 > 0 {
                    let _ = reply_to.reply(number);
                }
            }
        }
        4 => {
            if let Some(Survey(numbers, reply_to)) = try_receive() {
                let before = lacks();
                let answered = reply_to.reply(numbers);
                assert_eq!(
                    answered.is_err(),
                    lacks() > before,
                    "no answer beside memory"
                );
            }
        }
        5 => {
            if let Ok(message) = interruptible(timeout(micros(50), receive_any())).await {
                match message.downcast::<Letter>() {
                    Ok(letter) => judge(&letter, next),
                    Err(other) => other
                        .downcast::<Card>()
                        .iter()
                        .for_each(|it| is_mine(&it.0)),
                }
            }
        }
        _ => judge(&interruptible(receive::<Letter>()).await, next),
    }
}

fn is_mine(letter: &Letter) {
    assert_eq!(Some(letter.to), own_pid(), "a stranger's letter");
    assert!(here::now() >= letter.due, "it came early");
}

/// Letters of one sender come in order. Numbers that are missing have gone to others, or came as cards; that nothing is lost is
/// counted at the end, and seen at once in [`lanes`](super::lanes).
fn judge(letter: &Letter, next: &mut BTreeMap<usize, u32>) {
    is_mine(letter);
    if let Some(&expected) = next.get(&letter.from) {
        assert!(letter.number >= expected, "out of order");
    }
    next.insert(letter.from, letter.number + 1);
}

fn sender(
    from: usize,
    rng: &mut Rng,
    score: &Shared,
    receivers: &Receivers,
    count: &Count,
    at_work: &Rc<RefCell<usize>>,
) {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let (receivers, count, at_work) = (receivers.clone(), count.clone(), at_work.clone());
        spawn(any_priority(&mut rng), score, async move {
            // Whom it knows, perhaps for too long.
            let mut known = receivers.borrow().clone();
            for number in 0..MESSAGES {
                let to = known[rng.below(RECEIVERS as u64) as usize];
                count.made.fetch_add(1, Relaxed);
                let letter = Letter {
                    from,
                    to,
                    number,
                    due: 0,
                    count: count.clone(),
                    _large: rng.below(2).checked_sub(1).map(|_| [0; 7]),
                };
                post(&mut rng, to, letter);
                point().await;
                if rng.below(8) == 0 {
                    ask(&mut rng, to, number).await;
                }
                if rng.below(10) == 0 {
                    known.clone_from(&receivers.borrow());
                }
                if rng.below(4) == 0 {
                    yield_now().await;
                }
            }
            *at_work.borrow_mut() -= 1;
        })
    });
}

/// Sends a letter in one of many ways; without memory it comes back as it was.
fn post(rng: &mut Rng, to: Pid, letter: Letter) {
    let number = letter.number;
    let back = if rng.below(6) == 0 {
        later::post(rng, to, letter).map(|Card(letter)| letter)
    } else if rng.below(3) == 0 {
        let sent = send_honestly(|| send(to, Card(letter)));
        sent.err().map(|error| error.into_message().0)
    } else {
        let sent = send_honestly(|| send(to, letter));
        sent.err().map(SendError::into_message)
    };
    if let Some(letter) = back {
        assert_eq!(
            (letter.to, letter.number),
            (to, number),
            "not what was sent"
        );
    }
}

async fn ask(rng: &mut Rng, to: Pid, number: u32) {
    let (before, limit) = (lacks(), micros(200));
    let answer = if rng.below(2) == 0 {
        let question = call_timeout(limit, to, |reply_to| Ask(number, reply_to));
        interruptible(question).await
    } else {
        let question = call_timeout(limit, to, |reply_to| Survey([number; 16], reply_to));
        interruptible(question).await.map(|[first, ..]| first)
    };
    match answer {
        Ok(answer) => assert_eq!(answer, number, "another question's answer"),
        Err(CallError::NoAnswer | CallError::TimedOut) => {}
        Err(CallError::NoEnvelope) => assert!(lacks() > before, "there was memory"),
        Err(other) => panic!("{other}"),
    }
}

fn killer(rng: &mut Rng, score: &Shared, receivers: &Receivers, at_work: &Rc<RefCell<usize>>) {
    insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let (score_of_all, receivers, at_work) =
            (score.clone(), receivers.clone(), at_work.clone());
        spawn(Priority::High, score, async move {
            for _ in 0..15 {
                let place = rng.below(RECEIVERS as u64) as usize;
                let victim = receivers.borrow()[place];
                let _ = kill(victim);
                point().await;
                // The next one in its slot, nearly always.
                let newcomer = receiver(&mut rng, &score_of_all);
                receivers.borrow_mut()[place] = newcomer;
                for _ in 0..rng.below(10) {
                    yield_now().await;
                    point().await;
                }
            }
            *at_work.borrow_mut() -= 1;
        })
    });
}

/// Ends all receivers when nobody sends any more, and counts.
fn closer(score: &Shared, receivers: &Receivers, count: &Count, at_work: &Rc<RefCell<usize>>) {
    insist(|| {
        let receivers = receivers.clone();
        let (count, at_work) = (count.clone(), at_work.clone());
        spawn(Priority::Low, score, async move {
            // Time passes where an interrupt may strike, and nowhere else.
            while *at_work.borrow() > 0 {
                point().await;
                yield_now().await;
            }
            for &receiver in receivers.borrow().iter() {
                let _ = kill(receiver);
            }
            // The reaper has its turns meanwhile.
            for _ in 0..20_000 {
                if envelopes_in_use().expect("all cores come to rest") == 0 {
                    break;
                }
                // What is to be sent later is still under way.
                point().await;
                yield_now().await;
            }
            assert_eq!(
                envelopes_in_use().expect("all cores come to rest"),
                0,
                "an envelope was lost"
            );
            let [made, dropped] = [&count.made, &count.dropped].map(|it| it.load(Relaxed));
            assert_eq!(made, dropped, "a message was lost or doubled");
        })
    });
}
