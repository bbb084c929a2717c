//! Scheduled work, post and the log's turns: which room does which job, and the thread that does it.
//!
//! One thread of its own with its own small pool: work never waits for requests, requests never for work.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use tokio::sync::watch;

use crate::{
    access, bids,
    jurisdiction::Jurisdictions,
    law::Lawbook,
    ledger::{Sequencer, sequencer},
    opening,
    platform::{
        db::Db,
        http::once,
        jobs::{self, Jobs},
        mail::{self, Postman},
    },
    rooms, tenders,
    timekeeping::{self, Watch},
};

/// Connections of the workers: one each for a job, a letter, a turn of the log, a tick of the clock, and looking.
pub const CONNECTIONS: usize = 5;

/// How often kept answers that nobody will ask for again are cleared away.
const CLEARING: Duration = Duration::from_secs(3600);

/// Acts that a clock in doubt holds back: they take something from people by the time alone.
const BY_THE_CLOCK: [&str; 3] =
    [tenders::service::CLOSE_JOB, bids::service::CLOSED_EVENT, opening::jobs::CONCLUDE_JOB];

/// Every room's handlers.
pub fn handlers(law: &Lawbook, jurisdiction: &Jurisdictions, watch: &Watch) -> Jobs {
    let mut jobs = Jobs::default();
    jobs.on(tenders::service::CLOSE_JOB, bids::close);
    tenders::sealing::register(&mut jobs);
    jobs.on(bids::uploads::service::CLEAR_JOB, bids::uploads::service::clear);
    opening::jobs::register(&mut jobs, law);
    rooms::usage::register(&mut jobs, law, jurisdiction);
    access::recording::jobs::register(&mut jobs, jurisdiction);
    let watch = watch.clone();
    jobs.hold_back(&BY_THE_CLOCK, async move |tx| watch.is_fit(tx.conn()).await);
    jobs
}

/// The running thread.
pub struct Workers {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Workers {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        db: Db,
        jobs: Arc<Jobs>,
        postman: Postman,
        sequencer: Sequencer,
        watch: Watch,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build()?;
        let thread = std::thread::Builder::new().name("workers".to_owned()).spawn(move || {
            let all = async {
                tokio::join!(
                    jobs::work(db.clone(), jobs, stopped.clone()),
                    mail::work(db.clone(), postman, stopped.clone()),
                    sequencer::work(db.clone(), sequencer, stopped.clone()),
                    timekeeping::work(db.clone(), watch, stopped.clone()),
                    clear(db.clone(), stopped.clone()),
                )
            };
            tokio::task::LocalSet::new().block_on(&runtime, all);
        })?;
        Ok(Self { stop, thread })
    }

    /// Lets the job and the letter in hand end, then ends the thread.
    pub async fn stop(self) {
        let Self { stop, thread } = self;
        // Nobody listening means the thread has ended already.
        let _ = stop.send(true);
        let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
        if !matches!(joined, Ok(true)) {
            tracing::error!("the workers' thread had died");
        }
    }
}

async fn clear(db: Db, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(problem) = once::forget_old(&db).await {
            tracing::warn!(code = problem.code().name(), "kept answers were not cleared");
        }
        tokio::select! {
            () = tokio::time::sleep(CLEARING) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
