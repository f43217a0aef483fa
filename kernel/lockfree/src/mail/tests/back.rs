//! What a flood of messages has taken goes back to memory.

use super::*;
use crate::mail::question::QuestionWord;

const SLAB: u32 = 1024;
const SLABS: u32 = 10;

/// A core with room for two floods.
fn core_for_floods() {
    let table = Box::leak(Box::new(Table::with_messages(100, 2 * SLABS * SLAB)));
    Box::leak(Box::new(Here::new())).simulate(table);
}

/// As many messages as that to one who ends without a look at them.
fn flood(messages: u32) {
    let (pid, token) = born(async { next::<()>().await });
    (0..messages).for_each(|number| put(pid, number));
    give_up(token);
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

/// Slabs whose envelopes can be used.
fn slabs() -> u32 {
    here::with_desk(|here, desk| desk.pool.slabs_of(here.table().slabs()))
}

/// Looks at a slice; true if it was the last.
fn look() -> bool {
    here::with_desk(|here, desk| desk.pool.search(here.table().slabs(), here).is_last)
}

#[test]
fn what_a_flood_has_taken_goes_back_and_serves_the_next() {
    core_for_floods();
    for _ in 0..3 {
        flood(SLABS * SLAB);
        assert_eq!(slabs(), SLABS + 1);
        // The first has no number 0, and the last was not used up.
        assert_eq!(trim_envelopes(), SLABS as usize - 1);
        assert_eq!(slabs(), 2);
        assert_eq!(trim_envelopes(), 0);
    }
    let (pid, token) = born(async {
        for number in 0..500_u32 {
            assert_eq!(next::<u32>().await, number);
        }
        poll_fn(|_| Poll::<()>::Pending).await;
    });
    (0..500_u32).for_each(|number| put(pid, number));
    give_up(run(token));
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

#[test]
fn slabs_of_which_one_is_used_stay() {
    core_for_floods();
    let (pid, token) = born(async { next::<()>().await });
    let keeper = here::with_desk(|here, desk| {
        assert!(desk.pool.fill(here.table().slabs(), here));
        (0..3 * SLAB)
            .map(|_| {
                if !desk.pool.fill(here.table().slabs(), here) {
                    unreachable!("there is memory");
                }
                desk.pool.take().expect("filled")
            })
            .collect::<Vec<_>>()
    });
    let used = keeper[SLAB as usize + 500];
    here::with_desk(|here, desk| {
        for envelope in keeper.iter().filter(|it| it.number() != used.number()) {
            desk.pool.give(here, envelope);
        }
    });
    assert_eq!(slabs(), 4);
    assert_eq!(
        trim_envelopes(),
        1,
        "of two that are whole but for this one"
    );
    here::with_desk(|here, desk| desk.pool.give(here, used));
    assert_eq!(trim_envelopes(), 1);
    put(pid, 1_u8);
    give_up(token);
    clear();
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

/// Who comes late looks at the word of a question, however long ago that was.
#[test]
fn an_envelope_that_has_carried_a_question_stays() {
    core_for_floods();
    flood(3 * SLAB);
    let (word, number) = here::with_desk(|here, desk| {
        let mut taken = Vec::new();
        while let Some(envelope) = desk.pool.take() {
            taken.push(envelope);
        }
        let asked = taken
            .iter()
            .find(|it| it.number() / SLAB == 1)
            .expect("three slabs");
        let word: &'static QuestionWord = &asked.question;
        let number = word.ask();
        word.shut();
        taken
            .iter()
            .for_each(|envelope| desk.pool.give(here, envelope));
        (word, number)
    });
    assert_eq!(trim_envelopes(), 1);
    assert!(!word.is_open(number) && !word.close(number));
    let first = here::with_desk(|_, desk| desk.pool.take().expect("some are left"));
    assert!(
        first.question.was_asked(),
        "questions to come find it again"
    );
    here::with_desk(|here, desk| desk.pool.give(here, first));
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}

/// Whoever sends while somebody looks finds envelopes, whole and once, and nothing is lost.
#[test]
fn messages_may_come_and_go_between_any_two_looks() {
    for between in [1, 3, 16, 64, 700] {
        core_for_floods();
        flood(4 * SLAB);
        let (pid, token) = born(async { next::<()>().await });
        let mut sent = 0;
        while !look() {
            (0..between).for_each(|number: u32| put(pid, number));
            sent += between as usize;
            flood_of_its_own(between);
            if sent > 3 * SLAB as usize {
                break;
            }
        }
        assert_eq!(envelopes_in_use().expect("all cores come to rest"), sent);
        give_up(token);
        clear();
        assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
        trim_envelopes();
        assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
    }
}

/// As `flood`, beside others.
fn flood_of_its_own(messages: u32) {
    let (pid, token) = born(async { next::<()>().await });
    (0..messages).for_each(|number| put(pid, number));
    give_up(token);
    clear();
}

#[test]
fn a_pool_that_runs_dry_meanwhile_takes_what_is_being_looked_through() {
    core_for_floods();
    flood(4 * SLAB);
    let before = slabs();
    for looks in [1, 20, 60] {
        (0..looks).for_each(|_| _ = look());
        let (pid, token) = born(async { next::<()>().await });
        put(pid, 1_u8);
        assert!(slabs() <= before, "after {looks}");
        give_up(token);
        clear();
    }
    assert_eq!(envelopes_in_use().expect("all cores come to rest"), 0);
}
