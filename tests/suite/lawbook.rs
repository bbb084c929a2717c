//! `tenderhall law` with the real program.

use std::{fs, path::Path, process::Command};

use crate::support::scratch::Scratch;

fn program(arguments: &[&str]) -> (bool, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_tenderhall")).arg("law").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if here.is_dir() { copy(&here, &there) } else { fs::copy(here, there).map(drop).unwrap() }
    }
}

#[test]
fn an_edition_is_checked_and_compared_in_words() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    let scratch = Scratch::new("law");
    let other = scratch.path().join("edition");
    copy(Path::new(config), &other);
    let name = other.to_str().unwrap();

    let (fits, said, _) = program(&["check", config, "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(fits && said["edition"].as_str().unwrap().starts_with("sha256:"), "{said}");
    assert_eq!(said["calendars"], serde_json::json!([2015, 2024, 2025, 2026]));
    assert_eq!(program(&["diff", config, name]).1, "无变动 / Nothing changes.\n");

    let rules = other.join("law/engineering.toml");
    let text = fs::read_to_string(&rules).unwrap();
    let first_end = "effectiveFrom = \"2000-01-01\"\ntext";
    fs::write(
        &rules,
        text.replacen(first_end, "effectiveFrom = \"2000-01-01\"\neffectiveTo = \"1999-01-01\"\ntext", 1),
    )
    .unwrap();
    let (fits, _, why) = program(&["check", name]);
    let names_it = |why: &str| why.contains("engineering.toml:") && why.contains("effectiveTo");
    assert!(!fits && names_it(&why), "{why}");
    // Nor does a hall start by it.
    let data = scratch.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_tenderhall"));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--config", name, "--data"]).arg(&data);
    let stopped = serve.output().unwrap();
    let why = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert!(!stopped.status.success() && names_it(&why) && why.contains("rule ENG-4"), "{why}");

    fs::write(&rules, text.replacen("n = 20\n", "n = 25\n", 1)).unwrap();
    let (fits, said, _) = program(&["diff", config, name]);
    assert!(fits && said.starts_with("ENG-4\n"), "{said}");
    assert!(said.contains("at least 20 calendar days → at least 25 calendar days"), "{said}");
    let (_, line, _) = program(&["diff", config, name, "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["about"], "ENG-4");
    let digest = |folder: &str| program(&["check", folder]).1.lines().last().unwrap().to_owned();
    assert_ne!(digest(config), digest(name));
}
