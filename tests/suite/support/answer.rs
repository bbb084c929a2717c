//! An answer of the service, and what a test demands of it.

use std::{fmt, ops::Index};

use serde_json::Value;
use ureq::{
    Body,
    http::{HeaderMap, Response},
};

/// Most bytes of an answer that a test reads.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Status, headers and body.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `Null` where the body is not JSON.
    pub json: Value,
    pub text: String,
    what: String,
}

impl Answer {
    pub(super) fn read(method: &str, path: &str, response: Response<Body>) -> Result<Self, ureq::Error> {
        let (parts, body) = response.into_parts();
        let bytes = body.into_with_config().limit(MOST_BYTES).read_to_vec()?;
        let text = String::from_utf8(bytes).unwrap_or_else(|error| format!("{:?}", error.as_bytes()));
        Ok(Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
            what: format!("{method} {path}"),
        })
    }

    /// The same answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The same answer, if it is a problem document with this code.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.json["code"], code, "{self:?}");
        assert_eq!(self.json["status"], self.status, "{self:?}");
        assert_eq!(self.json["type"], format!("/api/v1/problems#{code}"));
        let request = self.header("x-request-id");
        assert_eq!(self.json["instance"], format!("urn:uuid:{request}"), "{self:?}");
        self
    }

    /// The same answer, if its errors name this place.
    #[track_caller]
    pub fn points_to(self, pointer: &str) -> Self {
        let errors = self.json["errors"].as_array().cloned().unwrap_or_default();
        assert!(
            errors.iter().any(|error| error["pointer"] == pointer),
            "nothing points to {pointer}: {self:?}"
        );
        self
    }

    /// The same answer, if it refuses by this rule and article.
    #[track_caller]
    pub fn by_rule(self, rule: &str, article: &str) -> Self {
        assert_eq!(
            (&self.json["rule"]["id"], &self.json["rule"]["article"]),
            (&rule.into(), &article.into()),
            "{self:?}"
        );
        self
    }

    /// Text of a header; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Text at a JSON pointer.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer}: {self:?}")).to_owned()
    }

    /// The id of the resource.
    #[track_caller]
    pub fn id(&self) -> String {
        self.text_at("/id")
    }

    /// What `allowedActions` says of one act.
    #[track_caller]
    pub fn action(&self, name: &str) -> &Value {
        let actions =
            self.json["allowedActions"].as_array().unwrap_or_else(|| panic!("no actions: {self:?}"));
        actions
            .iter()
            .find(|action| action["action"] == name)
            .unwrap_or_else(|| panic!("no action {name}: {self:?}"))
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} → {}\n{}", self.what, self.status, self.text)
    }
}
