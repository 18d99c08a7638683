//! The program itself, as a process: settings in a folder, commands, and a daemon that can be
//! killed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::carry::copy_tables;
use super::charges::ChargeServer;
use super::receiver::Receiver;
use super::sftp::SftpServer;
use super::wait::until_so;

/// A folder with settings, and perhaps a daemon that runs on it.
pub struct Program {
    folder: tempfile::TempDir,
    pub source: SocketAddr,
    running: Option<Child>,
}

impl Program {
    /// Settings of a hospital whose two receivers are these.
    pub fn with(facility: &Receiver, professional: &Receiver) -> Program {
        let to = |receiver: &Receiver| {
            format!("profile = \"dft-2.5.1\"\nsend = \"mllp://{}\"", receiver.address())
        };
        let program = Program::in_a_folder();
        let source = source("aria", "aria", &format!("mllp://{}", program.source));
        program.hospital(&source, [to(facility), to(professional)])
    }

    /// The same, whose receivers take the lines of an account in one message and recognize one that
    /// comes again.
    pub fn with_visits(facility: &Receiver, professional: &Receiver) -> Program {
        let program = Program::with(facility, professional);
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        let own = program.folder("mappings");
        copy_tables(&shipped, &own);
        let profile = own.join("destinations/dft-2.5.1.toml");
        let text = std::fs::read_to_string(&profile).unwrap();
        let wanted = "layout = \"visit\"\nrecognizes_repeat = \"control-id\"";
        let told = text.replace("recognizes_repeat = \"no\"", wanted);
        assert_ne!(told, text);
        std::fs::write(&profile, told).unwrap();
        let settings = std::fs::read_to_string(program.settings()).unwrap();
        let [shipped, own] = [&shipped, &own].map(|it| format!("path = \"{}\"", it.display()));
        std::fs::write(program.settings(), settings.replace(&shipped, &own)).unwrap();
        program
    }

    /// Settings of a hospital that hears and is heard over FHIR.
    pub fn over_fhir(facility: &ChargeServer, professional: &ChargeServer) -> Program {
        let to = |server: &ChargeServer| {
            format!("profile = \"fhir-r4\"\nsend = \"fhir+{}\"", server.base())
        };
        let program = Program::in_a_folder();
        let source = source("ois", "fhir", &format!("http://{}", program.source));
        program.hospital(&source, [to(facility), to(professional)])
    }

    /// Settings of a hospital to which files are dropped, and which puts files: the folders `in`,
    /// `facility` and `professional` beside them.
    pub fn in_folders() -> Program {
        Program::with_folders(|key, folder| format!("{key} = \"dir:{}\"\n", folder.display()))
    }

    /// The same with the folders on a server.
    pub fn over_sftp(server: &SftpServer) -> Program {
        Program::with_folders(|key, folder| server.settings(key, folder))
    }

    /// Settings with folders, which are told by a key each.
    fn with_folders(told: impl Fn(&str, &Path) -> String) -> Program {
        let program = Program::in_a_folder();
        for name in ["in", "facility", "professional"] {
            std::fs::create_dir(program.folder(name)).unwrap();
        }
        let to = |name: &str| {
            let send = told("send", &program.folder(name));
            format!("profile = \"dft-2.5.1\"\n{send}batch_every = \"0s\"")
        };
        let ways = [to("facility"), to("professional")];
        let listen = told("listen", &program.folder("in"));
        let dropped = "[[source]]\nname = \"aria\"\nprofile = \"aria\"\nevery = \"1s\"\n";
        let alive = source("alive", "aria", &format!("mllp://{}", program.source));
        program.hospital(&format!("{dropped}{listen}{alive}"), ways)
    }

    /// A program without settings yet.
    fn in_a_folder() -> Program {
        Program { folder: tempfile::tempdir().unwrap(), source: free(), running: None }
    }

    /// Writes the settings of a hospital: its sources, and how facility and professional lines go.
    fn hospital(self, sources: &str, [facility, professional]: [String; 2]) -> Program {
        let text = format!(
            "[site]\nname = \"Example\"\ntime_zone = \"America/New_York\"\n\
             setting = \"hospital\"\n[store]\npath = \"{}\"\n[mappings]\npath = \"{}/mappings\"\n\
             {sources}\
             [[destination]]\nname = \"hospital-billing\"\nclaims = [\"facility\"]\n{facility}\n\
             [[destination]]\nname = \"physician-billing\"\nclaims = [\"professional\"]\n{professional}\n",
            self.store().display(),
            env!("CARGO_MANIFEST_DIR"),
        );
        std::fs::write(self.settings(), text).unwrap();
        self
    }

    /// A folder beside the settings.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same with a copy of the tables, to be changed.
    pub fn with_own_tables(facility: &Receiver, professional: &Receiver) -> Program {
        let program = Program::with(facility, professional);
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        copy_tables(&ours, &program.tables());
        let text = std::fs::read_to_string(program.settings()).unwrap();
        let text =
            text.replace(&ours.display().to_string(), &program.tables().display().to_string());
        std::fs::write(program.settings(), text).unwrap();
        program
    }

    /// The folder of the copied tables.
    pub fn tables(&self) -> PathBuf {
        self.folder.path().join("mappings")
    }

    /// Writes something else into a table.
    pub fn change_table(&self, name: &str, from: &str, to: &str) {
        let path = self.tables().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Tells the daemon to read its tables anew.
    pub fn hang_up(&self) {
        let id = self.running.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }

    pub fn settings(&self) -> PathBuf {
        self.folder.path().join("site.toml")
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Starts the daemon and waits until it listens.
    pub async fn go(&mut self) {
        let child = program()
            .args(["run", "--config"])
            .arg(self.settings())
            .env("COLLIMATOR_LOG", "error")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.running = Some(child);
        until_so("the daemon listens", || std::net::TcpStream::connect(self.source).is_ok()).await;
    }

    /// Kills it, as a machine that loses its power would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// A command with the settings.
    pub fn ask(&self, words: &[&str]) -> Output {
        program().args(words).arg("--config").arg(self.settings()).output().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A source of the settings.
fn source(name: &str, profile: &str, listen: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\nprofile = \"{profile}\"\nlisten = \"{listen}\"\n")
}

/// The program, started in the folder of the project.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collimator"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    command
}

/// A port that nobody has.
pub fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
