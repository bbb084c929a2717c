//! The bell: what PostgreSQL tells every instance when something that people watch has changed (LISTEN and NOTIFY).
//!
//! One connection an instance listens, however many people watch. A ring says where to look and nothing else; who
//! hears it asks again, with the rights it has. Nothing is decided by a ring, so that one that is lost costs time only:
//! after a break everybody is told to look.

use std::{pin::pin, sync::Arc, time::Duration};

use diesel::sql_types;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use futures_util::StreamExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch},
    task::JoinHandle,
};

use super::{db::Tx, statement::statement};
use crate::kernel::Problem;

/// PostgreSQL's channel for floors; the payload is a centre's code. Triggers of migration 0045 ring it too.
const FLOOR: &str = "floor";
/// Rings a slow listener may fall behind before it is told to look everywhere.
const BACKLOG: usize = 256;
/// People who may watch one instance at the same time.
const LISTENERS: usize = 1000;
/// Rest after a connection is lost.
const REST: Duration = Duration::from_secs(1);

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ring {
    /// The floor of this centre.
    Floor(Arc<str>),
    /// Perhaps everything: the hall could not hear for a while.
    Perhaps,
}

/// The bell of one instance; clones share it.
#[derive(Clone, Debug)]
pub struct Bell {
    rung: broadcast::Sender<Ring>,
    seats: Arc<Semaphore>,
    down: watch::Sender<bool>,
}

/// Somebody who listens; the seat is free again when it is dropped.
#[derive(Debug)]
pub struct Listener {
    rung: broadcast::Receiver<Ring>,
    down: watch::Receiver<bool>,
    _seat: OwnedSemaphorePermit,
}

impl Bell {
    /// Hangs the bell: a task of its own listens on `url` until it is aborted.
    pub fn hang(url: &str) -> (Self, JoinHandle<()>) {
        let (rung, _) = broadcast::channel(BACKLOG);
        let (down, _) = watch::channel(false);
        let bell = Self { rung, seats: Arc::new(Semaphore::new(LISTENERS)), down };
        let (own, url) = (bell.clone(), url.to_owned());
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = own.listen(&url).await {
                    tracing::warn!(error = format!("{error:#}"), "the bell is not heard");
                }
                tokio::time::sleep(REST).await;
            }
        });
        (bell, task)
    }

    async fn listen(&self, url: &str) -> anyhow::Result<()> {
        let mut conn = AsyncPgConnection::establish(url).await?;
        diesel::sql_query(format!("LISTEN {FLOOR}")).execute(&mut conn).await?;
        self.ring(Ring::Perhaps);
        let mut heard = pin!(conn.notifications_stream());
        while let Some(notification) = heard.next().await {
            self.ring(Ring::Floor(notification?.payload.into()));
        }
        Ok(())
    }

    /// Nobody may be listening, which is no fault.
    fn ring(&self, ring: Ring) {
        drop(self.rung.send(ring));
    }

    /// Takes the bell down: everybody who listens is let go, so that a stop need not wait for screens that stay open.
    pub fn take_down(&self) {
        self.down.send_replace(true);
    }

    /// Takes a seat.
    ///
    /// # Errors
    /// `unavailable` when all seats of this instance are taken.
    pub fn listener(&self) -> Result<Listener, Problem> {
        let seat = Arc::clone(&self.seats).try_acquire_owned();
        let seat =
            seat.map_err(|_| Problem::unavailable(anyhow::anyhow!("all seats at the bell are taken")))?;
        Ok(Listener { rung: self.rung.subscribe(), down: self.down.subscribe(), _seat: seat })
    }
}

impl Listener {
    /// The next ring; `None` when the bell is taken down.
    pub async fn next(&mut self) -> Option<Ring> {
        tokio::select! {
            // An end by a bell that is gone is an end as well.
            _ = self.down.wait_for(|down| *down) => None,
            rung = self.rung.recv() => match rung {
                Ok(ring) => Some(ring),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(Ring::Perhaps),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }

    /// Forgets what has rung up to now.
    pub fn catch_up(&mut self) {
        self.rung = self.rung.resubscribe();
    }
}

/// Rings for a centre's floor; it is heard after the commit.
///
/// # Errors
/// When the database is away.
pub async fn ring_floor(tx: &mut Tx<'_>, centre: &str) -> Result<(), Problem> {
    statement("SELECT pg_notify($1, $2)")
        .bind::<sql_types::Text, _>(FLOOR)
        .bind::<sql_types::Text, _>(centre)
        .execute(tx.conn())
        .await?;
    Ok(())
}
