//! Whole lists, written piece by piece to readers that may be slow: while one does not read,
//! nothing of the store is held for it, and after a while it is cut off with a broken end, so that
//! no half of a list passes for all of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use serde_json::Value;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::runtime::Handle;
use tokio_util::codec::{Decoder, FramedRead};

use crate::domain::sheet::guarded;
use crate::store;

use super::Desk;
use super::ask::Shared;
use super::failure::Failure;

/// Lists that may be under way at once.
pub(super) const EXPORTS_MAX: usize = 4;
/// Bytes that are on their way to a reader.
const PIECE_BYTES: usize = 64 << 10;
/// How long a reader may read nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// CSV for spreadsheets, under this name.
    Csv(&'static str),
    /// A JSON array of objects.
    Json,
}

/// Why a list ends before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] store::Error),
    /// The reader went, or did not read.
    #[error("the reader is gone")]
    Reader(#[from] io::Error),
}

/// Where the rows of a list go.
pub(super) struct Rows {
    form: Form,
    columns: &'static [&'static str],
    piece: Vec<u8>,
    out: DuplexStream,
    runtime: Handle,
    count: usize,
}

/// Answers with a list whose rows `write` gives one after the other.
pub(super) fn stream(
    shared: &Shared,
    form: Form,
    columns: &'static [&'static str],
    write: impl FnOnce(&Desk, &mut Rows) -> Result<(), Cut> + Send + 'static,
) -> Result<Response, Failure> {
    let turn = Arc::clone(&shared.exports).try_acquire_owned().map_err(|_| Failure::Busy)?;
    let (out, reader) = tokio::io::duplex(PIECE_BYTES);
    let whole = Arc::new(AtomicBool::new(false));
    let (desk, ended) = (Arc::clone(&shared.desk), Arc::clone(&whole));
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut rows = Rows { form, columns, piece: Vec::new(), out, runtime, count: 0 };
        let done = rows.begin().and_then(|()| write(&desk, &mut rows)).and_then(|()| rows.end());
        match done {
            Ok(()) => ended.store(true, Ordering::Release),
            Err(Cut::Reader(_)) => tracing::debug!("a reader of a list went before its end"),
            Err(Cut::Store(error)) => tracing::error!(%error, "a list could not be read"),
        }
        drop(turn);
    });
    let body = Body::from_stream(FramedRead::new(reader, Pieces { whole }));
    Ok((head(form), body).into_response())
}

fn head(form: Form) -> [(axum::http::HeaderName, String); 2] {
    match form {
        Form::Csv(name) => [
            (CONTENT_TYPE, "text/csv; charset=utf-8".into()),
            (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        ],
        Form::Json => {
            [(CONTENT_TYPE, "application/json".into()), (CONTENT_DISPOSITION, "inline".into())]
        }
    }
}

impl Rows {
    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[String]) -> Result<(), Cut> {
        match self.form {
            Form::Csv(_) => self.csv(cells.iter().map(|cell| guarded(cell).into_owned()))?,
            Form::Json => {
                self.piece.extend_from_slice(if self.count == 0 { b"{" } else { b",\n{" });
                for (place, (name, cell)) in self.columns.iter().zip(cells).enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    let (name, cell) = (Value::from(*name), Value::from(cell.as_str()));
                    self.piece.extend_from_slice(format!("{comma}{name}: {cell}").as_bytes());
                }
                self.piece.push(b'}');
            }
        }
        self.count += 1;
        if self.piece.len() >= PIECE_BYTES { self.send() } else { Ok(()) }
    }

    /// How many rows there are so far.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn begin(&mut self) -> Result<(), Cut> {
        match self.form {
            Form::Csv(_) => self.csv(self.columns.iter().map(|name| (*name).to_owned())),
            Form::Json => {
                self.piece.push(b'[');
                Ok(())
            }
        }
    }

    fn end(&mut self) -> Result<(), Cut> {
        if self.form == Form::Json {
            self.piece.extend_from_slice(b"]\n");
        }
        self.send()
    }

    fn csv(&mut self, cells: impl Iterator<Item = String>) -> Result<(), Cut> {
        let mut writer = csv::Writer::from_writer(&mut self.piece);
        writer.write_record(cells.collect::<Vec<_>>()).map_err(io::Error::from)?;
        writer.flush()?;
        Ok(())
    }

    fn send(&mut self) -> Result<(), Cut> {
        let piece = std::mem::take(&mut self.piece);
        let written = tokio::time::timeout(PATIENCE, self.out.write_all(&piece));
        match self.runtime.block_on(written) {
            Ok(written) => Ok(written?),
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }
}

/// Takes whatever has come; an end before the end of the list is an error.
struct Pieces {
    whole: Arc<AtomicBool>,
}

impl Decoder for Pieces {
    type Item = Bytes;
    type Error = io::Error;

    fn decode(&mut self, came: &mut BytesMut) -> Result<Option<Bytes>, io::Error> {
        Ok(Some(came.split().freeze()).filter(|piece| !piece.is_empty()))
    }

    fn decode_eof(&mut self, came: &mut BytesMut) -> Result<Option<Bytes>, io::Error> {
        match self.decode(came)? {
            Some(piece) => Ok(Some(piece)),
            None if self.whole.load(Ordering::Acquire) => Ok(None),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
