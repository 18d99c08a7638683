//! What keeps a daemon from starting, and what is left behind then: nothing.

use std::net::{TcpListener, TcpStream};

use collimator::app::{Daemon, Error, SourcePlan};
use collimator::telemetry::SystemClock;

use crate::support::daemon::{Target, TestDaemon, plan};
use crate::support::program::{free, program};
use crate::support::receiver::Receiver;

async fn refused(plan: collimator::app::Plan) -> Error {
    match Daemon::start(plan, std::sync::Arc::new(SystemClock)).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_no_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store");
    std::fs::write(&file, "not a folder").unwrap();
    let error = refused(plan(&file, &[])).await;
    assert_eq!(error.exit_status(), 75);
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_another_daemon_holds_is_left_alone() {
    let receiver = Receiver::yes();
    let daemon = TestDaemon::start(vec![Target::facility(&receiver)]).await;
    let error = refused(plan(&daemon.store(), &[])).await;
    assert_eq!(error.exit_status(), 75);
    assert!(TcpStream::connect(daemon.source("aria")).is_ok(), "the first one goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_named_and_no_other_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = free();
    let mut plan = plan(&folder.path().join("store"), &[]);
    plan.sources[0] = SourcePlan::mllp("aria", other);
    plan.sources[1] = SourcePlan::mllp("mosaiq", taken.local_addr().unwrap());
    let error = refused(plan).await;
    assert_eq!(error.exit_status(), 75);
    assert!(error.to_string().contains(&taken.local_addr().unwrap().to_string()), "{error}");
    assert!(TcpStream::connect(other).is_err(), "the other port is closed again");
}

#[test]
fn wrong_settings_and_tables_are_all_named_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("site.toml");
    let text = std::fs::read_to_string("deploy/hospital.toml").unwrap();
    let text = text.replace("setting = \"hospital\"", "setting = \"clinic\"").replace(
        "profile = \"aria\"                 # a file",
        "profil = \"aria\"                 # a file",
    );
    std::fs::write(&settings, text).unwrap();
    for command in ["check", "run"] {
        let done = program().arg(command).arg("--config").arg(&settings).output().unwrap();
        assert_eq!(done.status.code(), Some(78), "{command}");
        let said = String::from_utf8_lossy(&done.stderr);
        for expected in ["site.toml:8: site.setting", "did you mean `profile`?"] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn the_example_settings_are_sound() {
    for example in ["deploy/hospital.toml", "deploy/freestanding.toml"] {
        let done = program().args(["check", "--config", example]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{example}: {said}");
    }
}
