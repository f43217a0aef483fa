//! Conversations, on a core that is driven by hand.

mod calls;

use super::*;
use crate::time::{Elapsed, sleep, timeout};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::task::{Context, Poll};
use core::time::Duration;
use girder_lockfree::Token;
use girder_lockfree::mail::{envelopes_in_use, reap};
use girder_lockfree::process::here::{self, Here, collect};
use girder_lockfree::process::{self, Polled, Start, Table, kill, own_pid, ring_alarms, yield_now};
use std::sync::Mutex;

/// What a process may spend in a turn.
const REDUCTIONS: i32 = 100;
/// How long is waited for what does not come.
const LIMIT: Duration = Duration::from_nanos(1_000);
/// Alarms that ring at a time.
const BUDGET: usize = 32;

/// A core that takes turns until nobody has anything to do.
struct Driver {
    ready: VecDeque<Token>,
    /// Turns that ended with a yield.
    yields: usize,
}

impl Driver {
    fn new() -> Self {
        Self::with_room_for(100_000)
    }

    fn with_room_for(processes: u32) -> Self {
        let here: &'static Here = Box::leak(Box::new(Here::new()));
        here.set_reductions(REDUCTIONS);
        here.simulate(Box::leak(Box::new(Table::new(processes))));
        here::simulate_time(0);
        Self {
            ready: VecDeque::new(),
            yields: 0,
        }
    }

    /// Runs everybody, and lets time pass when all wait.
    fn run(&mut self) {
        loop {
            self.collect();
            if let Some(token) = self.ready.pop_front() {
                self.turn(token);
            } else if !self.ring() {
                return;
            }
        }
    }

    fn collect(&mut self) {
        reap(2);
        let mut arrivals = collect();
        for arrived in [&mut arrivals.woken, &mut arrivals.newborn] {
            while let Some(token) = arrived.queue.pop_front() {
                self.ready.push_back(token);
            }
        }
    }

    fn turn(&mut self, token: Token) {
        let polled = match token.start() {
            Start::Run(process) => process.poll(),
            Start::Die(token) => Polled::Done(token.drop_future()),
            other => panic!("{other:?}"),
        };
        match polled {
            Polled::Yielded(mut token) | Polled::YieldedWithCare(mut token) => {
                self.yields += 1;
                token.begin_stint();
                self.end_turn(&mut token);
                self.collect();
                self.ready.push_back(token);
            }
            Polled::Waiting(mut token) => {
                self.end_turn(&mut token);
                self.ready.extend(token.park());
            }
            Polled::Done(finished) => finished.discontinue(),
        }
    }

    fn end_turn(&mut self, token: &mut Token) {
        if token.is_spent() {
            token.grant(REDUCTIONS);
        }
    }

    /// Rings the earliest alarm.
    fn ring(&mut self) -> bool {
        let next = ring_alarms(here::now(), BUDGET).next;
        if next == u64::MAX {
            return false;
        }
        here::simulate_time(next);
        ring_alarms(next, BUDGET);
        true
    }
}

fn spawn(body: impl Future<Output = ()> + Send + 'static) -> Pid {
    process::spawn(body, 2).expect("there is room")
}

/// What processes have to tell the test.
struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn add(&self, entry: T) {
        self.0.lock().unwrap().push(entry);
    }

    fn take(&self) -> Vec<T> {
        core::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A message that tells when it is dropped.
struct Witness(Arc<AtomicUsize>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn put<M: Send + 'static>(to: Pid, message: M) {
    assert!(send(to, message).is_ok(), "no memory");
}

fn own() -> Pid {
    own_pid().expect("in a process")
}

/// Runs one process to its end, with whatever it spawns.
fn run(body: impl Future<Output = ()> + Send + 'static) -> Driver {
    let mut driver = Driver::new();
    let is_done = Log::new();
    let at_end = is_done.clone();
    spawn(async move {
        body.await;
        at_end.add(());
    });
    driver.run();
    assert_eq!(is_done.take().len(), 1, "it waits for ever");
    assert_eq!(envelopes_in_use(), 0, "an envelope was lost");
    driver
}

#[test]
fn messages_arrive_in_order_whenever_they_are_looked_for() {
    run(async {
        let me = own();
        spawn(async move {
            for number in 0..500_u32 {
                send(me, number).unwrap();
                if number % 7 == 0 {
                    yield_now().await;
                }
            }
        });
        for number in 0..500 {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

#[test]
fn other_types_stay_where_they_are_in_order() {
    run(async {
        for number in 0..3_u32 {
            send(own(), number).unwrap();
            send(own(), 'a').unwrap();
            send(own(), [number; 100]).unwrap();
        }
        assert_eq!(receive::<[u32; 100]>().await, [0; 100]);
        assert_eq!(receive::<char>().await, 'a');
        let odd = receive_where(|number: &u32| number % 2 == 1).await;
        assert_eq!(odd, 1);
        assert_eq!([receive::<u32>().await, receive().await], [0, 2]);
        assert_eq!(receive_any().await.downcast::<char>().unwrap(), 'a');
        let block = receive_any().await.downcast::<char>().unwrap_err();
        assert_eq!(block.downcast::<[u32; 100]>().unwrap(), [1; 100]);
        assert_eq!(receive::<[u32; 100]>().await, [2; 100]);
        assert_eq!(try_receive::<char>(), Some('a'));
        assert_eq!(try_receive::<char>(), None);
    });
}

#[test]
fn a_filter_is_asked_once_about_each_message_in_slices_that_are_paid_for() {
    const SKIPPED: usize = 100_000;
    let asked = Arc::new(AtomicUsize::new(0));
    let driver = {
        let asked = asked.clone();
        run(async move {
            let me = own();
            (0..SKIPPED as u64).for_each(|number| put(me, number));
            spawn(async move {
                for late in 0..10 {
                    yield_now().await;
                    send(me, u64::MAX - 9 + late).unwrap();
                }
            });
            let wants = |number: &u64| {
                asked.fetch_add(1, SeqCst);
                *number == u64::MAX
            };
            assert_eq!(receive_where(wants).await, u64::MAX);
            assert_eq!(asked.load(SeqCst), SKIPPED + 10);
            for number in 0..SKIPPED as u64 {
                assert_eq!(receive::<u64>().await, number);
            }
            (0..9).for_each(|_| assert!(try_receive::<u64>().is_some()));
        })
    };
    // One reduction for sixteen looks, and one for each that is taken.
    let least = SKIPPED / 16 / REDUCTIONS as usize + SKIPPED / REDUCTIONS as usize;
    assert!(driver.yields >= least, "only {} yields", driver.yields);
}

#[test]
fn a_message_to_nobody_is_dropped_once_and_counted() {
    let drops = Arc::new(AtomicUsize::new(0));
    let in_process = drops.clone();
    run(async move {
        let gone = spawn(async {});
        yield_now().await;
        let newcomer = spawn(async { receive::<()>().await });
        let sent = send(gone, Witness(in_process.clone())).unwrap();
        assert_eq!(sent, Sent::ToNobody);
        assert_eq!(in_process.load(SeqCst), 1);
        assert_eq!(traffic().dead_letters, 1);
        kill(newcomer);
    });
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn what_a_process_leaves_unread_a_reaper_drops() {
    const LEFT: usize = 1_000;
    let drops = Arc::new(AtomicUsize::new(0));
    let in_process = drops.clone();
    let driver = run(async move {
        let victims: Vec<_> = (0..3)
            .map(|_| {
                spawn(async {
                    // Some of it is in its queue, some in its word.
                    receive_where(|_: &Witness| false).await;
                })
            })
            .collect();
        for round in 0..LEFT {
            for victim in &victims {
                send(*victim, Witness(in_process.clone())).unwrap();
            }
            if round == LEFT / 2 {
                yield_now().await;
            }
        }
        for victim in victims {
            kill(victim);
        }
        assert_eq!(in_process.load(SeqCst), 0);
    });
    assert_eq!(drops.load(SeqCst), 3 * LEFT);
    assert_eq!(traffic().unread, 3 * LEFT as u64);
    assert!(
        driver.yields > 2 * LEFT / REDUCTIONS as usize,
        "all at once"
    );
}

#[test]
fn there_is_room_for_the_reaper_when_there_is_for_nobody_else() {
    const PROCESSES: u32 = 1_024;
    let mut driver = Driver::with_room_for(PROCESSES);
    let drops = Arc::new(AtomicUsize::new(0));
    let mut victims = Vec::new();
    while let Ok(pid) = process::spawn(receive::<()>(), 2) {
        victims.push(pid);
    }
    for &victim in &victims {
        put(victim, Witness(drops.clone()));
    }
    driver.run();
    for &victim in &victims {
        kill(victim);
    }
    driver.run();
    assert_eq!(drops.load(SeqCst), victims.len());
    assert_eq!(envelopes_in_use(), 0, "an envelope was lost");
    assert!(victims.len() >= PROCESSES as usize - 1);
}

#[test]
fn a_destructor_may_do_what_a_process_may() {
    struct Last(Pid, Log<Pid>);

    impl Drop for Last {
        fn drop(&mut self) {
            self.1.add(own());
            let _ = send(self.0, 'x');
        }
    }

    let log = Log::new();
    let in_process = log.clone();
    run(async move {
        let victim = spawn(receive::<()>());
        send(victim, Last(own(), in_process)).unwrap();
        kill(victim);
        assert_eq!(receive::<char>().await, 'x');
    });
    assert_eq!(log.take().len(), 1);
}

#[test]
fn what_is_large_or_oddly_aligned_travels_in_a_box() {
    #[repr(align(64))]
    #[derive(Debug, PartialEq)]
    struct Odd(u8);

    #[repr(align(32))]
    #[derive(Debug, PartialEq)]
    struct Nothing;

    run(async {
        send(own(), [7_u64; 1000]).unwrap();
        send(own(), Odd(3)).unwrap();
        send(own(), Nothing).unwrap();
        send(own(), ()).unwrap();
        assert_eq!(receive::<()>().await, ());
        assert_eq!(receive::<Nothing>().await, Nothing);
        let odd = receive::<Odd>().await;
        assert!(odd == Odd(3) && (&raw const odd).addr().is_multiple_of(64));
        assert_eq!(receive::<[u64; 1000]>().await, [7; 1000]);
    });
}

#[test]
fn a_wait_for_mail_ends_in_time_and_takes_what_is_there_at_once() {
    run(async {
        assert_eq!(receive_timeout::<u8>(LIMIT).await, Err(Elapsed));
        assert!(here::now() >= 1_000);
        send(own(), 1_u8).unwrap();
        assert_eq!(receive_timeout::<u8>(Duration::ZERO).await, Ok(1));
        send(own(), ()).unwrap();
        assert!(timeout(Duration::MAX, receive_any()).await.is_ok());
    });
}

#[test]
fn who_sleeps_is_not_kept_awake_by_its_mail() {
    let mut driver = Driver::new();
    let sleeper = spawn(async {
        sleep(LIMIT).await;
        assert_eq!(receive::<u32>().await, 0);
        assert!(here::now() >= 1_000);
    });
    driver.collect();
    let token = driver.ready.pop_front().unwrap();
    driver.turn(token);
    (0..10_u32).for_each(|number| put(sleeper, number));
    driver.collect();
    assert!(driver.ready.is_empty(), "woken by mail");
    driver.run();
    assert_eq!(envelopes_in_use(), 0);
}

#[test]
fn a_receive_inside_a_combinator_with_wakers_of_its_own_is_found() {
    struct Wrapped<F>(F, Arc<AtomicUsize>);

    struct Flag(core::task::Waker);

    impl alloc::task::Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.wake_by_ref();
        }
    }

    impl<F: Future + Unpin> Future for Wrapped<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            self.1.fetch_add(1, SeqCst);
            let waker = Arc::new(Flag(context.waker().clone())).into();
            Pin::new(&mut self.0).poll(&mut Context::from_waker(&waker))
        }
    }

    run(async {
        let me = own();
        spawn(async move {
            yield_now().await;
            yield_now().await;
            send(me, 5_u8).unwrap();
        });
        let polls = Arc::new(AtomicUsize::new(0));
        assert_eq!(Wrapped(receive::<u8>(), polls.clone()).await, 5);
        assert!(polls.load(SeqCst) > 1);
    });
}

#[test]
#[should_panic(expected = "a filter can't receive")]
fn a_filter_that_receives_is_stopped() {
    run(async {
        send(own(), 1_u8).unwrap();
        send(own(), 2_u8).unwrap();
        let greedy = |_: &u8| try_receive::<u8>().is_some();
        receive_where(greedy).await;
    });
}

#[test]
fn without_memory_a_message_comes_back() {
    let table = Box::leak(Box::new(Table::new(1)));
    Box::leak(Box::new(Here::new())).simulate(table);
    let alone = process::spawn(async {}, 2).unwrap();
    let sent = (0..10_000).take_while(|&n| send(alone, n).is_ok()).count();
    assert!(sent >= 4, "a process may have so many");
    assert_eq!(send(alone, 7), Err(NoEnvelope(7)));
    assert_eq!(traffic().refused, 2);
    let token = collect().newborn.queue.pop_front().unwrap();
    token.give_up().discontinue();
}
