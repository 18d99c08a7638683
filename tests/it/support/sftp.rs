//! An SFTP server on this machine: OpenSSH's own, on a free port, with keys that are made for it.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use collimator::config::{Place, Remote};
use collimator::dispatch::{Folder, Way};

use super::daemon::Target;
use super::program::free;
use super::wait::until_so;

const SERVER: &str = "/usr/sbin/sshd";

/// A server, which runs or does not.
pub struct SftpServer {
    keys: tempfile::TempDir,
    address: SocketAddr,
    running: Option<Child>,
}

impl SftpServer {
    pub async fn start() -> SftpServer {
        let keys = tempfile::tempdir().unwrap();
        let mut server = SftpServer { keys, address: free(), running: None };
        for name in ["host", "ours", "strange"] {
            server.make_key(name);
        }
        let ours = fs::read_to_string(server.file("ours.pub")).unwrap();
        fs::write(server.file("authorized"), ours).unwrap();
        let host = fs::read_to_string(server.file("host.pub")).unwrap();
        let (ip, port) = (server.address.ip(), server.address.port());
        fs::write(server.file("known_hosts"), format!("[{ip}]:{port} {host}")).unwrap();
        let settings = format!(
            "ListenAddress {ip}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nMaxStartups 100\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             Subsystem sftp internal-sftp\nLogLevel ERROR\n",
            server.file("host").display(),
            server.file("authorized").display(),
        );
        fs::write(server.file("settings"), settings).unwrap();
        server.go().await;
        server
    }

    /// One of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.keys.path().join(name)
    }

    /// Makes a key, anew if there is one.
    pub fn make_key(&self, name: &str) {
        let file = self.file(name);
        drop(fs::remove_file(&file));
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(file);
        assert!(command.status().unwrap().success());
    }

    /// Starts it, where it was before.
    pub async fn go(&mut self) {
        assert!(Path::new(SERVER).exists(), "install openssh-server, as tests/run does");
        // As root it wants this folder, which its service makes otherwise.
        drop(fs::create_dir("/run/sshd"));
        let mut command = Command::new(SERVER);
        command.args(["-D", "-f"]).arg(self.file("settings")).arg("-E").arg(self.file("log"));
        self.running = Some(command.spawn().unwrap());
        until_so("the server listens", || TcpStream::connect(self.address).is_ok()).await;
    }

    /// Other words about what it lets through, from the next start on.
    pub fn set_subsystem(&self, words: &str) {
        let text = fs::read_to_string(self.file("settings")).unwrap();
        let kept = text.lines().filter(|line| !line.starts_with("Subsystem"));
        let kept: String = kept.map(|line| format!("{line}\n")).collect();
        fs::write(self.file("settings"), format!("{kept}Subsystem sftp internal-sftp {words}\n"))
            .unwrap();
    }

    /// Ends it, and every connection to it, as a machine that loses its power.
    pub fn kill(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        let all = descendants(running.id());
        let ids: Vec<String> = all.iter().rev().map(ToString::to_string).collect();
        drop(Command::new("kill").arg("-KILL").args(ids).stderr(Stdio::null()).status());
        running.wait().unwrap();
    }

    /// A folder of this machine, as it is reached over the server.
    pub fn remote(&self, folder: &Path) -> Remote {
        Remote {
            user: Some(user()),
            host: self.address.ip().to_string(),
            port: Some(self.address.port()),
            path: folder.to_str().unwrap().to_owned(),
            identity_file: Some(self.file("ours")),
            known_hosts: Some(self.file("known_hosts")),
        }
    }

    /// The same, as a place.
    pub fn place(&self, folder: &Path) -> Place {
        Place::There(Box::new(self.remote(folder)))
    }

    /// A destination whose folder is reached over the server.
    pub fn over(&self, target: Target) -> Target {
        let Way::Dir(folder) = target.way else { panic!("it is no folder") };
        let Place::Here(path) = &folder.place else { panic!("it is not here") };
        let place = self.place(path);
        Target { way: Way::Dir(Folder { place, ..folder }), ..target }
    }

    /// The same in settings: the address, and the keys beside it.
    pub fn settings(&self, key: &str, folder: &Path) -> String {
        format!(
            "{key} = \"sftp://{}@{}{}\"\nidentity_file = \"{}\"\nknown_hosts = \"{}\"\n",
            user(),
            self.address,
            folder.display(),
            self.file("ours").display(),
            self.file("known_hosts").display(),
        )
    }
}

impl Drop for SftpServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Who runs the tests.
fn user() -> String {
    let told = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

/// A process, and all that it started.
fn descendants(id: u32) -> Vec<u32> {
    let mut all = vec![id];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        next += 1;
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // Behind the name, which ends at the last bracket: the state, then the parent.
            let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
            let is_child = behind.split(' ').nth(1) == Some(parent.to_string().as_str());
            let child: Option<u32> = entry.file_name().to_string_lossy().parse().ok();
            all.extend(child.filter(|_| is_child));
        }
    }
    all
}
