//! Files that are dropped into a folder of an SFTP server: the same as on this machine, and what only
//! a server can do to us.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use collimator::domain::LineState::Accepted;

use crate::files_in::{Site, bytes_of, grows_once_it_is_taken, written};
use crate::support::sftp::SftpServer;
use crate::support::told::{case, course_of};
use crate::support::wait::until_so;

async fn site(server: &SftpServer, source: &str) -> Site {
    Site::at(source, |path| server.place(path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn case_34_over_sftp_what_is_wrong_is_set_aside_alone() {
    let server = SftpServer::start().await;
    let site = site(&server, "aria").await;
    let mut messages = course_of(7);
    messages.insert(3, b"MSH|^~\\&|A|B|C|D|20261008||DFT^P03|BAD-1|P|2.5.1\rPID|||1\r".to_vec());
    let file = messages.join(&b'\r');
    site.take("week.hl7", &file).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    until_so("it is done", || site.names("done") == ["week.hl7"]).await;
    assert_eq!(site.names("refused"), ["week.4.hl7", "week.4.hl7.why"]);
    let why = "FT1: there is no FT1: nothing was done (AE 100)\n";
    assert_eq!(site.text("refused/week.4.hl7.why"), why);
    site.take("week.hl7", &file).await;
    site.take("patient.json", b"{\"resourceType\":\"Patient\"}").await;
    until_so("it is refused", || site.path("refused/patient.json").exists()).await;
    assert!(site.text("refused/patient.json.why").contains("speaks HL7 v2"));
    assert_eq!(site.names("refused").len(), 4, "the same is not set aside twice");
    assert_eq!(site.names("done"), ["week-2.hl7", "week.hl7"], "nothing is overwritten");
    site.daemon.settled().await;
    assert_eq!(site.sent(), 10, "the same file twice changes nothing");
}

/// Cases 35 and 36, over SFTP.
#[tokio::test(flavor = "multi_thread")]
async fn over_sftp_files_of_every_make_are_charged_once() {
    let server = SftpServer::start().await;
    let site = site(&server, "aria").await;
    for kind in ["cr", "lf", "crlf", "no-end", "batch", "wrong-count", "two-batches", "cr"] {
        site.take(&format!("{kind}.hl7"), &written(kind)).await;
        site.daemon.stands(&[(Accepted, 10)]).await;
    }
    until_so("all are done", || site.names("done").contains(&"cr-2.hl7".to_owned())).await;
    assert!(site.text("done/wrong-count.hl7.note").contains("BTS-1 says 3"));
    site.daemon.settled().await;
    assert_eq!(site.sent(), 10);
    assert!(site.names("refused").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn case_33_over_sftp_half_a_file_is_never_taken() {
    let server = SftpServer::start().await;
    let site = site(&server, "aria").await;
    let whole = written("cr");
    let half = &whole[..whole.len() / 2];
    for unfinished in ["a.hl7.tmp", "a.hl7.part", ".a.hl7", "A.FILEPART"] {
        fs::write(site.path(unfinished), half).unwrap();
    }
    site.take("other.hl7", b"MSH|^~\\&|A\r").await;
    site.take("another.hl7", b"MSH|^~\\&|A\r").await;
    assert_eq!(site.daemon.intake().last().0, 2, "only what was whole is stored");
    fs::write(site.path("a.hl7.part"), &whole).unwrap();
    fs::rename(site.path("a.hl7.part"), site.path("a.hl7")).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_sftp_a_file_that_still_grows_once_it_is_taken_is_read_anew() {
    let server = SftpServer::start().await;
    grows_once_it_is_taken(&site(&server, "aria").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_sftp_a_server_that_is_gone_is_waited_for() {
    let mut server = SftpServer::start().await;
    let site = site(&server, "aria").await;
    site.take("first.hl7", b"MSH|^~\\&|A\r").await;
    server.kill();
    for (number, message) in case("K-28").iter().enumerate() {
        site.drop(&format!("{number:02}.hl7"), message);
    }
    std::os::unix::fs::symlink("late.hl7", site.path("link.hl7")).unwrap();
    server.go().await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    until_so("all are done", || site.names("done").len() + site.names("refused").len() > 12).await;
    assert!(fs::symlink_metadata(site.path("link.hl7")).is_ok(), "a link is left where it is");
}

/// A name is bytes of the server's own, and a file may be longer than what is asked for at a time.
#[tokio::test(flavor = "multi_thread")]
async fn over_sftp_a_long_file_of_any_name_is_read_whole() {
    const COURSES: usize = 160;
    let server = SftpServer::start().await;
    let site = site(&server, "aria").await;
    let courses: Vec<Vec<u8>> = (1..=COURSES).flat_map(course_of).collect();
    let file = courses.join(&b'\r');
    assert!(file.len() > 32 * (32 << 10), "{}", file.len());
    let name = OsStr::from_bytes(b"M\xfcller, K.hl7");
    let (aside, path) = (site.path("a.tmp"), site.path("").join(name));
    fs::write(&aside, &file).unwrap();
    fs::rename(aside, &path).unwrap();
    site.daemon.stands(&[(Accepted, 10 * COURSES as u64)]).await;
    until_so("it is done", || !path.exists()).await;
    assert_eq!(fs::read(site.path("done").join(name)).unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_sftp_files_of_fhir_are_taken_as_if_they_were_posted() {
    let server = SftpServer::start().await;
    let site = site(&server, "fhir").await;
    site.take("course.json", &bytes_of("K-28-over-fhir.json")).await;
    site.take("again.json", &bytes_of("K-28-over-fhir.json")).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
}
