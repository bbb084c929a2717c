//! One HTTP client for all accounts of a sandbox: tokens, fixed retry keys, the hall's clock, progress on stderr.

use std::{
    collections::HashMap,
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::notebook::Notebook;
use crate::kernel::time::in_hall_zone;

/// The longest answer that is read: the opening record and the award record of a large tender.
const LONGEST_ANSWER: u64 = 256 * 1024 * 1024;
/// The longest step: moving the clock over a close that opens every bid.
const LONGEST_STEP: Duration = Duration::from_secs(900);

/// The story's client.
pub(super) struct Client {
    agent: ureq::Agent,
    base: String,
    password: String,
    tokens: Mutex<HashMap<String, String>>,
    notebook: Mutex<Notebook>,
    /// Where the story stands, for whoever watches.
    pub(super) progress: Progress,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// A client for the instance at `address`, whose sandbox accounts share one password.
    pub(super) fn new(address: SocketAddr, password: &str, notebook: Notebook) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(LONGEST_STEP))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        Self {
            agent,
            base: format!("http://{address}"),
            password: password.to_owned(),
            tokens: Mutex::default(),
            notebook: Mutex::new(notebook),
            progress: Progress::default(),
        }
    }

    /// The password of every account.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Makes `value` once in the life of a story; later it is read from the notebook.
    pub(super) fn once(
        &self,
        step: &str,
        make: impl FnOnce() -> anyhow::Result<Value>,
    ) -> anyhow::Result<Value> {
        if let Some(known) = lock(&self.notebook).find(step) {
            return Ok(known.clone());
        }
        let value = make().with_context(|| format!("step {step}"))?;
        lock(&self.notebook).note(step, &value)?;
        Ok(value)
    }

    /// One act of the story: a POST with the step's name as retry key. `Value::Null` sends no body.
    pub(super) fn act(&self, step: &str, who: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.once(step, || self.send(who, path, body, Some(step)))
    }

    /// A POST that is no act of the story.
    pub(super) fn post(&self, who: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(who, path, body, None)
    }

    /// What an account reads; `""` asks as the public.
    pub(super) fn get(&self, who: &str, path: &str) -> anyhow::Result<Value> {
        self.with_token(who, |token| {
            let mut request = self.agent.get(format!("{}{path}", self.base));
            if let Some(token) = token {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            Ok(request.call()?)
        })
        .with_context(|| format!("GET {path} as {who}"))
    }

    /// A text that the public reads.
    pub(super) fn text(&self, path: &str) -> anyhow::Result<String> {
        let mut response = self.agent.get(format!("{}{path}", self.base)).call()?;
        let body = response.body_mut().read_to_string()?;
        if response.status().is_success() {
            Ok(body)
        } else {
            bail!("GET {path}: {} {body}", response.status())
        }
    }

    fn send(&self, who: &str, path: &str, body: &Value, key: Option<&str>) -> anyhow::Result<Value> {
        self.with_token(who, |token| {
            let mut request = self.agent.post(format!("{}{path}", self.base));
            if let Some(token) = token {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            if let Some(key) = key {
                request = request.header("Idempotency-Key", format!("story-{key}"));
            }
            Ok(if body.is_null() { request.send_empty()? } else { request.send_json(body)? })
        })
        .with_context(|| format!("POST {path} as {who}"))
    }

    /// Calls with the account's token, once more with a fresh one where the hall no longer takes it.
    fn with_token(
        &self,
        who: &str,
        call: impl Fn(Option<&str>) -> anyhow::Result<ureq::http::Response<ureq::Body>>,
    ) -> anyhow::Result<Value> {
        if who.is_empty() {
            return read(call(None)?);
        }
        let response = call(Some(&self.token(who)?))?;
        if response.status() != 401 {
            return read(response);
        }
        lock(&self.tokens).remove(who);
        read(call(Some(&self.token(who)?))?)
    }

    /// The account's access token, asked for once.
    pub(super) fn token(&self, who: &str) -> anyhow::Result<String> {
        if let Some(token) = lock(&self.tokens).get(who) {
            return Ok(token.clone());
        }
        let form = if who.starts_with("bidder.") {
            [("grant_type", "client_credentials"), ("client_id", who), ("client_secret", &self.password)]
        } else {
            [("grant_type", "password"), ("username", who), ("password", &self.password)]
        };
        let response = self.agent.post(format!("{}/api/v1/auth/token", self.base)).send_form(form)?;
        let granted = read(response).with_context(|| format!("signing in as {who}"))?;
        let token = text(&granted, "/access_token")?.to_owned();
        lock(&self.tokens).insert(who.to_owned(), token.clone());
        Ok(token)
    }

    /// Id of the organisation an account acts for.
    pub(super) fn organisation(&self, who: &str) -> anyhow::Result<String> {
        Ok(text(&self.get(who, "/api/v1/auth/me")?, "/organisation/id")?.to_owned())
    }

    /// Moves the sandbox clock to a time of the business zone and lets it stand there; nothing where it is past.
    pub(super) fn hold(&self, at: &str) -> anyhow::Result<()> {
        let target = hall(at)?;
        let path = "/api/v1/sandbox/clock";
        let now: DateTime<Utc> = text(&self.get("admin", path)?, "/now")?.parse()?;
        if now >= target {
            return Ok(());
        }
        self.progress.clock(target);
        let reading = self.post("admin", path, &json!({"hold": target}))?;
        match reading.get("failed").and_then(Value::as_array) {
            Some(failed) if !failed.is_empty() => bail!("jobs failed on the way to {at}: {failed:?}"),
            _ => Ok(()),
        }
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Value> {
    let status = response.status();
    let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_string()?;
    if status.is_success() {
        return Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(&body)? });
    }
    bail!("the hall answered {status}: {body}")
}

/// Money on the wire.
pub(super) fn yuan(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

/// A time of the business zone, such as `2026-03-16T09:30`.
pub(super) fn hall(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let read = DateTime::parse_from_rfc3339(&format!("{text}:00+08:00"));
    Ok(read.with_context(|| format!("{text} is no time"))?.to_utc())
}

/// A string of an answer by JSON pointer.
pub(super) fn text<'v>(answer: &'v Value, pointer: &str) -> anyhow::Result<&'v str> {
    answer.pointer(pointer).and_then(Value::as_str).with_context(|| format!("the answer has no {pointer}"))
}

/// An array of an answer by JSON pointer.
pub(super) fn list<'v>(answer: &'v Value, pointer: &str) -> anyhow::Result<&'v [Value]> {
    let found = answer.pointer(pointer).and_then(Value::as_array);
    Ok(found.with_context(|| format!("the answer has no list {pointer}"))?)
}

/// One line for each step on stderr; on a terminal the line is rewritten while the step lasts.
#[derive(Default)]
pub(super) struct Progress {
    step: Mutex<String>,
}

impl Progress {
    /// A new step begins.
    pub(super) fn step(&self, name: &str) {
        self.done();
        name.clone_into(&mut lock(&self.step));
        write(&format!("· {name}"));
        if !std::io::stderr().is_terminal() {
            write("\n");
        }
    }

    /// The last step is over.
    pub(super) fn done(&self) {
        if !std::mem::take(&mut *lock(&self.step)).is_empty() && std::io::stderr().is_terminal() {
            write("\n");
        }
    }

    fn clock(&self, at: DateTime<Utc>) {
        if std::io::stderr().is_terminal() {
            let line = format!("\r\u{1b}[2K· {}  {}", lock(&self.step), in_hall_zone(at));
            write(&line);
        }
    }
}

/// A story is told even where nobody can see it.
fn write(text: &str) {
    let mut out = std::io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}
