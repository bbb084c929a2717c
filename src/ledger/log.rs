//! The hall's log as an instance opens it: which one, signed by which key, and what of it was given out.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use chrono::TimeDelta;

use super::{
    checkpoint::Checkpoint,
    published::Published,
    sequencer::{Sequencer, agrees},
    tree::{self, Book, Succession},
};
use crate::{
    kernel::{
        Problem,
        id::RequestId,
        note::{KeyName, NoteKey, NoteSigner, WitnessKey},
    },
    platform::{db::Db, seed, settings},
};

/// The log, for everybody who reads it.
pub struct Log {
    /// Which one.
    pub book: Book,
    /// Who signs it.
    pub key: NoteKey,
    /// What was given out.
    pub published: Arc<Published>,
    /// Whose cosignatures count.
    pub witnesses: Vec<WitnessKey>,
    /// How old a cosignature may be for the green light.
    pub fresh: TimeDelta,
}

/// Name of a centre's log number `log`.
///
/// # Errors
/// When the centre's code cannot be part of a name.
pub fn origin(centre: &str, log: i16) -> anyhow::Result<KeyName> {
    format!("tenderhall.{centre}/log{log}").parse().map_err(anyhow::Error::msg)
}

impl Log {
    /// Opens the hall's log, and begins the first under the name of `centre` where there is none. The key stands in
    /// `DIR/keys/logN.key`.
    ///
    /// # Errors
    /// When the database's log is not the one that was published or not signed by the key, with the remedy.
    pub async fn open(
        db: &Db,
        dir: &Path,
        centre: &str,
        settings: &settings::Log,
    ) -> anyhow::Result<(Self, Sequencer)> {
        let first = Book { log: 1, origin: origin(centre, 1)?, succession: None };
        let published = Arc::new(Published::open(dir)?);
        let (book, last) = db
            .transaction("log.open", RequestId::random(), async |tx| {
                if tree::books(tx.conn()).await?.is_empty() {
                    tree::begin(tx, &first).await?;
                }
                let book = tree::books(tx.conn()).await?.pop();
                let book = book.ok_or_else(|| Problem::internal(anyhow::anyhow!("there is no log")))?;
                agrees(tx, &book, &published).await?;
                let last = tree::checkpoint(tx.conn(), book.log, None).await?;
                Ok((book, last))
            })
            .await
            .map_err(cause)?;
        let name = format!("log{}", book.log);
        let seed = if last.is_some() {
            seed::load(&dir.join("keys").join(format!("{name}.key")))
        } else {
            seed::load_or_make(dir, &name)
        };
        let remedy = || {
            format!(
                "the key of {} is not the one that signed it. Put back keys/{name}.key from its copy; where there \
                 is none, begin the next log with `tenderhall log succeed --reason …`",
                book.origin
            )
        };
        let signer = NoteSigner::from_seed(book.origin.clone(), &seed.with_context(remedy)?);
        if let Some(last) = last {
            Checkpoint::verify(&last.note, signer.key()).with_context(remedy)?;
        }
        let key = signer.key().clone();
        let minutes = i64::try_from(settings.witness_minutes)?;
        let log = Self {
            book: book.clone(),
            key,
            published: Arc::clone(&published),
            witnesses: settings.witnesses.clone(),
            fresh: TimeDelta::try_minutes(minutes).context("log.witness_minutes is too large")?,
        };
        let beat = Duration::from_secs(settings.beat_seconds);
        Ok((log, Sequencer::new(book, Arc::new(signer), published, beat)))
    }
}

/// Begins the log after the present one, on the newest checkpoint known: that in `DIR/published/checkpoint`, or the one a
/// witness hands in.
///
/// # Errors
/// When no checkpoint is known or the database is away.
pub async fn succeed(
    db: &Db,
    dir: &Path,
    handed_in: Option<String>,
    reason: &str,
) -> anyhow::Result<KeyName> {
    let known = Published::open(dir)?.newest().map(|given| given.note);
    let note = handed_in.or(known);
    let note =
        note.context("no checkpoint of the log is known here; hand in the witness's with --checkpoint")?;
    db.transaction("log.succeed", RequestId::random(), async |tx| {
        let last = tree::books(tx.conn()).await?.pop();
        let last = last.ok_or_else(|| Problem::internal(anyhow::anyhow!("there is no log to succeed")))?;
        let (centre, _) = last.origin.as_str().rsplit_once('/').unwrap_or_default();
        let centre = centre.trim_start_matches("tenderhall.");
        // A copy older than the last succession must not use its name again.
        let number = number_of(&note).unwrap_or(last.log).max(last.log) + 1;
        let succession = Succession { note: note.clone(), reason: reason.to_owned() };
        let book = Book { log: number, origin: origin(centre, number)?, succession: Some(succession) };
        tree::begin(tx, &book).await?;
        Ok(book.origin)
    })
    .await
    .map_err(cause)
}

/// Number of the log that signed a note.
fn number_of(note: &str) -> Option<i16> {
    note.lines().next()?.rsplit_once("/log")?.1.parse().ok()
}

fn cause(problem: Problem) -> anyhow::Error {
    match problem {
        Problem::Fault(fault) => fault.cause,
        other => anyhow::anyhow!("{}", other.code().name()),
    }
}
