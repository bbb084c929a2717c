//! The verifiable log as strangers read it.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;
use tenderhall::{
    kernel::note::{NoteKey, NoteSigner, WitnessKey},
    ledger::{
        checkpoint::{Checkpoint, Proof, read_hash},
        merkle::{Edge, Hash, Head, check_consistency, leaf_hash},
    },
    seal::Receipt,
};

use crate::support::{
    Answer, Client, TestApp,
    office::{Office, WITNESS, run},
    program::Program,
    scratch::Scratch,
    works::{DEADLINE, START},
};

const LOG: &str = "/api/v1/log";

fn key(client: &Client) -> NoteKey {
    client.public().get(LOG).expect(200).text_at("/key").parse().unwrap()
}

fn head(client: &Client) -> Head {
    let note = client.public().get(&format!("{LOG}/checkpoint")).expect(200).text;
    Checkpoint::verify(&note, &key(client)).unwrap().head
}

/// Lines of the export after the first.
fn exported(client: &Client) -> Vec<Value> {
    let answer = client.public().get(&format!("{LOG}/export")).expect(200);
    let mut lines = answer.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let first = lines.next().unwrap();
    assert_eq!(first["format"], "tenderhall-log-export/v1");
    Checkpoint::verify(first["checkpoint"].as_str().unwrap(), &key(client)).unwrap();
    lines.collect()
}

/// Bytes of an answer that is no text.
fn bytes(client: &Client, path: &str) -> (String, Vec<u8>) {
    let url = format!("http://{}{LOG}/tile/{path}", client.address());
    let mut answer = ureq::get(url).config().proxy(None).build().call().unwrap();
    let caching = answer.headers().get("cache-control").unwrap().to_str().unwrap().to_owned();
    (caching, answer.body_mut().read_to_vec().unwrap())
}

#[test]
fn tiles_proofs_and_checkpoints_agree() {
    let app = TestApp::sandbox(START);
    app.works_project();
    app.turn_log(40);
    let now = head(&app);
    assert!(now.size > 256, "{now:?}");
    // The tree made anew of its level-0 tiles.
    let mut edge = Edge::default();
    let mut leaves: Vec<Hash> = Vec::new();
    for n in 0..now.size.div_ceil(256) {
        let width = (now.size - n * 256).min(256);
        let path = if width == 256 { format!("0/{n:03}") } else { format!("0/{n:03}.p/{width}") };
        let (caching, hashes) = bytes(&app, &path);
        assert!(caching.contains("immutable"), "{caching}");
        leaves.extend(hashes.as_chunks::<32>().0);
    }
    for leaf in &leaves {
        edge.push(*leaf);
    }
    assert_eq!(Head { size: edge.size(), root: edge.root() }, now);
    let mut first = Edge::default();
    leaves[..256].iter().for_each(|leaf| drop(first.push(*leaf)));
    assert_eq!(bytes(&app, "1/000.p/1").1, first.root());

    let public = app.public();
    for entry in ["0".to_owned(), (now.size - 1).to_string(), hex::encode(leaves[5])] {
        let proof = Proof::parse(&public.get(&format!("{LOG}/proof/{entry}")).expect(200).text).unwrap();
        let leaf = leaves[usize::try_from(proof.index).unwrap()];
        assert_eq!(proof.verify(leaf, &key(&app)).unwrap().head, now);
    }
    for old in [0, 1, 8, 256, now.size] {
        let said = public.get(&format!("{LOG}/consistency?old={old}")).expect(200);
        let hashes: Vec<Hash> = said["hashes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| read_hash(hash.as_str().unwrap()).unwrap())
            .collect();
        let mut edge = Edge::default();
        leaves[..usize::try_from(old).unwrap()].iter().for_each(|leaf| drop(edge.push(*leaf)));
        assert!(check_consistency(Head { size: old, root: edge.root() }, now, &hashes), "{old}");
    }
    public.get(&format!("{LOG}/consistency?old=9&new=8")).expect(422).points_to("?old");
    public.get(&format!("{LOG}/consistency?old=0&new=99999999")).expect(422).points_to("?new");
    for absent in [
        "tile/0/099",
        "tile/0/000.p/0",
        "tile/8/000",
        "proof/99999999",
        "proof/x",
        &format!("proof/{}", "ab".repeat(32)),
    ] {
        public.get(&format!("{LOG}/{absent}")).expect(404);
    }
    assert_eq!(exported(&app).len(), leaves.len());
}

#[test]
fn a_receipt_is_proved_by_the_log_to_its_bidder_alone() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let bidder = app.bidder(1);
    let bid = bidder.seal(&app.seal_policy(&tender), "18000000.00");
    let taken = bidder.submit(&tender, &bid, "one").expect(201);
    let path = format!("/api/v1/bids/{}/receipt.tlog-proof", taken.text_at("/bidId"));
    app.as_(&bidder.login).get(&path).expect(409).problem("too-early");
    app.turn_log(30);
    let text = app.as_(&bidder.login).get(&path).expect(200).text;
    for other in ["agency.one", "supervisor.office", "bidder.0100", "admin"] {
        app.as_(other).get(&path).expect(404);
    }
    let note = taken.text_at("/receipt");
    let receipt = Receipt::parse(&format!("{}\n", note.split_once("\n\n").unwrap().0)).unwrap();
    let proof = Proof::parse(&text).unwrap();
    let checkpoint = proof.verify(receipt.leaf.0, &key(&app)).unwrap();
    assert_eq!(checkpoint.origin, receipt.log, "the receipt names the log");
    // The bidder gets the very skeleton the leaf is made of, and it names no tender.
    let skeleton = proof.extra.clone().unwrap();
    assert_eq!(leaf_hash(&skeleton), receipt.leaf.0);
    let skeleton: Value = serde_json::from_slice(&skeleton).unwrap();
    assert_eq!((&skeleton["class"], skeleton.get("tender")), (&Value::from("bid"), None));

    // A stranger's program in another language agrees, and with nothing else.
    let python = |text: &str, key: &str, leaf: Hash| {
        let scratch = Scratch::new("proof");
        let file = scratch.path().join("receipt.tlog-proof");
        fs::write(&file, text).unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/log/verify.py");
        let run =
            Command::new("python3").arg(program).arg(file).args([key, &hex::encode(leaf)]).output().unwrap();
        run.status.success()
    };
    let (key, leaf) = (key(&app).to_string(), receipt.leaf.0);
    assert!(python(&text, &key, leaf));
    assert!(!python(&text, &key, [7; 32]), "another leaf");
    let other = TestApp::sandbox(START).public().get(LOG).expect(200).text_at("/key");
    assert!(!python(&text, &other, leaf), "another log's key");
    let index = format!("index {}\n", proof.index);
    assert!(
        !python(&text.replace(&index, &format!("index {}\n", proof.index ^ 1)), &key, leaf),
        "another place"
    );
    let size = format!("\n{}\n", checkpoint.head.size);
    assert!(!python(&text.replacen(&size, &format!("\n{}\n", checkpoint.head.size + 8), 1), &key, leaf));
    let golden = include_str!("../../../docs/log/vectors/two.tlog-proof");
    let entry = br#"{"at":"2026-03-10T01:00:00.000000Z","class":"tender.published","v":1}"#;
    let signer = NoteSigner::from_seed("tenderhall.152500/log1".parse().unwrap(), &[1; 32]);
    assert!(python(golden, &signer.key().to_string(), leaf_hash(entry)), "the pinned proof");
}

/// Everything a stranger can read of the log, with each hash and signature as long as it is and no more.
fn shape(client: &Client) -> Vec<String> {
    let plain = |answer: Answer| {
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        // Words of hexadecimal or base64 are the hashes: what is compared is that there are as many, as long.
        let mut text = String::new();
        for word in answer
            .text
            .split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && !"+/=".contains(letter))
        {
            let bare = word
                .trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric() && !"+/=".contains(letter));
            let hash = bare.len() >= 43;
            text.push_str(&if hash { word.replace(bare, &"#".repeat(bare.len())) } else { word.to_owned() });
        }
        format!("{} {headers:?}\n{text}", answer.status)
    };
    let public = client.public();
    let mut all: Vec<String> = ["", "/checkpoint", "/consistency?old=8", "/export", "/proof/9"]
        .iter()
        .map(|path| plain(public.get(&format!("{LOG}{path}")).expect(200)))
        .collect();
    for tile in ["0/000.p/200", "entries/000.p/200", "entries/000"] {
        let (caching, bytes) = bytes(client, tile);
        all.push(format!("{caching} {} bytes", bytes.len()));
        // An entry that may not be read looks like padding.
        if tile.starts_with("entries") {
            all.push(hex::encode(bytes));
        }
    }
    all
}

#[test]
fn the_log_looks_alike_with_no_bid_and_with_twenty() {
    let halls = [TestApp::sandbox(START), TestApp::sandbox(START)];
    let tenders: Vec<String> = halls.iter().map(|app| app.published_works()).collect();
    for app in &halls {
        app.hold("2026-03-10T09:00:00+08:00");
        (1..=20).for_each(|number| drop(app.token(&format!("bidder.{number:04}"))));
        app.turn_log(40);
    }
    let alike = |when: &str| {
        for (one, other) in shape(&halls[0]).iter().zip(shape(&halls[1])) {
            let start: String = other.chars().take(300).collect();
            assert!(*one == other, "{when}: {start}");
        }
    };
    alike("before any bid");
    let (app, tender) = (&halls[1], &tenders[1]);
    let policy = app.seal_policy(tender);
    for number in 1..=20 {
        let bidder = app.bidder(number);
        bidder.submit(tender, &bidder.seal(&policy, "18000000.00"), "one").expect(201);
    }
    // At every beat, not only in the end.
    for _ in 0..4 {
        halls.iter().for_each(|app| app.turn_log(1));
        alike("after twenty bids");
    }
    let waiting =
        "SELECT count(*) FROM log_pending p WHERE NOT EXISTS (SELECT FROM log_leaf WHERE pending_id = p.id)";
    assert_eq!(app.sql().value::<i64>(waiting, &[]), 0, "and all of them stand in the log");
    let bids: i64 = app.sql().value(
        "SELECT count(*) FROM log_leaf l JOIN log_pending p ON p.id = l.pending_id WHERE p.tells_of_bid",
        &[],
    );
    assert_eq!(bids, 20);
}

#[test]
fn entries_can_be_read_once_their_tender_allows_it() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    for number in 1..=3 {
        let bidder = app.bidder(number);
        bidder.submit(&tender, &bidder.seal(&policy, "18000000.00"), "one").expect(201);
    }
    app.turn_log(40);
    let shown = |lines: &[Value]| {
        lines
            .iter()
            .filter_map(|line| line.get("skeleton"))
            .map(|one| one["class"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&exported(&app)), Vec::<String>::new(), "before the opening nothing can be read");
    app.hold(DEADLINE);
    app.turn_log(10);
    let lines = exported(&app);
    let classes = shown(&lines);
    assert!(classes.len() >= 4 && classes.iter().all(|class| class == "\"bid\""), "{classes:?}");
    let readable = lines.iter().filter_map(|line| Some((line["leaf"].as_str()?, line.get("skeleton")?)));
    for (leaf, skeleton) in readable {
        let bytes = serde_json_canonicalizer::to_vec(skeleton).unwrap();
        assert_eq!(hex::encode(leaf_hash(&bytes)), leaf);
        assert!(
            skeleton["at"].as_str().unwrap().ends_with(":00.000000Z") && skeleton.get("tender").is_none()
        );
    }
    // The bundle holds the same entries, each behind its length.
    let (caching, bundle) = bytes(&app, &format!("entries/001.p/{}", lines.len() - 256));
    assert_eq!(caching, "no-store");
    let mut rest = bundle.as_slice();
    for line in &lines[256..] {
        let (length, after) = rest.split_first_chunk::<2>().unwrap();
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        rest = after;
        assert_eq!(line.get("skeleton").is_some(), !entry.is_empty());
        if !entry.is_empty() {
            assert_eq!(hex::encode(leaf_hash(entry)), line["leaf"].as_str().unwrap());
        }
    }
    assert!(rest.is_empty());
    // What is not of a bid can be read when the tender has ended.
    let ended =
        "ALTER TABLE tenders DROP CONSTRAINT tenders_opened_at; SET session_replication_role = replica;
                 UPDATE tenders SET phase = 'concluded'";
    app.sql().run(ended).unwrap();
    let classes = shown(&exported(&app));
    assert!(classes.iter().any(|class| class == "\"tender.published\""), "{classes:?}");
    assert!(
        !classes.iter().any(|class| class.contains("account") || class.contains("padding")),
        "{classes:?}"
    );
}

#[test]
fn a_witness_confirms_the_hall_and_anybody_can_check_it() {
    let office = Office::found();
    let witness: WitnessKey = office.key.parse().unwrap();
    let app = TestApp::sandbox_told(START, move |settings| settings.log.witnesses = vec![witness]);
    app.turn_log(3);
    let key = key(&app).to_string();
    assert_eq!(app.public().get(LOG).expect(200)["light"], "red");
    assert!(app.page("/").contains("见证逾期"));
    let said = office.look(&app, &key).unwrap();
    assert_eq!(said, format!("confirmed {}\n", head(&app).size));
    assert_eq!(app.public().get(LOG).expect(200)["light"], "green");
    assert!(app.page("/").contains("已见证"));
    let note = app.public().get(&format!("{LOG}/checkpoint")).expect(200).text;
    assert!(note.contains(&format!("\n— {WITNESS} ")), "{note}");
    let proof = Proof::parse(&app.public().get(&format!("{LOG}/proof/3")).expect(200).text).unwrap();
    let witness: WitnessKey = office.key.parse().unwrap();
    witness.cosignature(&proof.note).unwrap();
    let first = office.path("first");
    fs::write(&first, &note).unwrap();

    app.works_project();
    app.turn_log(2);
    office.look(&app, &key).unwrap();
    // Old news make the light red again, whatever the hall says of itself.
    let later =
        "SET session_replication_role = replica; UPDATE log_cosig SET at = at - interval '11 minutes'";
    app.sql().run(later).unwrap();
    assert_eq!(app.public().get(LOG).expect(200)["light"], "red");

    let (export, keys) = (office.path("export"), office.path("keys"));
    fs::write(&export, app.public().get(&format!("{LOG}/export")).expect(200).text).unwrap();
    fs::write(&keys, format!("# the hall and the office\n{key}\n{}\n", office.key)).unwrap();
    let checked =
        run(&["verify", "log", &export, "--keys", &keys, "--older", &first, "--witnessed", "--json"])
            .unwrap();
    let checked: Value = serde_json::from_str(&checked).unwrap();
    assert_eq!(checked["size"], head(&app).size);
    assert_eq!(
        (&checked["witnessed"][0][0], &checked["older"][0]),
        (&WITNESS.into(), &(head(&app).size - 16).into())
    );
    let missing = run(&["verify", "log", &export, "--keys", &keys, "--leaf", &"ab".repeat(32)]).unwrap_err();
    assert!(missing.contains("was promised and does not stand in the log"), "{missing}");
    // One leaf changed, or one line lost, and it does not hold.
    let text = fs::read_to_string(&export).unwrap();
    let line = text.lines().nth(7).unwrap();
    for changed in
        [text.replace(line, &line.replace(['1', '2', '3'], "4")), text.replace(&format!("{line}\n"), "")]
    {
        fs::write(&export, changed).unwrap();
        let refused = run(&["verify", "log", &export, "--keys", &keys]).unwrap_err();
        assert!(refused.contains("do not make up the tree"), "{refused}");
    }
}

#[test]
fn only_a_known_witness_of_a_real_checkpoint_is_taken() {
    let app = TestApp::sandbox(START);
    app.turn_log(2);
    let office = Office::found();
    let key = key(&app).to_string();
    let refused = office.look(&app, &key).unwrap_err();
    assert!(refused.contains("422"), "the hall does not know it: {refused}");
    let path = format!("{LOG}/cosignatures");
    let post = |text: &str| app.public().send("POST", &path, Some("text/plain"), text.as_bytes().to_vec());
    for bad in ["", "nothing", &"x".repeat(20_000)] {
        post(bad).expect(422);
    }
    let stranger = NoteSigner::from_seed("tenderhall.152500/log1".parse().unwrap(), &[9; 32]);
    let checkpoint = Checkpoint { origin: stranger.key().name().clone(), head: head(&app) };
    post(&stranger.sign(&checkpoint.text())).expect(422);
    app.turn_log(1);
}

#[test]
fn a_rewritten_history_is_not_confirmed_and_stops_the_log() {
    let office = Office::found();
    let witness: WitnessKey = office.key.parse().unwrap();
    let mut app = TestApp::sandbox_told(START, {
        let witness = witness.clone();
        move |settings| settings.log.witnesses = vec![witness]
    });
    app.turn_log(5);
    let key = key(&app).to_string();
    office.look(&app, &key).unwrap();
    let size = head(&app).size;
    // Whoever has database and key takes the last state back and lets the log grow by another way. Its own folder
    // remembers nothing.
    let back = format!(
        "SET session_replication_role = replica;
         DELETE FROM log_cosig; DELETE FROM log_checkpoint WHERE size > {old}; DELETE FROM log_leaf WHERE idx >= {old};
         DELETE FROM log_hash WHERE idx >= {stored}",
        old = size - 8,
        stored = tenderhall::ledger::merkle::stored_count(size - 8),
    );
    app.sql().run(&back).unwrap();
    fs::remove_file(app.folder().join("published/checkpoint")).unwrap();
    app.turn_log(1);
    let refused = office.look(&app, &key).unwrap_err();
    assert!(refused.contains("ALARM") && refused.contains("not a continuation"), "{refused}");
    assert_eq!(app.public().get(LOG).expect(200)["light"], "red");
    // The witness has shown the hall its own earlier checkpoint: the running hall does not go on, nor does it start.
    let note = fs::read_to_string(app.folder().join("published/checkpoint")).unwrap();
    let held = Checkpoint::verify(&note, &key.parse().unwrap()).unwrap().head;
    assert_eq!(held.size, size);
    assert_ne!(held, head(&app));
    app.stop();
    let start = catch_unwind(AssertUnwindSafe(|| TestApp::beside(&app)));
    let why = start.map(drop).unwrap_err();
    let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(why.contains("tenderhall log succeed"), "{why}");
}

#[test]
fn a_hall_that_is_killed_goes_on_with_the_log_it_published() {
    let scratch = Scratch::new("killed");
    let kept = Scratch::new("kept");
    let mut older = Vec::new();
    let mut log = String::new();
    for round in 0..4 {
        let program = Program::beating(scratch.path(), START);
        log = key(&program).to_string();
        let reached = head(&program).size + 16;
        program.as_("operator.league").get("/api/v1/auth/me").expect(200);
        let begun = Instant::now();
        while head(&program).size < reached {
            assert!(begun.elapsed() < Duration::from_secs(60), "the log does not grow");
            sleep(Duration::from_millis(50));
        }
        let file = kept.path().join(round.to_string());
        fs::write(&file, program.public().get(&format!("{LOG}/checkpoint")).expect(200).text).unwrap();
        older.push(file.to_str().unwrap().to_owned());
        program.kill_now();
    }
    let program = Program::beating(scratch.path(), START);
    let (export, keys) = (kept.path().join("export"), kept.path().join("keys"));
    fs::write(&export, program.public().get(&format!("{LOG}/export")).expect(200).text).unwrap();
    fs::write(&keys, log).unwrap();
    let mut arguments =
        vec!["verify", "log", export.to_str().unwrap(), "--keys", keys.to_str().unwrap(), "--json"];
    arguments.extend(older.iter().flat_map(|file| ["--older", file.as_str()]));
    let held: Value = serde_json::from_str(&run(&arguments).unwrap()).unwrap();
    assert_eq!(held["older"].as_array().map(Vec::len), Some(4), "{held}");
}
