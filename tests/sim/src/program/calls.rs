//! Calls of servers that answer, let drop, forget, pass on and hold what they are asked, while all of them are
//! killed in whatever state they are.
//!
//! The law: a call whose author lives ends, once, with its own answer or with none; and with none only if
//! somebody let the question drop, or has ended.

use super::trouble::kill;
use super::{Shared, any_priority, interruptible, mail, point, send_honestly, spawn};
use crate::world::{lacks, with_state};
use girder_core::mail::{CallError, Pid, ReplyTo, call, call_timeout, receive_timeout, send};
use girder_core::rng::Rng;
use girder_core::sched::Priority;
use girder_core::time::sleep;
use girder_lockfree::mail::envelopes_in_use;
use girder_lockfree::process::{is_alive, own_pid, yield_now};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

const SERVERS: usize = 3;
const WORKERS: usize = 2;
const CLIENTS: usize = 5;
const CALLS: u32 = 12;
const DEATHS: usize = 10;

/// A question: the answer is twice its number.
struct Ask(u32, ReplyTo<u32>);

/// What all of a run know.
struct Office {
    servers: RefCell<Vec<Pid>>,
    workers: RefCell<Vec<Pid>>,
    clients: RefCell<Vec<Pid>>,
    /// Calls that have not ended, and whose they are.
    open: RefCell<BTreeMap<u32, Pid>>,
    /// Questions that were let drop.
    declined: RefCell<BTreeSet<u32>>,
    /// Somebody was killed.
    has_deaths: Cell<bool>,
    /// Nobody takes the place of those who are killed.
    is_closing: Cell<bool>,
    next: Cell<u32>,
}

/// Spawns servers, workers, clients, somebody who kills them, and somebody who looks at what is left.
pub(super) fn start(rng: &mut Rng, score: &Shared) {
    with_state(|state| state.has_mail = true);
    let office = Rc::new(Office {
        servers: RefCell::default(),
        workers: RefCell::default(),
        clients: RefCell::default(),
        open: RefCell::default(),
        declined: RefCell::default(),
        has_deaths: Cell::new(false),
        is_closing: Cell::new(false),
        next: Cell::new(0),
    });
    for _ in 0..WORKERS {
        let worker = server(rng, score, &office, true);
        office.workers.borrow_mut().push(worker);
    }
    for _ in 0..SERVERS {
        let server = server(rng, score, &office, false);
        office.servers.borrow_mut().push(server);
    }
    for _ in 0..CLIENTS {
        client(rng, score, &office);
    }
    if rng.below(4) > 0 {
        killer(rng, score, &office);
    }
    closer(score, &office);
}

fn any(rng: &mut Rng, pids: &RefCell<Vec<Pid>>) -> Pid {
    let pids = pids.borrow();
    pids[rng.below(pids.len() as u64) as usize]
}

fn server(rng: &mut Rng, score: &Shared, office: &Rc<Office>, is_worker: bool) -> Pid {
    mail::insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let office = office.clone();
        spawn(any_priority(&mut rng), score, async move {
            let mut held = Vec::new();
            loop {
                let limit = Duration::from_micros(20 + rng.below(200));
                let question = interruptible(receive_timeout(limit)).await;
                point().await;
                match question {
                    Ok(question) => {
                        treat(question, &mut held, &mut rng, &office, is_worker).await;
                    }
                    Err(_) => held.pop().into_iter().for_each(answer),
                }
                point().await;
            }
        })
    })
}

fn answer(Ask(number, reply_to): Ask) {
    let _ = reply_to.reply(2 * number);
}

async fn treat(
    question: Ask,
    held: &mut Vec<Ask>,
    rng: &mut Rng,
    office: &Office,
    is_worker: bool,
) {
    let number = question.0;
    match rng.below(12) {
        0 => {
            office.declined.borrow_mut().insert(number);
            point().await;
            drop(question);
        }
        1 => std::mem::forget(question),
        2 | 3 if !is_worker => {
            let worker = any(rng, &office.workers);
            if let Err(refused) = send_honestly(|| send(worker, question)) {
                answer(refused.into_message());
            }
        }
        4..6 => held.push(question),
        6 => {
            // Longer than one who was killed is let go on.
            for _ in 0..300 {
                point().await;
            }
            answer(question);
        }
        7 => {
            yield_now().await;
            answer(question);
        }
        _ => {
            point().await;
            answer(question);
        }
    }
}

fn client(rng: &mut Rng, score: &Shared, office: &Rc<Office>) {
    let pid = mail::insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let office = office.clone();
        spawn(any_priority(&mut rng), score, async move {
            for _ in 0..CALLS {
                if rng.below(5) == 0 {
                    let me = own_pid().expect("a process");
                    let _ = send_honestly(|| send(me, 'x'));
                }
                ask(&mut rng, &office).await;
                point().await;
                if rng.below(3) == 0 {
                    let _ = interruptible(receive_timeout::<char>(Duration::ZERO)).await;
                }
            }
        })
    });
    office.clients.borrow_mut().push(pid);
}

async fn ask(rng: &mut Rng, office: &Office) {
    let to = any(rng, &office.servers);
    let number = office.next.get();
    office.next.set(number + 1);
    let me = own_pid().expect("a process");
    office.open.borrow_mut().insert(number, me);
    let before = lacks();
    let question = move |reply_to| Ask(number, reply_to);
    let answer = if rng.below(4) == 0 {
        let limit = Duration::from_micros(rng.below(300));
        interruptible(call_timeout(limit, to, question)).await
    } else {
        interruptible(call(to, question)).await
    };
    let ended = office.open.borrow_mut().remove(&number);
    assert_eq!(ended, Some(me), "a call ended twice");
    match answer {
        Ok(answer) => assert_eq!(answer, 2 * number, "another question's answer"),
        Err(CallError::NoAnswer) => {
            let is_declined = office.declined.borrow().contains(&number);
            let is_right = is_declined || office.has_deaths.get();
            assert!(is_right, "no answer, and nobody has declined");
        }
        Err(CallError::TimedOut) => {}
        Err(CallError::NoEnvelope) => assert!(lacks() > before, "there was memory"),
        Err(other) => panic!("{other}"),
    }
}

fn killer(rng: &mut Rng, score: &Shared, office: &Rc<Office>) {
    mail::insist(|| {
        let mut rng = Rng::new(rng.next_u64());
        let (score_of_all, office) = (score.clone(), office.clone());
        spawn(Priority::High, score, async move {
            for _ in 0..DEATHS {
                office.has_deaths.set(true);
                match rng.below(4) {
                    0 => kill(any(&mut rng, &office.clients)),
                    1 => replace(&mut rng, &score_of_all, &office, true),
                    _ => replace(&mut rng, &score_of_all, &office, false),
                }
                for _ in 0..rng.below(30) {
                    yield_now().await;
                    point().await;
                }
            }
        })
    });
}

fn replace(rng: &mut Rng, score: &Shared, office: &Rc<Office>, is_worker: bool) {
    let pids = if is_worker {
        &office.workers
    } else {
        &office.servers
    };
    let place = rng.below(pids.borrow().len() as u64) as usize;
    let victim = pids.borrow()[place];
    kill(victim);
    if office.is_closing.get() {
        return;
    }
    let newcomer = server(rng, score, office, is_worker);
    pids.borrow_mut()[place] = newcomer;
}

/// Ends all servers when the clients are done, or wait for what was forgotten; then no call may be left.
fn closer(score: &Shared, office: &Rc<Office>) {
    mail::insist(|| {
        let office = office.clone();
        spawn(Priority::Max, score, async move {
            let is_anybody = || office.clients.borrow().iter().any(|&pid| is_alive(pid));
            wait_for(400, || !is_anybody()).await;
            office.has_deaths.set(true);
            office.is_closing.set(true);
            for pids in [&office.servers, &office.workers] {
                pids.borrow().iter().for_each(|&pid| kill(pid));
            }
            wait_for(2_000, || !is_anybody()).await;
            for (number, &author) in office.open.borrow().iter() {
                assert!(!is_alive(author), "call {number} never ends");
            }
            wait_for(2_000, || {
                envelopes_in_use().expect("all cores come to rest") == 0
            })
            .await;
            assert_eq!(
                envelopes_in_use().expect("all cores come to rest"),
                0,
                "an envelope was lost"
            );
        })
    });
}

/// Lets others run until something is so, or for so many looks.
async fn wait_for(looks: usize, is_so: impl Fn() -> bool) {
    for _ in 0..looks {
        if is_so() {
            return;
        }
        interruptible(sleep(Duration::from_micros(50))).await;
    }
}
