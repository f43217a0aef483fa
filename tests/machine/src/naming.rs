//! Names mean their processes for as long as these live, whoever gave them and however they end.

use alloc::string::ToString;
use core::future::pending;
use girder::{
    ExitReason, NAME_BYTES_MAX, NameError, Options, SpawnError, info, kill, own_pid, register,
    spawn, spawn_watched, unregister, whereis, yield_now,
};

#[girder::test]
async fn a_name_ends_with_its_process() {
    let (pid, watch) = spawn_watched(pending).expect("there is room");
    assert_eq!(register("mayfly", pid), Ok(()));
    assert_eq!(whereis("mayfly"), Some(pid));
    assert_eq!(register("mayfly", own_pid()), Err(NameError::Taken));
    kill(pid);
    assert_eq!(watch.await, ExitReason::Killed);
    assert_eq!(whereis("mayfly"), None);
    assert_eq!(register("mayfly", pid), Err(NameError::NoProcess));
    assert_eq!(register("mayfly", own_pid()), Ok(()));
    assert_eq!(register("butterfly", own_pid()), Err(NameError::HasName));
    assert_eq!(unregister("mayfly"), Some(own_pid()));
    assert_eq!(unregister("mayfly"), None);
}

#[girder::test]
async fn a_crash_takes_the_name_as_well() {
    let crash = || async { panic!("as it should") };
    let (_, watch) = Options::new()
        .name("icarus")
        .spawn_watched(crash)
        .expect("room");
    watch.await;
    assert_eq!(whereis("icarus"), None);
}

#[girder::test]
fn what_is_no_name_is_refused_everywhere() {
    let long = "abcdefghijklmnopqrstuvwxyz0123456";
    assert_eq!(long.len(), NAME_BYTES_MAX + 1);
    for (name, error) in [
        ("", NameError::Malformed),
        ("two words", NameError::Malformed),
        (long, NameError::TooLong),
    ] {
        assert_eq!(register(name, own_pid()), Err(error));
        let spawned = Options::new().name(name).spawn(async {});
        assert_eq!(spawned, Err(SpawnError::Name(error)));
        assert_eq!((whereis(name), unregister(name)), (None, None));
    }
}

/// Whether the new process or its maker goes on first.
#[girder::test]
async fn a_process_is_born_with_its_name() {
    for _ in 0..100 {
        let finds_itself = || async {
            assert_eq!(whereis("self"), Some(own_pid()));
            yield_now().await;
        };
        let options = Options::new().name("self");
        let (pid, watch) = options
            .spawn_watched(finds_itself)
            .expect("the name is free");
        if let Some(found) = whereis("self") {
            assert_eq!(found, pid);
        }
        assert_eq!(watch.await, ExitReason::Returned);
    }
}

#[girder::test]
async fn nobody_is_spawned_for_a_name_that_is_taken() {
    let options = Options::new().name("only");
    let first = options.spawn(pending()).expect("the name is free");
    let second = options.spawn_with(|| async { panic!("there are two") });
    assert_eq!(second, Err(SpawnError::Name(NameError::Taken)));
    assert_eq!(whereis("only"), Some(first));
    assert_eq!(
        info(first)
            .and_then(|info| info.name)
            .map(|name| name.to_string()),
        Some("only".into())
    );
    kill(first);
}

#[girder::test]
async fn a_name_that_was_given_up_can_be_given_again() {
    let pid = spawn(pending()).expect("there is room");
    for _ in 0..3 {
        assert_eq!(register("again", pid), Ok(()));
        assert_eq!(unregister("again"), Some(pid));
    }
    kill(pid);
}
