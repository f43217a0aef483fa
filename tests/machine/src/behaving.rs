//! Servers and state machines: what comes, in order, and what can wait.

use crate::support::until_it_waits;
use alloc::vec;
use alloc::vec::Vec;
use core::future::pending;
use core::time::Duration;
use girder::server::{Flow, Server, ServerAddr, serve};
use girder::states::{Input, Machine, Next, run};
use girder::{
    Addr, CallError, Down, ExitReason, Instant, Message, Options, Pid, ReplyTo, kill, monitor,
    own_addr, own_pid, receive, send, spawn, spawn_watched, spawn_with, whereis,
};

/// Keeps a sum, and says what else happens to it.
struct Sum {
    sum: u64,
    tells: Addr<Told>,
    waiting: Vec<ReplyTo<u64>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Silence,
    Killed(Pid),
    Stopped(u64),
}

enum Question {
    Now,
    /// To be answered with the next order.
    Later,
    /// To nobody's good.
    Crash,
}

enum Order {
    Add(u64),
    Watch(Pid),
    BeSilent,
    Stop,
}

impl Sum {
    fn start() -> ServerAddr<Self> {
        let tells = own_addr();
        let make = move || Self {
            sum: 0,
            tells,
            waiting: Vec::new(),
        };
        ServerAddr::spawn(make).expect("there is room")
    }

    fn tell(&self, what: Told) {
        self.tells.send(what).expect("there is memory");
    }
}

impl Server for Sum {
    type Question = Question;
    type Answer = u64;
    type Order = Order;

    async fn answer(&mut self, question: Question, reply_to: ReplyTo<u64>) -> Flow {
        match question {
            Question::Now => _ = reply_to.reply(self.sum),
            Question::Later => self.waiting.push(reply_to),
            Question::Crash => panic!("and that is right"),
        }
        Flow::On
    }

    async fn obey(&mut self, order: Order) -> Flow {
        match order {
            Order::Add(number) => self.sum += number,
            Order::Watch(pid) => _ = monitor(pid).expect("there is memory"),
            Order::BeSilent => return Flow::Within(Duration::from_millis(1)),
            Order::Stop => return Flow::Stop,
        }
        for waiting in self.waiting.drain(..) {
            _ = waiting.reply(self.sum);
        }
        Flow::On
    }

    async fn other(&mut self, message: Message) -> Flow {
        if let Ok(Down { pid, reason, .. }) = message.downcast() {
            assert_eq!(reason, ExitReason::Killed);
            self.tell(Told::Killed(pid));
        }
        Flow::On
    }

    async fn in_silence(&mut self) -> Flow {
        self.tell(Told::Silence);
        Flow::On
    }

    async fn stopped(self) {
        self.tell(Told::Stopped(self.sum));
    }
}

#[girder::test]
async fn a_server_does_what_comes_in_order() {
    let sum = Sum::start();
    for number in 1..=10 {
        sum.tell(Order::Add(number)).expect("there is memory");
        let expected = number * (number + 1) / 2;
        assert_eq!(sum.ask(Question::Now).await, Ok(expected));
    }
    assert_eq!(sum.stop().await, Ok(()));
    assert_eq!(receive::<Told>().await, Told::Stopped(55));
    assert_eq!(sum.ask(Question::Now).await, Err(CallError::NoAnswer));
}

#[girder::test]
async fn an_answer_may_come_later() {
    let sum = Sum::start();
    let asks = move |me: Pid| async move {
        let answer = sum.ask(Question::Later).await;
        send(me, answer).expect("there is memory");
    };
    for _ in 0..3 {
        let me = own_pid();
        let pid = spawn(asks(me)).expect("there is room");
        until_it_waits(pid).await;
    }
    // Who asked before is served before: its question is there already.
    assert_eq!(sum.ask(Question::Now).await, Ok(0));
    sum.tell(Order::Add(7)).expect("there is memory");
    for _ in 0..3 {
        assert_eq!(receive::<Result<u64, CallError>>().await, Ok(7));
    }
    sum.tell(Order::Stop).expect("there is memory");
    assert_eq!(receive::<Told>().await, Told::Stopped(7));
}

#[girder::test]
async fn a_server_that_crashes_answers_nobody() {
    let sum = Sum::start();
    assert_eq!(sum.ask(Question::Crash).await, Err(CallError::NoAnswer));
    assert_eq!(sum.stop().await, Err(CallError::NoAnswer));
    let limit = Duration::from_secs(10);
    let answer = sum.ask_within(limit, Question::Now).await;
    assert_eq!(answer, Err(CallError::NoAnswer));
}

#[girder::test]
async fn a_server_hears_of_ends_and_of_silence_and_of_nothing_that_it_does_not_know() {
    let (pid, watch) = spawn_watched(pending::<()>).expect("there is room");
    let sum = Sum::start();
    send(sum.pid(), "what is that?").expect("there is memory");
    sum.tell(Order::Watch(pid)).expect("there is memory");
    assert_eq!(sum.ask(Question::Now).await, Ok(0));
    kill(pid);
    assert_eq!(watch.await, ExitReason::Killed);
    assert_eq!(receive::<Told>().await, Told::Killed(pid));
    sum.tell(Order::BeSilent).expect("there is memory");
    assert_eq!(receive::<Told>().await, Told::Silence);
    // And no more than that.
    assert_eq!(sum.stop().await, Ok(()));
    assert_eq!(receive::<Told>().await, Told::Stopped(0));
}

#[girder::test]
async fn a_server_is_found_by_its_name() {
    let tells = own_addr();
    let make = move || {
        serve(Sum {
            sum: 3,
            tells,
            waiting: Vec::new(),
        })
    };
    let options = Options::new().name("adds");
    let pid = options.spawn_with(make).expect("there is room");
    let sum = ServerAddr::<Sum>::named("adds").expect("it is there");
    assert_eq!((sum.pid(), whereis("adds")), (pid, Some(pid)));
    assert_eq!(sum.ask(Question::Now).await, Ok(3));
    assert_eq!(sum.stop().await, Ok(()));
    assert_eq!(receive::<Told>().await, Told::Stopped(3));
}

/// How long state 100 lasts.
const LASTS: Duration = Duration::from_millis(3);

/// What it has taken in, in which state, and who is told of the end of a state's time.
struct Recorder(Vec<(u32, u32)>, Addr<Told>);

enum Event {
    Note(u32),
    Go,
    /// Goes on for as long as the state lasts.
    Again,
    End(ReplyTo<Vec<(u32, u32)>>),
}

/// In each state it takes the notes of its number, and puts all others off.
impl Machine for Recorder {
    type State = u32;
    type Event = Event;

    async fn enter(&mut self, state: &u32) -> Option<Duration> {
        self.0.push((*state, 0));
        (*state == 100).then_some(LASTS)
    }

    async fn on(&mut self, state: &mut u32, input: Input<Event>) -> Next<u32, Event> {
        match input {
            Input::Event(Event::Note(number)) if number / 10 == *state => {
                self.0.push((*state, number));
                Next::Stay
            }
            Input::Event(Event::Note(_)) => Next::Later(input),
            Input::Event(Event::Go) => Next::Go(*state + 1),
            Input::Event(Event::Again) => {
                send(own_pid(), Event::Again).expect("there is memory");
                Next::Stay
            }
            Input::Event(Event::End(reply_to)) => {
                _ = reply_to.reply(core::mem::take(&mut self.0));
                Next::Stop
            }
            Input::TimeOut => {
                self.1.send(Told::Silence).expect("there is memory");
                Next::Go(0)
            }
            Input::Other(message) => {
                self.0.push((*state, message.downcast().expect("a number")));
                Next::Stay
            }
        }
    }
}

fn recorder(from: u32) -> Pid {
    let tells = own_addr();
    spawn_with(move || run(Recorder(Vec::new(), tells), from)).expect("there is room")
}

async fn end(recorder: Pid) -> Vec<(u32, u32)> {
    let all = girder::call(recorder, Event::End).await;
    all.expect("it is there")
}

#[girder::test]
async fn what_a_state_puts_off_comes_in_the_next_in_order() {
    let recorder = recorder(1);
    let events = [30, 21, 10, 31, 22, 11].map(Event::Note);
    for event in events {
        send(recorder, event).expect("there is memory");
    }
    send(recorder, 5_u32).expect("there is memory");
    send(recorder, Event::Go).expect("there is memory");
    send(recorder, Event::Note(32)).expect("there is memory");
    send(recorder, Event::Note(23)).expect("there is memory");
    send(recorder, Event::Go).expect("there is memory");
    let expected = vec![
        (1, 0),
        (1, 10),
        (1, 11),
        (1, 5),
        (2, 0),
        (2, 21),
        (2, 22),
        (2, 23),
        (3, 0),
        (3, 30),
        (3, 31),
        (3, 32),
    ];
    assert_eq!(end(recorder).await, expected);
}

/// A state's time is over however much comes meanwhile, and not before. Then there is none.
#[girder::test]
async fn a_state_has_its_time() {
    let before = Instant::now();
    let recorder = recorder(100);
    send(recorder, Event::Again).expect("there is memory");
    assert_eq!(receive::<Told>().await, Told::Silence);
    assert!(before.elapsed() >= LASTS);
    send(recorder, Event::Note(9)).expect("there is memory");
    assert_eq!(end(recorder).await, [(100, 0), (0, 0), (0, 9)]);
}
