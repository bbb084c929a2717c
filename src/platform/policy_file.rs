//! Reading the constitution of a region: TOML files compiled in, or replaced by `--config DIR`.
//!
//! Every failure names file, key and line, since the reader is a person with an editor.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// Why a policy file cannot be used: file, line (1-based), key where known, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// File as the person knows it, such as `config/routing.toml`.
    pub file: String,
    /// Line of the offending key, when it can be told.
    pub line: Option<usize>,
    /// Dotted key, when it can be told.
    pub key: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(out, ": key `{key}`")?;
        }
        write!(out, ": {}", self.message)
    }
}

/// The text of one policy file, kept for pointing at lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Path relative to the folder of the project, such as `config/routing.toml`.
    pub name: String,
    /// The text.
    pub text: String,
}

impl PolicyFile {
    /// Parses the whole file; unknown keys are errors when `T` denies them.
    ///
    /// # Errors
    /// File, line and key of the first thing that does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, PolicyError> {
        let deserializer =
            toml::Deserializer::parse(&self.text).map_err(|error| self.toml_error(&error, None))?;
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            // `toml::Spanned` is a struct to serde; its inner field is no key that anybody wrote.
            let key = error.path().to_string().replace(".$__serde_spanned_private_value", "");
            self.toml_error(error.inner(), Some(key))
        })
    }

    /// A semantic error at a span that a `toml::Spanned` value carried.
    pub fn error_at(
        &self,
        span: std::ops::Range<usize>,
        key: &str,
        message: impl Into<String>,
    ) -> PolicyError {
        PolicyError {
            file: self.name.clone(),
            line: Some(self.line_of(span.start)),
            key: Some(key.to_owned()),
            message: message.into(),
        }
    }

    /// A semantic error about the file as a whole.
    pub fn error(&self, key: &str, message: impl Into<String>) -> PolicyError {
        PolicyError {
            file: self.name.clone(),
            line: None,
            key: Some(key.to_owned()),
            message: message.into(),
        }
    }

    fn toml_error(&self, error: &toml::de::Error, key: Option<String>) -> PolicyError {
        PolicyError {
            file: self.name.clone(),
            line: error.span().map(|span| self.line_of(span.start)),
            key: key.filter(|key| key != "."),
            message: error.message().to_owned(),
        }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// Where policy files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// The edition compiled into the program.
    BuiltIn,
    /// A folder that replaces it as a whole.
    Folder(PathBuf),
    /// Texts kept elsewhere, such as an edition that is entered: they must be whole.
    Kept(Arc<PolicyTexts>),
    /// Texts that were whole when they were adopted, perhaps for an earlier program: what was asked for only later may
    /// be missing, and means what held before it was asked for.
    Adopted(Arc<PolicyTexts>),
}

/// Texts of policy files by their path below `config/`.
pub type PolicyTexts = BTreeMap<String, String>;

/// SHA-256 over paths and texts in the order of the paths, each ended by a zero byte.
pub fn digest(texts: &PolicyTexts) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in texts.iter().flat_map(|(path, text)| [path, text]) {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// A file of the built-in edition: path below `config/` and text.
pub type BuiltInFile = (&'static str, &'static str);

impl PolicySource {
    /// Reads `path` (below `config/`), from the folder if there is one, else from `built_in`.
    ///
    /// # Errors
    /// A missing or unreadable file, by name.
    pub fn read(&self, built_in: &[BuiltInFile], path: &str) -> Result<PolicyFile, PolicyError> {
        match self {
            Self::BuiltIn => built_in
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(name, text)| PolicyFile { name: format!("config/{name}"), text: (*text).to_owned() })
                .ok_or_else(|| missing(&format!("config/{path}"), "is not part of the built-in edition")),
            Self::Folder(folder) => read_from(folder, path),
            Self::Kept(texts) | Self::Adopted(texts) => match texts.get(path) {
                Some(text) => Ok(PolicyFile { name: path.to_owned(), text: text.clone() }),
                None => Err(missing(path, "is not part of the edition")),
            },
        }
    }

    /// Whether `path` may be missing, since it was adopted before it was asked for.
    pub fn lacks(&self, path: &str) -> bool {
        matches!(self, Self::Adopted(texts) if !texts.contains_key(path))
    }

    /// Reads `path` as [`Self::read`] does. A key of `earlier` that an adopted text lacks has the value given with it,
    /// in TOML: that which held before the key was asked for.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_with(
        &self,
        built_in: &[BuiltInFile],
        path: &str,
        earlier: &[(&str, &str)],
    ) -> Result<PolicyFile, PolicyError> {
        let mut file = self.read(built_in, path)?;
        if matches!(self, Self::Adopted(_))
            && let Ok(said) = file.text.parse::<toml::Table>()
        {
            let lacking = earlier.iter().filter(|(key, _)| !said.contains_key(*key));
            // Before the first table of the text, so that it belongs to none.
            let lacking: String = lacking.map(|(key, value)| format!("{key} = {value}\n")).collect();
            file.text.insert_str(0, &lacking);
        }
        Ok(file)
    }

    /// Paths below `config/` that lie in `folder` and end in `.toml`, sorted.
    ///
    /// # Errors
    /// An unreadable folder, by name.
    pub fn list(&self, built_in: &[BuiltInFile], folder: &str) -> Result<Vec<String>, PolicyError> {
        let inside = |name: &String| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let mut found: Vec<String> = match self {
            Self::BuiltIn => built_in.iter().map(|(name, _)| (*name).to_owned()).filter(inside).collect(),
            Self::Kept(texts) | Self::Adopted(texts) => {
                texts.keys().filter(|name| inside(name)).cloned().collect()
            }
            Self::Folder(root) => {
                let path = root.join(folder);
                let entries = std::fs::read_dir(&path)
                    .map_err(|error| missing(&path.display().to_string(), &error.to_string()))?;
                entries
                    .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                    .map(|name| format!("{folder}/{name}"))
                    .collect()
            }
        };
        found.retain(|name| name.ends_with(".toml"));
        found.sort();
        Ok(found)
    }
}

impl PolicySource {
    /// The texts of all files that stand where those of `built_in` do: in the same folders, or of the same name.
    ///
    /// # Errors
    /// A missing or unreadable file, by name.
    pub fn texts(&self, built_in: &[BuiltInFile]) -> Result<PolicyTexts, PolicyError> {
        let mut texts = PolicyTexts::new();
        for (path, _) in built_in {
            let paths = match path.split_once('/') {
                None => vec![(*path).to_owned()],
                Some((folder, _)) => self.list(built_in, folder)?,
            };
            for path in paths {
                if let Entry::Vacant(place) = texts.entry(path) {
                    let text = self.read(built_in, place.key())?.text;
                    place.insert(text);
                }
            }
        }
        Ok(texts)
    }
}

fn read_from(folder: &Path, path: &str) -> Result<PolicyFile, PolicyError> {
    let whole = folder.join(path);
    let text = std::fs::read_to_string(&whole)
        .map_err(|error| missing(&whole.display().to_string(), &error.to_string()))?;
    Ok(PolicyFile { name: whole.display().to_string(), text })
}

fn missing(file: &str, why: &str) -> PolicyError {
    PolicyError { file: file.to_owned(), line: None, key: None, message: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Sample {
        rules: Vec<Rule>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Rule {
        n: u32,
    }

    #[test]
    fn an_error_names_file_line_and_key() {
        let file =
            PolicyFile { name: "config/x.toml".into(), text: "# top\n[[rules]]\nn = \"three\"\n".into() };
        let error = file.parse::<Sample>().unwrap_err();
        assert_eq!(error.line, Some(3));
        assert_eq!(error.key.as_deref(), Some("rules[0].n"));
        assert!(error.to_string().starts_with("config/x.toml:3: key `rules[0].n`: "), "{error}");
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Marked {
        n: toml::Spanned<u32>,
    }

    #[test]
    fn a_spanned_value_is_named_by_its_own_key() {
        let file = PolicyFile { name: "config/x.toml".into(), text: "\nn = \"three\"\n".into() };
        let error = file.parse::<Marked>().unwrap_err();
        assert_eq!((error.line, error.key.as_deref()), (Some(2), Some("n")));
    }
}
