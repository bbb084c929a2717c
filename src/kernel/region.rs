//! Administrative divisions by GB/T 2260 (six digits), plus statistical codes such as 152571.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A six-digit division code. Whether the hall serves it is `jurisdiction`'s question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[1-9][0-9]{5}$", example = "152527")]
pub struct RegionCode(String);

impl RegionCode {
    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RegionCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let shaped =
            text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if shaped { Ok(Self(text)) } else { Err("expected a region code of six digits (GB/T 2260)") }
    }
}

impl From<RegionCode> for String {
    fn from(code: RegionCode) -> Self {
        code.0
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
