//! The floor: a receiver that only appends to one file. A thread for each connection reads; one
//! writer takes all that waits, writes it, syncs once, and lets everybody answer.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::client::{self, Measured};

const ANSWER: &[u8] =
    b"\x0bMSH|^~\\&|COL|EX|ARIA|RAD|20261008101500||ACK^P03^ACK|A1|P|2.5.1\rMSA|AA|B\r\x1c\r";

/// A message, and how its reader is told that it is on disk.
type Append = (Vec<u8>, SyncSender<()>);

pub(crate) fn measure(connections: usize, duration: Duration) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let address = start(folder.path(), connections);
    client::measure(address, connections, duration)
}

fn start(folder: &Path, connections: usize) -> SocketAddr {
    let file = File::create(folder.join("floor")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (append, appends) = channel();
    thread::spawn(move || write(file, &appends));
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let append = append.clone();
            thread::spawn(move || serve(stream.unwrap(), &append));
        }
    });
    address
}

fn write(mut file: File, appends: &Receiver<Append>) {
    while let Ok((mut bytes, first)) = appends.recv() {
        let mut waiting = vec![first];
        for (more, next) in appends.try_iter() {
            bytes.extend(more);
            waiting.push(next);
        }
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        waiting.into_iter().for_each(|next| next.send(()).unwrap());
    }
}

fn serve(mut stream: TcpStream, append: &std::sync::mpsc::Sender<Append>) {
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut length) = (vec![0; 8_192], 0);
    let (written, on_disk) = sync_channel(1);
    loop {
        match stream.read(&mut buffer[length..]) {
            Ok(0) | Err(_) => return,
            Ok(read) => length += read,
        }
        if buffer[..length].ends_with(b"\x1c\r") {
            append.send((buffer[..length].to_vec(), written.clone())).unwrap();
            on_disk.recv().unwrap();
            stream.write_all(ANSWER).unwrap();
            length = 0;
        }
    }
}
