//! The bidder's desk: `keygen`, `seal` and `open` of the real program, against a running hall.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use tenderhall::kernel::note::WitnessKey;

use crate::support::{
    Answer, TestApp,
    office::{Office, WITNESS},
    scratch::Scratch,
    works::{DEADLINE, NOTICE, START},
};

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
    seal(app, desk, login, tender, price);
    let bids = format!("/api/v1/tenders/{tender}/bids");
    let submission = json_in(&desk.join("out/submission.json"));
    app.as_(login).with("Idempotency-Key", "one").post(&bids, &submission).expect(201)
}

/// Enrols a fresh key and seals `desk/in` at `price` into `desk/out`, with whatever lies in `desk/in` already.
fn seal(app: &TestApp, desk: &Path, login: &str, tender: &str, price: &str) {
    let organisation = app.as_(login).organisation();
    let made = said(desk, &["keygen", "--out", "key", "--organisation", &organisation]);
    assert_eq!(made["enrolmentFile"], "key.enrolment.json");
    let enrolment = json_in(&desk.join("key.enrolment.json"));
    let keys = format!("/api/v1/organisations/{organisation}/signing-keys");
    let enrolled = app.as_(login).post(&keys, &enrolment).expect(201);
    assert_eq!(enrolled["publicKey"], made["publicKey"]);

    fs::create_dir_all(desk.join("in")).unwrap();
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

/// An officer at a desk: the login, and the folder with the keys.
struct Officer {
    login: String,
    desk: Scratch,
}

/// Makes signing key and officer's key with the program and enrols them as `login`.
fn officer(app: &TestApp, login: &str) -> Officer {
    let scratch = Scratch::new("officer");
    let desk = scratch.path();
    let me = app.as_(login).get("/api/v1/auth/me").expect(200);
    let (organisation, account) = (me.text_at("/organisation/id"), me.text_at("/account"));
    said(desk, &["keygen", "--out", "signing", "--organisation", &organisation]);
    let keys = format!("/api/v1/organisations/{organisation}/signing-keys");
    app.as_(login).post(&keys, &json_in(&desk.join("signing.enrolment.json"))).expect(201);
    let make = ["keygen", "--out", "key", "--organisation", &organisation, "--officer", &account];
    let made = said(desk, &[&make[..], &["--signing-key", "signing"]].concat());
    let enrolled =
        app.as_(login).post("/api/v1/seal-keys", &json_in(&desk.join("key.enrolment.json"))).expect(201);
    assert_eq!(enrolled["recipient"], made["publicKey"]);
    Officer { login: login.to_owned(), desk: scratch }
}

/// Runs a program on a terminal of its own, where `typed` answers its questions; answers what stood on it.
#[track_caller]
fn on_terminal(desk: &Path, command: &str, typed: &[&str]) -> (bool, String) {
    let mut script = Command::new("script");
    script
        .args(["-qec", command, "/dev/null"])
        .current_dir(desk)
        .env_remove("TENDERHALL_TOKEN")
        .env("NO_PROXY", "*");
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = script.spawn().unwrap();
    let (mut keys, mut screen) = (running.stdin.take().unwrap(), running.stdout.take().unwrap());
    let mut shown = Vec::new();
    for line in typed {
        // An answer is typed when it is asked for: what comes earlier may be thrown away with the terminal's queue.
        let asked = shown.len();
        while !String::from_utf8_lossy(&shown[asked..]).contains(": ") {
            let mut piece = [0; 256];
            let read = screen.read(&mut piece).unwrap();
            assert_ne!(read, 0, "{command}: {}", String::from_utf8_lossy(&shown));
            shown.extend(&piece[..read]);
        }
        sleep(Duration::from_millis(300));
        keys.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    drop(keys);
    (running.wait().unwrap().success(), String::from_utf8_lossy(&shown).into_owned())
}

/// Two officers of each body, and the tender they hold shares for.
fn shared_works(app: &TestApp) -> (String, Vec<Officer>) {
    let tender = app.shared_tender(&app.works_project(), false);
    app.book_rooms(&tender);
    let bodies = [
        ("agency.one", "agency"),
        ("operator.league", "operator"),
        ("supervisor.office", "supervisorOffice"),
    ];
    let mut officers = Vec::new();
    for (login, role) in bodies {
        officers.push(officer(app, login));
        officers.push(officer(app, &app.colleague(login, role)));
    }
    app.hold(NOTICE);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    (tender, officers)
}

/// The arguments by which the program asks the hall as `login`.
fn asking<'a>(server: &'a str, tender: &'a str, token: &'a str, identity: &'a str) -> [&'a str; 8] {
    ["--server", server, "--tender", tender, "--token", token, "--identity", identity]
}

#[test]
fn a_passphrase_protects_a_key_file_the_way_age_does_it() {
    let scratch = Scratch::new("protected");
    let desk = scratch.path();
    let program = env!("CARGO_BIN_EXE_tenderhall");
    let hide = |name: &str, text: &str| {
        fs::write(desk.join(name), text).unwrap();
        fs::set_permissions(desk.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    };
    let organisation = "0190f3a4-7c1e-4b6a-9d2f-5e8c1a3b7d90";
    // Asked for twice, and not shown.
    let keygen = format!("{program} keygen --passphrase --organisation {organisation} --out ");
    let (made, screen) = on_terminal(desk, &format!("{keygen}signing"), &["correct horse", "correct horse"]);
    assert!(made && screen.contains("0400") && !screen.contains("correct horse"), "{screen}");
    let (made, screen) = on_terminal(desk, &format!("{keygen}other"), &["correct horse", "correct hose"]);
    assert!(!made && screen.contains("not the same") && !desk.join("other").exists(), "{screen}");
    let (made, screen) = on_terminal(desk, &format!("{keygen}other"), &["short"]);
    assert!(!made && screen.contains("at least 8") && !desk.join("other").exists(), "{screen}");
    // A script names files; the two keys have a passphrase each.
    hide("of-signing", "correct horse\n");
    hide("of-key", "battery staple 口令\n");
    let officer = ["keygen", "--out", "key", "--organisation", organisation, "--officer", "officer-1"];
    let signing = ["--signing-key", "signing", "--signing-passphrase-file"];
    let made = said(desk, &[&officer[..], &signing, &["of-signing", "--passphrase-file", "of-key"]].concat());
    let kept = fs::read(desk.join("key")).unwrap();
    assert!(kept.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    // Debian's age opens it, and hands the key to whoever knows the passphrase.
    let (opened, screen) = on_terminal(desk, "age -d -o plain key", &["battery staple 口令"]);
    assert!(opened, "{screen}");
    let plain = fs::read_to_string(desk.join("plain")).unwrap();
    let public = made["publicKey"].as_str().unwrap();
    assert!(plain.starts_with(&format!("# public key: {public}\nAGE-SECRET-KEY-1")), "no identity file");
    // The other way round: what age protects is read here.
    hide("again", &plain);
    let (closed, screen) =
        on_terminal(desk, "age -p -a -o by-age again", &["staple battery", "staple battery"]);
    assert!(closed, "{screen}");
    fs::set_permissions(desk.join("by-age"), fs::Permissions::from_mode(0o600)).unwrap();
    hide("of-age", "staple battery");
    let canary =
        ["canary", "--server", "http://127.0.0.1:1", "--tender", "T-1", "--token", "x", "--identity"];
    let canary = |more: &[&str]| complaint(desk, &[&canary[..], more].concat(), 1);
    // The key is read before the hall is asked: a hall that is not there is complained of last.
    for (key, passphrase) in [("key", "of-key"), ("by-age", "of-age")] {
        let gone = canary(&[key, "--passphrase-file", passphrase]);
        assert!(gone.contains("127.0.0.1:1") && !gone.contains("passphrase"), "{gone}");
    }
    let wrong = canary(&["key", "--passphrase-file", "of-signing"]);
    assert!(wrong.contains("key: 口令不对 / Wrong passphrase"), "{wrong}");
    fs::set_permissions(desk.join("of-key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(canary(&["key", "--passphrase-file", "of-key"]).contains("chmod 400"));
}

#[test]
fn officers_and_bidders_open_by_clauses_and_a_supervisor_verifies_it() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = shared_works(&app);
    let server = format!("http://{}", app.address());
    for (at, officer) in officers.iter().enumerate() {
        let token = app.token(&officer.login);
        let proved =
            said(officer.desk.path(), &[&["canary"][..], &asking(&server, &tender, &token, "key")].concat());
        assert_eq!(proved, json!({"proved": 1, "light": if at == 5 { "green" } else { "waiting" }}));
    }
    let bids: Vec<_> = (1..=3)
        .map(|number| {
            let (desk, login) = (Scratch::new("desk"), format!("bidder.{number:04}"));
            let bid = hand_in(&app, desk.path(), &login, &tender, &format!("1800000{number}.00"));
            assert!(
                desk.path().join("out/share.key").exists() && !desk.path().join("out/secret.txt").exists()
            );
            fs::write(desk.path().join("receipt"), bid.text_at("/receipt")).unwrap();
            (desk, login)
        })
        .collect();
    let (agency, centre) = (&officers[1], &officers[2]);
    let release = |login: &str, identity: &str| -> Vec<String> {
        let token = app.token(login);
        let args = [&["release", "--without-log"][..], &asking(&server, &tender, &token, identity)].concat();
        args.into_iter().map(str::to_owned).collect()
    };
    let run = |desk: &Path, login: &str, identity: &str| {
        let args = release(login, identity);
        said(desk, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let args = release(&agency.login, "key");
    let early = complaint(agency.desk.path(), &args.iter().map(String::as_str).collect::<Vec<_>>(), 1);
    assert!(early.contains("The opening has not begun"), "{early}");

    app.hold(DEADLINE);
    // A key of another body reads nothing of the agency's, and says so.
    let args = release(&agency.login, "key");
    let output = program(
        centre.desk.path(),
        &[&args.iter().map(String::as_str).collect::<Vec<_>>()[..], &["--json"]].concat(),
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((told["cannotRead"].as_array().unwrap().len(), &told["released"]), (3, &json!(0)));
    assert!(!output.status.success());
    let first = run(agency.desk.path(), &agency.login, "key");
    assert_eq!(
        (&first["released"], &first["waitsForOthers"], &first["notProvidedFor"]),
        (&json!(3), &json!(3), &json!(3))
    );
    assert_eq!(run(officers[0].desk.path(), &officers[0].login, "key")["releasedBefore"], 3);
    // The first bidder finds the agency's shares, the second comes too, the third does not.
    for (desk, login) in &bids[..2] {
        let done = run(desk.path(), login, "out/share.key");
        assert_eq!((&done["released"], &done["opens"]), (&json!(2), &json!(1)));
    }
    assert_eq!(run(centre.desk.path(), &centre.login, "key")["opens"], 2);
    app.hold("2026-03-16T10:00:00+08:00");
    let record = app.public().get(&format!("/api/v1/tenders/{tender}/opening/record")).expect(200);
    let outcomes: Vec<_> = record["bids"].as_array().unwrap().iter().map(|bid| &bid["outcome"]).collect();
    assert_eq!(outcomes, ["opened", "opened", "revoked"]);
    verify_receipt(&app, &tender, bids[0].0.path());
    verify_opening(&app, &tender, &server);
}

#[test]
fn after_the_loss_of_every_key_of_a_body_bids_open_by_the_policy_they_were_sealed_for() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = shared_works(&app);
    let server = format!("http://{}", app.address());
    let desks: Vec<_> = (1..=3)
        .map(|number| {
            let (desk, login) = (Scratch::new("desk"), format!("bidder.{number:04}"));
            hand_in(&app, desk.path(), &login, &tender, &format!("1800000{number}.00"));
            (desk, login)
        })
        .collect();
    let first = app.seal_policy(&tender).digest().to_string();
    // Both officers of the agency lose their keys, and make others that a passphrase protects.
    for (at, officer) in officers[..2].iter().enumerate() {
        let agency = app.as_(&officer.login);
        let keys =
            agency.get(&format!("/api/v1/seal-keys?organisation={}", agency.organisation())).expect(200);
        let lost = keys.text_at(&format!("/items/{at}/id"));
        agency.post(&format!("/api/v1/seal-keys/{lost}/revoke"), &json!({"reason": "遗失"})).expect(200);
        let desk = officer.desk.path();
        fs::write(desk.join("pass"), "correct horse").unwrap();
        fs::set_permissions(desk.join("pass"), fs::Permissions::from_mode(0o600)).unwrap();
        let (organisation, account) = (agency.organisation(), agency.get("/api/v1/auth/me").expect(200));
        let account = account.text_at("/account");
        let whose = ["--organisation", &organisation, "--officer", &account, "--signing-key", "signing"];
        said(desk, &[&["keygen", "--out", "new", "--passphrase-file", "pass"][..], &whose].concat());
        agency.post("/api/v1/seal-keys", &json_in(&desk.join("new.enrolment.json"))).expect(201);
    }
    let reason = json!({"reason": "代理机构两把密钥均已遗失"});
    app.as_("agency.one").post(&format!("/api/v1/tenders/{tender}/seal-policies"), &reason).expect(200);
    let second = app.seal_policy(&tender).digest().to_string();
    let token = app.token(&officers[0].login);
    let protected =
        [&["canary", "--passphrase-file", "pass"][..], &asking(&server, &tender, &token, "new")].concat();
    assert_eq!(said(officers[0].desk.path(), &protected)["proved"], 1);
    // One bidder seals anew: the same envelope's next revision under the policy that the hall gives now.
    let (desk, login) = &desks[0];
    let bidder = app.as_(login).organisation();
    let again = ["seal", "--server", &server, "--tender", &tender, "--policy-digest", &second, "--in", "in"];
    let again =
        [&again[..], &["--price", "17000001.00", "--form", "form.json", "--bidder", &bidder]].concat();
    let next = ["--key", "key", "--replaces", "out/envelope.json", "--out", "anew"];
    assert_eq!(said(desk.path(), &[&again[..], &next].concat())["revision"], 2);
    let token = app.token(login);
    let hand_in = ["submit", "--server", &server, "--tender", &tender, "--token", &token, "--sealed", "anew"];
    said(desk.path(), &hand_in);

    app.hold(DEADLINE);
    let run = |desk: &Path, login: &str, identity: &str, more: &[&str]| {
        let token = app.token(login);
        said(
            desk,
            &[&["release", "--without-log"][..], more, &asking(&server, &tender, &token, identity)].concat(),
        )
    };
    // The agency's new key reads the new bid; its shares of the other two are to keys that are gone.
    let agency = run(officers[0].desk.path(), &officers[0].login, "new", &["--passphrase-file", "pass"]);
    assert_eq!((&agency["released"], &agency["otherKey"]), (&json!(1), &json!(2)));
    assert_eq!(run(officers[2].desk.path(), &officers[2].login, "key", &[])["released"], 3);
    for (at, (desk, login)) in desks.iter().enumerate() {
        let key = if at == 0 { "anew/share.key" } else { "out/share.key" };
        assert_ne!(run(desk.path(), login, key, &[])["opens"], 0);
    }
    app.hold("2026-03-16T10:00:00+08:00");
    let scratch = Scratch::new("verify");
    let token = app.token("supervisor.audit");
    let verify =
        ["verify", "opening", "--from", "files", "--server", &server, "--tender", &tender, "--token", &token];
    let report = said(
        scratch.path(),
        &[&verify[..], &["--policy-digest", &first, "--policy-digest", &second]].concat(),
    );
    assert_eq!((&report["opened"], &report["policyDigests"]), (&json!(3), &json!([first, second])));
    // Whoever knows of the first notice only finds a policy that it does not name.
    let verify = ["verify", "opening", "--from", "files", "--policy-digest", &first, "--json"];
    let output = program(scratch.path(), &verify);
    assert!(!output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["differences"][0].as_str().unwrap().contains("not that of the notice"), "{report}");
}

#[test]
fn nothing_is_released_before_a_witness_has_confirmed_the_close() {
    let office = Office::found();
    let witness: WitnessKey = office.key.parse().unwrap();
    let app = TestApp::sandbox_told(START, move |settings| settings.log.witnesses = vec![witness]);
    let (tender, officers) = shared_works(&app);
    let desks: Vec<_> = (1..=3)
        .map(|number| {
            let desk = Scratch::new("desk");
            hand_in(&app, desk.path(), &format!("bidder.{number:04}"), &tender, "18000001.00");
            desk
        })
        .collect();
    assert_eq!(desks.len(), 3);
    let log = app.public().get("/api/v1/log").expect(200).text_at("/key");
    let keys = office.path("keys");
    fs::write(&keys, format!("{log}\n{}\n", office.key)).unwrap();
    let (server, agency) = (format!("http://{}", app.address()), &officers[0]);
    let token = app.token(&agency.login);
    let asked = asking(&server, &tender, &token, "key");
    assert!(complaint(agency.desk.path(), &[&["release"][..], &asked].concat(), 2).contains("--keys"));
    let args = [&["release", "--keys", &keys][..], &asked].concat();
    app.hold(DEADLINE);
    let early = complaint(agency.desk.path(), &args, 1);
    assert!(early.contains("It has no place in the log yet"), "{early}");
    app.turn_log(30);
    let alone = complaint(agency.desk.path(), &args, 1);
    assert!(alone.contains("no witness of the keys has confirmed it since"), "{alone}");
    office.look(&app, &log).unwrap();
    let done = said(agency.desk.path(), &args);
    assert_eq!((&done["released"], &done["confirmed"]["witnesses"][0][0]), (&json!(3), &json!(WITNESS)));
}

fn verify_receipt(app: &TestApp, tender: &str, desk: &Path) {
    let keep = |name: &str, path: &str| {
        let text = app.public().get(&format!("/api/v1/tenders/{tender}/{path}")).expect(200).text;
        fs::write(desk.join(name), text).unwrap();
    };
    keep("receipt.pub", "receipt-key");
    keep("hashes.json", "opening/hashes");
    let verify = ["verify", "receipt", "--key", "receipt.pub", "--receipt"];
    let files = ["--envelope", "out/envelope.json", "--bid", "out/bid.age", "--hashes", "hashes.json"];
    let report = said(desk, &[&verify[..], &["receipt"], &files[..]].concat());
    assert_eq!(
        (&report["result"], &report["counted"], &report["revision"]),
        (&json!("ACCEPTED"), &json!(true), &json!(1))
    );
    let receipt = fs::read_to_string(desk.join("receipt")).unwrap();
    fs::write(desk.join("forged"), receipt.replace("revision 1", "revision 2")).unwrap();
    assert!(complaint(desk, &[&verify[..], &["forged"]].concat(), 1).contains("[signature]"));
    fs::write(desk.join("other"), "another ciphertext").unwrap();
    assert!(
        complaint(desk, &[&verify[..], &["receipt", "--bid", "other"]].concat(), 1)
            .contains("another ciphertext")
    );
    let mut hashes = json_in(&desk.join("hashes.json"));
    hashes["items"].as_array_mut().unwrap().remove(0);
    fs::write(desk.join("short.json"), hashes.to_string()).unwrap();
    let left_out = program(desk, &[&verify[..], &["receipt", "--hashes", "short.json"]].concat());
    assert!(!left_out.status.success(), "a bid that was left out is seen");
}

fn verify_opening(app: &TestApp, tender: &str, server: &str) {
    let scratch = Scratch::new("verify");
    let desk = scratch.path();
    let token = app.token("supervisor.audit");
    let digest = app.seal_policy(tender).digest().to_string();
    let fetch =
        ["verify", "opening", "--from", "files", "--server", server, "--tender", tender, "--token", &token];
    let found = said(desk, &[&fetch[..], &["--policy-digest", &digest]].concat());
    assert_eq!((&found["bids"], &found["opened"], &found["notOpened"]), (&json!(3), &json!(2), &json!(1)));
    assert!(complaint(desk, &fetch, 1).contains("Cannot write"), "a folder is fetched into once");
    let verify = ["verify", "opening", "--from", "files"];
    assert_eq!(said(desk, &verify)["differences"], json!([]));

    let differs = |name: &str, change: fn(&mut Value), what: &str| {
        let path = desk.join("files").join(name);
        let right = fs::read(&path).unwrap();
        let mut changed: Value = serde_json::from_slice(&right).unwrap();
        change(&mut changed);
        fs::remove_file(&path).unwrap();
        fs::write(&path, changed.to_string()).unwrap();
        let output = program(desk, &[&verify[..], &["--json"]].concat());
        assert_eq!(output.status.code(), Some(1), "{name}: {what}");
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let said = found["differences"].to_string();
        assert!(said.contains(what), "{name}: {said}");
        fs::write(&path, right).unwrap();
    };
    differs(
        "record.json",
        |record| record["bids"][0]["price"]["amount"] = "17000000.00".into(),
        "another price",
    );
    differs("record.json", |record| record["bids"][1]["outcome"] = "revoked".into(), "it opens");
    differs("record.json", |record| record["bidRoot"] = "00".into(), "not that of the root");
    differs("record.json", |record| drop(record["bids"].as_array_mut().unwrap().remove(2)), "the same bids");
    differs(
        "hashes.json",
        |hashes| hashes["items"][0]["envelope"] = format!("sha256:{}", "0".repeat(64)).into(),
        "not the one of the list",
    );
    differs(
        "bids/000001.json",
        |bid| drop(bid.as_object_mut().unwrap().remove("secret")),
        "without a secret",
    );
    differs("bids/000001.json", |bid| bid["envelope"]["revision"] = 2.into(), "not the one of the list");
    differs("bids/000001.json", |bid| bid["ciphertext"] = "AAAA".into(), "payload");
    differs("signing-keys.json", |keys| keys.as_object_mut().unwrap().clear(), "not enrolled");
    assert_eq!(said(desk, &verify)["differences"], json!([]));
}

#[test]
fn nothing_is_released_before_the_deadline_by_the_holders_own_clock() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let scratch = Scratch::new("early");
    let key = age::x25519::Identity::generate();
    fs::write(scratch.path().join("key"), secrecy::ExposeSecret::expose_secret(&key.to_string())).unwrap();
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o400);
    fs::set_permissions(scratch.path().join("key"), closed).unwrap();
    // A hall whose clock runs ahead answers one question.
    let hall = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", hall.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = hall.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let request: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        let body = r#"{"deadline":"2999-01-01T00:00:00Z"}"#;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        request[0].clone()
    });
    let args = [&["release", "--without-log"][..], &asking(&server, "T-1", "word", "key")].concat();
    let said = complaint(scratch.path(), &args, 1);
    assert!(said.contains("By this machine's clock it is before the deadline"), "{said}");
    assert_eq!(asked.join().unwrap(), "GET /api/v1/tenders/T-1 HTTP/1.1");
}

/// Debian's `age` on what the program has sealed: S12.
#[test]
fn stock_age_and_one_xor_open_a_bid_by_every_clause() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = shared_works(&app);
    let scratch = Scratch::new("desk");
    let desk = scratch.path();
    hand_in(&app, desk, "bidder.0001", &tender, "18000001.00");
    let envelope = json_in(&desk.join("out/envelope.json"));
    let age = |args: &[&str], file: &Path| {
        let output = Command::new("age").args(args).arg(file).current_dir(desk).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    for (clause, members) in
        [["bidder", "agency", ""], ["bidder", "centre", ""], ["agency", "centre", "supervisor"]]
            .iter()
            .enumerate()
    {
        let mut secret = [0_u8; 74];
        for member in members.iter().filter(|member| !member.is_empty()) {
            let body = ["agency", "centre", "supervisor"].iter().position(|name| name == member);
            // The second officer of a body reads as well as the first.
            let key = body.map_or_else(
                || desk.join("out/share.key"),
                |at| officers[2 * at + 1].desk.path().join("key"),
            );
            let shares = envelope["shares"].as_array().unwrap();
            let share =
                shares.iter().find(|one| one["clause"] == clause && one["member"] == *member).unwrap();
            fs::write(
                desk.join("share.age"),
                base64::Engine::decode(
                    &base64::engine::general_purpose::STANDARD,
                    share["age"].as_str().unwrap(),
                )
                .unwrap(),
            )
            .unwrap();
            let piece = age(&["-d", "-i", key.to_str().unwrap()], &desk.join("share.age"));
            assert_eq!(piece.len(), 74);
            secret.iter_mut().zip(piece).for_each(|(byte, other)| *byte ^= other);
        }
        fs::write(desk.join("secret"), secret).unwrap();
        let plain = age(&["-d", "-i", "secret"], &desk.join("out/bid.age"));
        assert!(plain.starts_with(b"THALLBD1"), "clause {clause}");
        let text = String::from_utf8_lossy(&plain);
        assert!(text.contains("18000001.00") && text.contains("bidder.0001 bids"), "clause {clause}");
    }
}

/// Kills `submit` while its second chunk waits in the hall.
fn interrupt(app: &TestApp, desk: &Path, submit: &[&str]) {
    let dam = app.sql();
    dam.run(
        "CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
         CREATE TRIGGER wait_here BEFORE INSERT ON bid_chunks
             FOR EACH ROW WHEN (NEW.n = 1) EXECUTE FUNCTION wait_here();
         SELECT pg_advisory_lock(4711);",
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenderhall"));
    command.args(submit).current_dir(desk).env("NO_PROXY", "*").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted";
    while app.sql().value::<i64>(waiting, &[]) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the second chunk does not come");
        sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    dam.run("SELECT pg_advisory_unlock(4711)").unwrap();
}

/// The arguments by which `out` is handed in.
fn submitting<'a>(server: &'a str, tender: &'a str, token: &'a str) -> [&'a str; 9] {
    ["submit", "--server", server, "--tender", tender, "--token", token, "--sealed", "out"]
}

#[test]
fn a_large_bid_is_handed_in_through_an_interruption_and_opens_off_line() {
    let app = TestApp::sandbox(START);
    let tender = app.published_large_works(64);
    let server = format!("http://{}", app.address());
    let (scratch, login) = (Scratch::new("desk"), "bidder.0001");
    let desk = scratch.path();
    fs::create_dir(desk.join("in")).unwrap();
    let drawings: Vec<u8> = (0..5_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(desk.join("in/图纸.pdf"), &drawings).unwrap();
    seal(&app, desk, login, &tender, "18000000.00");
    assert!(!desk.join("out/submission.json").exists(), "it is too large for a submission");

    let token = app.token(login);
    let submit = submitting(&server, &tender, &token);
    interrupt(&app, desk, &submit);
    assert!(!desk.join("out/receipt.txt").exists());
    let done = said(desk, &submit);
    let sent = done["chunksSent"].as_u64().unwrap();
    assert!((1..=2).contains(&sent), "{done}: the first chunk was there");
    assert_eq!((&done["result"], &done["revision"]), (&json!("ACCEPTED"), &json!(1)));
    let receipt = fs::read_to_string(desk.join("out/receipt.txt")).unwrap();
    let bid = done["bid"].as_str().unwrap();
    assert_eq!(app.as_(login).get(&format!("/api/v1/bids/{bid}/receipt")).expect(200).text, receipt);
    // Once more nothing is sent and nothing doubled.
    let again = said(desk, &submit);
    assert_eq!((&again["chunksSent"], &again["bid"]), (&json!(0), &json!(bid)));
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM bids", &[]), 1);
    keeps_what_is_there(desk, &submit, &receipt);

    let bids: Vec<_> = [(2, "18100000.00"), (3, "18200000.00")]
        .into_iter()
        .map(|(number, price)| {
            let (desk, login) = (Scratch::new("desk"), format!("bidder.{number:04}"));
            seal(&app, desk.path(), &login, &tender, price);
            let token = app.token(&login);
            let done = said(desk.path(), &submitting(&server, &tender, &token));
            assert_eq!((&done["upload"], &done["result"]), (&Value::Null, &json!("ACCEPTED")));
            (desk, login, done["bid"].as_str().unwrap().to_owned())
        })
        .collect();
    let late = Scratch::new("desk");
    seal(&app, late.path(), "bidder.0004", &tender, "18300000.00");
    app.hold(DEADLINE);
    let token = app.token("bidder.0004");
    let refused = program(late.path(), &submitting(&server, &tender, &token));
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).trim().to_owned();
    let (_, place) = said.rsplit_once("the receipt is kept: ").unwrap();
    assert!(place.starts_with("out/refusal-2026"), "a receipt may follow it: {place}");
    let kept = fs::read_to_string(late.path().join(place)).unwrap();
    assert!(kept.contains("result REFUSED_LATE"), "{kept}");

    let release = |desk: &Path, login: &str, bid: &str| {
        let secret = fs::read_to_string(desk.join("out/secret.txt")).unwrap();
        let share = json!({"bidId": bid, "clause": 0, "member": "bidder", "share": secret.trim_end()});
        app.as_(login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &share).expect(200);
    };
    release(desk, login, bid);
    for (desk, login, bid) in &bids {
        release(desk.path(), login, bid);
    }
    app.hold("2026-03-16T10:01:00+08:00");
    opens_off_line(desk, &drawings);
    verifies_off_line(&app, &tender, &server);
}

/// A receipt is never overwritten, and files that do not belong together are not sent.
fn keeps_what_is_there(desk: &Path, submit: &[&str], receipt: &str) {
    let place = desk.join("out/receipt.txt");
    fs::write(&place, "another receipt").unwrap();
    assert!(complaint(desk, submit, 1).contains("Another receipt is there"));
    assert_eq!(fs::read_to_string(&place).unwrap(), "another receipt");
    fs::write(&place, receipt).unwrap();
    let bid = fs::read(desk.join("out/bid.age")).unwrap();
    fs::write(desk.join("out/bid.age"), &bid[..bid.len() - 1]).unwrap();
    assert!(complaint(desk, submit, 1).contains("[payload-size]"));
    fs::write(desk.join("out/bid.age"), bid).unwrap();
}

fn opens_off_line(desk: &Path, drawings: &[u8]) {
    let open =
        ["open", "--envelope", "out/envelope.json", "--bid", "out/bid.age", "--secret", "out/secret.txt"];
    let opened = said(desk, &[&open[..], &["--out", "opened"]].concat());
    assert_eq!(opened["written"], json!(["opened/图纸.pdf", "opened/投标函.txt"]));
    assert!(fs::read(desk.join("opened/图纸.pdf")).unwrap() == drawings);
    assert_eq!(fs::read_to_string(desk.join("opened/投标函.txt")).unwrap(), "bidder.0001 bids 18000000.00");
    assert!(complaint(desk, &[&open[..], &["--out", "opened"]].concat(), 1).contains("not overwritten"));
    // Nothing is written of what does not hold to its end.
    let mut bid = fs::read(desk.join("out/bid.age")).unwrap();
    *bid.last_mut().unwrap() ^= 1;
    fs::write(desk.join("spoilt.age"), bid).unwrap();
    let spoilt =
        ["open", "--envelope", "out/envelope.json", "--bid", "spoilt.age", "--secret", "out/secret.txt"];
    assert!(complaint(desk, &[&spoilt[..], &["--out", "none"]].concat(), 1).contains("[decryption]"));
    assert!(!desk.join("none").exists());
}

fn verifies_off_line(app: &TestApp, tender: &str, server: &str) {
    let scratch = Scratch::new("verify");
    let desk = scratch.path();
    let token = app.token("supervisor.audit");
    let fetch =
        ["verify", "opening", "--from", "files", "--server", server, "--tender", tender, "--token", &token];
    let found = said(desk, &fetch);
    assert_eq!((&found["bids"], &found["opened"], &found["differences"]), (&json!(3), &json!(3), &json!([])));
    let verify = ["verify", "opening", "--from", "files"];
    assert_eq!(said(desk, &verify)["opened"], 3);
    let path = desk.join("files/bids/000001.age");
    let mut bid = fs::read(&path).unwrap();
    bid[10_000_000] ^= 1;
    fs::write(&path, bid).unwrap();
    let output = program(desk, &[&verify[..], &["--json"]].concat());
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("[payload-hash]"));
}
