//! Files that are put into a folder of an SFTP server, which is OpenSSH's own: the same as on this
//! machine, and what only a server can do to us.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use collimator::domain::LineState::{Accepted, Queued, Sent};

use crate::files_out::{Site, files, finished_after_a_crash, killed_at_any_instant, with_trigger};
use crate::support::program::{self, Program};
use crate::support::sftp::SftpServer;
use crate::support::told::course_of;

#[tokio::test(flavor = "multi_thread")]
async fn out_9_batches_leave_over_sftp_whole_and_counted() {
    let server = SftpServer::start().await;
    let mut site = Site::stopped(500, |target| server.over(with_trigger(target)));
    site.daemon.go().await.unwrap();
    for course in 1..4 {
        site.daemon.tell(&course_of(course)).await;
    }
    site.daemon.stands(&[(Accepted, 30)]).await;
    assert_eq!(site.taken().len(), 15);
    site.assert_triggers();
    for file in files(&site.facility()) {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0, "it is not for everybody");
    }
}

/// What is longer than one request holds, and than all that are on their way at a time.
#[tokio::test(flavor = "multi_thread")]
async fn out_9_a_long_file_leaves_over_sftp_in_its_order() {
    const COURSES: usize = 700;
    let server = SftpServer::start().await;
    let mut site = Site::stopped(10_000, |target| server.over(target));
    let away = site.folder.path().join("away");
    fs::rename(site.facility(), &away).unwrap();
    site.daemon.go().await.unwrap();
    for course in 1..=COURSES {
        site.daemon.tell(&course_of(course)).await;
    }
    site.daemon.carried().await;
    fs::rename(&away, site.facility()).unwrap();
    site.daemon.stands(&[(Accepted, 10 * COURSES as u64)]).await;
    assert_eq!(site.taken().len(), 5 * COURSES);
    let longest = files(&site.facility()).iter().map(|it| fs::metadata(it).unwrap().len()).max();
    assert!(longest > Some(32 * (32 << 10)), "{longest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn out_9_a_file_on_the_books_is_finished_over_sftp_after_a_crash() {
    let server = SftpServer::start().await;
    finished_after_a_crash(|target| server.over(target)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_9_nothing_is_overwritten_over_sftp() {
    let server = SftpServer::start().await;
    let mut site = Site::stopped(500, |target| server.over(target));
    let name = site.mark().await;
    let there = site.facility().join(&name);
    fs::write(&there, "a stranger's").unwrap();
    fs::write(site.facility().join(format!(".{name}.tmp")), "ours").unwrap();
    site.daemon.go().await.unwrap();
    site.daemon.stands(&[(Accepted, 5), (Sent, 5)]).await;
    assert_eq!(fs::read(&there).unwrap(), b"a stranger's");
    fs::remove_file(&there).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(fs::read(&there).unwrap(), b"ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_waited_for() {
    let mut server = SftpServer::start().await;
    let mut site = Site::stopped(500, |target| server.over(target));
    site.daemon.go().await.unwrap();
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    for course in 2..5 {
        server.kill();
        site.daemon.tell(&course_of(course)).await;
        let before = 10 * (course as u64 - 1);
        site.daemon.stands(&[(Accepted, before), (Queued, 10)]).await;
        server.go().await;
        site.daemon.stands(&[(Accepted, before + 10)]).await;
    }
    assert_eq!(site.taken().len(), 20);
    server.kill();
    site.daemon.stop().await;
}

/// The server may end at any instant, too: what was on its way is looked for, and goes once.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_at_any_instant_gets_each_line_once() {
    const COURSES: usize = 30;
    let mut server = SftpServer::start().await;
    let mut site = Site::stopped(3, |target| server.over(target));
    site.daemon.go().await.unwrap();
    let mut chance = fastrand::Rng::new();
    for course in 1..=COURSES {
        site.daemon.tell(&course_of(course)).await;
        if course % 5 == 0 {
            let pause = std::time::Duration::from_millis(chance.u64(0..400));
            tokio::time::sleep(pause).await;
            server.kill();
            server.go().await;
        }
    }
    site.daemon.stands(&[(Accepted, 10 * COURSES as u64)]).await;
    let mut numbers: Vec<String> = site.taken().iter().map(|it| it.transaction()).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!((numbers.len(), site.taken().len()), (5 * COURSES, 5 * COURSES));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_with_sftp_on_both_sides() {
    let server = SftpServer::start().await;
    killed_at_any_instant(Program::over_sftp(&server)).await;
}

/// A server without the extensions of OpenSSH: no sync, and no renaming but the plain one.
#[tokio::test(flavor = "multi_thread")]
async fn out_9_a_plain_server_is_enough_and_it_is_said_that_it_does_not_sync() {
    let mut server = SftpServer::start().await;
    server.kill();
    server.set_subsystem("-P fsync,posix-rename,hardlink,limits,statvfs,expand-path");
    server.go().await;
    let (words, well) = tried(&Program::over_sftp(&server));
    assert!(well && words.contains("does not sync"), "{words}");
    finished_after_a_crash(|target| server.over(target)).await;
    server.kill();
    server.set_subsystem("-R");
    server.go().await;
    let (words, well) = tried(&Program::over_sftp(&server));
    assert!(!well && words.contains("permission denied"), "{words}");
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

/// A receiver that is tried out: what is said, and whether it is well.
fn tried(program: &Program) -> (String, bool) {
    let output = program.ask(&["destination", "test", "hospital-billing"]);
    (said(&output), output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_tried_out_and_what_is_wrong_is_said_in_a_word() {
    let mut server = SftpServer::start().await;
    let program = Program::over_sftp(&server);
    let (words, well) = tried(&program);
    assert!(well && words.contains("none was") && !words.contains("does not sync"), "{words}");
    assert_eq!(fs::read_dir(program.folder("facility")).unwrap().count(), 0);

    fs::remove_dir(program.folder("facility")).unwrap();
    let (words, well) = tried(&program);
    assert!(!well && words.contains("there is no such file or folder"), "{words}");

    let authorized = fs::read(server.file("authorized")).unwrap();
    fs::copy(server.file("strange.pub"), server.file("authorized")).unwrap();
    let (words, well) = tried(&program);
    assert!(!well && words.contains("does not let us in"), "{words}");
    fs::write(server.file("authorized"), authorized).unwrap();

    server.kill();
    let (words, well) = tried(&program);
    assert!(!well && words.contains("cannot be reached"), "{words}");
    server.make_key("host");
    server.go().await;
    let (words, well) = tried(&program);
    assert!(!well && words.contains("host key of the server is unknown"), "{words}");
    fs::write(server.file("known_hosts"), "").unwrap();
    let (words, well) = tried(&program);
    assert!(!well && words.contains("host key of the server is unknown"), "{words}");
}

/// Nothing is put on a server whose key is another than the known one, whoever else believes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_host_key_gets_nothing() {
    let mut server = SftpServer::start().await;
    let mut site = Site::stopped(500, |target| server.over(target));
    server.kill();
    server.make_key("host");
    server.go().await;
    site.daemon.go().await.unwrap();
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Queued, 10)]).await;
    assert_eq!(fs::read_dir(site.facility()).unwrap().count(), 0);
    let host = fs::read_to_string(server.file("host.pub")).unwrap();
    let known = fs::read_to_string(server.file("known_hosts")).unwrap();
    let (name, _) = known.split_once(' ').unwrap();
    fs::write(server.file("known_hosts"), format!("{name} {host}")).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_sftp_is_said_before_anything_starts() {
    let server = SftpServer::start().await;
    let program = Program::over_sftp(&server);
    let key = server.file("ours");
    let check = |path: Option<&Path>| {
        let mut command = program::program();
        command.args(["check", "--config"]).arg(program.settings());
        if let Some(path) = path {
            command.env("PATH", path);
        }
        said(&command.output().unwrap())
    };
    assert!(check(None).contains("1 sources") || check(None).contains("2 sources"));
    let none = tempfile::tempdir().unwrap();
    let words = check(Some(none.path()));
    assert!(words.contains("source[0].listen: needs the program `ssh`"), "{words}");
    assert!(words.contains("destination[0].send: needs the program `ssh`"), "{words}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(check(None).contains("destination[1].identity_file: "), "{}", check(None));
    assert!(check(None).contains("chmod 600"));
    fs::remove_file(&key).unwrap();
    fs::remove_file(server.file("known_hosts")).unwrap();
    assert!(check(None).contains("source[0].identity_file: "));
    assert!(check(None).contains("source[0].known_hosts: "));
}

/// What stands in the place of `ssh` says this, and no more than that is believed.
#[test]
fn what_is_no_sftp_is_told_apart() {
    for (script, expected) in [
        ("echo Welcome to our server", "does not speak SFTP"),
        (r"printf '\0\0\0\5\2\0\0\0\6'; cat", "it is not version 3"),
        (r"printf '\377\377\377\377'; cat", "a packet is too long"),
        (r"printf '\0\0\0\5\2\0\0\0\3'; exec 1>&-; cat", "the connection to the server ended"),
        (r"printf '\0\0\0\5\2\0\0\0\3\0\0\0\5\145\0\0\0\7'; cat", "cannot be read"),
        (
            r"printf '\0\0\0\5\2\0\0\0\3\0\0\0\11\145\0\0\0\7\0\0\0\0'; cat",
            "nothing that was asked",
        ),
        ("echo 'm\u{fc}de' >&2; exit 1", "cannot be reached: m"),
        ("exit 255", "ended without a word"),
    ] {
        let program = Program::in_folders();
        let stand_in = program.folder("ssh");
        fs::write(&stand_in, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
        let text = fs::read_to_string(program.settings()).unwrap();
        let text = text.replace("send = \"dir:", "send = \"sftp://sftp.test");
        fs::write(program.settings(), text).unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = program::program();
        command.args(["destination", "test", "hospital-billing", "--config"]);
        let path = format!("{}:{path}", program.settings().parent().unwrap().display());
        let output = command.arg(program.settings()).env("PATH", path).output().unwrap();
        assert!(said(&output).contains(expected), "{script}: {}", said(&output));
        assert_eq!(output.status.code(), Some(1), "{script}");
    }
}
