//! The timer wheel against a model that is too simple to be wrong: a sorted map.
//!
//! Time goes on in steps of all sizes, from a tick to weeks, so that each border between slots, levels and turns of
//! the top level is crossed in every manner.

use girder_core::rng::Rng;
use girder_lockfree::wheel::{NoRoom, Set, Timer, Wheel};
use std::collections::{BTreeMap, HashMap};

/// Nanoseconds of a tick.
const TICK: u64 = 1_024;
/// Timers that a call of `expire` may touch, twice over.
const BUDGET: usize = 32;

/// What is due: a number in the order of setting.
type Number = u64;

/// The wheel, and what must be in it.
struct Twins {
    rng: Rng,
    now: u64,
    /// The time of the last call of `expire`.
    elapsed: u64,
    wheel: Wheel<Number>,
    /// By the tick at which it is due, then by number.
    model: BTreeMap<(u64, Number), Timer>,
    ticks: HashMap<Number, u64>,
    numbers: u64,
    /// Timers that are gone: they must name nothing.
    gone: Vec<Timer>,
    rung: u64,
}

impl Twins {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let now = length(&mut rng);
        Self {
            rng,
            now,
            elapsed: 0,
            wheel: Wheel::new(),
            model: BTreeMap::new(),
            ticks: HashMap::new(),
            numbers: 0,
            gone: Vec::new(),
            rung: 0,
        }
    }

    fn set(&mut self, at: u64) {
        self.numbers += 1;
        let number = self.numbers;
        let Set { timer, is_first } = loop {
            match self.wheel.set(at, number) {
                Ok(set) => break set,
                Err(NoRoom) => {
                    let room = self
                        .wheel
                        .order()
                        .make(number)
                        .expect("the host has memory");
                    self.wheel.add_room(room).expect("nobody else brings any");
                }
            }
        };
        // What is over already is due at the next tick.
        let tick = (at / TICK + 1).max(self.elapsed / TICK + 1);
        if is_first {
            assert!(self.wheel.next() <= tick.saturating_mul(TICK));
        }
        self.model.insert((tick, number), timer);
        self.ticks.insert(number, tick);
    }

    fn take_back_any(&mut self) {
        let Some((&key, _)) = self.model.iter().nth(self.rng.below(8) as usize) else {
            return;
        };
        let timer = self.model.remove(&key).expect("it was just found");
        assert_eq!(self.wheel.take_back(timer), Some(key.1));
        assert_eq!(self.wheel.take_back(timer), None, "taken back twice");
        self.gone.push(timer);
    }

    /// Lets everything ring that is due, and returns how many calls that took.
    fn expire(&mut self) -> usize {
        let mut calls = 0;
        self.elapsed = self.now;
        loop {
            calls += 1;
            let mut rung = Vec::new();
            self.wheel
                .expire(self.now, BUDGET, |number| rung.push(number));
            assert!(rung.len() <= 2 * BUDGET, "too much in one call");
            for number in rung {
                let tick = self.ticks[&number];
                assert!(tick * TICK <= self.now, "rung early");
                let timer = self.model.remove(&(tick, number));
                self.gone
                    .push(timer.expect("rung though it was taken back, or twice"));
                self.rung += 1;
            }
            if !self.wheel.is_behind() {
                break;
            }
        }
        let first = self.model.first_key_value().map(|(&(tick, _), _)| tick);
        let first = first.unwrap_or(u64::MAX);
        assert!(first > self.now / TICK, "lost");
        let next = self.wheel.next();
        assert!(next > self.now && next <= first.saturating_mul(TICK));
        calls
    }

    fn step(&mut self) {
        match self.rng.below(8) {
            0..4 => {
                let at = self.now.saturating_add(length(&mut self.rng));
                self.set(at);
            }
            4 => {
                let at = self.rng.below(self.now.saturating_add(1));
                self.set(at);
            }
            5 => self.take_back_any(),
            6 => {
                // To just before or just at what is next.
                let next = self.wheel.next().saturating_sub(self.rng.below(2));
                if next < u64::MAX - 1 {
                    self.now = self.now.max(next);
                }
                self.expire();
            }
            _ => {
                self.now = self.now.saturating_add(length(&mut self.rng)).min(1 << 62);
                self.expire();
            }
        }
    }

    fn run_out(mut self) -> u64 {
        while let Some((&(tick, _), _)) = self.model.first_key_value() {
            if tick >= 1 << 54 {
                break; // never
            }
            self.now = tick * TICK;
            self.expire();
        }
        assert_eq!(self.wheel.count(), self.model.len());
        for timer in self.gone {
            assert_eq!(
                self.wheel.take_back(timer),
                None,
                "a stale timer names another"
            );
        }
        self.rung
    }
}

/// Of any magnitude up to weeks.
fn length(rng: &mut Rng) -> u64 {
    let bits = rng.below(52) as u32;
    rng.below(1 << bits)
}

#[test]
fn the_wheel_rings_what_the_model_rings_and_when() {
    let mut rung = 0;
    for seed in 0..300 {
        let mut twins = Twins::new(seed);
        (0..600).for_each(|_| twins.step());
        rung += twins.run_out();
    }
    assert!(rung > 20_000, "hardly anything was tried");
}

#[test]
fn a_million_timers_are_set_taken_back_and_rung() {
    const TIMERS: u64 = 1_000_000;
    let mut twins = Twins::new(1);
    twins.now = 0;
    for _ in 0..TIMERS {
        let at = twins.now + twins.rng.below(60_000_000_000);
        twins.set(at);
    }
    assert_eq!(twins.wheel.count() as u64, TIMERS);
    let every_third: Vec<_> = twins.model.keys().copied().step_by(3).collect();
    for key in every_third {
        let timer = twins.model.remove(&key).expect("it is there");
        assert_eq!(twins.wheel.take_back(timer), Some(key.1));
    }
    let left = twins.model.len() as u64;
    for _ in 0..60 {
        twins.now += 1_000_000_000;
        twins.expire();
    }
    assert_eq!((twins.rung, twins.wheel.count()), (left, 0));
}

#[test]
fn timers_ring_in_the_order_of_deadlines_then_of_arrival() {
    let mut wheel = Wheel::new();
    wheel.add_room(wheel.order().make(0).unwrap()).unwrap();
    let deadlines = [70_000, 3_000_000, 5_000, 70_000, 3_000_000, 5_000];
    for (number, tick) in deadlines.into_iter().enumerate() {
        wheel.set(tick * TICK - 1, number).unwrap();
    }
    let mut rung = Vec::new();
    for now in [5_000, 70_000, 3_000_000] {
        wheel.expire(now * TICK, BUDGET, |number| rung.push(number));
    }
    assert_eq!(rung, [2, 5, 0, 3, 1, 4]);
}

#[test]
fn a_crowd_makes_nobody_else_late() {
    const CROWD: usize = 10_000;
    let mut wheel = Wheel::new();
    for _ in 0..CROWD / 4_000 + 2 {
        wheel.add_room(wheel.order().make(0).unwrap()).unwrap();
    }
    for number in 0..CROWD {
        wheel.set(300 * TICK - 1, number).unwrap();
    }
    wheel.set(301 * TICK - 1, usize::MAX).unwrap();
    let mut rung = Vec::new();
    let mut calls = 0;
    loop {
        let before = rung.len();
        wheel.expire(301 * TICK, BUDGET, |number| rung.push(number));
        calls += 1;
        assert!(rung.len() - before <= 2 * BUDGET);
        if calls == 2 {
            assert!(rung.contains(&usize::MAX), "kept waiting by the crowd");
        }
        if !wheel.is_behind() {
            break;
        }
    }
    rung.retain(|&number| number != usize::MAX);
    assert!(rung.iter().copied().eq(0..CROWD), "not in order of arrival");
}

#[test]
fn a_million_timers_are_moved_down_before_the_first_of_them_is_due() {
    const MILLION: u64 = 1_000_000;
    const UNIT: u64 = TICK << 26;
    let mut wheel = Wheel::new();
    // All in one slot of the top level, and one of them at its very beginning.
    for number in 0..MILLION {
        let at = 10 * UNIT + (MILLION - number) * 10_000;
        while wheel.set(at, at).is_err() {
            let room = wheel.order().make(0).unwrap();
            wheel.add_room(room).unwrap();
        }
    }
    // The timer's interrupt strikes when it was asked to, or 20 microseconds after what was left undone.
    let (mut now, mut rung) = (0, 0);
    while rung < MILLION {
        now = match wheel.next() {
            next if wheel.is_behind() => (now + 20_000).min(next.max(now)),
            next => next,
        };
        wheel.expire(now, BUDGET, |at| {
            rung += 1;
            assert!(at <= now, "early");
            assert!(now <= at + TICK, "{} late", now - at);
        });
    }
}

#[test]
fn beyond_the_horizon_of_ten_hours_nothing_is_early_or_lost() {
    const MINUTE: u64 = 60_000_000_000;
    let mut twins = Twins::new(2);
    twins.now = 500 * MINUTE;
    for minutes in [1, 583, 584, 585, 1_170, 10_000, 1_000_000] {
        twins.set(twins.now + minutes * MINUTE);
    }
    twins.set(u64::MAX);
    assert_eq!(twins.run_out(), 7);
}

#[test]
fn a_timer_of_another_core_names_nothing_here() {
    let [mut here, mut elsewhere] = [0, 1].map(|core| {
        let mut wheel = Wheel::new();
        wheel.set_core(core);
        wheel.add_room(wheel.order().make(()).unwrap()).unwrap();
        wheel
    });
    let timer = here.set(TICK, ()).unwrap().timer;
    elsewhere.set(TICK, ()).unwrap();
    assert_eq!(elsewhere.take_back(timer), None);
    assert_eq!(here.take_back(timer), Some(()));
}
