//! What nobody reads.

use super::*;

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
        assert_eq!(traffic().expect("all cores come to rest").dead_letters, 1);
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
    assert_eq!(
        traffic().expect("all cores come to rest").unread,
        3 * LEFT as u64
    );
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
    assert_eq!(
        envelopes_in_use().expect("all cores come to rest"),
        0,
        "an envelope was lost"
    );
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
fn what_nobody_received_is_told_by_why() {
    let traffic = Traffic {
        dead_letters: 1,
        unread: 2,
        late_answers: 3,
        refused: 4,
        dropped: 5,
    };
    let expected = "1 to nobody, 2 left unread, 3 late answers, 5 dropped for want of room, 4 refused for want of memory";
    assert_eq!(traffic.to_string(), expected);
}
