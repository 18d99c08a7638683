//! The program itself, as a process: settings in a folder, commands, and a daemon that can be
//! killed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::carry::copy_tables;
use super::charges::ChargeServer;
use super::receiver::Receiver;
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
        let folder = tempfile::tempdir().unwrap();
        let program = Program { folder, source: free(), running: None };
        let destination = |name: &str, claim: &str, receiver: &Receiver| {
            format!(
                "[[destination]]\nname = \"{name}\"\nclaims = [\"{claim}\"]\n\
                 profile = \"dft-2.5.1\"\nsend = \"mllp://{}\"\n",
                receiver.address()
            )
        };
        let text = format!(
            "[site]\nname = \"Example\"\ntime_zone = \"America/New_York\"\n\
             setting = \"hospital\"\n[store]\npath = \"{}\"\n[mappings]\npath = \"{}/mappings\"\n\
             [[source]]\nname = \"aria\"\nprofile = \"aria\"\nlisten = \"mllp://{}\"\n{}{}",
            program.store().display(),
            env!("CARGO_MANIFEST_DIR"),
            program.source,
            destination("hospital-billing", "facility", facility),
            destination("physician-billing", "professional", professional),
        );
        std::fs::write(program.settings(), text).unwrap();
        program
    }

    /// Settings of a hospital that hears and is heard over FHIR.
    pub fn over_fhir(facility: &ChargeServer, professional: &ChargeServer) -> Program {
        let folder = tempfile::tempdir().unwrap();
        let program = Program { folder, source: free(), running: None };
        let destination = |name: &str, claim: &str, server: &ChargeServer| {
            format!(
                "[[destination]]\nname = \"{name}\"\nclaims = [\"{claim}\"]\n\
                 profile = \"fhir-r4\"\nsend = \"fhir+{}\"\n",
                server.base()
            )
        };
        let text = format!(
            "[site]\nname = \"Example\"\ntime_zone = \"America/New_York\"\n\
             setting = \"hospital\"\n[store]\npath = \"{}\"\n[mappings]\npath = \"{}/mappings\"\n\
             [[source]]\nname = \"ois\"\nprofile = \"fhir\"\nlisten = \"http://{}\"\n{}{}",
            program.store().display(),
            env!("CARGO_MANIFEST_DIR"),
            program.source,
            destination("hospital-billing", "facility", facility),
            destination("physician-billing", "professional", professional),
        );
        std::fs::write(program.settings(), text).unwrap();
        program
    }

    /// Settings of a hospital to which files are dropped, and which puts files: the folders `in`,
    /// `facility` and `professional` beside them.
    pub fn in_folders() -> Program {
        let folder = tempfile::tempdir().unwrap();
        let program = Program { folder, source: free(), running: None };
        for name in ["in", "facility", "professional"] {
            std::fs::create_dir(program.folder(name)).unwrap();
        }
        let destination = |name: &str, claim: &str| {
            format!(
                "[[destination]]\nname = \"{name}\"\nclaims = [\"{claim}\"]\n\
                 profile = \"dft-2.5.1\"\nsend = \"dir:{}\"\nbatch_every = \"0s\"\n",
                program.folder(claim).display()
            )
        };
        let text = format!(
            "[site]\nname = \"Example\"\ntime_zone = \"America/New_York\"\n\
             setting = \"hospital\"\n[store]\npath = \"{}\"\n[mappings]\npath = \"{}/mappings\"\n\
             [[source]]\nname = \"aria\"\nprofile = \"aria\"\nlisten = \"dir:{}\"\nevery = \"1s\"\n\
             [[source]]\nname = \"alive\"\nprofile = \"aria\"\nlisten = \"mllp://{}\"\n{}{}",
            program.store().display(),
            env!("CARGO_MANIFEST_DIR"),
            program.folder("in").display(),
            program.source,
            destination("hospital-billing", "facility"),
            destination("physician-billing", "professional"),
        );
        std::fs::write(program.settings(), text).unwrap();
        program
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
