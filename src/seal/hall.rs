//! The hall as the commands of bidders, officers and auditors reach it. Calls block.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};

/// Longest answer that is read: an opened bid with its ciphertext in base64, or the record of a large tender.
const ANSWER_LIMIT: u64 = 256 * 1024 * 1024;

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

    /// The bytes of an answer.
    ///
    /// # Errors
    /// When the hall cannot be reached or refuses; what its problem document says is part of the error.
    pub fn get(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.get(&url).header("Accept", "application/json, text/plain");
        if let Some(token) = self.token {
            request = request.header("Authorization", bearer(token));
        }
        let said = || format!("GET {url}");
        read(request.call().with_context(said)?).with_context(said)
    }

    /// An answer as a document.
    ///
    /// # Errors
    /// As [`Hall::get`], and for an answer of another shape.
    pub fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        serde_json::from_slice(&self.get(path)?).with_context(|| format!("GET {}{path}", self.base))
    }

    /// Sends a document and reads the answer.
    ///
    /// # Errors
    /// As [`Hall::document`].
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.post(&url).header("Accept", "application/json");
        if let Some(token) = self.token {
            request = request.header("Authorization", bearer(token));
        }
        let said = || format!("POST {url}");
        let bytes = read(request.send_json(body).with_context(said)?).with_context(said)?;
        serde_json::from_slice(&bytes).with_context(said)
    }
}

fn bearer(token: &SecretString) -> String {
    format!("Bearer {}", token.expose_secret())
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>> {
    let body = answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec()?;
    ensure!(answer.status().is_success(), "{} {}", answer.status(), detail_of(&body));
    Ok(body)
}

/// What a problem document says; nothing of any other body.
fn detail_of(body: &[u8]) -> String {
    let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
