//! `tenderhall bench` as it is called: what it prints and how it ends. How fast it was is nobody's business here.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::scratch::Scratch;

fn bench(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tenderhall"))
        .args(["bench", "--rounds", "1", "--seconds", "1", "--bookings", "12000", "--data"])
        .arg(data)
        .args(arguments)
        .output()
        .unwrap()
}

/// A decimal, which JSON carries as a text.
fn number(value: &Value) -> rust_decimal::Decimal {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).parse().unwrap()
}

#[test]
fn figures_stand_beside_their_references_and_nothing_is_left_behind() {
    let scratch = Scratch::new("bench");
    for (what, wanted) in [
        ("submission", &["submission over HTTP, 32 clients", "memory, most through the submissions"][..]),
        ("notice", &["public notice by id, 32 readers"]),
        (
            "rooms",
            &[
                "free time of a week, very many bookings",
                "booking a slot, very many bookings",
                "a year of 10,000 requests planned",
            ],
        ),
    ] {
        let data = scratch.path().join(what);
        let output = bench(&data, &[what, "--json", "--anyway"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{what}: {said}{}", String::from_utf8_lossy(&output.stderr));
        let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<&str> = lines.iter().map(|line| line["measured"]["name"].as_str().unwrap()).collect();
        for name in wanted {
            assert!(names.contains(name), "{name}: {names:?}");
        }
        for line in &lines {
            let (measured, machine) = (&line["measured"], &line["machine"]);
            let [figure, reference, ratio] =
                ["figure", "reference", "ratio"].map(|name| number(&measured[name]));
            assert!(figure > 0.into() && reference > 0.into() && ratio >= 0.into(), "{line}");
            assert!(measured["unit"].is_string() && measured["beside"].is_string(), "{line}");
            let rounds = measured["rounds"].as_array().map_or(0, Vec::len);
            assert_eq!(rounds, usize::from(measured["beside"] != "bound"), "{line}");
            // Said by the cluster itself, not by the program.
            let settings = machine["postgresql"].as_str().unwrap();
            assert!(settings.contains("full_page_writes=on, synchronous_commit=on"), "{settings}");
            assert!(settings.contains("fsync=on") && machine["filesystem"].is_string(), "{line}");
        }
        assert!(!data.exists(), "the folder of the measurement is removed");
    }
}

#[test]
fn a_folder_in_memory_and_one_that_is_there_already_are_refused() {
    let scratch = Scratch::new("bench-refused");
    let output = bench(scratch.path(), &["notice", "--anyway"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("cannot make the folder"), "{said}");
    assert!(scratch.path().exists(), "a folder that was there stays");
    let memory = Path::new("/dev/shm").join(format!("tenderhall-bench-{}", uuid::Uuid::new_v4()));
    let output = bench(&memory, &["notice"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("tmpfs") && said.contains("--anyway"), "{said}");
    assert!(!memory.exists());
}
