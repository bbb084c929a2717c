//! The JSON body of a request, read strictly: UTF-8, bounded, no unknown field, errors with JSON pointers.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::kernel::{Code, FieldError, Problem, Rejection, Say};

/// Most memory taken on the word of a `Content-Length` alone.
const READ_AHEAD: usize = 16 * 1024;
/// Largest JSON body where a route sets no [`BodyLimit`] of its own.
pub const DEFAULT_LIMIT_BYTES: usize = 1024 * 1024;

/// Body limit of a resource, set by `.app_data(BodyLimit(n))`.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(
    /// Bytes.
    pub usize,
);

/// A parsed JSON body and the fingerprint that decides whether a retry is the same request.
#[derive(Debug, Clone)]
pub struct Body<T> {
    /// The parsed value.
    pub value: T,
    /// SHA-256 over method, path and the bytes of the body.
    pub fingerprint: [u8; 32],
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = request
            .app_data::<BodyLimit>()
            .or_else(|| request.app_data::<web::Data<BodyLimit>>().map(|data| data.as_ref()))
            .map_or(DEFAULT_LIMIT_BYTES, |limit| limit.0);
        let declared =
            request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
        let json = request.content_type().eq_ignore_ascii_case("application/json");
        let mut hash = Sha256::new();
        hash.update(request.method().as_str());
        hash.update(b" ");
        hash.update(request.path());
        hash.update(b"\n");
        let mut payload = payload.take();
        Box::pin(async move {
            if !json {
                return Err(unsupported().into());
            }
            let bytes = collect(&mut payload, declared, limit).await?;
            hash.update(&bytes);
            Ok(Self { value: parse(&bytes)?, fingerprint: hash.finalize().into() })
        })
    }
}

fn unsupported() -> Rejection {
    Rejection::new(
        Code::UnsupportedMediaType,
        Say::new("请求体须为 application/json。", "The body must be application/json."),
    )
}

fn too_large(limit: usize) -> Rejection {
    Rejection::new(
        Code::PayloadTooLarge,
        Say::new(
            format!("请求体不得超过 {limit} 字节。"),
            format!("The body may have at most {limit} bytes."),
        ),
    )
}

/// Reads the payload up to `limit`; a larger one is refused before it is read.
///
/// # Errors
/// 413 for more, 400 where it breaks off.
pub async fn collect(
    payload: &mut Payload,
    declared: Option<u64>,
    limit: usize,
) -> Result<web::Bytes, Problem> {
    if declared.is_some_and(|declared| usize::try_from(declared).map_or(true, |declared| declared > limit)) {
        return Err(too_large(limit).into());
    }
    let expected = declared.and_then(|declared| usize::try_from(declared).ok()).unwrap_or_default();
    let mut bytes = web::BytesMut::with_capacity(expected.min(READ_AHEAD));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| malformed(&error.to_string()))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit).into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn malformed(why: &str) -> Rejection {
    Rejection::new(
        Code::MalformedRequest,
        Say::new(format!("无法读取请求体：{why}"), format!("The body cannot be read: {why}")),
    )
}

/// Parses one JSON document; shape errors carry the pointer of the place.
///
/// # Errors
/// 400 for text that is not one JSON document in UTF-8, 422 for a document of another shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error.to_string()))?;
    refuse_nul(text)?;
    // What fits is read once; only what does not is read again to find the place.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer_of(error.path());
        let inner = error.into_inner();
        // What reads as JSON has a wrong shape, whatever the reader called it.
        let readable = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if inner.is_data() || readable() {
            wrong_shape(pointer, &inner.to_string())
        } else {
            malformed(&inner.to_string())
        }
    })?;
    deserializer.end().map_err(|error| malformed(&error.to_string()))?;
    Ok(value)
}

/// Reads a part of a document that is already JSON; `at` is the pointer of the part.
///
/// # Errors
/// 422 with the pointer of the place that does not fit.
pub fn read_value<T: DeserializeOwned>(part: serde_json::Value, at: &str) -> Result<T, Rejection> {
    serde_path_to_error::deserialize(part).map_err(|error| {
        let pointer = format!("{at}{}", pointer_of(error.path()));
        wrong_shape(pointer, &error.into_inner().to_string())
    })
}

/// U+0000 cannot be kept in PostgreSQL's text, and no matter of the trade is written with it.
fn refuse_nul(text: &str) -> Result<(), Rejection> {
    // In JSON it stands only as this escape, behind an even number of backslashes.
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\u0000") {
        let backslashes = before.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes.is_multiple_of(2) {
            return Err(malformed("U+0000"));
        }
        rest = after;
    }
    Ok(())
}

fn wrong_shape(pointer: String, why: &str) -> Rejection {
    let why = why.rsplit_once(" at line ").map_or(why, |(sentence, _)| sentence);
    let word = if why.starts_with("unknown field") {
        "unknown-field"
    } else if why.starts_with("missing field") {
        "required"
    } else {
        "invalid"
    };
    Rejection {
        code: Code::InvalidRequest,
        detail: Say::new("请求内容不符合要求，见 errors。", "The content does not fit; see errors."),
        errors: vec![FieldError::new(pointer, word, why)],
    }
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Sample {
        items: Vec<Item>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Item {
        price: crate::kernel::money::Amount,
    }

    #[test]
    fn the_character_nul_is_refused_and_its_spelling_is_not() {
        for bad in [r#"["\u0000"]"#, r#"["a\\\u0000"]"#, r#"{"\u0000":1}"#, r#"["\\u0000\u0000"]"#] {
            let code = parse::<serde_json::Value>(bad.as_bytes()).unwrap_err().code;
            assert_eq!(code, Code::MalformedRequest, "{bad}");
        }
        for good in [r#"["\\u0000"]"#, r#"["\\\\u0000"]"#, r#"["\u0001"]"#] {
            assert!(parse::<serde_json::Value>(good.as_bytes()).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_wrong_place_is_pointed_to() {
        let rejection = parse::<Sample>(br#"{"items":[{"price":"1.00"},{"price":2}]}"#).unwrap_err();
        assert_eq!(rejection.code, Code::InvalidRequest);
        assert_eq!(rejection.errors[0].pointer, "/items/1/price");
    }

    #[test]
    fn what_is_not_one_json_document_is_malformed() {
        let deep = format!("{{\"items\":{}", "[".repeat(10_000));
        for bad in [&b"{"[..], b"\xff\xfe", b"{\"items\":[]} {}"] {
            assert_eq!(parse::<Sample>(bad).unwrap_err().code, Code::MalformedRequest);
        }
        // Depth is bounded by the reader, whichever complaint comes first.
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
