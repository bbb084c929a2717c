//! What the story's clients remember between two runs: answers by step, and the secrets bidders keep.
//!
//! A file of JSON lines that only grows; a line broken off by a crash is left out, since its step is repeated under
//! the same `Idempotency-Key`.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;
use serde_json::{Value, json};

/// The open notebook.
pub(super) struct Notebook {
    known: HashMap<String, Value>,
    file: File,
}

impl Notebook {
    /// Opens the notebook at `path`, for the owner's eyes only.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let known = text.lines().filter_map(|line| {
            let mut line: Value = serde_json::from_str(line).ok()?;
            Some((line.get("step")?.as_str()?.to_owned(), line.get_mut("answer")?.take()))
        });
        let known = known.collect();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("cannot keep notes in {}", path.display()))?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self { known, file })
    }

    /// What was noted of a step.
    pub(super) fn find(&self, step: &str) -> Option<&Value> {
        self.known.get(step)
    }

    /// Notes the answer of a step.
    pub(super) fn note(&mut self, step: &str, answer: &Value) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(&json!({"step": step, "answer": answer}))?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.known.insert(step.to_owned(), answer.clone());
        Ok(())
    }
}
