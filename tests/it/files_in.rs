//! Files that are dropped into a folder: when they are taken, what becomes of them, and of what is
//! wrong in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use collimator::app::SourcePlan;
use collimator::config::{Dropped, Place};
use collimator::domain::LineState::{self, Accepted};

use crate::support::daemon::{Target, TestDaemon};
use crate::support::program::Program;
use crate::support::receiver::Receiver;
use crate::support::told::{case, course_of};
use crate::support::wait::{until, until_so};

/// A daemon with a drop folder, and receivers that say yes.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub daemon: TestDaemon,
    facility: Receiver,
    professional: Receiver,
}

impl Site {
    async fn of(source: &str) -> Site {
        Site::at(source, |path| Place::Here(path.to_owned())).await
    }

    /// One whose drop folder is reached in some way.
    pub async fn at(source: &str, place: impl Fn(&Path) -> Place) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let (facility, professional) = (Receiver::yes(), Receiver::yes());
        let targets = vec![Target::facility(&facility), Target::professional(&professional)];
        let mut daemon = TestDaemon::stopped(targets);
        let path = folder.path().join("in");
        fs::create_dir(&path).unwrap();
        let dropped = Dropped { place: place(&path), every: Duration::from_millis(20) };
        daemon.set_source(SourcePlan::dropped(source, dropped));
        daemon.go().await.unwrap();
        Site { folder, daemon, facility, professional }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("in").join(name)
    }

    /// Puts a file there as a careful sender does.
    pub fn drop(&self, name: &str, bytes: &[u8]) {
        let aside = self.path(&format!("{name}.tmp"));
        fs::write(&aside, bytes).unwrap();
        fs::rename(aside, self.path(name)).unwrap();
    }

    /// Puts a file there, and waits until it is taken.
    pub async fn take(&self, name: &str, bytes: &[u8]) {
        self.drop(name, bytes);
        until_so("the file is taken", || !self.path(name).exists()).await;
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn sent(&self) -> usize {
        self.facility.taken().len() + self.professional.taken().len()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn bytes_of(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn k27_the_bare_header_is_set_aside_alone() {
    let site = Site::of("aria").await;
    site.take("K-27.hl7", &bytes_of("K-27.hl7")).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(site.names("done"), ["K-27.hl7"]);
    let refused = site.names("refused");
    assert_eq!(refused.len(), 2, "{refused:?}");
    let alone = fs::read(site.path("refused").join(&refused[0])).unwrap();
    assert!(alone.starts_with(b"MSH|") && !alone.contains(&b'\r'), "one bare header");
    assert_eq!(refused[1], format!("{}.why", refused[0]));
    assert!(site.text(&format!("refused/{}", refused[1])).contains("there is no FT1"));
    assert_eq!(fs::read(site.path("done/K-27.hl7")).unwrap(), bytes_of("K-27.hl7"));
}

/// A plain course, as one file of a kind.
pub fn written(kind: &str) -> Vec<u8> {
    let messages = course_of(7);
    let count = messages.len();
    let (head, tail) = match kind {
        "batch" => ("FHS|^~\\&|A!BHS|^~\\&|A!".into(), format!("BTS|{count}!FTS|1!")),
        "wrong-count" => ("FHS|^~\\&|A!BHS|^~\\&|A!".into(), "BTS|3!FTS|1!".to_owned()),
        "no-bts" => ("FHS|^~\\&|A!BHS|^~\\&|A!".into(), "FTS|1!".to_owned()),
        "no-fhs" => ("BHS|^~\\&|A!".into(), format!("BTS|{count}!")),
        _ => (String::new(), String::new()),
    };
    let body = messages.iter().map(|message| {
        let text = String::from_utf8(message.clone()).unwrap();
        format!("{}!", text.trim_end().replace('\r', "!"))
    });
    let mut body: Vec<String> = body.collect();
    if kind == "two-batches" {
        body.insert(4, "BTS|4!BHS|^~\\&|B!".into());
        body.insert(0, "BHS|^~\\&|A!".into());
        body.push(format!("BTS|{}!", count - 4));
    }
    let text = format!("{head}{}{tail}", body.concat());
    match kind {
        "lf" => text.replace('!', "\n").into_bytes(),
        "crlf" => text.replace('!', "\r\n").into_bytes(),
        "no-end" => text.replace('!', "\r").trim_end().as_bytes().to_vec(),
        _ => text.replace('!', "\r").into_bytes(),
    }
}

/// Cases 35 and 36: however the same messages are written, and whatever the file is called, they are
/// charged once.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_messages_in_files_of_every_make_are_charged_once() {
    let site = Site::of("aria").await;
    for (kind, note) in [
        ("cr", ""),
        ("lf", ""),
        ("crlf", ""),
        ("no-end", ""),
        ("batch", ""),
        ("wrong-count", "BTS-1 says 3 messages, 12 are there\n"),
        ("no-bts", "a batch does not end with BTS: it may have been cut\n"),
        ("no-fhs", ""),
        ("two-batches", ""),
        ("cr", ""),
    ] {
        let name = format!("{kind}.hl7");
        site.take(&name, &written(kind)).await;
        site.daemon.stands(&[(Accepted, 10)]).await;
        let told = site.path("done").join(format!("{name}.note"));
        assert_eq!(fs::read_to_string(told).unwrap_or_default(), note, "{kind}");
    }
    site.daemon.settled().await;
    assert_eq!(site.sent(), 10);
    assert!(site.names("refused").is_empty(), "{:?}", site.names("refused"));
    assert!(site.names("done").contains(&"cr-2.hl7".to_owned()), "nothing is overwritten");
    assert_eq!(site.names("done").len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_33_half_a_file_is_never_taken() {
    let site = Site::of("aria").await;
    let whole = written("cr");
    let (first, rest) = whole.split_at(whole.len() / 2);
    for unfinished in ["a.hl7.tmp", "a.hl7.part", ".a.hl7", "A.TMP"] {
        fs::write(site.path(unfinished), first).unwrap();
    }
    site.take("other.hl7", b"MSH|^~\\&|A\r").await;
    site.take("another.hl7", b"MSH|^~\\&|A\r").await;
    assert_eq!(site.daemon.intake().last().0, 2, "only what was whole is stored");
    fs::write(site.path("a.hl7.part"), [first, rest].concat()).unwrap();
    fs::rename(site.path("a.hl7.part"), site.path("a.hl7")).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_still_grows_once_it_is_taken_is_read_anew() {
    grows_once_it_is_taken(&Site::of("aria").await).await;
}

/// A file that is written into after it was taken is taken whole.
pub async fn grows_once_it_is_taken(site: &Site) {
    let whole = written("cr");
    let cut = whole.len() - 60;
    site.take("slow.hl7", &whole[..cut]).await;
    until_so("it is done", || site.path("done/slow.hl7").exists()).await;
    let mut open = fs::OpenOptions::new().append(true).open(site.path("done/slow.hl7")).unwrap();
    std::io::Write::write_all(&mut open, &whole[cut..]).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
    until_so("it is done again", || {
        fs::read(site.path("done/slow.hl7")).is_ok_and(|read| read == whole)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_34_what_is_wrong_is_set_aside_and_the_rest_goes_on() {
    let site = Site::of("aria").await;
    let mut messages = course_of(7);
    messages.insert(3, b"MSH|^~\\&|A|B|C|D|20261008||DFT^P03|BAD-1|P|2.5.1\rPID|||1\r".to_vec());
    messages.insert(9, b"MSH|^~\\&|A|B|C|D|20261008||DFT^P99|BAD-2|P|2.5.1\r".to_vec());
    let mut file = b"stray words\r".to_vec();
    file.extend(messages.join(&b'\r'));
    site.take("week.hl7", &file).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    let expected = ["week.1.hl7", "week.11.hl7", "week.5.hl7"];
    let expected: Vec<String> =
        expected.iter().flat_map(|it| [(*it).to_owned(), format!("{it}.why")]).collect();
    assert_eq!(site.names("refused"), expected);
    assert_eq!(
        site.text("refused/week.5.hl7.why"),
        "FT1: there is no FT1: nothing was done (AE 100)\n"
    );
    site.take("week.hl7", &file).await;
    assert_eq!(site.names("refused").len(), 6, "the same is not set aside twice");
    let json = b"{\"resourceType\":\"Patient\"}";
    site.take("patient.json", json).await;
    until_so("it is refused", || site.path("refused/patient.json").exists()).await;
    assert!(site.text("refused/patient.json.why").contains("speaks HL7 v2"));
    assert_eq!(site.names("done"), ["week-2.hl7", "week.hl7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_fhir_are_taken_as_if_they_were_posted() {
    let site = Site::of("fhir").await;
    site.take("course.json", &bytes_of("K-28-over-fhir.json")).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    site.take("again.json", &bytes_of("K-28-over-fhir.json")).await;
    site.take("K-35-a.json", &bytes_of("K-35-a.json")).await;
    site.take("K-35-b.json", &bytes_of("K-35-b.json")).await;
    site.take("no.json", b"{\"resourceType\":").await;
    site.take("v2.hl7", &written("cr")).await;
    until_so("all are put away", || site.names("done").len() + site.names("refused").len() >= 10)
        .await;
    let done = ["K-35-a.json", "K-35-b.json", "again.json", "course.json"];
    assert_eq!(site.names("done"), done);
    let refused = site.names("refused");
    let files: Vec<&str> =
        refused.iter().map(String::as_str).filter(|name| !name.ends_with(".why")).collect();
    assert_eq!(files, ["K-35-b.3.json", "K-35-b.4.json", "no.json", "v2.hl7"]);
    assert!(site.text("refused/K-35-b.3.json").contains("ChargeItem"));
    assert!(site.text("refused/K-35-b.3.json.why").contains("occurrence"));
    site.daemon.settled().await;
    let ours = site.daemon.lines();
    let once = ours.iter().filter(|line| line.patient.number == "4412801").count();
    assert_eq!(once, 10, "the same file twice charges nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_is_waited_for() {
    let site = Site::of("aria").await;
    let (folder, away) = (site.path(""), site.folder.path().join("away"));
    fs::rename(&folder, &away).unwrap();
    until("it is looked for in vain", || {
        if site.daemon.intake().last().0 == 0 { Ok(()) } else { Err("?".to_owned()) }
    })
    .await;
    fs::write(away.join("late.hl7"), written("lf")).unwrap();
    std::os::unix::fs::symlink("late.hl7", away.join("link.hl7")).unwrap();
    fs::rename(&away, &folder).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
    assert!(fs::symlink_metadata(site.path("link.hl7")).is_ok(), "a link is left where it is");
    assert_eq!(site.names("done"), ["late.hl7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_no_more_than_messages_to_everything_behind() {
    let site = Site::of("aria").await;
    for (number, message) in case("K-28").iter().enumerate() {
        site.drop(&format!("{number:02}.hl7"), message);
    }
    site.daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(site.daemon.messages().len(), 12);
    let states: Vec<LineState> = site.daemon.lines().iter().map(|it| it.line.state).collect();
    assert_eq!(states, [Accepted; 10]);
}

#[test]
fn what_is_wrong_with_a_folder_is_said_before_anything_starts() {
    for (wrong, expected) in [
        ("", ""),
        ("in", "source[0].listen: "),
        ("facility", "destination[0].send: "),
        ("professional", "destination[1].send: "),
    ] {
        let program = Program::in_folders();
        if !wrong.is_empty() {
            fs::remove_dir(program.folder(wrong)).unwrap();
            fs::write(program.folder(wrong), "a file").unwrap();
        }
        let output = program.ask(&["check"]);
        let said = String::from_utf8(output.stderr).unwrap();
        let status = if wrong.is_empty() { 0 } else { 78 };
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(wrong.is_empty() || said.contains("is no folder"), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}
