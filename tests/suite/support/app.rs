//! The service as `main` starts it, on a free port and a database of its own, and clients that call it.
//!
//! Every answer of the API is held against the OpenAPI document the service itself gives out: see [`contract`].

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tenderhall::{
    app::{Application, Options, Sandbox},
    platform::{policy_file::PolicySource, settings::Settings},
};
use tokio::sync::oneshot;
use ureq::http;

use super::{
    Answer, TestDb,
    contract::{self, Exchange},
    db::Sql,
    scratch::Scratch,
};

/// Password of every sandbox account.
pub const PASSWORD: &str = "a word for the sandbox of the tests";
/// Hall time at which the sandbox of the tests was founded.
pub const FOUNDED: &str = "2025-01-01T09:00:00+08:00";

/// A time as people write it, such as `2026-02-09T09:00:00+08:00`.
pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_utc()
}

/// A running service; stopped in good order with the value.
pub struct TestApp {
    address: SocketAddr,
    agent: ureq::Agent,
    tokens: Mutex<HashMap<String, String>>,
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
        Self::begin(true, async move || TestDb::sandbox(start).await)
    }

    /// A production hall in an empty database.
    pub fn production() -> Self {
        Self::begin(false, TestDb::fresh)
    }

    /// A second instance on the same database and the same keys.
    pub fn beside(other: &Self) -> Self {
        let db = other.db.clone();
        let sandbox = Sql::connect(&db.superuser_url).value::<String>("SELECT mode FROM hall", &[]) == "sandbox";
        Self::launch(sandbox, other.data.clone(), async move || db)
    }

    fn begin(sandbox: bool, db: impl AsyncFnOnce() -> TestDb + Send + 'static) -> Self {
        Self::launch(sandbox, Arc::new(Scratch::new("app")), async move || Arc::new(db().await))
    }

    fn launch(
        sandbox: bool,
        data: Arc<Scratch>,
        db: impl AsyncFnOnce() -> Arc<TestDb> + Send + 'static,
    ) -> Self {
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let folder = data.path().to_owned();
        let thread = std::thread::spawn(move || {
            // As main has it: an instance brings its own threads for requests and for scheduled work.
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let db = db().await;
                let mut options = options(&db.app_url, &db.owner_url, &folder);
                options.sandbox = sandbox.then(|| Sandbox { start: None, password: PASSWORD.to_owned() });
                let application = Application::build(options).await.unwrap();
                ready.send((application.address(), db)).unwrap();
                let _told = stopped.await;
                application.stop().await;
            });
        });
        let Ok((address, db)) = is_ready.recv() else {
            std::panic::resume_unwind(thread.join().expect_err("the service did not start"));
        };
        Self {
            address,
            agent: agent(),
            tokens: Mutex::default(),
            stop: Some(stop),
            thread: Some(thread),
            data,
            db,
        }
    }

    /// A caller with the account `login` of the sandbox.
    pub fn as_(&self, login: &str) -> Caller<'_> {
        Caller { app: self, login: Some(login.to_owned()), headers: Vec::new() }
    }

    /// A caller without an account.
    pub fn public(&self) -> Caller<'_> {
        Caller { app: self, login: None, headers: Vec::new() }
    }

    /// Moves the sandbox's clock to `time`, where it stands; everything due on the way is done.
    pub fn hold(&self, time: &str) -> Answer {
        let answer = self.as_("admin").post("/api/v1/sandbox/clock", &json!({"hold": time})).expect(200);
        assert_eq!(answer["failed"], json!([]), "acts that failed on the way to {time}");
        answer
    }

    /// SQL as the superuser, for looking and for what no call can bring about.
    pub fn sql(&self) -> Sql {
        Sql::connect(&self.db.superuser_url)
    }

    /// The database.
    pub fn db(&self) -> &TestDb {
        &self.db
    }

    /// Where the service listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder that holds what the instance keeps.
    pub fn folder(&self) -> &std::path::Path {
        self.data.path()
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

    /// A token of `login`: by password for people, by client credentials for programs; kept.
    pub fn token(&self, login: &str) -> String {
        if let Some(token) = self.tokens.lock().unwrap().get(login) {
            return token.clone();
        }
        let form = if login.starts_with("bidder.") {
            format!("grant_type=client_credentials&client_id={login}&client_secret={}", form_text(PASSWORD))
        } else {
            format!("grant_type=password&username={login}&password={}", form_text(PASSWORD))
        };
        let answer = self.public().form("/api/v1/auth/token", &form).expect(200);
        let token = answer.text_at("/access_token");
        self.tokens.lock().unwrap().insert(login.to_owned(), token.clone());
        token
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

/// Text as a value of a form.
pub fn form_text(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn options(app_url: &str, owner_url: &str, data: &std::path::Path) -> Options {
    let mut settings = Settings::default();
    settings.database.url = Some(app_url.to_owned());
    settings.database.owner_url = Some(owner_url.to_owned());
    settings.http.workers = 1;
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

/// Someone who calls, with the headers of the next calls.
#[derive(Clone)]
pub struct Caller<'a> {
    app: &'a TestApp,
    login: Option<String>,
    headers: Vec<(String, String)>,
}

impl Caller<'_> {
    /// The same caller with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The organisation it acts for.
    pub fn organisation(&self) -> String {
        self.get("/api/v1/auth/me").expect(200).text_at("/organisation/id")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, Vec::new())
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some("application/json"), body.to_string().into_bytes())
    }

    /// POST without a body.
    pub fn act(&self, path: &str) -> Answer {
        self.send("POST", path, None, Vec::new())
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some("application/json"), body.to_string().into_bytes())
    }

    pub fn form(&self, path: &str, form: &str) -> Answer {
        self.send("POST", path, Some("application/x-www-form-urlencoded"), form.as_bytes().to_vec())
    }

    /// Any request. A body without a content type is sent as it is.
    pub fn send(&self, method: &str, path: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.app.address));
        if let Some(login) = &self.login {
            request = request.header("Authorization", format!("Bearer {}", self.app.token(login)));
        }
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body.clone()).unwrap();
        let response = if body.is_empty() && matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS") {
            self.app.agent.run(request.map(drop))
        } else {
            self.app.agent.run(request)
        };
        let answer = Answer::read(method, path, response.unwrap_or_else(|error| panic!("{method} {path}: {error}")));
        contract::check(&Exchange { method, path, kind, body: &body, answer: &answer });
        answer
    }
}
