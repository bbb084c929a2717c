//! Clients of a running service, wherever it runs.
//!
//! Every answer of the API is held against the OpenAPI document the service itself gives out: see [`contract`].

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Mutex,
    time::Duration,
};

use serde_json::{Value, json};
use ureq::http;

use super::{
    Answer,
    contract::{self, Exchange},
    db::Sql,
};

/// Password of every sandbox account.
pub const PASSWORD: &str = "a word for the sandbox of the tests";

/// Text as a value of a form.
pub fn form_text(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A running service as its callers and its database's superuser see it.
pub struct Client {
    address: SocketAddr,
    superuser_url: String,
    agent: ureq::Agent,
    tokens: Mutex<HashMap<String, String>>,
}

impl Client {
    pub fn new(address: SocketAddr, superuser_url: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self { address, superuser_url, agent, tokens: Mutex::default() }
    }

    /// A caller with the account `login` of the sandbox.
    pub fn as_(&self, login: &str) -> Caller<'_> {
        Caller { client: self, login: Some(login.to_owned()), headers: Vec::new() }
    }

    /// A caller without an account.
    pub fn public(&self) -> Caller<'_> {
        Caller { client: self, login: None, headers: Vec::new() }
    }

    /// A page for people, as HTML.
    pub fn page(&self, path: &str) -> String {
        self.public().with("Accept", "text/html").send("GET", path, None, Vec::new()).expect(200).text
    }

    /// Moves the sandbox's clock to `time`, where it stands; everything due on the way is done.
    pub fn hold(&self, time: &str) -> Answer {
        let answer = self.as_("admin").post("/api/v1/sandbox/clock", &json!({"hold": time})).expect(200);
        assert_eq!(answer["failed"], json!([]), "acts that failed on the way to {time}");
        answer
    }

    /// SQL as the superuser, for looking and for what no call can bring about.
    pub fn sql(&self) -> Sql {
        Sql::connect(&self.superuser_url)
    }

    /// Waits until some transaction waits for the lock of another, or `over` says that nothing will.
    pub fn wait_for_a_lock(&self, over: impl Fn() -> bool) {
        let sql = self.sql();
        let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)";
        while !over() && !sql.value::<bool>(waits, &[]) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Lines of the event stream of a centre's floor, as a browser hears them.
    pub fn events(&self, centre: &str) -> impl Iterator<Item = String> + use<> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let request = format!(
            "GET /api/v1/rooms/events?centre={centre} HTTP/1.1\r\nHost: hall\r\nAccept: text/event-stream\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream).lines().map_while(Result::ok)
    }

    /// Where the service listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token of `login`: by password for people, by client credentials for programs; kept.
    pub fn token(&self, login: &str) -> String {
        if let Some(token) = self.tokens.lock().unwrap().get(login) {
            return token.clone();
        }
        let answer = self.public().form("/api/v1/auth/token", &login_form(login)).expect(200);
        let token = answer.text_at("/access_token");
        self.tokens.lock().unwrap().insert(login.to_owned(), token.clone());
        token
    }
}

/// The form by which `login` gets a token.
pub fn login_form(login: &str) -> String {
    let word = form_text(PASSWORD);
    if login.starts_with("bidder.") {
        return format!("grant_type=client_credentials&client_id={login}&client_secret={word}");
    }
    format!("grant_type=password&username={login}&password={word}")
}

/// Someone who calls, with the headers of the next calls.
#[derive(Clone)]
pub struct Caller<'a> {
    client: &'a Client,
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
        let answer = self.attempt(method, path, kind, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The same to a service that may be gone.
    pub fn attempt(
        &self,
        method: &str,
        path: &str,
        kind: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Answer, ureq::Error> {
        let mut request =
            http::Request::builder().method(method).uri(format!("http://{}{path}", self.client.address));
        if let Some(login) = &self.login {
            request = request.header("Authorization", format!("Bearer {}", self.client.token(login)));
        }
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body.clone()).unwrap();
        let response = if body.is_empty() && matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS") {
            self.client.agent.run(request.map(drop))
        } else {
            self.client.agent.run(request)
        };
        let answer = Answer::read(method, path, response?)?;
        contract::check(&Exchange { method, path, kind, body: &body, answer: &answer });
        Ok(answer)
    }
}
