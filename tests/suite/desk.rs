//! The bidder's desk: `keygen`, `seal` and `open` of the real program, against a running hall.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, scratch::Scratch, works::DEADLINE};

/// Runs the program in `desk`.
fn program(desk: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenderhall"));
    command.args(args).current_dir(desk).env_remove("TENDERHALL_TOKEN").env("NO_PROXY", "*");
    command.output().unwrap()
}

/// What the program says with `--json`, if it succeeds.
#[track_caller]
fn said(desk: &Path, args: &[&str]) -> Value {
    let output = program(desk, &[args, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    assert_eq!(errors, "", "{args:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the program complains of, if it fails with `code` and says nothing else.
#[track_caller]
fn complaint(desk: &Path, args: &[&str], code: i32) -> String {
    let output = program(desk, args);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{args:?}");
    errors
}

fn json_in(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Enrols a fresh key, seals `desk/in` at `price` into `desk/out` and hands it in.
fn hand_in(app: &TestApp, desk: &Path, login: &str, tender: &str, price: &str) -> Answer {
    let organisation = app.as_(login).organisation();
    let made = said(desk, &["keygen", "--out", "key", "--organisation", &organisation]);
    assert_eq!(made["enrolmentFile"], "key.enrolment.json");
    let enrolment = json_in(&desk.join("key.enrolment.json"));
    let keys = format!("/api/v1/organisations/{organisation}/signing-keys");
    let enrolled = app.as_(login).post(&keys, &enrolment).expect(201);
    assert_eq!(enrolled["publicKey"], made["publicKey"]);

    fs::create_dir(desk.join("in")).unwrap();
    fs::write(desk.join("in/投标函.txt"), format!("{login} bids {price}")).unwrap();
    fs::write(desk.join("form.json"), r#"{"termDays":240}"#).unwrap();
    let server = format!("http://{}", app.address());
    let policy = app.seal_policy(tender).digest().to_string();
    let sealed = said(
        desk,
        &[
            "seal",
            "--server",
            &server,
            "--tender",
            tender,
            "--policy-digest",
            &policy,
            "--in",
            "in",
            "--price",
            price,
            "--form",
            "form.json",
            "--bidder",
            &organisation,
            "--key",
            "key",
            "--out",
            "out",
        ],
    );
    assert_eq!((&sealed["price"], &sealed["revision"]), (&json!(price), &json!(1)));
    let bids = format!("/api/v1/tenders/{tender}/bids");
    let submission = json_in(&desk.join("out/submission.json"));
    app.as_(login).with("Idempotency-Key", "one").post(&bids, &submission).expect(201)
}

#[test]
fn a_bid_goes_from_the_desk_to_the_opening_record() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let prices = ["18000000.00", "18100000.00", "18200000.00"];
    let bids: Vec<_> = (1..)
        .zip(prices)
        .map(|(number, price)| {
            let (desk, login) = (Scratch::new("desk"), format!("bidder.{number:04}"));
            let bid = hand_in(&app, desk.path(), &login, &tender, price).text_at("/bidId");
            (desk, login, bid)
        })
        .collect();
    app.hold(DEADLINE);
    for (desk, login, bid) in &bids {
        let secret = fs::read_to_string(desk.path().join("out/secret.txt")).unwrap();
        let share = json!({"bidId": bid, "clause": 0, "member": "bidder", "share": secret.trim_end()});
        app.as_(login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &share).expect(200);
    }
    app.hold("2026-03-16T10:01:00+08:00");
    let record = app.public().get(&format!("/api/v1/tenders/{tender}/opening/record")).expect(200);
    let found: Vec<_> =
        record["bids"].as_array().unwrap().iter().map(|bid| &bid["price"]["amount"]).collect();
    assert_eq!(found, prices);

    let (desk, login, _) = &bids[0];
    let desk = desk.path();
    let files =
        ["open", "--envelope", "out/envelope.json", "--bid", "out/bid.age", "--secret", "out/secret.txt"];
    let opened = said(desk, &[&files[..], &["--out", "opened"]].concat());
    assert_eq!(
        opened["manifest"]["form"],
        json!({"price": {"amount": prices[0], "currency": "CNY"}, "termDays": 240})
    );
    let letter = fs::read_to_string(desk.join("opened/投标函.txt")).unwrap();
    assert_eq!(letter, format!("{login} bids {}", prices[0]));
    let people = program(desk, &files);
    assert!(String::from_utf8(people.stdout).unwrap().contains("报价 Price        18000000.00 CNY"));
}

#[test]
fn the_desk_says_what_is_wrong_and_leaves_nothing_half_done() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let desk = Scratch::new("desk");
    let desk = desk.path();
    said(desk, &["keygen", "--out", "key"]);
    assert!(
        complaint(desk, &["keygen", "--out", "key"], 1)
            .starts_with("tenderhall: 无法写入 / Cannot write: key")
    );
    fs::create_dir(desk.join("in")).unwrap();
    let server = format!("http://{}", app.address());
    let draft = app.works_draft(&app.works_project()).id();
    let seal = ["seal", "--in", "in", "--bidder", "ORG-1", "--key", "key", "--out", "out", "--price", "1.00"];
    let of_draft = complaint(desk, &[&seal[..], &["--server", &server, "--tender", &draft]].concat(), 1);
    assert!(of_draft.contains("404 Not Found") && of_draft.contains(&draft), "{of_draft}");
    let nowhere = ["--server", "http://127.0.0.1:1", "--tender", &draft];
    assert!(complaint(desk, &[&seal[..], &nowhere].concat(), 1).contains("127.0.0.1:1"));
    assert!(complaint(desk, &seal, 2).contains("--policy <FILE>|--server <URL>"));
    assert!(!desk.join("out/secret.txt").exists());
}
