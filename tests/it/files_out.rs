//! Files that are put into a folder: whole, counted, in order, never twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use collimator::dispatch::{Folder, Way};
use collimator::domain::Claim;
use collimator::domain::LineState::{Accepted, Declined, Queued, Unknown};
use collimator::store::{Books, Look, Mark};
use collimator::wire::hl7;

use crate::support::daemon::{Target, TestDaemon, assert_balance};
use crate::support::program::Program;
use crate::support::receiver::Taken;
use crate::support::told::{course_of, taken_back};
use crate::support::wait::{until, until_so};

/// A daemon that puts files into two folders.
pub struct Site {
    pub folder: tempfile::TempDir,
    pub daemon: TestDaemon,
}

impl Site {
    pub fn stopped(lines_max: usize, change: impl Fn(Target) -> Target) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let targets = [("facility", Claim::Facility), ("professional", Claim::Professional)];
        let targets = targets.map(|(name, claim)| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            change(Target::folder(name, claim, &path, lines_max))
        });
        Site { daemon: TestDaemon::stopped(targets.to_vec()), folder }
    }

    async fn of(lines_max: usize) -> Site {
        let mut site = Site::stopped(lines_max, |target| target);
        site.daemon.go().await.unwrap();
        site
    }

    pub fn facility(&self) -> PathBuf {
        self.folder.path().join("facility")
    }

    /// Tells a course while the facility's folder is away, stops, and marks its lines as a crash
    /// leaves them; the name of the file that the books tell of.
    pub async fn mark(&mut self) -> String {
        let (facility, away) = (self.facility(), self.folder.path().join("away"));
        fs::rename(&facility, &away).unwrap();
        self.daemon.go().await.unwrap();
        self.daemon.tell(&course_of(1)).await;
        self.daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
        self.daemon.stop().await;
        fs::rename(&away, &facility).unwrap();
        mark(&self.daemon.store()).await
    }

    /// Every file has its trigger, and nothing else is there.
    pub fn assert_triggers(&self) {
        let all = files(&self.facility());
        for file in &all {
            let trigger = file.with_extension("hl7.ok");
            assert_eq!(fs::metadata(trigger).unwrap().len(), 0);
        }
        assert_eq!(fs::read_dir(self.facility()).unwrap().count(), 2 * all.len());
    }

    /// Every message of the facility's files, in the order of the files.
    pub fn taken(&self) -> Vec<Taken> {
        files(&self.facility()).iter().flat_map(|file| messages(file)).collect()
    }
}

/// With an empty file that follows each.
pub fn with_trigger(target: Target) -> Target {
    let Way::Dir(folder) = target.way.clone() else { panic!() };
    let folder = Folder { trigger: Some(".ok".into()), ..folder };
    Target { way: Way::Dir(folder), ..target }
}

/// The files that are there, by name: each is whole.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        all.filter(|path| path.extension().is_some_and(|it| it == "hl7")).collect();
    files.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    files
}

pub fn messages(file: &Path) -> Vec<Taken> {
    let bytes = fs::read(file).unwrap();
    assert!(bytes.starts_with(b"FHS|") && bytes.ends_with(b"FTS|1\r"), "{}", file.display());
    assert_eq!(hl7::miscounts(&bytes), [""; 0], "{}", file.display());
    hl7::split(&bytes).into_iter().map(|it| Taken { bytes: it.to_vec() }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn out_9_lines_leave_as_batches_that_count_themselves() {
    let site = Site::of(500).await;
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    let files = files(&site.facility());
    let name = files[0].file_name().unwrap().to_str().unwrap();
    let bytes = fs::read_to_string(&files[0]).unwrap();
    let head: Vec<&str> = bytes.split('\r').next().unwrap().split('|').collect();
    assert_eq!(
        head[..6],
        ["FHS", "^~\\&", "COLLIMATOR", "Example Cancer Center", "BILLING", "facility"]
    );
    assert_eq!((head[8], head[10]), (name, site.taken()[0].control_id().as_str()));
    let mut charges: Vec<String> = site.taken().iter().map(Taken::charge).collect();
    charges.sort();
    charges.dedup();
    assert_eq!((site.taken().len(), charges.len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_holds_so_many_lines_and_an_account_stays_in_order() {
    for lines_max in [1, 2] {
        let site = Site::of(lines_max).await;
        for course in 1..4 {
            site.daemon.tell(&course_of(course)).await;
        }
        site.daemon.stands(&[(Accepted, 30)]).await;
        let files = files(&site.facility());
        assert!(files.iter().all(|file| messages(file).len() <= lines_max));
        assert_eq!(site.taken().len(), 15);
        for listed in site.daemon.lines() {
            let attempts = site.daemon.books().attempts_of(listed.line.id).unwrap();
            assert_eq!(attempts.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_says_that_a_file_is_whole() {
    let mut site = Site::stopped(500, with_trigger);
    site.daemon.go().await.unwrap();
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    site.assert_triggers();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_is_waited_for() {
    let site = Site::of(500).await;
    let away = site.folder.path().join("away");
    fs::rename(site.facility(), &away).unwrap();
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Accepted, 5), (Queued, 5)]).await;
    fs::rename(&away, site.facility()).unwrap();
    site.daemon.stands(&[(Accepted, 10)]).await;
    assert_eq!(site.taken().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn out_2_a_credit_follows_in_a_later_file_and_names_its_charge() {
    let site = Site::of(500).await;
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    site.daemon.tell(&[taken_back(1)]).await;
    site.daemon.settled().await;
    let taken = site.taken();
    let credits: Vec<&Taken> = taken.iter().filter(|it| it.field("FT1", 6) == "CD").collect();
    assert!(!credits.is_empty());
    for credit in credits {
        let original = taken.iter().find(|one| one.transaction() == credit.field("FT1", 31));
        assert_eq!(credit.charge().replace("CD", "CG"), original.unwrap().charge());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn out_3_a_credit_for_a_receiver_that_takes_none_is_in_no_file() {
    let mut site = Site::stopped(500, Target::without_credits);
    site.daemon.go().await.unwrap();
    site.daemon.tell(&course_of(1)).await;
    site.daemon.stands(&[(Accepted, 10)]).await;
    site.daemon.tell(&[taken_back(1)]).await;
    until_so("the credit is declined", || !site.daemon.lines_in(Declined).is_empty()).await;
    site.daemon.settled().await;
    assert!(site.taken().iter().all(|one| one.field("FT1", 6) == "CG"));
}

#[tokio::test(flavor = "multi_thread")]
async fn out_9_a_file_on_the_books_is_finished_after_a_crash_and_never_written_twice() {
    finished_after_a_crash(|target| target).await;
}

/// After a crash between the mark on the books and the name of the file: by what lies there it is
/// known what to do.
pub async fn finished_after_a_crash(change: impl Fn(Target) -> Target) {
    for (lies, state, messages) in [
        ("aside", Accepted, 5),
        ("there", Accepted, 5),
        ("both", Accepted, 5),
        ("gone", Unknown, 0),
    ] {
        let mut site = Site::stopped(500, &change);
        let facility = site.facility();
        let name = site.mark().await;
        let (aside, there) = (facility.join(format!(".{name}.tmp")), facility.join(&name));
        match lies {
            "aside" => fs::write(aside, whole()).unwrap(),
            "there" => fs::write(there, whole()).unwrap(),
            "both" => {
                fs::write(&aside, whole()).unwrap();
                fs::hard_link(aside, there).unwrap();
            }
            _ => {}
        }
        fs::write(facility.join(".collimator-of-no-book.hl7.tmp"), "x").unwrap();
        site.daemon.go().await.unwrap();
        let stands = if state == Accepted {
            vec![(Accepted, 10)]
        } else {
            vec![(Accepted, 5), (Unknown, 5)]
        };
        site.daemon.stands(&stands).await;
        let count = |ending: &str| {
            let all = fs::read_dir(&facility).unwrap();
            all.filter(|it| it.as_ref().unwrap().path().extension().is_some_and(|it| it == ending))
                .count()
        };
        until_so("what is on no book is gone", || count("tmp") == 0).await;
        assert_eq!((site.taken().len(), count("hl7")), (messages, messages.min(1)), "{lies}");
    }
}

/// Marks every queued line as a crash leaves them; the name of the file that the books tell of.
async fn mark(store: &Path) -> String {
    let books = Books::open(store).unwrap();
    let at: jiff::Timestamp = "2026-11-25T13:00:00Z".parse().unwrap();
    let queued =
        books.next_to_send("facility", Look { limit: 500, ..Look::default() }).await.unwrap();
    let marks = queued.iter().map(|queued| Mark {
        line: queued.line.id,
        destination: "facility".into(),
        control_id: format!("CL{}-1", queued.line.id),
        bytes: "MSH|".into(),
        content: Box::new(queued.line.line.clone()),
        at,
    });
    let marks: Vec<Mark> = marks.collect();
    let first = marks[0].control_id.clone();
    assert!(books.mark_all_sent(marks).await.unwrap());
    format!("collimator-20261125T130000Z-{first}.hl7")
}

/// A batch of five.
pub fn whole() -> String {
    let messages = "MSH|^~\\&|A\r".repeat(5);
    format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{messages}BTS|5\rFTS|1\r")
}

/// Killed at any instant with folders on both sides: no file is lost, no line is in two files.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_instant_with_folders_on_both_sides() {
    killed_at_any_instant(Program::in_folders()).await;
}

pub async fn killed_at_any_instant(mut program: Program) {
    const COURSES: usize = 24;
    let kills: usize =
        std::env::var("COLLIMATOR_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(6);
    let mut chance = fastrand::Rng::new();
    program.go().await;
    let inbox = program.folder("in");
    let drop = |course: usize| {
        let file = course_of(course).join(&b'\r');
        let aside = inbox.join(format!("{course}.part"));
        fs::write(&aside, file).unwrap();
        fs::rename(aside, inbox.join(format!("{course}.hl7"))).unwrap();
    };
    for kill in 0..kills {
        for course in 0..COURSES {
            if course % kills == kill {
                drop(course);
            }
        }
        tokio::time::sleep(Duration::from_millis(chance.u64(700..1_600))).await;
        program.kill();
        program.go().await;
    }
    until("every line is in a file", || {
        let books = Books::open(&program.store()).unwrap();
        let lines = books.balance().unwrap().lines;
        let accepted = lines.get(&Accepted).copied().unwrap_or(0);
        if accepted == 10 * COURSES as u64 { Ok(()) } else { Err(format!("{lines:?}")) }
    })
    .await;
    program.kill();
    for claim in ["facility", "professional"] {
        let taken: Vec<Taken> =
            files(&program.folder(claim)).iter().flat_map(|file| messages(file)).collect();
        let mut numbers: Vec<String> = taken.iter().map(Taken::transaction).collect();
        let mut charges: Vec<String> =
            taken.iter().map(|one| format!("{} {}", one.account(), one.charge())).collect();
        assert_eq!(numbers.len(), 5 * COURSES);
        for list in [&mut numbers, &mut charges] {
            let before = list.len();
            list.sort();
            list.dedup();
            assert_eq!(list.len(), before, "nothing is billed twice");
        }
    }
    let done = fs::read_dir(inbox.join("done")).unwrap().count();
    assert_eq!(done, COURSES, "every file is done, each once");
    assert_balance(&program.store());
}

#[test]
fn a_folder_is_tried_out_and_nothing_is_left_in_it() {
    let program = Program::in_folders();
    for (gone, status) in [(false, 0), (true, 78)] {
        if gone {
            fs::remove_dir(program.folder("facility")).unwrap();
        }
        let output = program.ask(&["destination", "test", "hospital-billing"]);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(gone || fs::read_dir(program.folder("facility")).unwrap().next().is_none());
    }
}
