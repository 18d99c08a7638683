//! An oncology system that sends what it likes, byte by byte if need be.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wait::PATIENCE;

/// A raw MLLP client.
pub struct Sender {
    stream: TcpStream,
    heard: Vec<u8>,
}

/// What was said to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// MSA-1.
    pub code: String,
    /// MSA-2 as it stands.
    pub control_id: String,
    /// The whole answer.
    pub text: String,
}

impl Answer {
    fn read(frame: &[u8]) -> Answer {
        let text = String::from_utf8(frame.to_vec()).unwrap();
        let msa = text.split('\r').find(|segment| segment.starts_with("MSA")).unwrap_or_default();
        let signs = text.as_bytes()[3] as char;
        let fields: Vec<&str> = msa.split(signs).collect();
        let field = |place: usize| (*fields.get(place).unwrap_or(&"")).to_owned();
        Answer { code: field(1), control_id: field(2), text: text.clone() }
    }

    /// The location in ERR-2, and the code in ERR-3.
    pub fn error(&self) -> (String, String) {
        let err = self.text.split('\r').find(|segment| segment.starts_with("ERR"));
        let fields: Vec<&str> = err.unwrap_or_default().split('|').collect();
        let of = |place: usize| (*fields.get(place).unwrap_or(&"")).to_owned();
        (of(2), of(3).split('^').next().unwrap_or_default().to_owned())
    }
}

/// A message in its frame.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [b"\x0b", message, b"\x1c\r"].concat()
}

impl Sender {
    pub async fn connect(address: SocketAddr) -> Sender {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Sender { stream, heard: Vec::new() }
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Writes bytes as long as the other side takes them.
    pub async fn write_if_heard(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes).await);
    }

    /// Goes without a word.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Says that nothing more will come.
    pub async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Sends a message and waits for its answer.
    pub async fn ask(&mut self, message: &[u8]) -> Answer {
        self.write(&framed(message)).await;
        self.answer().await.expect("the daemon closed before it answered")
    }

    /// The next answer; `None` when the daemon closed.
    pub async fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some(end) = self.heard.windows(2).position(|two| two == b"\x1c\r") {
                let rest = self.heard.split_off(end + 2);
                let frame = std::mem::replace(&mut self.heard, rest);
                assert_eq!(frame[0], 0x0b, "an answer begins like a frame");
                return Some(Answer::read(&frame[1..end]));
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.heard));
            match read.await.expect("the daemon neither answers nor closes") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// So many answers.
    pub async fn answers(&mut self, count: usize) -> Vec<Answer> {
        let mut answers = Vec::new();
        while answers.len() < count {
            answers.push(self.answer().await.expect("the daemon closed before it answered"));
        }
        answers
    }
}
