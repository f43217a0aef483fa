//! What races for a question's envelope, on modelled atomics: whoever answers it, the end of whoever took it
//! in, and whoever asked and gives up.

use super::word::{Finish, Number, Opening, QuestionWord};
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

/// An envelope: the word, and the room, which the model lets only one at a time touch.
struct Paper {
    word: QuestionWord,
    room: UnsafeCell<u32>,
}

// SAFETY: the model checks that the accesses are ordered.
unsafe impl Sync for Paper {}

const QUESTION: u32 = 7;

impl Paper {
    /// An envelope with a question in it, on its way.
    fn asked() -> (Arc<Self>, Number) {
        let paper = Self {
            word: QuestionWord::new(),
            room: UnsafeCell::new(QUESTION),
        };
        let number = paper.word.ask();
        (Arc::new(paper), number)
    }

    fn write(&self, value: u32) {
        // SAFETY: the pointer is valid; that nobody else uses it is what the model checks.
        self.room.with_mut(|room| unsafe { *room = value });
    }

    fn read(&self) -> u32 {
        // SAFETY: as in `write`.
        self.room.with(|room| unsafe { *room })
    }

    /// Whoever it belongs to writes into it.
    fn claim(&self, is_mine: bool) -> usize {
        if is_mine {
            self.write(0);
        }
        usize::from(is_mine)
    }
}

/// A worker answers, the process that took the question in ends, and whoever asked gives up: one of them has the
/// envelope, and the question was read before it writes there.
#[test]
pub(crate) fn one_of_three_has_the_envelope() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (paper, number) = Paper::asked();
        let worker = {
            let paper = paper.clone();
            thread::spawn(move || paper.claim(paper.word.close(number)))
        };
        let asker = {
            let paper = paper.clone();
            thread::spawn(move || paper.claim(paper.word.give_up(number)))
        };
        assert_eq!(paper.read(), QUESTION);
        let own = match paper.word.open() {
            Opening::Opened(opened) => {
                assert_eq!(opened, number);
                paper.claim(paper.word.close(number))
            }
            Opening::GivenUp => paper.claim(true),
            Opening::Renounced => panic!("nobody did"),
        };
        let others = worker.join().unwrap() + asker.join().unwrap();
        assert_eq!(own + others, 1, "have the envelope");
    });
}

/// The right to answer was kept out of the question, and is dropped at any moment: the question is closed once, by
/// its drop or by whoever reads it.
#[test]
fn a_right_that_is_dropped_early_closes_once() {
    loom::model(|| {
        let (paper, number) = Paper::asked();
        let keeper = {
            let paper = paper.clone();
            thread::spawn(move || {
                let finish = paper.word.finish(number);
                assert_ne!(finish, Finish::TooLate);
                paper.claim(finish == Finish::Closed)
            })
        };
        assert_eq!(paper.read(), QUESTION);
        let own = match paper.word.open() {
            Opening::Opened(_) => 0,
            Opening::Renounced => paper.claim(true),
            Opening::GivenUp => panic!("nobody did"),
        };
        assert_eq!(own + keeper.join().unwrap(), 1, "have the envelope");
    });
}

/// Whoever asked gives up and asks again in the same envelope; the first question's right comes late, wherever
/// that falls, and does not touch the second.
#[test]
fn a_late_answer_does_not_answer_the_next_question() {
    loom::model(|| {
        let (paper, first) = Paper::asked();
        assert_eq!(paper.word.open(), Opening::Opened(first));
        let worker = {
            let paper = paper.clone();
            thread::spawn(move || paper.claim(paper.word.close(first)))
        };
        if paper.word.give_up(first) {
            let second = paper.word.ask();
            paper.write(QUESTION);
            assert_eq!(paper.word.open(), Opening::Opened(second));
            assert_eq!(worker.join().unwrap(), 0, "answered the wrong question");
            assert!(paper.word.close(second), "the second is open");
            assert_eq!(paper.read(), QUESTION);
        } else {
            assert_eq!(worker.join().unwrap(), 1);
            assert!(paper.word.is_given_up(), "the answer is not known as late");
        }
    });
}

/// A message that waits for its time.
pub(crate) mod delay {
    use super::*;
    use crate::mail::question::word::{Emptied, Ended};

    /// It is taken back on another core while its time comes: one has the message, and one the envelope, in the end.
    #[test]
    pub(crate) fn one_has_the_message_and_one_the_envelope() {
        loom::model(|| {
            let paper = Arc::new(Paper {
                word: QuestionWord::new(),
                room: UnsafeCell::new(QUESTION),
            });
            let number = paper.word.begin_delay();
            let other = {
                let paper = paper.clone();
                thread::spawn(move || {
                    if !paper.word.claim(number) {
                        return (0, 0);
                    }
                    assert_eq!(paper.read(), QUESTION);
                    let is_mine = paper.word.empty(number) == Emptied::Mine;
                    (1, paper.claim(is_mine))
                })
            };
            let ended = paper.word.end_delay();
            let message = usize::from(ended == Ended::Message);
            if ended == Ended::Message {
                assert_eq!(paper.read(), QUESTION);
            }
            let envelope = paper.claim(ended != Ended::Nothing);
            let (others_message, others_envelope) = other.join().unwrap();
            assert_eq!(message + others_message, 1, "have the message");
            assert_eq!(envelope + others_envelope, 1, "have the envelope");
        });
    }

    /// A name that is used again does not touch what is in the envelope now.
    #[test]
    fn an_old_name_claims_nothing() {
        loom::model(|| {
            let word = QuestionWord::new();
            let first = word.begin_delay();
            assert_eq!(word.end_delay(), Ended::Message);
            let second = word.begin_delay();
            assert!(!word.claim(first), "a stranger's message");
            assert!(word.claim(second));
            assert!(!word.claim(second), "taken back twice");
            assert_eq!(word.empty(second), Emptied::OnWheel);
            assert_eq!(word.end_delay(), Ended::Envelope);
        });
    }
}
