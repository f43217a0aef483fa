//! What a message costs whoever sends it.

use super::*;
use crate::time::send_after;
use girder_lockfree::process::{is_spent, reduce};

/// What is left of a turn when somebody sends; the rest is spent before, so that what is large here can be moved about on
/// the stack of a test.
const LEFT: i32 = 10;

/// As much as is left to be spent.
struct Large([u8; 256 * LEFT as usize]);

impl Large {
    fn new() -> Self {
        Self([1; _])
    }
}

/// The same, as a question.
struct Ask(Large, ReplyTo<Large>);

/// Does it with so much left of a turn; true if that was not enough.
async fn spends_all(deed: impl AsyncFnOnce()) -> bool {
    let of_a_turn = REDUCTIONS.cast_unsigned();
    reduce(of_a_turn + 1);
    yield_now().await;
    reduce(of_a_turn - LEFT.cast_unsigned());
    assert!(!is_spent());
    deed().await;
    is_spent()
}

#[test]
fn a_large_message_costs_by_its_size_whichever_way_it_goes() {
    run(async {
        let to = spawn(async { receive::<()>().await });
        let small = async || assert_eq!(send(to, 1_u8), Ok(Sent::Delivered));
        assert!(!spends_all(small).await);
        let large = async || assert!(send(to, Large::new()).is_ok());
        assert!(spends_all(large).await, "sent");
        let later = async || assert!(send_after(LIMIT, to, Large::new()).is_ok());
        assert!(spends_all(later).await, "sent later");
        let waited = async || assert!(send_wait(to, Large::new()).await.is_ok());
        assert!(spends_all(waited).await, "sent when there is room");
        let cast = async || {
            let _ = cast(to, |reply| Ask(Large::new(), reply));
        };
        assert!(spends_all(cast).await, "asked in passing");
        kill(to);
    });
}

#[test]
fn a_large_answer_costs_by_its_size() {
    run(async {
        let server = spawn(async {
            let Ask(question, reply) = receive().await;
            let answers = async || {
                let answered = reply.reply(Large::new()).is_ok();
                assert!(answered && question.0[0] == 1);
            };
            assert!(spends_all(answers).await, "answered");
        });
        yield_now().await;
        let answer = call(server, |reply| Ask(Large::new(), reply)).await;
        assert!(answer.is_ok_and(|answer| answer.0[0] == 1));
    });
}
