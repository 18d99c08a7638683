//! The intake: our listener, over a store on disk.

use std::sync::Arc;
use std::time::Duration;

use collimator::domain::Clock;
use collimator::receive::{Limits, Listener, Reception};
use collimator::store::Intake;
use tokio_util::sync::CancellationToken;

use super::client::{self, Measured};

struct Wall;

impl Clock for Wall {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

pub(crate) fn measure(connections: usize, duration: Duration) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let intake = Arc::new(Intake::open(folder.path()).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let reception = Reception::new("aria".into(), Arc::clone(&intake), Arc::new(Wall));
    let any = "127.0.0.1:0".parse().unwrap();
    let bind = Listener::bind(any, Arc::new(reception), Limits::default());
    let listener = runtime.block_on(bind).unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let running = runtime.spawn(listener.run(stop.clone()));
    let measured = client::measure(address, connections, duration);
    println!("             write-ahead file: {} KiB", intake.wal_bytes() / 1_024);
    stop.cancel();
    runtime.block_on(running).unwrap();
    measured
}
