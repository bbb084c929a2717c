//! What a use case answers: status, JSON body, version and place.

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::StatusCode};
use serde::Serialize;

use crate::kernel::Problem;

/// An answer as a value, so that it can be kept for a retry with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200, 201, 202 or 204.
    pub status: u16,
    /// Serialized JSON; empty for 204.
    pub body: String,
    /// Version of the resource, shown as its strong ETag.
    pub version: Option<i64>,
    /// `Location` of a new resource.
    pub location: Option<String>,
}

/// The strong ETag of a version number.
pub fn etag_of(version: i64) -> String {
    format!("\"v{version}\"")
}

impl Reply {
    fn with_status(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        Ok(Self { status, body, version: None, location: None })
    }

    /// 200 with a body.
    ///
    /// # Errors
    /// When the body cannot be written as JSON, which is a fault.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::with_status(200, body)
    }

    /// 201 with the new resource and where it stands.
    ///
    /// # Errors
    /// When the body cannot be written as JSON, which is a fault.
    pub fn created(location: String, body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { location: Some(location), ..Self::with_status(201, body)? })
    }

    /// Adds the version as ETag.
    #[must_use]
    pub fn at_version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        if let Some(version) = self.version {
            response.insert_header(("ETag", etag_of(version)));
        }
        if let Some(location) = self.location {
            response.insert_header(("Location", location));
        }
        response.insert_header(("Cache-Control", "no-store"));
        response.content_type("application/json").body(self.body)
    }
}
