//! The strict small words of the formats: identity texts, part and member words, digests, nonces, base64.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::flaw::{Flaw, SealError};

/// Canonical JSON by RFC 8785.
///
/// # Errors
/// [`Flaw::NotCanonical`] for a value that has no canonical form.
pub fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, SealError> {
    serde_json_canonicalizer::to_vec(value).map_err(|cause| Flaw::NotCanonical.because(cause))
}

/// SHA-256 over the pieces, one after another.
pub fn sha256(pieces: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize().into()
}

/// Reads a JSON document of at most `limit` bytes; unknown and repeated members are refused.
///
/// # Errors
/// [`Flaw::TooLarge`], [`Flaw::Malformed`].
pub fn read_json<T: DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, SealError> {
    if bytes.len() > limit {
        return Err(Flaw::TooLarge.because(format_args!("{} > {limit} bytes", bytes.len())));
    }
    serde_json::from_slice(bytes).map_err(|cause| Flaw::Malformed.because(cause))
}

/// Standard base64 with padding.
pub fn base64_text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64 with padding; any other spelling of the same bytes is refused.
pub fn read_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads exactly 32 bytes of lowercase hex.
fn read_hex32(text: &str) -> Result<[u8; 32], &'static str> {
    let lower = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut bytes = [0; 32];
    if lower && hex::decode_to_slice(text, &mut bytes).is_ok() {
        Ok(bytes)
    } else {
        Err("expected 64 lowercase hexadecimal digits")
    }
}

macro_rules! text_word {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $example:literal, $said:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = $pattern, example = $example)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let check: fn(&[u8]) -> bool = $check;
                if check(text.as_bytes()) { Ok(Self(text)) } else { Err($said) }
            }
        }

        impl std::str::FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

text_word!(
    /// Identity of a tender, lot, bidder, bid, clock or client: 1 to 64 ASCII letters, digits, `.`, `_`, `-`,
    /// beginning with a letter or digit. Never holds a space, so that receipts split without doubt.
    IdText, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", "T-2026-000123",
    "expected 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
    |bytes| (1..=64).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
);

text_word!(
    /// Word for a part or a member: 1 to 32 lowercase letters, digits or `-`, beginning with a letter.
    Word, "^[a-z][a-z0-9-]{0,31}$", "price",
    "expected 1 to 32 lowercase letters, digits or '-', beginning with a letter",
    |bytes| (1..=32).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
);

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = $pattern)]
        pub struct $name(pub [u8; 32]);

        impl std::str::FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let digits = text.strip_prefix($prefix).ok_or("expected the prefix \"sha256:\"")?;
                read_hex32(digits).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str($prefix)?;
                out.write_str(&hex::encode(self.0))
            }
        }
    };
}

bytes32!(
    /// A SHA-256, written as 64 lowercase hexadecimal digits.
    Digest, "^[0-9a-f]{64}$", ""
);
bytes32!(
    /// 32 random bytes, written as 64 lowercase hexadecimal digits.
    Nonce, "^[0-9a-f]{64}$", ""
);
bytes32!(
    /// A SHA-256 of a whole document, written `sha256:` and 64 lowercase hexadecimal digits.
    TaggedDigest, "^sha256:[0-9a-f]{64}$", "sha256:"
);

impl From<Digest> for TaggedDigest {
    fn from(digest: Digest) -> Self {
        Self(digest.0)
    }
}

impl From<TaggedDigest> for Digest {
    fn from(digest: TaggedDigest) -> Self {
        Self(digest.0)
    }
}

/// The number 1, the only version of every format here; any other is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct V1;

impl utoipa::PartialSchema for V1 {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .enum_values(Some([1]))
            .examples([serde_json::json!(1)])
            .into()
    }
}

impl utoipa::ToSchema for V1 {}

impl Serialize for V1 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for V1 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u8::deserialize(from)? {
            1 => Ok(Self),
            other => Err(de::Error::custom(format_args!("version {other} is not known, expected 1"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_to_their_alphabets() {
        for bad in ["", " ", "a b", "a\n", "-a", "投标人", "a/b", &"a".repeat(65), "a+b"] {
            assert!(bad.parse::<IdText>().is_err(), "{bad}");
        }
        for bad in ["", "A", "1a", "a_b", &"a".repeat(33)] {
            assert!(bad.parse::<Word>().is_err(), "{bad}");
        }
    }

    #[test]
    fn one_spelling_only() {
        let lower = "ab".repeat(32);
        assert!(lower.parse::<Digest>().is_ok());
        assert!(lower.to_uppercase().parse::<Digest>().is_err());
        assert!(lower.parse::<TaggedDigest>().is_err());
        assert!(format!("sha256:{lower}").parse::<TaggedDigest>().is_ok());
        assert_eq!(read_base64("AQ=="), Some(vec![1]));
        for bad in ["AQ", "AR==", "AQ==\n", " AQ==", "AQ=", "_w=="] {
            assert_eq!(read_base64(bad), None, "{bad}");
        }
        assert!(serde_json::from_str::<V1>("2").is_err());
        assert!(serde_json::from_str::<V1>("1.0").is_err());
    }
}
