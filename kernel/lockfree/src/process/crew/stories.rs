//! What two cores say and see, on modelled atomics.

pub(crate) use super::affinity::stories as affinity;
pub(crate) use super::called_off::stories as called_off;
pub(crate) use super::inbox::stories as inbox;
use super::pace::PaceWord;
pub(crate) use super::spread::stories as spread;
pub(crate) use super::standstill::stories as standstill;
use super::*;
use crate::atomic::{AtomicU64, Relaxed};
use loom::thread;
use std::sync::Arc;

struct Scene {
    pace: PaceWord,
    hunger: Hunger,
    flag: AtomicU64,
}

fn scene(pace: Pace) -> Arc<Scene> {
    let scene = Scene {
        pace: PaceWord::new(),
        hunger: Hunger::new(1),
        flag: AtomicU64::new(0),
    };
    scene.pace.set(pace);
    Arc::new(scene)
}

/// A core comes to have plenty while another one becomes hungry: one of them sees the other.
#[test]
pub(crate) fn hunger_and_plenty_do_not_pass_each_other() {
    loom::model(|| {
        let scene = scene(Pace::Busy);
        let hungry = {
            let scene = scene.clone();
            thread::spawn(move || {
                scene.hunger.add(0);
                fence(Site::CrewHungry.ordering());
                scene.pace.get() == Pace::Ticking
            })
        };
        scene.pace.set(Pace::Ticking);
        fence(Site::CrewPace.ordering());
        let offers = !scene.hunger.is_empty();
        let asks = hungry.join().unwrap();
        assert!(offers || asks, "one sleeps beside the other's work");
    });
}

/// The same without a word that both write: each reads the other's pace after it has written its own.
#[test]
pub(crate) fn plenty_and_idleness_do_not_pass_each_other() {
    loom::model(|| {
        let plenty = scene(Pace::Busy);
        let idle = scene(Pace::Busy);
        let asking = {
            let (plenty, idle) = (plenty.clone(), idle.clone());
            thread::spawn(move || {
                idle.pace.set(Pace::Idle);
                fence(Site::CrewHungry.ordering());
                plenty.pace.get() == Pace::Ticking
            })
        };
        plenty.pace.set(Pace::Ticking);
        fence(Site::CrewPace.ordering());
        let sends = idle.pace.get() == Pace::Idle;
        let asks = asking.join().unwrap();
        assert!(sends || asks, "one sleeps beside the other's work");
    });
}

/// A core begins to tick while another one becomes hungry: it looks at its desk at once from then on, for one of them has
/// said so.
#[test]
pub(crate) fn who_ticks_beside_somebody_hungry_is_eager() {
    loom::model(|| {
        let scene = scene(Pace::Busy);
        let hungry = {
            let scene = scene.clone();
            thread::spawn(move || {
                scene.hunger.add(0);
                fence(Site::CrewHungry.ordering());
                scene.pace.make_eager();
            })
        };
        scene.pace.set(Pace::Ticking);
        fence(Site::CrewPace.ordering());
        if !scene.hunger.is_empty() {
            scene.pace.make_eager();
        }
        hungry.join().unwrap();
        assert!(scene.pace.is_eager(), "what comes up waits for a tick");
    });
}

/// Something is asked of a process while its core stops ticking, or begins to run it: the core sees that, or is told.
#[test]
pub(crate) fn who_is_not_told_sees_it() {
    for before in [Pace::Ticking, Pace::Idle] {
        loom::model(move || {
            let scene = scene(before);
            let asker = {
                let scene = scene.clone();
                thread::spawn(move || {
                    scene.flag.fetch_or(1, Relaxed);
                    fence(Site::CrewAsk.ordering());
                    scene.pace.get() == Pace::Busy
                })
            };
            scene.pace.set(Pace::Busy);
            fence(Site::CrewPace.ordering());
            let sees = scene.flag.load(Relaxed) != 0;
            let is_told = asker.join().unwrap();
            assert!(sees || is_told, "nobody tells a core that does not look");
        });
    }
}

/// Two who have plenty want to call the same hungry core: one of them does.
#[test]
pub(crate) fn a_hungry_core_is_claimed_once() {
    loom::model(|| {
        let scene = scene(Pace::Busy);
        scene.hunger.add(0);
        let other = {
            let scene = scene.clone();
            thread::spawn(move || scene.hunger.claim(0).is_some())
        };
        let claimed = usize::from(scene.hunger.claim(0).is_some());
        let others = usize::from(other.join().unwrap());
        assert_eq!(claimed + others, 1);
    });
}
