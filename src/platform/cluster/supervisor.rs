//! The thread that keeps the postmaster: parent of its process, witness of its end, and the one who starts it anew.

use std::{
    convert::Infallible,
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{Binaries, ClusterError, place::Spot, postmaster::Postmaster};

/// How often the postmaster is looked at.
const ROUND: Duration = Duration::from_millis(100);
/// Longest pause between two attempts to start it anew.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps a postmaster running until told to stop, or dropped.
#[derive(Debug)]
pub(super) struct Supervisor {
    // Nothing is ever sent: closing the channel is the order to stop.
    order: Option<Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Returns once the postmaster takes connections.
    pub fn start(spot: Spot, binaries: Binaries, settings: Vec<String>) -> Result<Self, ClusterError> {
        let (order, orders) = channel();
        let (report, started) = channel();
        let keeper = Keeper { spot, binaries, settings, orders };
        let thread = thread::Builder::new()
            .name("postgresql".to_owned())
            .spawn(move || keeper.run(&report))
            .map_err(ClusterError::io("start", "a thread"))?;
        let supervisor = Self { order: Some(order), thread: Some(thread) };
        match started.recv() {
            Ok(outcome) => outcome.map(|()| supervisor),
            Err(gone) => Err(ClusterError::io("watch", "PostgreSQL")(io::Error::other(gone))),
        }
    }

    /// Shuts the postmaster down and waits for its end.
    pub fn stop(&mut self) {
        self.order = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that kept postgresql had died");
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Keeper {
    spot: Spot,
    binaries: Binaries,
    settings: Vec<String>,
    orders: Receiver<Infallible>,
}

impl Keeper {
    fn run(&self, report: &Sender<Result<(), ClusterError>>) {
        let mut postmaster = match self.start() {
            Ok(postmaster) => postmaster,
            Err(error) => {
                // Who asked is waiting; if not, there is nobody to tell.
                let _ = report.send(Err(error));
                return;
            }
        };
        let _ = report.send(Ok(()));
        while !self.told_to_stop_within(ROUND) {
            if let Some(status) = postmaster.ended() {
                tracing::error!(%status, "postgresql ended by itself; starting it anew");
                match self.start_anew() {
                    Some(anew) => postmaster = anew,
                    None => return,
                }
            }
        }
        postmaster.stop();
    }

    fn start(&self) -> Result<Postmaster, ClusterError> {
        Postmaster::start(&self.spot, &self.binaries, &self.settings)
    }

    /// Tries until it runs, or until told to stop.
    fn start_anew(&self) -> Option<Postmaster> {
        let mut pause = ROUND;
        loop {
            match self.start() {
                Ok(postmaster) => {
                    tracing::info!("postgresql runs again");
                    return Some(postmaster);
                }
                Err(error) => tracing::error!(%error, "postgresql does not start"),
            }
            if self.told_to_stop_within(pause) {
                return None;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn told_to_stop_within(&self, pause: Duration) -> bool {
        matches!(self.orders.recv_timeout(pause), Err(RecvTimeoutError::Disconnected))
    }
}
