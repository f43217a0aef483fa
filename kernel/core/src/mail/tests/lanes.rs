//! Urgent messages.

use super::*;
use girder_lockfree::mail::gate_report;

pub(super) const MANY: u32 = 100_000;

pub(super) fn lane() -> Lane {
    urgent_lane().expect("there is memory")
}

#[test]
fn urgent_messages_come_first_however_many_others_there_are() {
    run(async {
        let lane = lane();
        let urgent = UrgentAddr::<u32>::of(&lane);
        let me = own();
        (0..MANY).for_each(|number| put(me, number));
        // Half of them have been taken in, and half have not.
        assert_eq!(try_receive::<char>(), None);
        (MANY..2 * MANY).for_each(|number| put(me, number));
        urgent.send(u32::MAX - 1).unwrap();
        put(me, 2 * MANY);
        urgent.send(u32::MAX).unwrap();
        assert_eq!(receive::<u32>().await, u32::MAX - 1);
        assert_eq!(receive::<u32>().await, u32::MAX);
        for number in 0..=2 * MANY {
            assert_eq!(receive::<u32>().await, number);
        }
    });
}

#[test]
fn each_way_to_receive_finds_an_urgent_one_first() {
    run(async {
        let lane = lane();
        let me = own();
        let send_all = || {
            put(me, 1_u32);
            put(me, 'a');
            UrgentAddr::<u32>::of(&lane).send(2).unwrap();
            UrgentAddr::<char>::of(&lane).send('b').unwrap();
            UrgentAddr::<[u32; 100]>::of(&lane).send([3; 100]).unwrap();
        };
        send_all();
        assert_eq!(receive_where(|_: &char| true).await, 'b');
        assert_eq!(receive_where(|&number: &u32| number < 2).await, 1);
        assert_eq!(receive_any().await.downcast::<u32>().unwrap(), 2);
        assert_eq!(try_receive::<[u32; 100]>(), Some([3; 100]));
        assert_eq!(receive::<char>().await, 'a');
    });
}

#[test]
fn who_waits_is_woken_by_an_urgent_message_and_by_an_ordinary_one() {
    run(async {
        let me = own();
        let child = spawn(async move {
            let lane = lane();
            put(me, UrgentAddr::<u8>::of(&lane));
            assert_eq!(receive::<u8>().await, 1);
            assert_eq!(receive::<u8>().await, 2);
            put(me, 'x');
        });
        let urgent = receive::<UrgentAddr<u8>>().await;
        yield_now().await;
        assert_eq!(urgent.send(1), Ok(Sent::Delivered));
        yield_now().await;
        put(child, 2_u8);
        assert_eq!(receive::<char>().await, 'x');
        yield_now().await;
        assert_eq!(urgent.send(3), Ok(Sent::ToNobody));
    });
}

#[test]
fn what_comes_by_a_lane_that_is_closed_is_ordinary() {
    run(async {
        let me = own();
        let lane = lane();
        let old = UrgentAddr::<u32>::of(&lane);
        assert_eq!(urgent_lane().unwrap_err(), LaneError::IsOpen);
        put(me, 1_u32);
        old.send(2).unwrap();
        drop(lane);
        assert_eq!(gate_report(me).map(|report| report.has_lane), Some(false));
        old.send(3).unwrap();
        assert_eq!(receive::<u32>().await, 2, "it was sent in time");
        let new = self::lane();
        let urgent = UrgentAddr::<u32>::of(&new);
        old.send(4).unwrap();
        urgent.send(5).unwrap();
        for expected in [5, 1, 3, 4] {
            assert_eq!(receive::<u32>().await, expected);
        }
        // Somebody else may close it.
        spawn(async move { drop(new) });
        yield_now().await;
        put(me, 6_u32);
        urgent.send(7).unwrap();
        assert_eq!([receive::<u32>().await, receive().await], [6, 7]);
        drop(self::lane());
    });
}

#[test]
fn a_full_mailbox_has_as_much_room_again_for_urgent_ones() {
    run(async {
        let me = own();
        let bound = Bound::new(2, Overflow::Refuse).expect("a limit");
        let child = async move {
            let lane = lane();
            put(me, UrgentAddr::<u8>::of(&lane));
            receive::<char>().await;
        };
        let child = process::spawn_bounded(child, 2, bound).unwrap();
        let urgent = receive::<UrgentAddr<u8>>().await;
        assert_eq!(send(child, 1_u8), Ok(Sent::Delivered));
        assert_eq!(send(child, 2_u8), Ok(Sent::Delivered));
        assert_eq!(send(child, 3_u8), Err(SendError::Full(3)));
        assert_eq!(urgent.send(3), Ok(Sent::Delivered));
        assert_eq!(urgent.send(4), Ok(Sent::Delivered));
        assert_eq!(urgent.send(5), Err(SendError::Full(5)));
        assert_eq!(gate_report(child).unwrap().count, 4);
        kill(child);
    });
}

/// Those who wait are let in only when there is less than the limit, whoever has had the places.
#[test]
fn who_waits_is_not_let_in_while_urgent_ones_have_more_than_the_room() {
    run(async {
        let me = own();
        let bound = Bound::new(1, Overflow::Refuse).expect("a limit");
        let child = async move {
            let lane = lane();
            put(me, UrgentAddr::<u8>::of(&lane));
            yield_now().await;
            yield_now().await;
            for (expected, counted) in [(2, 1), (1, 1), (3, 0)] {
                assert_eq!(receive::<u8>().await, expected);
                assert_eq!(gate_report(own()).unwrap().count, counted);
            }
            put(me, 'x');
        };
        let child = process::spawn_bounded(child, 2, bound).unwrap();
        let urgent = receive::<UrgentAddr<u8>>().await;
        put(child, 1_u8);
        urgent.send(2).unwrap();
        assert_eq!(send_wait(child, 3_u8).await, Ok(Sent::Delivered));
        assert_eq!(receive::<char>().await, 'x');
    });
}

#[test]
fn a_report_says_what_a_mailbox_is_like() {
    let bound = Bound::new(2, Overflow::Drop).expect("a limit");
    let mut driver = Driver::new();
    let child = async {
        let _lane = lane();
        receive::<()>().await;
    };
    let child = process::spawn_bounded(child, 2, bound).unwrap();
    driver.run();
    (0..3_u8).for_each(|number| put(child, number));
    let report = gate_report(child).expect("it has a gate").to_string();
    let expected = "2 of 2 messages (beyond: drop), 0 wait for room, 1 dropped, urgent lane open";
    assert_eq!(report, expected);
    kill(child);
    driver.run();
    assert_eq!(gate_report(child), None);
}
