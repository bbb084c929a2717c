//! The service as `main` starts it, within the test's own process, on a free port and a database of its own.

use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use chrono::{DateTime, Utc};
use tenderhall::{
    app::{Application, Options, Sandbox},
    ledger::{
        Log,
        sequencer::{Due, Turn},
    },
    platform::{
        db::Db,
        policy_file::PolicySource,
        settings::{self, Settings},
    },
};
use tokio::sync::oneshot;

use super::{
    TestDb,
    client::{Client, PASSWORD},
    scratch::Scratch,
};

/// Hall time at which the sandbox of the tests was founded.
pub const FOUNDED: &str = "2025-01-01T09:00:00+08:00";

/// A time as people write it, such as `2026-02-09T09:00:00+08:00`.
pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_utc()
}

/// A running service; stopped in good order with the value.
pub struct TestApp {
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    data: Arc<Scratch>,
    // After the service has left it.
    db: Arc<TestDb>,
}

impl TestApp {
    /// A sandbox with all its accounts whose clock stands at `start`.
    pub fn sandbox(start: &str) -> Self {
        let start = at(start);
        Self::begin(Some(None), async move || TestDb::sandbox(start).await)
    }

    /// A sandbox that runs as `tell` sets it.
    pub fn sandbox_told(start: &str, tell: impl FnOnce(&mut Settings) + Send + 'static) -> Self {
        let (start, data) = (at(start), Arc::new(Scratch::new("app")));
        Self::launch(Some(None), data, tell, async move || Arc::new(TestDb::sandbox(start).await))
    }

    /// A production hall in an empty database.
    pub fn production() -> Self {
        Self::begin(None, TestDb::fresh)
    }

    /// A second instance on the same database and with the same keys.
    pub fn beside(other: &Self) -> Self {
        let db = other.db.clone();
        let sandbox = other.sql().value::<String>("SELECT mode FROM hall", &[]) == "sandbox";
        Self::launch(sandbox.then_some(None), other.data.clone(), |_| {}, async move || db)
    }

    /// A sandbox founded at `start` in an empty database that the test itself keeps.
    pub fn on(db: TestDb, start: &str) -> Self {
        Self::begin(Some(Some(at(start))), async move || db)
    }

    /// [`Self::on`], run as `tell` sets it.
    pub fn on_told(db: TestDb, start: &str, tell: impl FnOnce(&mut Settings) + Send + 'static) -> Self {
        let (start, data) = (at(start), Arc::new(Scratch::new("app")));
        Self::launch(Some(Some(start)), data, tell, async move || Arc::new(db))
    }

    /// `sandbox` is absent for a production hall, and names the time at which a new sandbox begins.
    fn begin(
        sandbox: Option<Option<DateTime<Utc>>>,
        db: impl AsyncFnOnce() -> TestDb + Send + 'static,
    ) -> Self {
        Self::launch(sandbox, Arc::new(Scratch::new("app")), |_| {}, async move || Arc::new(db().await))
    }

    fn launch(
        sandbox: Option<Option<DateTime<Utc>>>,
        data: Arc<Scratch>,
        tell: impl FnOnce(&mut Settings) + Send + 'static,
        db: impl AsyncFnOnce() -> Arc<TestDb> + Send + 'static,
    ) -> Self {
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let folder = data.path().to_owned();
        let thread = std::thread::spawn(move || {
            // As main has it: an instance brings its own threads for requests and for scheduled work.
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let db = db().await;
                let mut options = options(&db.app_url, &db.owner_url, &folder);
                tell(&mut options.settings);
                options.sandbox = sandbox.map(|start| Sandbox { start, password: PASSWORD.to_owned() });
                let application = Application::build(options).await.unwrap();
                ready.send((application.address(), db)).unwrap();
                let _told = stopped.await;
                application.stop().await;
            });
        });
        let Ok((address, db)) = is_ready.recv() else {
            std::panic::resume_unwind(thread.join().expect_err("the service did not start"));
        };
        let client = Client::new(address, db.superuser_url.clone());
        Self { client, stop: Some(stop), thread: Some(thread), data, db }
    }

    /// The database.
    pub fn db(&self) -> &TestDb {
        &self.db
    }

    /// The folder that holds what the instance keeps.
    pub fn folder(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Takes turns of the log now, as another instance on the same folder would.
    pub fn turn_log(&self, turns: usize) {
        let (folder, url) = (self.data.path().to_owned(), self.db.app_url.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let db = Db::connect(&url, 1).unwrap();
                let settings = settings::Log::default();
                let (_, mut sequencer) = Log::open(&db, &folder, "152500", &settings).await.unwrap();
                let mut left = turns;
                while left > 0 {
                    let turn = sequencer.turn(&db, Due::Now, &mut rand::rng()).await.unwrap();
                    left -= usize::from(matches!(turn, Turn::Grown(_)));
                }
            });
        });
        thread.join().unwrap();
    }

    /// Stops it in good order, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody listens when the service has ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}

fn options(app_url: &str, owner_url: &str, data: &std::path::Path) -> Options {
    let mut settings = Settings::default();
    settings.database.url = Some(app_url.to_owned());
    settings.database.owner_url = Some(owner_url.to_owned());
    settings.http.workers = 1;
    // The log's turns are the tests' own.
    settings.log.beat_seconds = 24 * 3600;
    Options {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data: data.to_owned(),
        policy: PolicySource::BuiltIn,
        settings,
        metrics_listen: None,
        sandbox: None,
    }
}

/// Founds the sandbox of the tests in an empty database, by a start and a stop of the service.
pub async fn found(app_url: &str, owner_url: &str) {
    let data = Scratch::new("found");
    let mut options = options(app_url, owner_url, data.path());
    options.sandbox = Some(Sandbox { start: Some(at(FOUNDED)), password: PASSWORD.to_owned() });
    Application::build(options).await.unwrap().stop().await;
}
