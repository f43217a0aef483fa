//! Paying for many messages at once: what is counted, what is paid, and who has to yield.

use super::*;
use crate::mail::mailbox::EMPTIED_MOST;
use crate::process::{Pid, own_pid};
use std::collections::VecDeque;

/// The running process's account of its messages: what the list has, and what it says that waits.
fn counted() -> [u32; 2] {
    let local = &header().local;
    let (mut there, mut next) = (0, local.mailbox.first());
    while let Some(envelope) = next {
        there += 1;
        next = envelope.following();
    }
    [there, local.waiting()]
}

fn left() -> i32 {
    header().local.left()
}

/// Lets it run to its end, with so much to spend each time; returns how often it has yielded.
fn run_to_the_end(mut token: Token, mut grant: impl FnMut() -> i32) -> u32 {
    let mut yields = 0;
    loop {
        token.grant(grant());
        let Start::Run(process) = token.start() else {
            panic!("not to be run")
        };
        token = match process.poll() {
            Polled::Yielded(token) | Polled::YieldedWithCare(token) => token,
            Polled::Done(finished) => {
                finished.discontinue();
                return yields;
            }
            other => panic!("{other:?}"),
        };
        yields += 1;
    }
}

async fn next_where(wanted: impl Fn(u32) -> bool + Copy) -> u32 {
    let mut position = Position::default();
    poll_fn(|context| {
        let wants = |number: &u32| wanted(*number);
        poll_look(context, || receive_where(&mut position, wants))
    })
    .await
}

#[test]
fn each_message_is_paid_for_once() {
    core();
    for count in [1, 2, 64, 65, 66, 200] {
        let (_, token) = born(async move {
            (0..count).for_each(|number| put::<u32>(own_pid().expect("a process"), number));
            assert_eq!(next::<u32>().await, 0);
            let before = left();
            for number in 1..count {
                assert_eq!(next::<u32>().await, number);
                assert_eq!(counted(), [count - 1 - number; 2]);
            }
            // The first has paid for the rest of its run.
            let paid = before - left();
            assert!((0..count as i32).contains(&paid), "{paid} for {count}");
            assert_eq!(header().local.held(), 0);
        });
        assert_eq!(run_to_the_end(token, || 10_000), 0);
    }
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn who_receives_more_than_it_may_spend_yields_in_between() {
    core();
    let (pid, token) = born(async {
        for number in 0..100_u32 {
            assert_eq!(next::<u32>().await, number);
        }
    });
    (0..100).for_each(|number| put::<u32>(pid, number));
    // One may be owed each time.
    let yields = run_to_the_end(token, || 9);
    assert!((9..=12).contains(&yields), "{yields}");
}

#[test]
fn who_has_spent_all_in_the_middle_of_a_run_yields_at_its_next_receive() {
    core();
    let (pid, token) = born(async {
        for number in 0..50_u32 {
            assert_eq!(next::<u32>().await, number);
            if number == 9 {
                crate::process::reduce(1_000);
                assert!(left() < 0);
            }
        }
    });
    (0..50).for_each(|number| put::<u32>(pid, number));
    assert_eq!(run_to_the_end(token, || 500), 1);
}

#[test]
fn what_was_paid_for_and_is_not_taken_comes_back() {
    core();
    let (pid, token) = born(async {
        assert_eq!(next::<u32>().await, 0);
        let before = left();
        assert_eq!(next_where(|number| number == 20).await, 20);
        assert_eq!(counted(), [28; 2]);
        assert!(left() > before, "{before}, {}", left());
        for number in (1..20).chain(21..30) {
            assert_eq!(next::<u32>().await, number);
        }
        assert_eq!(counted(), [0; 2]);
    });
    (0..30).for_each(|number| put::<u32>(pid, number));
    run_to_the_end(token, || 1_000);
}

#[test]
fn what_is_handed_to_one_that_waits_is_not_paid_for() {
    core();
    let (pid, token) = born(async {
        let before = left();
        next::<u32>().await;
        assert_eq!(left(), before);
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    assert!(run(token).park().is_none());
    put(pid, 1_u32);
    give_up(run(woken()));
    clear();
}

#[test]
fn who_has_spent_all_and_waits_for_mail_is_looked_at_with_care() {
    core();
    let (_, token) = born(async {
        crate::process::reduce(2_000);
        next::<u32>().await;
    });
    let Start::Run(process) = token.start() else {
        panic!("not to be run")
    };
    let Polled::Waiting(token) = process.poll() else {
        panic!("it would not be given more to spend")
    };
    assert!(token.is_spent());
    give_up(token);
}

/// Numbers that are none of anybody's making.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % limit
    }
}

/// Sends to itself, and receives in every way what it knows to be there.
async fn live(own: Pid, mut dice: Dice) {
    let mut model = VecDeque::new();
    let mut sent = 0;
    for _ in 0..300 {
        // Not too many: there is room for some.
        let more = [0, 1, 2, 5, 70, 150][dice.below(6) as usize];
        for _ in 0..more.min(700 - model.len() as u32) {
            put(own, sent);
            model.push_back(sent);
            sent += 1;
        }
        for _ in 0..dice.below(90) {
            let Some(&first) = model.front() else { break };
            let seen = match dice.below(12) {
                // One from the middle, or the first itself.
                0 => {
                    let place = dice.below(model.len() as u32) as usize;
                    let wanted = model.remove(place).expect("it is there");
                    let found = next_where(|number| number == wanted).await;
                    assert_eq!(found, wanted);
                    continue;
                }
                1 => {
                    crate::process::reduce(dice.below(40));
                    next::<u32>().await
                }
                2 => {
                    // The rest is as it was, wherever a receive has looked.
                    let mut position = Position::default();
                    let look = receive_where::<u32>(&mut position, |_| false);
                    assert!(!matches!(look, Look::Found(_)));
                    next::<u32>().await
                }
                _ => next::<u32>().await,
            };
            assert_eq!(seen, first);
            model.pop_front();
            let [there, waiting] = counted();
            assert_eq!(there, waiting);
            assert!(there as usize <= model.len());
        }
    }
    for number in model {
        assert_eq!(next::<u32>().await, number);
    }
    assert_eq!((counted(), header().local.held()), ([0; 2], 0));
}

#[test]
fn whatever_a_process_does_each_message_comes_once_and_is_counted() {
    core();
    for seed in 0..12 {
        let (_, token) = born(async move {
            live(own_pid().expect("a process"), Dice(seed)).await;
        });
        let mut dice = Dice(seed ^ 0x5555);
        run_to_the_end(token, || 1 + dice.below(400) as i32);
    }
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn what_nobody_has_paid_for_does_not_come_back() {
    core();
    let (pid, token) = born(async {
        let before = left();
        for _ in 0..10 {
            // It is passed over, and then taken.
            assert_eq!(next_where(|number| number == 1).await, 1);
            assert_eq!(next::<u32>().await, 0);
        }
        assert!(left() < before - 9, "{before}, {}", left());
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    let mut token = run(token);
    for _ in 0..10 {
        assert!(token.park().is_none());
        put(pid, 0_u32);
        token = run(woken());
        assert!(token.park().is_none());
        put(pid, 1_u32);
        token = run(woken());
    }
    give_up(token);
    clear();
}

/// Who looks from outside, and how many it is told.
#[test]
fn who_does_not_read_has_as_many_as_were_sent() {
    core();
    let (pid, token) = born(async {
        assert_eq!(next::<u32>().await, 0);
        crate::process::yield_now().await;
        for number in 1..300 {
            assert_eq!(next::<u32>().await, number);
        }
    });
    let told = || {
        let account = view(pid).expect("it lives").account;
        account.map(|account| [account.messages, account.most_messages])
    };
    assert_eq!(told(), Some([0, 0]));
    (0..300).for_each(|number| put::<u32>(pid, number));
    assert_eq!(told(), Some([300; 2]));
    let Start::Run(process) = token.start() else {
        panic!("not to be run")
    };
    let (Polled::Yielded(token) | Polled::YieldedWithCare(token)) = process.poll() else {
        panic!("it does not yield")
    };
    assert_eq!(told(), Some([299, 300]));
    assert_eq!(run_to_the_end(token, || 10_000), 0);
    clear();
}

#[test]
fn a_flood_is_counted_up_to_a_bound() {
    let table = Box::leak(Box::new(Table::with_messages(16, 1 << 14)));
    Box::leak(Box::new(Here::new())).simulate(table);
    let (pid, token) = born(async {
        next::<u64>().await;
    });
    (0..12_000).for_each(|number| put::<u32>(pid, number));
    let account = view(pid).expect("it lives").account;
    assert_eq!(account.map(|account| account.messages), Some(10_000));
    token.give_up().discontinue();
    clear();
}

#[test]
fn who_may_spend_much_keeps_no_crowd_of_answered_envelopes() {
    const QUESTIONS: u32 = 500;
    core();
    let (server, serving) = born(async {
        loop {
            let to: ReplyTo<u32> = next().await;
            assert!(to.reply(7).is_ok());
        }
    });
    let (_, asking) = born(async move {
        let ask = |_| ask(server, |to: ReplyTo<u32>| to).expect("there is room");
        let questions: Vec<Question<u32>> = (0..QUESTIONS).map(ask).collect();
        yield_now().await;
        for mut question in questions {
            let answer = poll_fn(|context| question.poll(context)).await;
            assert_eq!(answer, Ok(7));
        }
        assert!(left() > EMPTIED_MOST, "it was to have much to spend");
        let kept = envelopes_in_use().expect("all cores come to rest");
        assert!(kept <= 1, "{kept} are kept");
    });
    let once = |mut token: Token| {
        token.grant(100_000);
        let Start::Run(process) = token.start() else {
            panic!("not to be run")
        };
        process.poll()
    };
    let (Polled::Yielded(asking) | Polled::YieldedWithCare(asking)) = once(asking) else {
        panic!("it yields")
    };
    let (Polled::Waiting(serving) | Polled::Listening(serving)) = once(serving) else {
        panic!("it waits")
    };
    let Polled::Done(asked) = once(asking) else {
        panic!("it has all answers")
    };
    asked.discontinue();
    give_up(serving);
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}
