//! The supervisor's own machine beside a hall.

use std::process::Command;

use super::{Client, scratch::Scratch};

/// The supervisor's machine: its key, its notes, and the program.
pub struct Office {
    scratch: Scratch,
    /// Public half of its key, for the hall's settings.
    pub key: String,
}

/// Name of its witness.
pub const WITNESS: &str = "office.152500/witness1";

impl Office {
    /// A machine with a fresh key.
    pub fn found() -> Self {
        let scratch = Scratch::new("office");
        let file = scratch.path().join("witness.key");
        let made = run(&["witness", "keygen", "--name", WITNESS, "--out", file.to_str().unwrap()]);
        Self { scratch, key: made.unwrap().trim().to_owned() }
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().unwrap().to_owned()
    }

    /// One look at the hall; what the program says, or why it fails.
    pub fn look(&self, client: &Client, log: &str) -> Result<String, String> {
        let (hall, key, state) =
            (format!("http://{}", client.address()), self.path("witness.key"), self.path("notes"));
        run(&[
            "witness",
            "run",
            "--once",
            "--hall",
            &hall,
            "--log-key",
            log,
            "--name",
            WITNESS,
            "--key",
            &key,
            "--state",
            &state,
        ])
    }
}

/// Runs the program; what it says, or its complaint if it fails.
pub fn run(arguments: &[&str]) -> Result<String, String> {
    let ended = Command::new(env!("CARGO_BIN_EXE_tenderhall")).args(arguments).output().unwrap();
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if ended.status.success() { Ok(said(ended.stdout)) } else { Err(said(ended.stderr)) }
}
