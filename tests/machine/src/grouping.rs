//! Groups: all who are members hear what is published, and who is none any more is forgotten.

use alloc::vec;
use alloc::vec::Vec;
use core::future::pending;
use girder::group::{GroupAddr, JoinError, Reached, follow};
use girder::{
    CallError, ExitReason, Options, Overflow, Pid, kill, own_addr, own_pid, receive, spawn_watched,
    spawn_with,
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct News(u32);

fn group() -> GroupAddr<News> {
    GroupAddr::spawn(Options::new()).expect("there is room")
}

/// One that tells what it hears, and who it is.
fn member(of: GroupAddr<News>) -> Pid {
    let tells = own_addr();
    let listens = move || async move {
        let reason = follow(of, async |news: News| {
            tells.send((own_pid(), news)).expect("there is memory");
        });
        panic!("{}", reason.await);
    };
    spawn_with(listens).expect("there is room")
}

async fn members(of: GroupAddr<News>, number: usize) -> Vec<Pid> {
    let members: Vec<Pid> = (0..number).map(|_| member(of)).collect();
    until_there_are(of, number).await;
    members
}

/// Waits until it has so many members.
async fn until_there_are(of: GroupAddr<News>, number: usize) {
    while of.members().await.expect("it is there").len() != number {
        girder::yield_now().await;
    }
}

async fn hear() -> (Pid, News) {
    receive().await
}

#[girder::test]
async fn what_is_published_comes_to_each_member_in_order() {
    const NUMBER: u32 = 5;
    let group = group();
    let mut members = members(group, 100).await;
    for number in 0..NUMBER {
        group.publish(News(number)).expect("there is memory");
    }
    let mut heard = Vec::new();
    for _ in 0..members.len() * NUMBER as usize {
        heard.push(hear().await);
    }
    for member in members.drain(..) {
        let its = heard.iter().filter(|(pid, _)| *pid == member);
        assert!(its.map(|(_, News(number))| *number).eq(0..NUMBER));
        kill(member);
    }
    until_there_are(group, 0).await;
    let reached = group.publish_and_wait(News(NUMBER)).await;
    assert_eq!(reached, Ok(Reached::default()));
    group.stop().expect("there is memory");
}

#[girder::test]
async fn a_member_is_one_once_until_it_leaves_or_ends() {
    let group = group();
    let me = own_pid();
    for _ in 0..3 {
        assert_eq!(group.join(me).await, Ok(()));
    }
    assert_eq!(group.members().await, Ok(vec![me]));
    let reached = Reached {
        sent: 1,
        refused: 0,
    };
    assert_eq!(group.publish_and_wait(News(1)).await, Ok(reached));
    assert_eq!(receive::<News>().await, News(1));
    assert_eq!(group.leave(me).await, Ok(true));
    assert_eq!(group.leave(me).await, Ok(false));
    assert_eq!(
        group.publish_and_wait(News(2)).await,
        Ok(Reached::default())
    );
    assert!(girder::try_receive::<News>().is_none());

    let (gone, watch) = spawn_watched(|| async {}).expect("there is room");
    assert_eq!(watch.await, ExitReason::Returned);
    assert_eq!(group.join(gone).await, Ok(()));
    until_there_are(group, 0).await;
    group.stop().expect("there is memory");
    let error = JoinError::Call(CallError::NoAnswer);
    assert_eq!(group.join(me).await, Err(error));
}

#[girder::test]
async fn each_is_picked_in_turn_and_nobody_who_is_gone() {
    let group = group();
    assert_eq!(group.pick().await, Ok(None));
    let members = members(group, 4).await;
    let mut picked = Vec::new();
    for _ in 0..8 {
        picked.extend(group.pick().await.expect("it is there"));
    }
    for member in &members {
        let times = picked.iter().filter(|pid| *pid == member).count();
        assert_eq!(times, 2, "{picked:?} of {members:?}");
    }
    kill(members[1]);
    until_there_are(group, 3).await;
    for _ in 0..6 {
        assert_ne!(group.pick().await, Ok(Some(members[1])));
    }
    for member in members {
        kill(member);
    }
    group.stop().expect("there is memory");
}

/// Whoever handles an event and crashes over it, or has no room for it, does so alone.
#[girder::test]
async fn a_handler_fails_alone() {
    let named = Options::new().name("news");
    let group = GroupAddr::<News>::spawn(named).expect("there is room");
    assert_eq!(GroupAddr::named("news"), Some(group));
    let others = members(group, 2).await;
    let (crashes, watch) = spawn_watched(move || async move {
        let reason = follow(group, async |News(number)| {
            assert_ne!(number, 13, "and that is right");
        });
        panic!("{}", reason.await);
    })
    .expect("there is room");
    let full = Options::new().mailbox(1, Overflow::Refuse).spawn(pending());
    let full = full.expect("there is room");
    group.join(full).await.expect("there is room");
    until_there_are(group, 4).await;
    assert_eq!(
        group.publish_and_wait(News(1)).await,
        Ok(Reached {
            sent: 4,
            refused: 0
        })
    );
    assert_eq!(
        group.publish_and_wait(News(13)).await,
        Ok(Reached {
            sent: 3,
            refused: 1
        })
    );
    assert!(watch.await.is_crash());
    until_there_are(group, 3).await;
    group.publish(News(2)).expect("there is memory");
    for _ in 0..6 {
        let (pid, _) = hear().await;
        assert!(others.contains(&pid) && pid != crashes);
    }
    for pid in [full].into_iter().chain(others) {
        kill(pid);
    }
    group.stop().expect("there is memory");
}
