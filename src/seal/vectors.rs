//! Golden vectors: everything in `docs/seal/vectors` is made again and compared byte for byte.
//!
//! `TENDERHALL_WRITE_VECTORS=1` writes them instead; formats are final, so that is for new vectors only.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use serde_json::{Value, json};

use super::command;
use super::envelope::{Client, Last};
use super::leaf::{body_commit, check_body, leaf};
use super::note::NoteSigner;
use super::plaintext::padme;
use super::receipt::receipt_key_name;
use super::sealing::{check_secret, enclose, lay_out};
use super::signature::public_key_text;
use super::withdrawal::Standing;
use super::*;
use crate::kernel::Actor;
use crate::ledger::entry::{Entry, record_leaf};
use secrecy::SecretString;

/// RFC 8032 §7.1, tests 1 and 2: keys everybody knows.
const BIDDER_SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const RECEIPT_SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/seal/vectors")
}

fn stored(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
}

fn compare(name: &str, made: &[u8]) {
    if std::env::var_os("TENDERHALL_WRITE_VECTORS").is_some() {
        fs::write(folder().join(name), made).unwrap();
    }
    assert_eq!(String::from_utf8_lossy(&stored(name)), String::from_utf8_lossy(made), "{name}");
}

fn seed(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn bidder_key() -> BidderKey {
    BidderKey::from_seed(&seed(BIDDER_SEED))
}

fn receipt_signer() -> NoteSigner {
    NoteSigner::from_seed(receipt_key_name("152500").unwrap(), &seed(RECEIPT_SEED))
}

fn policy() -> CheckedPolicy {
    Policy::bidder_only("T-2026-000123".parse().unwrap(), "1".parse().unwrap(), 1).unwrap()
}

fn bidder() -> IdText {
    "ORG-77".parse().unwrap()
}

fn secret() -> SecretString {
    String::from_utf8(stored("secret.txt")).unwrap().trim_end().to_owned().into()
}

fn target() -> Target {
    Target {
        part: "whole".parse().unwrap(),
        bidder: bidder(),
        revision: 1,
        prev: None,
        nonce: Nonce([0x11; 32]),
    }
}

fn content() -> Content {
    let form = json!({"price":{"amount":"12345678.90","currency":"CNY"},"days":180});
    let letter = ("投标函.txt".to_owned(), "我方愿以上述报价承包本工程。\n".as_bytes().to_vec());
    Content {
        form: form.as_object().unwrap().clone(),
        files: vec![letter, ("b.txt".into(), b"b\n".to_vec())],
    }
}

fn plaintext() -> (Manifest, Vec<u8>) {
    let identity = secrecy::ExposeSecret::expose_secret(&secret()).parse().unwrap();
    lay_out(&identity, &policy(), target(), content()).unwrap()
}

/// The fixed envelope and ciphertext.
fn sealed() -> (Envelope, Vec<u8>) {
    let (manifest, plaintext) = plaintext();
    if std::env::var_os("TENDERHALL_WRITE_VECTORS").is_some() && !folder().join("bid.age").exists() {
        let recipient: age::x25519::Recipient = manifest.bid_key.parse().unwrap();
        fs::write(folder().join("bid.age"), age::encrypt(&recipient, &plaintext).unwrap()).unwrap();
    }
    let ciphertext = stored("bid.age");
    let client = Client { name: "tenderhall".parse().unwrap(), version: "0.1.0".parse().unwrap() };
    let size = u64::try_from(ciphertext.len()).unwrap();
    (enclose(manifest, None, &ciphertext, size, client).sign(&bidder_key()).unwrap(), ciphertext)
}

fn standing(envelope: &Envelope) -> Standing {
    Standing {
        tender: envelope.tender.clone(),
        lot: envelope.lot.clone(),
        bidder: envelope.bidder.clone(),
        bid: "6f1f7b3e-5d0c-4a52-9a4e-0d6f4f1b2c3d".parse().unwrap(),
        revision: 1,
        envelope: envelope.digest().unwrap(),
    }
}

fn body() -> Value {
    json!({"bidder":"ORG-77","说明":"受理"})
}

fn skeleton() -> Value {
    let commit = body_commit(&[0x22; 32], &body()).unwrap();
    json!({"v":1,"class":"bid","at":"2026-11-24T01:59:00.000000Z","bodyCommit":commit})
}

fn receipt(verdict: Verdict, refused: bool) -> Receipt {
    let (envelope, _) = sealed();
    Receipt {
        verdict,
        tender: envelope.tender.clone(),
        lot: envelope.lot.clone(),
        part: envelope.part.clone(),
        bidder: envelope.bidder.clone(),
        bid: (!refused).then(|| standing(&envelope).bid),
        revision: 1,
        prev: None,
        envelope: envelope.digest().unwrap(),
        payload: envelope.payload.sha256,
        size: envelope.payload.size,
        time: "2026-11-24T01:59:58.123456Z".parse::<DateTime<chrono::Utc>>().unwrap(),
        clock: "db-primary-2".parse().unwrap(),
        skew_ms: (!refused).then_some(4),
        log: "tenderhall.152500/log1".parse().unwrap(),
        leaf: leaf(&skeleton()).unwrap(),
    }
}

fn general_policy() -> CheckedPolicy {
    let member = json!({"recipients":[RECIPIENT]});
    let value = json!({"v":1,"tender":"T-2026-000123","lot":"1","policy_no":1,"suite":"age-x25519-v1",
        "members":{"agency":member,"centre":member,"supervisor":member},
        "parts":["qualification","technical","price"],
        "clauses":[["bidder","agency"],["bidder","centre"],["agency","centre","supervisor"]],
        "max_part_bytes":209_715_200});
    CheckedPolicy::read(value.to_string().as_bytes()).unwrap()
}

#[test]
fn every_stored_vector_comes_out_again() {
    let (envelope, _) = sealed();
    let withdrawal = Withdrawal::of(&standing(&envelope), &bidder_key()).unwrap();
    compare("policy.json", &policy().canonical().unwrap());
    compare("policy-general.json", &general_policy().canonical().unwrap());
    compare("plaintext.hex.txt", hex::encode(plaintext().1).as_bytes());
    compare("envelope.json", &envelope.canonical().unwrap());
    compare("withdrawal.json", &withdrawal.canonical().unwrap());
    for (verdict, refused) in [
        (Verdict::Accepted, false),
        (Verdict::Withdrawn, false),
        (Verdict::RefusedLate, true),
        (Verdict::RefusedInvalid, true),
    ] {
        let name = format!("receipt-{}.txt", verdict.to_string().to_lowercase().replace('_', "-"));
        compare(&name, receipt(verdict, refused).sign(&receipt_signer()).as_bytes());
    }
    compare("receipt-key.txt", format!("{}\n", receipt_signer().key()).as_bytes());
    compare("bidder-key.txt", format!("{}\n", public_key_text(&bidder_key().public())).as_bytes());
    let digests = json!({
        "policy": policy().digest(), "policyGeneral": general_policy().digest(),
        "envelope": envelope.digest().unwrap(), "withdrawal": withdrawal.digest().unwrap(),
        "bodyCommit": body_commit(&[0x22; 32], &body()).unwrap(), "leaf": leaf(&skeleton()).unwrap(),
    });
    compare("digests.json", &wire::canonical(&digests).unwrap());
}

#[test]
fn the_ledger_writes_the_leaf_a_bidder_computes() {
    let entry = Entry::new("bid.accepted").of_bid();
    let at = "2026-11-24T01:59:58.123456Z".parse().unwrap();
    let made = record_leaf(&entry, &Actor::Public, uuid::Uuid::nil(), at, [0x22; 32]).unwrap();
    assert_eq!(leaf(&made.skeleton).unwrap().0, made.leaf);
    assert!(check_body(&made.skeleton, &made.salt, &made.body).is_ok());
    assert_eq!(check_body(&made.skeleton, &[0; 32], &made.body).unwrap_err().flaw, Flaw::BodyCommit);
}

#[test]
fn padme_and_canonical_json_equal_their_vectors() {
    let lengths =
        [0_u64, 1, 2, 3, 7, 8, 9, 10, 17, 100, 1000, 4097, 65_537, 1_000_000, 1_048_576, 1_048_577, 1 << 40];
    let rows: Vec<_> = lengths.iter().map(|length| json!([length, padme(*length)])).collect();
    assert!(rows.contains(&json!([1_000_000, 1_015_808])));
    compare("padme.json", &wire::canonical(&rows).unwrap());
    let inputs = [
        r#"{"b":1,"a":[null,true,false]}"#,
        r#"{ "€":"Euro", "\r":"CR", "דּ":"dalet", "1":"One", "😀":"smile", "\u0080":"control", "ö":"o" }"#,
        r#"[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0]"#,
        r#"{"投标人":"甲\/乙","x":"\u000F\u0041\n\"\\"}"#,
    ];
    let made =
        |text: &&str| json!({"input": text, "canonical": serde_json_canonicalizer::pipe(text).unwrap()});
    compare("jcs.json", &wire::canonical(&inputs.iter().map(made).collect::<Vec<_>>()).unwrap());
}

#[test]
fn the_fixed_age_file_opens() {
    let (envelope, ciphertext) = sealed();
    let opened = open(&envelope, &ciphertext, &secret()).unwrap();
    assert_eq!(opened.files, content().files);
    assert_eq!(opened.manifest.price().unwrap().unwrap().to_string(), "12345678.90");
    let checked = envelope.check(&ciphertext, &policy(), &bidder()).unwrap();
    assert_eq!(checked.signer, bidder_key().public());
}

/// `by-hand` was made by `docs/seal/seal.py` with Debian's `age`.
#[test]
fn a_bid_sealed_by_hand_is_taken_in_and_opens() {
    let envelope = Envelope::read(&stored("by-hand/envelope.json")).unwrap();
    let ciphertext = stored("by-hand/bid.age");
    let secret = String::from_utf8(stored("by-hand/secret.txt")).unwrap().trim_end().to_owned().into();
    assert!(envelope.check(&ciphertext, &policy(), &"ORG-78".parse().unwrap()).is_ok());
    let opened = open(&envelope, &ciphertext, &secret).unwrap();
    assert_eq!(opened.manifest.price().unwrap().unwrap().to_string(), "18376739.00");
    assert_eq!(opened.files[0].1, b"Letter of tender, sealed by hand.\n");
}

/// `shared` was made by `docs/seal/seal.py` with Debian's `age`: secret, shares and all.
#[test]
fn a_bid_shared_out_by_hand_opens_by_every_clause_and_officer() {
    let policy = CheckedPolicy::read(&stored("shared/policy.json")).unwrap();
    let envelope = Envelope::read(&stored("shared/envelope.json")).unwrap();
    let ciphertext = stored("shared/bid.age");
    assert!(envelope.check(&ciphertext, &policy, &"ORG-78".parse().unwrap()).is_ok());
    let identity = |name: &str| -> age::x25519::Identity {
        let text = String::from_utf8(stored(&format!("shared/{name}.key"))).unwrap();
        text.lines().find(|line| !line.starts_with('#')).unwrap().parse().unwrap()
    };
    for (at, clause) in policy.policy().clauses.iter().enumerate() {
        for officer in ["", "-2"] {
            let opened = |member: &Word| {
                let share = envelope
                    .shares
                    .iter()
                    .find(|share| usize::try_from(share.clause) == Ok(at) && share.member == *member);
                let name =
                    if member.as_str() == "bidder" { "share".into() } else { format!("{member}{officer}") };
                shares::open_share(share.unwrap(), clause, &identity(&name)).unwrap()
            };
            let released: Vec<_> = clause.iter().map(|member| (member.clone(), opened(member))).collect();
            let share_of = |member: &Word| released.iter().find(|one| one.0 == *member).map(|one| &one.1);
            let secret = shares::rebuild(clause, share_of, &envelope.bid_key).unwrap();
            let opened = open(&envelope, &ciphertext, &secret).unwrap();
            assert_eq!(opened.files[0].1, b"Letter of tender, shared out by hand.\n");
        }
    }
}

#[test]
fn every_flipped_byte_is_refused() {
    let (envelope, ciphertext) = sealed();
    let flipped = |bytes: &[u8], at: usize, bit: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= bit;
        bytes
    };
    for at in 0..ciphertext.len() {
        let bad = flipped(&ciphertext, at, 1);
        assert_eq!(envelope.check(&bad, &policy(), &bidder()).unwrap_err().flaw, Flaw::PayloadHash);
        // With the hash made to fit, age or the plaintext must refuse by itself.
        let mut fitting = envelope.clone();
        fitting.payload.sha256 = Digest(wire::sha256(&[&bad]));
        assert!(open(&fitting, &bad, &secret()).is_err(), "payload byte {at}");
    }
    let text = envelope.canonical().unwrap();
    let withdrawn = Withdrawal::of(&standing(&envelope), &bidder_key()).unwrap().canonical().unwrap();
    let note = receipt(Verdict::Accepted, false).sign(&receipt_signer()).into_bytes();
    let own =
        |signer| if signer == bidder_key().public() { Ok(()) } else { Err(SealError::from(Flaw::Signer)) };
    for bit in [1, 0x20, 0x80] {
        for at in 0..text.len() {
            let read = Envelope::read(&flipped(&text, at, bit));
            let taken = read
                .and_then(|bad| bad.check(&ciphertext, &policy(), &bidder()).map(|_| bad))
                .and_then(|bad| bad.check_revision(None));
            assert!(taken.is_err(), "envelope byte {at}");
        }
        for at in 0..withdrawn.len() {
            let read = Withdrawal::read(&flipped(&withdrawn, at, bit));
            let taken = read.and_then(|bad| bad.check(&standing(&envelope))).and_then(own);
            assert!(taken.is_err(), "withdrawal byte {at}");
        }
        for at in 0..note.len() {
            let bad = String::from_utf8(flipped(&note, at, bit));
            let taken = bad.is_ok_and(|bad| Receipt::verify(&bad, receipt_signer().key()).is_ok());
            assert!(!taken, "receipt byte {at}");
        }
    }
}

#[test]
fn each_mismatch_of_an_envelope_has_its_name() {
    let (envelope, ciphertext) = sealed();
    let flaw = |change: fn(&mut Envelope)| {
        let mut bad = envelope.clone();
        change(&mut bad);
        // Signed again, so that only the mismatch itself can be the reason.
        bad.sign(&bidder_key()).unwrap().check(&ciphertext, &policy(), &bidder()).unwrap_err().flaw
    };
    assert_eq!(flaw(|e| e.tender = "T-2".parse().unwrap()), Flaw::Tender);
    assert_eq!(flaw(|e| e.lot = "2".parse().unwrap()), Flaw::Lot);
    assert_eq!(flaw(|e| e.part = "price".parse().unwrap()), Flaw::Part);
    assert_eq!(flaw(|e| e.bidder = "ORG-78".parse().unwrap()), Flaw::Bidder);
    assert_eq!(flaw(|e| e.policy_digest = Digest([0; 32])), Flaw::PolicyDigest);
    assert_eq!(flaw(|e| e.bid_key = e.bid_key.to_uppercase()), Flaw::BidKey);
    assert_eq!(flaw(|e| e.payload.size += 1), Flaw::PayloadSize);
    assert_eq!(flaw(|e| e.payload.sha256 = Digest([0; 32])), Flaw::PayloadHash);
    assert_eq!(flaw(|e| e.payload.size = 1024 * 1024 + 1), Flaw::PayloadTooLarge);
    let share = |e: &mut Envelope| {
        let member = "bidder".parse().unwrap();
        e.shares.push(envelope::Share { clause: 0, member, age: String::new() });
    };
    assert_eq!(flaw(share), Flaw::Shares);
    assert_eq!(envelope.check(&ciphertext[1..], &policy(), &bidder()).unwrap_err().flaw, Flaw::PayloadSize);
    let large = vec![0; 1024 * 1024 + 1];
    assert_eq!(envelope.check(&large, &policy(), &bidder()).unwrap_err().flaw, Flaw::PayloadTooLarge);
    let unsigned = Envelope { revision: 2, ..envelope.clone() };
    assert_eq!(unsigned.check(&ciphertext, &policy(), &bidder()).unwrap_err().flaw, Flaw::Signature);
    let text = String::from_utf8(envelope.canonical().unwrap()).unwrap();
    let without = text.replace("\"prev\":null,", "");
    assert_eq!(Envelope::read(without.as_bytes()).unwrap_err().flaw, Flaw::Malformed);
    let twice = text.replacen("\"lot\":\"1\"", "\"lot\":\"1\",\"lot\":\"1\"", 1);
    assert_eq!(Envelope::read(twice.as_bytes()).unwrap_err().flaw, Flaw::Malformed);
}

#[test]
fn a_revision_follows_the_last_with_fresh_key_and_nonce() {
    let (first, _) = sealed();
    let last = Last {
        revision: 1,
        digest: first.digest().unwrap(),
        bid_key: first.bid_key.clone(),
        nonce: first.nonce,
    };
    let flaw = |e: &Envelope, last: Option<&Last>| e.check_revision(last).unwrap_err().flaw;
    assert!(first.check_revision(None).is_ok());
    assert_eq!(flaw(&first, Some(&last)), Flaw::Revision);
    let mut next = Envelope { revision: 2, ..first };
    assert_eq!(flaw(&next, None), Flaw::Revision);
    assert_eq!(flaw(&next, Some(&last)), Flaw::Prev);
    next.prev = Some(last.digest.into());
    assert_eq!(flaw(&next, Some(&last)), Flaw::BidKeyReused);
    next.bid_key = RECIPIENT.into();
    assert_eq!(flaw(&next, Some(&last)), Flaw::Nonce);
    next.nonce = Nonce([3; 32]);
    assert!(next.check_revision(Some(&last)).is_ok());
}

#[test]
fn a_wrong_secret_or_a_foreign_plaintext_is_refused() {
    let (envelope, ciphertext) = sealed();
    let other = age::x25519::Identity::generate().to_string();
    assert_eq!(open(&envelope, &ciphertext, &other).unwrap_err().flaw, Flaw::KeyMismatch);
    for bad in ["", "AGE-SECRET-KEY-1", RECIPIENT] {
        assert_eq!(check_secret(&bad.to_owned().into(), &envelope.bid_key).unwrap_err().flaw, Flaw::Secret);
    }
    for member in ["tender", "lot", "part", "bidder", "revision", "policy_digest", "nonce"] {
        let mut value = serde_json::to_value(&envelope).unwrap();
        value[member] = match member {
            "revision" => json!(2),
            "policy_digest" | "nonce" => json!("00".repeat(32)),
            _ => json!("other"),
        };
        let bad: Envelope = serde_json::from_value(value).unwrap();
        let said = open(&bad, &ciphertext, &secret()).unwrap_err();
        assert_eq!((said.flaw, said.detail.as_str()), (Flaw::ManifestMismatch, member));
    }
}

#[test]
fn each_mismatch_of_a_withdrawal_has_its_name() {
    let (envelope, _) = sealed();
    let right = standing(&envelope);
    let made = Withdrawal::of(&right, &bidder_key()).unwrap();
    assert!(made.check(&right).is_ok());
    let word = || "other".parse::<IdText>().unwrap();
    let flaw = |standing: Standing| made.check(&standing).unwrap_err().flaw;
    assert_eq!(flaw(Standing { tender: word(), ..right.clone() }), Flaw::Tender);
    assert_eq!(flaw(Standing { lot: word(), ..right.clone() }), Flaw::Lot);
    assert_eq!(flaw(Standing { bidder: word(), ..right.clone() }), Flaw::Bidder);
    assert_eq!(flaw(Standing { bid: word(), ..right.clone() }), Flaw::Bid);
    assert_eq!(flaw(Standing { revision: 2, ..right.clone() }), Flaw::Revision);
    assert_eq!(flaw(Standing { envelope: Digest([0; 32]), ..right.clone() }), Flaw::EnvelopeDigest);
}

/// Serves `body` once on loopback and gives the address and the request that came.
fn serve_once(body: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let request: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body).unwrap();
        request.join("\n")
    });
    (address, served)
}

#[test]
fn the_policy_comes_from_the_hall_and_is_compared_with_the_notice() {
    let root = std::env::temp_dir().join(format!("tenderhall-seal-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(root.join("in")).unwrap();
    let key = root.join("key");
    command::keygen(
        &command::KeygenArgs {
            out: key.clone(),
            organisation: None,
            officer: None,
            signing_key: None,
            signing_passphrase_file: None,
            passphrase: false,
            passphrase_file: None,
            json: false,
        },
        &mut Vec::new(),
    )
    .unwrap();
    let run = |answer: &policy::SealPolicyAnswer, notice: Digest, out: &str| {
        let (server, served) = serve_once(serde_json::to_vec(answer).unwrap());
        let args = command::SealArgs {
            policy: None,
            server: Some(server),
            tender: Some("T-2026-000123".into()),
            token: Some("word".to_owned().into()),
            policy_digest: Some(notice),
            input: root.join("in"),
            price: Some("1.00".into()),
            form: None,
            bidder: bidder(),
            part: None,
            key: key.clone(),
            passphrase: passphrase::PassphraseArgs::default(),
            replaces: None,
            out: root.join(out),
            json: false,
        };
        let done = command::seal(&args, &mut Vec::new()).map_err(|cause| cause.to_string());
        (done, served.join().unwrap())
    };
    let right = policy::SealPolicyAnswer::from(&policy());
    let (done, request) = run(&right, policy().digest(), "one");
    assert_eq!(done, Ok(()));
    assert!(request.starts_with("GET /api/v1/tenders/T-2026-000123/seal-policy HTTP/1.1"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer word"), "{request}");
    assert!(run(&right, Digest([0; 32]), "two").0.unwrap_err().contains("notice"));
    let lying = policy::SealPolicyAnswer { policy_digest: Digest([0; 32]), ..right };
    assert!(run(&lying, policy().digest(), "three").0.unwrap_err().contains("digest given with it"));
    assert!(!root.join("two").join("secret.txt").exists());
    fs::remove_dir_all(root).unwrap();
}

#[test]
fn the_commands_make_seal_replace_and_open_a_bid() {
    let root = std::env::temp_dir().join(format!("tenderhall-seal-{}", uuid::Uuid::new_v4()));
    let input = root.join("in");
    fs::create_dir_all(&input).unwrap();
    fs::write(input.join("a.txt"), "a").unwrap();
    fs::write(root.join("policy.json"), policy().canonical().unwrap()).unwrap();
    let key = root.join("key");
    let mut said = Vec::new();
    command::keygen(
        &command::KeygenArgs {
            out: key.clone(),
            organisation: None,
            officer: None,
            signing_key: None,
            signing_passphrase_file: None,
            passphrase: false,
            passphrase_file: None,
            json: true,
        },
        &mut said,
    )
    .unwrap();
    let public = serde_json::from_slice::<Value>(&said).unwrap()["publicKey"].as_str().unwrap().to_owned();
    let seal_to = |out: &str, replaces: Option<&str>| command::SealArgs {
        policy: Some(root.join("policy.json")),
        server: None,
        tender: None,
        token: None,
        policy_digest: Some(policy().digest()),
        input: input.clone(),
        price: Some("18376739.00".into()),
        form: None,
        bidder: bidder(),
        part: None,
        key: key.clone(),
        passphrase: passphrase::PassphraseArgs::default(),
        replaces: replaces.map(|name| root.join(name).join("envelope.json")),
        out: root.join(out),
        json: true,
    };
    command::seal(&seal_to("one", None), &mut Vec::new()).unwrap();
    assert!(command::seal(&seal_to("one", None), &mut Vec::new()).is_err(), "nothing is overwritten");
    // What is typed in 万元 is sealed in yuan.
    let typed = |price: &str| command::SealArgs { price: Some(price.into()), ..seal_to("two", Some("one")) };
    let finer_than_a_fen = command::seal(&typed("0.1234567万元"), &mut Vec::new()).unwrap_err().to_string();
    assert!(finer_than_a_fen.contains("--price") && finer_than_a_fen.contains('6'), "{finer_than_a_fen}");
    command::seal(&typed("1837.6739万元"), &mut Vec::new()).unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(root.join("two/secret.txt")).unwrap());
    assert_eq!(mode & 0o777, 0o400);
    let mut args = command::OpenArgs {
        envelope: root.join("two/envelope.json"),
        bid: root.join("two/bid.age"),
        secret: root.join("two/secret.txt"),
        passphrase: passphrase::PassphraseArgs::default(),
        key: Some(public),
        out: Some(root.join("opened")),
        json: true,
    };
    // As age-keygen writes it, comments and all.
    let line = fs::read_to_string(&args.secret).unwrap();
    args.secret = root.join("commented.txt");
    fs::write(&args.secret, format!("# created: 2026\n# public key: age1\n{line}")).unwrap();
    let mut said = Vec::new();
    command::open(&args, &mut said).unwrap();
    let report: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!(report["manifest"]["revision"], 2);
    assert_eq!(report["manifest"]["form"]["price"]["amount"], "18376739.00");
    assert_eq!(fs::read(root.join("opened/a.txt")).unwrap(), b"a");
    args.key = Some(public_key_text(&bidder_key().public()));
    assert!(command::open(&args, &mut Vec::new()).is_err(), "signed with another key");
    fs::remove_dir_all(root).unwrap();
}
