//! The pool and the unit of work.
//!
//! Everything that changes the hall happens in a named [`Tx`]: it is counted and timed by its name, commits as a
//! whole or leaves nothing, and comes back to the pool even when the caller's connection drops (a connection
//! with an open transaction is thrown away, never reused).

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, RunQueryDsl, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Hook, HookError, Object, Pool},
    },
};

use futures_util::try_join;

use super::statement::statement;
use crate::kernel::{Problem, id::RequestId, problem::Refusal};

diesel::define_sql_function! {
    /// Hall time, read by the statement that calls it.
    fn hall_now() -> diesel::sql_types::Timestamptz;
}

/// How long a caller waits for a free connection before a clear 503.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);

/// The pool of connections of the application's role, which owns no table.
#[derive(Clone)]
pub struct Db {
    pool: Pool<AsyncPgConnection>,
}

impl Db {
    /// Opens a pool of at most `size` connections to `url` (`postgresql://user@%2Fsocket%2Ffolder/database`).
    ///
    /// # Errors
    /// When the pool cannot be built; a server that is away shows only at the first use.
    pub fn connect(url: &str, size: usize) -> anyhow::Result<Self> {
        Self::connect_set(url, size, "SET statement_timeout = '30s'")
    }

    /// [`Self::connect`] for work that finds every row by its key in tables that grow while it goes on.
    ///
    /// A plan made when a table was small reads it from end to end, and is kept until statistics are taken anew; a
    /// plan made for each call costs more than the call. So no plan here reads a whole table, and each is made once.
    ///
    /// # Errors
    /// When the pool cannot be built.
    pub fn connect_by_key(url: &str, size: usize) -> anyhow::Result<Self> {
        let settings = "SELECT set_config(name, value, false) FROM (VALUES
            ('statement_timeout', '30s'), ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'),
            ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('jit', 'off')) AS setting (name, value)";
        Self::connect_set(url, size, settings)
    }

    fn connect_set(url: &str, size: usize, settings: &'static str) -> anyhow::Result<Self> {
        let mut config = ManagerConfig::default();
        // The default asks the server at every checkout, which costs a quarter of the throughput.
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
        let pool = Pool::builder(manager)
            .max_size(size)
            .post_create(Hook::async_fn(move |conn: &mut AsyncPgConnection, _| {
                Box::pin(async move {
                    diesel::sql_query(settings)
                        .execute(conn)
                        .await
                        .map(drop)
                        .map_err(|error| HookError::message(error.to_string()))
                })
            }))
            .build()?;
        Ok(Self { pool })
    }

    /// A connection for reading outside a unit of work.
    ///
    /// # Errors
    /// `unavailable` when the server is away or all connections stay busy.
    pub async fn read(&self) -> Result<Object<AsyncPgConnection>, Problem> {
        match tokio::time::timeout(WAIT_FOR_CONNECTION, self.pool.get()).await {
            Ok(Ok(conn)) => Ok(conn),
            Ok(Err(error)) => Err(Problem::unavailable(anyhow::anyhow!("no connection: {error}"))),
            Err(_) => {
                Err(Problem::unavailable(anyhow::anyhow!("no connection within {WAIT_FOR_CONNECTION:?}")))
            }
        }
    }

    /// Runs `work` as one transaction (READ COMMITTED) named `name`; commits when it returns `Ok`.
    ///
    /// # Errors
    /// Whatever `work` answers, after rolling back; or `unavailable` when the server is away.
    pub async fn transaction<T>(
        &self,
        name: &'static str,
        request: RequestId,
        work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut conn = self.read().await?;
        let began = Instant::now();
        let done = run(&mut conn, request, work).await;
        // The number of some transactions is a number of bids.
        if !super::telemetry::tells_of_bids(name) {
            let outcome = if done.is_ok() { "commit" } else { "rollback" };
            metrics::counter!("db_transactions_total", "name" => name, "outcome" => outcome).increment(1);
            metrics::histogram!("db_transaction_seconds", "name" => name).record(began.elapsed());
        }
        done
    }
}

async fn run<T>(
    conn: &mut AsyncPgConnection,
    request: RequestId,
    work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    AnsiTransactionManager::begin_transaction(conn).await?;
    let done = work(&mut Tx { conn: &mut *conn, request }).await;
    match done {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn).await?;
            Ok(value)
        }
        Err(problem) => {
            // A failed rollback leaves a broken connection, which the pool then drops; the first "no" stands.
            if let Err(error) = AnsiTransactionManager::rollback_transaction(conn).await {
                tracing::warn!(%error, "rollback failed");
            }
            Err(problem)
        }
    }
}

/// One unit of work in progress.
pub struct Tx<'c> {
    conn: &'c mut AsyncPgConnection,
    /// The request it serves; the record names it.
    pub request: RequestId,
}

impl Tx<'_> {
    /// The connection, for `store` modules.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        self.conn
    }

    /// Hall time, read by a statement of its own: after every lock taken before.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn hall_now(&mut self) -> Result<DateTime<Utc>, Problem> {
        Ok(diesel::select(hall_now()).get_result(self.conn).await?)
    }

    /// The connection for statements that go out together: of futures polled side by side each is sent without
    /// waiting for the answer to the one before, and the server runs them in the order of their first poll. Only
    /// where a text is new to the connection may one overtake another, so nothing but an error may hang on the order.
    pub fn shared(&self) -> &AsyncPgConnection {
        self.conn
    }

    /// Lets go of the last [`mark`]: what was done since goes with the whole.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn unmark(&mut self) -> Result<(), Problem> {
        Ok(statement("RELEASE SAVEPOINT mark").execute(self.conn).await.map(drop)?)
    }

    /// Undoes everything since the last [`mark`], which stays.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn undo(&mut self) -> Result<(), Problem> {
        Ok(statement("ROLLBACK TO SAVEPOINT mark").execute(self.conn).await.map(drop)?)
    }
}

/// Marks the place to which [`Tx::undo`] goes back; deferred checks wait for [`check`] again.
///
/// # Errors
/// When the database is away.
pub async fn mark(mut conn: &AsyncPgConnection) -> Result<(), Problem> {
    try_join!(defer(conn), async { Ok(statement("SAVEPOINT mark").execute(&mut conn).await?) })?;
    Ok(())
}

/// Lets deferred checks wait for [`check`] or the commit again.
///
/// # Errors
/// When the database is away.
pub async fn defer(mut conn: &AsyncPgConnection) -> Result<(), Problem> {
    Ok(statement("SET CONSTRAINTS ALL DEFERRED").execute(&mut conn).await.map(drop)?)
}

/// Runs the deferred checks now, so that what they find can still be undone and does not fall on the commit.
///
/// # Errors
/// What a deferred check finds.
pub async fn check(mut conn: &AsyncPgConnection) -> Result<(), Problem> {
    Ok(statement("SET CONSTRAINTS ALL IMMEDIATE").execute(&mut conn).await.map(drop)?)
}

impl From<DieselError> for Problem {
    /// A missing row is a 404 only where a store says so; here it is a fault like any other.
    fn from(error: DieselError) -> Self {
        let away = match &error {
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _)
            | DieselError::BrokenTransactionManager => true,
            DieselError::DatabaseError(_, information) => is_shutdown(information.message()),
            _ => false,
        };
        if away { Self::unavailable(error) } else { Self::internal(error) }
    }
}

fn is_shutdown(message: &str) -> bool {
    ["terminating connection", "shutting down", "starting up", "connection closed", "recovery mode"]
        .iter()
        .any(|sign| message.contains(sign))
}

/// Turns the violation of a named constraint into the refusal it means.
pub trait OnConstraint<T> {
    /// When the error violates `constraint`, answers `refusal()` in its place.
    ///
    /// # Errors
    /// The refusal, or the original error as a fault.
    fn on_constraint(self, constraint: &str, refusal: impl FnOnce() -> Refusal) -> Result<T, Problem>;
}

impl<T> OnConstraint<T> for Result<T, DieselError> {
    fn on_constraint(self, constraint: &str, refusal: impl FnOnce() -> Refusal) -> Result<T, Problem> {
        self.map_err(|error| match &error {
            DieselError::DatabaseError(_, information)
                if information.constraint_name() == Some(constraint) =>
            {
                refusal().into()
            }
            _ => error.into(),
        })
    }
}

/// The fault of a stored word or number that our own code could not have written; `place` is `table.column`.
pub fn unreadable<E: std::fmt::Debug>(place: &'static str) -> impl Fn(E) -> Problem {
    move |error| Problem::internal(anyhow::anyhow!("{place} holds what was never written: {error:?}"))
}

/// Hall time for reading outside a unit of work.
///
/// # Errors
/// When the database is away.
pub async fn read_hall_now(conn: &mut AsyncPgConnection) -> Result<DateTime<Utc>, Problem> {
    Ok(diesel::select(hall_now()).get_result(conn).await?)
}
