//! A sentence in both languages of the hall.

use serde::{Deserialize, Serialize};

/// Language a person reads; chosen from `Accept-Language`, Chinese first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 简体中文, the language of record.
    #[default]
    Zh,
    /// English, complete but not authoritative.
    En,
}

/// One sentence in Chinese and in English. The two must say the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Say {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

impl Say {
    /// Pairs the two sentences.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The sentence in the reader's language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}
