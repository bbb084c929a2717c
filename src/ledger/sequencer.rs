//! The sequencer: gives waiting entries their index, signs the tree and so publishes it.
//!
//! Several instances may run it; an advisory lock lets one at a time into a turn, and the age of the newest
//! checkpoint says whether a turn is due. A turn is one transaction: leaves, hashes and checkpoint come together or
//! not at all.
//!
//! The tree grows by [`STEP`] leaves at every beat, whether there was anything to record or not; what does not fit
//! waits for the next beats, at most [`SPREAD`] of them. Only a hall busier than that shows it, in whole steps and
//! without saying with what. Rows are found by having no index, since sequences commit out of order.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use rand::Rng;
use tokio::sync::watch;

use super::{
    checkpoint::Checkpoint,
    merkle::Head,
    published::{Given, Published},
    tree::{self, Book, NewLeaf, Waiting},
};
use crate::{
    kernel::{Problem, id::RequestId, note::NoteSigner},
    platform::db::{Db, Tx},
};

/// Leaves are added in multiples of this.
pub const STEP: usize = 8;
/// Over how many beats entries that came together are spread at most.
pub const SPREAD: usize = 3;
/// Most entries of one turn.
const MOST: i64 = 16_384;
/// Rows below the low mark that are searched once more at each turn, one part after another: the mark relies on the
/// order in which transactions got their numbers.
const SWEPT: i64 = 50_000;
/// The advisory lock of the turn.
const LOCK: i64 = 0x0000_006c_6f67;
/// Sleep after a turn that another has or that failed.
const LOOK: Duration = Duration::from_secs(1);

/// A point of a turn at which an instance may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumIter)]
pub enum Step {
    /// The lock is held.
    Locked,
    /// Leaves are inserted.
    Leaves,
    /// Hashes are inserted.
    Hashes,
    /// The checkpoint is inserted and not committed.
    Signed,
    /// It is committed and not yet kept as given out.
    Committed,
}

/// Whether the beat decides that a turn is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It does.
    ByBeat,
    /// The turn is taken at once.
    Now,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The tree has grown to this.
    Grown(Head),
    /// It is not due for so long.
    Wait(Duration),
    /// Another instance is in its turn.
    Taken,
}

/// Gives entries their index.
pub struct Sequencer {
    book: Book,
    signer: Arc<NoteSigner>,
    published: Arc<Published>,
    beat: Duration,
    search: Search,
}

/// Where to look for entries without an index.
#[derive(Debug, Default)]
struct Search {
    /// Rows before this one have theirs, as far as can be told; unknown before the first turn.
    from: Option<i64>,
    /// Where the sweep of older rows goes on.
    sweep: i64,
    /// A row, and the transaction number after the last one given out when it was seen.
    mark: Option<(i64, i64)>,
    /// The last row seen at each of the last beats.
    seen: VecDeque<i64>,
}

#[derive(diesel::QueryableByName)]
struct Taken {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    taken: bool,
}

#[derive(diesel::QueryableByName)]
struct Snapshot {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    oldest: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    next: i64,
}

impl Sequencer {
    /// For the log `book`, signed by `signer`, at most one turn a `beat`.
    pub fn new(book: Book, signer: Arc<NoteSigner>, published: Arc<Published>, beat: Duration) -> Self {
        Self { book, signer, published, beat, search: Search::default() }
    }

    /// Takes a turn if it is due and nobody else does. `chance` makes the padding.
    ///
    /// # Errors
    /// When the database is away, or its log is not the one that was published: nothing is changed then.
    pub async fn turn(&mut self, db: &Db, due: Due, chance: &mut impl Rng) -> Result<Turn, Problem> {
        self.turn_watched(db, due, chance, &mut |_| Ok(())).await
    }

    /// [`Self::turn`], telling `watch` of every step; an error of its own ends the turn there.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub async fn turn_watched(
        &mut self,
        db: &Db,
        due: Due,
        chance: &mut impl Rng,
        watch: &mut dyn FnMut(Step) -> Result<(), Problem>,
    ) -> Result<Turn, Problem> {
        let mut search = std::mem::take(&mut self.search);
        let this = &*self;
        let done = db
            .transaction("log.turn", RequestId::random(), async |tx| {
                this.within(tx, &mut search, due, chance, watch).await
            })
            .await;
        let (turn, note) = done?;
        // Only a turn that came through may narrow the next search.
        self.search = search;
        watch(Step::Committed)?;
        if let Some(given) = note {
            self.published.advance(given)?;
        }
        Ok(turn)
    }

    async fn within(
        &self,
        tx: &mut Tx<'_>,
        search: &mut Search,
        due: Due,
        chance: &mut impl Rng,
        watch: &mut dyn FnMut(Step) -> Result<(), Problem>,
    ) -> Result<(Turn, Option<Given>), Problem> {
        let log = self.book.log;
        let lock = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS taken");
        let lock = lock.bind::<diesel::sql_types::BigInt, _>(LOCK);
        let lock: Taken = diesel_async::RunQueryDsl::get_result(lock, tx.conn()).await?;
        if !lock.taken {
            return Ok((Turn::Taken, None));
        }
        watch(Step::Locked)?;
        agrees(tx, &self.book, &self.published).await?;
        let last = tree::checkpoint(tx.conn(), log, None).await?;
        if let (Some(last), Due::ByBeat) = (&last, due) {
            let rest = self.beat.saturating_sub(Duration::from_millis(u64::try_from(last.age).unwrap_or(0)));
            if !rest.is_zero() {
                return Ok((Turn::Wait(rest), given(&last.note)));
            }
        }
        let size = last.as_ref().map_or(0, |last| last.head.size);
        let mut edge = tree::edge(tx.conn(), log, size).await?;
        if last.is_some_and(|last| last.head.root != edge.root()) {
            return Err(Problem::internal(anyhow::anyhow!(
                "the hashes of {} do not lead to the root that was signed",
                self.book.origin
            )));
        }
        let mut leaves = Vec::new();
        if let (0, Some(succession)) = (size, &self.book.succession) {
            let leaf = tree::leaf_of(&succession.skeleton())?;
            leaves.push(NewLeaf { entry: None, nonce: None, leaf });
        }
        leaves.extend(search.take(tx).await?);
        while leaves.len() % STEP != 0 || leaves.is_empty() {
            let mut nonce = [0; 32];
            chance.fill_bytes(&mut nonce);
            leaves.push(NewLeaf {
                entry: None,
                nonce: Some(nonce),
                leaf: tree::leaf_of(&tree::padding(&nonce))?,
            });
        }
        tree::insert_leaves(tx, log, size, &leaves).await?;
        watch(Step::Leaves)?;
        let hashes: Vec<_> = leaves.iter().flat_map(|leaf| edge.push(leaf.leaf)).collect();
        tree::insert_hashes(tx, log, size, &hashes).await?;
        watch(Step::Hashes)?;
        let head = Head { size: edge.size(), root: edge.root() };
        let checkpoint = Checkpoint { origin: self.book.origin.clone(), head };
        let note = self.signer.sign(&checkpoint.text());
        tree::insert_checkpoint(tx, log, head, &note).await?;
        watch(Step::Signed)?;
        Ok((Turn::Grown(head), Some(Given { checkpoint, note })))
    }
}

fn given(note: &str) -> Option<Given> {
    let (text, _) = note.split_once("\n\n")?;
    let checkpoint = Checkpoint::parse(&format!("{text}\n")).ok()?;
    Some(Given { checkpoint, note: note.to_owned() })
}

impl Search {
    /// The entries of this turn, in the order of their rows.
    async fn take(&mut self, tx: &mut Tx<'_>) -> Result<Vec<NewLeaf>, Problem> {
        let from = match self.from {
            Some(from) => from,
            None => (tree::newest_placed(tx).await? - SWEPT).max(0),
        };
        // Read before the rows: a transaction that is over now shows all it wrote below.
        let snapshot: Snapshot = diesel_async::RunQueryDsl::get_result(
            diesel::sql_query(
                "SELECT pg_snapshot_xmin(s)::text::bigint AS oldest, pg_snapshot_xmax(s)::text::bigint AS next
                   FROM pg_current_snapshot() s",
            ),
            tx.conn(),
        )
        .await?;
        let until = from.min(self.sweep + SWEPT);
        let mut rows = tree::waiting(tx, self.sweep..until, MOST).await?;
        self.sweep = if until == from { 0 } else { until };
        rows.extend(tree::waiting(tx, from..i64::MAX, MOST).await?);
        let newest = rows.last().map_or(0, |row| row.id);
        let room = self.room(&rows);
        let left = rows.get(room).map_or(i64::MAX, |row| row.id);
        rows.truncate(room);
        self.from = Some(from);
        match self.mark {
            // Whatever was under way when the row was seen is over: rows up to it are here or never come.
            Some((seen, next)) if snapshot.oldest >= next => {
                self.from = Some(from.max(left.min(seen + 1)));
                self.mark = None;
            }
            Some(_) => {}
            None if newest > 0 => self.mark = Some((newest, snapshot.next)),
            None => {}
        }
        self.seen.push_back(newest);
        while self.seen.len() >= SPREAD {
            self.seen.pop_front();
        }
        rows.into_iter().map(new_leaf).collect()
    }

    /// How many of the waiting rows go now: a share that empties the queue in some beats, in whole steps, and all
    /// that have waited through them.
    fn room(&self, rows: &[Waiting]) -> usize {
        let share = rows.len().div_ceil(STEP * SPREAD) * STEP;
        let overdue = match self.seen.front() {
            Some(seen) if self.seen.len() + 1 >= SPREAD => rows.partition_point(|row| row.id <= *seen),
            _ => 0,
        };
        share.max(overdue)
    }
}

fn new_leaf(row: Waiting) -> Result<NewLeaf, Problem> {
    let leaf =
        row.leaf.try_into().map_err(|_| Problem::internal(anyhow::anyhow!("a leaf of another length")));
    Ok(NewLeaf { entry: Some(row.id), nonce: None, leaf: leaf? })
}

/// Holds the database's log against what was published.
///
/// # Errors
/// A sentence with its remedy, when the log would contradict it or has ended.
pub async fn agrees(tx: &mut Tx<'_>, book: &Book, published: &Published) -> Result<(), Problem> {
    let books = tree::books(tx.conn()).await?;
    if books.last() != Some(book) {
        return Err(Problem::internal(anyhow::anyhow!("{} was succeeded; start anew", book.origin)));
    }
    let Some(Given { checkpoint: Checkpoint { origin, head }, .. }) = published.newest() else {
        return Ok(());
    };
    let stored = if origin == book.origin {
        tree::checkpoint(tx.conn(), book.log, Some(head.size)).await?.map(|stored| stored.head)
    } else {
        // One that came before has ended; one that is not known here was begun after this copy was made.
        books.iter().any(|other| other.origin == origin).then_some(head)
    };
    if stored == Some(head) {
        return Ok(());
    }
    let here = tree::checkpoint(tx.conn(), book.log, None).await?.map_or(0, |last| last.head.size);
    Err(Problem::internal(Behind { origin: origin.to_string(), size: head.size, here }))
}

/// The database does not hold a checkpoint that was given out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the log {origin} was published up to {size} entries, and this database, which ends at {here}, does not hold \
     that state: it was restored from an older copy or changed. The log must not go on, since it would contradict \
     what others hold. Restore the newest copy of the database; where there is none, begin the next log with \
     `tenderhall log succeed --reason …`"
)]
pub struct Behind {
    /// Log.
    pub origin: String,
    /// Size that was published.
    pub size: u64,
    /// Size in the database.
    pub here: u64,
}

/// Takes turns until `stop` turns true.
pub async fn work(db: Db, mut sequencer: Sequencer, mut stop: watch::Receiver<bool>) {
    let mut failing = false;
    loop {
        let rest = match sequencer.turn(&db, Due::ByBeat, &mut rand::rng()).await {
            Ok(turn) => {
                failing = false;
                match turn {
                    Turn::Grown(_) => sequencer.beat,
                    Turn::Wait(rest) => rest,
                    Turn::Taken => LOOK,
                }
            }
            Err(problem) => {
                if let (Problem::Fault(fault), false) = (&problem, failing) {
                    tracing::error!(cause = format!("{:#}", fault.cause), "the log does not grow");
                }
                failing = true;
                LOOK
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            // An error means that whoever would stop us is gone.
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
