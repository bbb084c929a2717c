//! What every request carries besides its body: id, language, retry key, expected version.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};

use sha2::{Digest, Sha256};

use crate::kernel::{Code, Problem, Rejection, Say, id::RequestId, say::Language};

/// Header facts of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Made by the service for this request; answered as `X-Request-Id`.
    pub request: RequestId,
    /// Language of titles and sentences.
    pub language: Language,
    /// `Idempotency-Key`, trimmed; at most 255 visible ASCII characters.
    pub idempotency_key: Option<String>,
    /// `If-Match` as sent.
    pub if_match: Option<String>,
    /// SHA-256 over method and path: the fingerprint of a request without a body.
    pub target: [u8; 32],
}

impl FromRequest for Meta {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).map_err(Problem::from))
    }
}

impl Meta {
    /// Reads the headers.
    ///
    /// # Errors
    /// 400 for an `Idempotency-Key` that is empty, too long or not visible ASCII.
    pub fn of(request: &HttpRequest) -> Result<Self, Rejection> {
        let header = |name: &str| request.headers().get(name);
        let idempotency_key = match header("idempotency-key") {
            None => None,
            Some(value) => Some(visible(value.to_str().unwrap_or_default().trim())?),
        };
        Ok(Self {
            request: request_id(request),
            language: language_of(
                header("accept-language").and_then(|value| value.to_str().ok()).unwrap_or(""),
            ),
            idempotency_key,
            if_match: header("if-match").and_then(|value| value.to_str().ok()).map(str::to_owned),
            target: Sha256::digest(format!("{} {}\n", request.method(), request.path())).into(),
        })
    }

    /// Checks `If-Match` against the present version.
    ///
    /// # Errors
    /// 428 when the header is missing, 412 when the resource has moved on.
    pub fn expect_version(&self, version: i64) -> Result<(), Rejection> {
        match self.if_match.as_deref() {
            None => Err(Rejection::new(
                Code::PreconditionRequired,
                Say::new(
                    "请在 If-Match 中给出所见版本的 ETag。",
                    "Give the ETag of the version you saw in If-Match.",
                ),
            )),
            Some(_) => self.allow_version(version),
        }
    }

    /// Like [`Self::expect_version`] for acts where the header may be left out.
    ///
    /// # Errors
    /// 412 when the header names another version.
    pub fn allow_version(&self, version: i64) -> Result<(), Rejection> {
        let matches = |wanted: &str| {
            wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == super::reply::etag_of(version))
        };
        match self.if_match.as_deref() {
            Some(wanted) if !matches(wanted) => Err(Rejection::new(
                Code::PreconditionFailed,
                Say::new(
                    "资源已被他人修改，请重新读取。",
                    "The resource has changed since you read it; read it again.",
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// The request's id, made once and kept in its extensions.
pub fn request_id(request: &HttpRequest) -> RequestId {
    if let Some(id) = request.extensions().get::<RequestId>() {
        return *id;
    }
    let id = RequestId::random();
    request.extensions_mut().insert(id);
    id
}

fn visible(key: &str) -> Result<String, Rejection> {
    let fits = !key.is_empty() && key.len() <= 255 && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(key.to_owned());
    }
    Err(Rejection::new(
        Code::MalformedRequest,
        Say::new(
            "Idempotency-Key 须为 1 至 255 个可见 ASCII 字符。",
            "Idempotency-Key must be 1 to 255 visible ASCII characters.",
        ),
    ))
}

/// Chinese unless the caller ranks English higher.
pub fn language_of(accept: &str) -> Language {
    let rank = |tag: &str| {
        accept
            .split(',')
            .filter_map(|entry| {
                let mut parts = entry.split(';').map(str::trim);
                let name = parts.next()?;
                let quality = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
                // Weights are compared as thousandths: "0.8" is 800.
                let mut digits = quality.replace('.', "");
                digits.truncate(4);
                let weight: u32 = format!("{digits:0<4}").parse().ok()?;
                name.to_ascii_lowercase().starts_with(tag).then_some(weight)
            })
            .max()
    };
    if rank("en") > rank("zh") { Language::En } else { Language::Zh }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_comes_first_unless_english_is_ranked_higher() {
        assert_eq!(language_of(""), Language::Zh);
        assert_eq!(language_of("fr"), Language::Zh);
        assert_eq!(language_of("zh-CN,en;q=0.8"), Language::Zh);
        assert_eq!(language_of("en-GB,zh;q=0.5"), Language::En);
        assert_eq!(language_of("en"), Language::En);
    }
}
