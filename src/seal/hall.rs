//! The hall as the commands of bidders, officers and auditors reach it. Calls block.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use ureq::RequestBuilder;

/// Longest answer that is read: an opened bid with its ciphertext in base64, or the record of a large tender.
const ANSWER_LIMIT: u64 = 256 * 1024 * 1024;
/// How long a chunk may take; the hall waits as long.
const CHUNK_PATIENCE: Duration = Duration::from_secs(300);

/// A hall at an address, asked by one account or by nobody.
pub struct Hall<'a> {
    agent: ureq::Agent,
    base: &'a str,
    token: Option<&'a SecretString>,
}

impl<'a> Hall<'a> {
    /// The hall at `server`, such as `https://hall.example`.
    pub fn new(server: &'a str, token: Option<&'a SecretString>) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false)
            .build();
        Self { agent: config.into(), base: server.trim_end_matches('/'), token }
    }

    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match self.token {
            Some(token) => request.header("Authorization", bearer(token)),
            None => request,
        }
    }

    /// The bytes of an answer.
    ///
    /// # Errors
    /// When the hall cannot be reached or refuses; what its problem document says is part of the error.
    pub fn get(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.get(&url).header("Accept", "application/json, text/plain");
        let said = || format!("GET {url}");
        read(self.signed(request).call().with_context(said)?).with_context(said)
    }

    /// Whatever the hall answers.
    ///
    /// # Errors
    /// When the hall cannot be reached.
    pub fn ask(&self, path: &str) -> Result<Answered> {
        let url = format!("{}{path}", self.base);
        let said = || format!("GET {url}");
        let request = self.signed(self.agent.get(&url).header("Accept", "application/json"));
        read_answer(request.call().with_context(said)?).with_context(said)
    }

    /// An answer as a document.
    ///
    /// # Errors
    /// As [`Hall::get`], and for an answer of another shape.
    pub fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        serde_json::from_slice(&self.get(path)?).with_context(|| format!("GET {}{path}", self.base))
    }

    /// An answer as a stream, however long.
    ///
    /// # Errors
    /// As [`Hall::get`].
    pub fn stream(&self, path: &str) -> Result<impl Read + use<>> {
        let url = format!("{}{path}", self.base);
        let request =
            self.agent.get(&url).header("Accept", "application/octet-stream, application/problem+json");
        let request = self.signed(request).config().timeout_global(None).build();
        let said = || format!("GET {url}");
        let answer = request.call().with_context(said)?;
        if answer.status().is_success() {
            return Ok(answer.into_body().into_reader());
        }
        bail!("{}: {}", said(), read_answer(answer).with_context(said)?.refusal())
    }

    /// Sends a document and reads the answer.
    ///
    /// # Errors
    /// As [`Hall::document`].
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let request = self.signed(self.agent.post(&url).header("Accept", "application/json"));
        let said = || format!("POST {url}");
        let bytes = read(request.send_json(body).with_context(said)?).with_context(said)?;
        serde_json::from_slice(&bytes).with_context(said)
    }

    /// Sends a document under an `Idempotency-Key`, and answers whatever the hall answers.
    ///
    /// # Errors
    /// When the hall cannot be reached.
    pub fn post_once(&self, path: &str, key: &str, body: &impl Serialize) -> Result<Answered> {
        let url = format!("{}{path}", self.base);
        let request = self.signed(self.agent.post(&url).header("Accept", "application/json"));
        let said = || format!("POST {url}");
        let request = request.header("Idempotency-Key", key);
        read_answer(request.send_json(body).with_context(said)?).with_context(said)
    }

    /// Sends bytes with their `Content-Digest`, and answers whatever the hall answers.
    ///
    /// # Errors
    /// When the hall cannot be reached.
    pub fn put_bytes(&self, path: &str, digest: &str, bytes: &[u8]) -> Result<Answered> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.put(&url).header("Accept", "application/json");
        let request =
            request.header("Content-Type", "application/octet-stream").header("Content-Digest", digest);
        let request = self.signed(request).config().timeout_global(Some(CHUNK_PATIENCE)).build();
        let said = || format!("PUT {url}");
        read_answer(request.send(bytes).with_context(said)?).with_context(said)
    }
}

/// What the hall answers, for callers to whom a no is an answer too.
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The document, or a problem document.
    pub body: Vec<u8>,
}

impl Answered {
    /// The document of an answer that is no refusal.
    ///
    /// # Errors
    /// What the problem document says, or another shape.
    pub fn document<T: DeserializeOwned>(&self) -> Result<T> {
        ensure!((200..300).contains(&self.status), "{}", self.refusal());
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// A member of the document.
    pub fn text(&self, member: &str) -> Option<String> {
        let document: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        document.get(member)?.as_str().map(str::to_owned)
    }

    /// Status and what the problem document says.
    pub fn refusal(&self) -> String {
        format!("{} {}", self.status, self.text("detail").unwrap_or_default())
    }
}

fn bearer(token: &SecretString) -> String {
    format!("Bearer {}", token.expose_secret())
}

fn read(answer: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>> {
    let status = answer.status();
    let answered = read_answer(answer)?;
    let detail = answered.text("detail").unwrap_or_default();
    ensure!(status.is_success(), "{status} {detail}");
    Ok(answered.body)
}

fn read_answer(mut answer: ureq::http::Response<ureq::Body>) -> Result<Answered> {
    let body = answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec()?;
    Ok(Answered { status: answer.status().as_u16(), body })
}
