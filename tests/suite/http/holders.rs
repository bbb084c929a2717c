//! Officers' keys, the policy that is made of them, and the proof that officers can read.

use std::collections::BTreeSet;

use age::x25519::Identity;
use serde_json::{Value, json};
use tenderhall::seal::BidderKey;

use crate::support::{
    TestApp,
    works::{DEADLINE, NOTICE, START},
};

/// A day and a microsecond before the deadline, and a day before it.
const LAST: &str = "2026-03-15T09:29:59.999999+08:00";
const DUE: &str = "2026-03-15T09:30:00+08:00";

#[test]
fn a_key_is_enrolled_by_its_officer_and_vouched_for_by_its_organisation() {
    let app = TestApp::sandbox(START);
    let key = app.signing_key("agency.one");
    let agency = app.as_("agency.one");
    let identity = Identity::generate();
    let body = app.enrolment("agency.one", &identity, &key);
    // Neither another organisation's account nor a colleague enrols it.
    for login in ["agency.two", "operator.league", "bidder.0001", "expert.001", "admin", "supervisor.finance"]
    {
        app.as_(login).post("/api/v1/seal-keys", &body).expect(403).problem("forbidden");
    }
    let colleague = app.colleague("agency.one", "agency");
    app.as_(&colleague).post("/api/v1/seal-keys", &body).expect(403);
    app.public().post("/api/v1/seal-keys", &body).expect(401);
    let stranger = app.enrolment("agency.one", &identity, &BidderKey::from_seed(&[7; 32]));
    agency.post("/api/v1/seal-keys", &stranger).expect(422).points_to("/sig/key");
    let mut changed = body.clone();
    changed["recipient"] = Identity::generate().to_public().to_string().into();
    agency.post("/api/v1/seal-keys", &changed).expect(422).points_to("/sig/value");
    changed["recipient"] = "age1notakey".into();
    agency.post("/api/v1/seal-keys", &changed).expect(422).points_to("/recipient");

    let enrolled = agency.post("/api/v1/seal-keys", &body).expect(201);
    assert_eq!(enrolled["enrolment"], body);
    agency.post("/api/v1/seal-keys", &body).expect(409).problem("duplicate");
    let list = format!("/api/v1/seal-keys?organisation={}", agency.organisation());
    assert_eq!(app.public().get(&list).expect(200)["items"][0]["recipient"], body["recipient"]);
    let acts = "SELECT act FROM log_pending WHERE act LIKE 'seal.key.%' ORDER BY id";
    assert_eq!(app.sql().values::<String>(acts, &[]), ["seal.key.enrolled"]);

    let revoke = format!("/api/v1/seal-keys/{}/revoke", enrolled.id());
    let reason = json!({"reason": "经办人离职"});
    app.as_("agency.two").post(&revoke, &reason).expect(403);
    agency.post(&revoke, &json!({"reason": " "})).expect(422).points_to("/reason");
    // A colleague takes back the key of who has left.
    assert!(app.as_(&colleague).post(&revoke, &reason).expect(200)["revokedAt"].is_string());
    agency.post(&revoke, &reason).expect(409).problem("wrong-state");
    assert_eq!(app.sql().values::<String>(acts, &[]), ["seal.key.enrolled", "seal.key.revoked"]);
}

#[test]
fn nothing_is_published_before_every_body_has_two_persons_with_keys() {
    let app = TestApp::sandbox(START);
    let tender = app.shared_tender(&app.works_project(), true);
    app.book_rooms(&tender);
    app.hold(NOTICE);
    let publish = || app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish"));
    let missing = |wanted: Value| {
        let refused = publish().expect(409).problem("seal-keys-missing");
        assert_eq!(refused["rule"]["id"], "SEAL-2");
        let found: Vec<_> = refused["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["member"], one["officers"], one["needed"]]))
            .collect();
        assert_eq!(Value::from(found), wanted);
        let view = app.as_("agency.one").get(&format!("/api/v1/tenders/{tender}")).expect(200);
        assert_eq!(view.action("publish")["allowed"], false, "{view:?}");
    };
    missing(json!([["agency", 0, 2], ["centre", 0, 2], ["supervisor", 0, 2]]));
    // Two keys of one person are one person's.
    let key = app.signing_key("agency.one");
    app.officer("agency.one", "agency", &key);
    app.officer("agency.one", "agency", &key);
    missing(json!([["agency", 1, 2], ["centre", 0, 2], ["supervisor", 0, 2]]));
    let officers = app.officers();
    let view = app.as_("agency.one").get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!(view.action("publish")["allowed"], true, "{view:?}");
    // Who has left does not count, nor a key that was taken back.
    let left = officers.iter().find(|officer| officer.login == "operator.league.second").unwrap();
    let id: String = app.sql().value("SELECT id::text FROM accounts WHERE login = $1", &[&left.login]);
    let reason = json!({"reason": "离职"});
    app.as_("admin").post(&format!("/api/v1/accounts/{id}/disable"), &reason).expect(200);
    let lost = officers.iter().find(|officer| officer.login == "supervisor.office").unwrap();
    app.as_(&lost.login).post(&format!("/api/v1/seal-keys/{}/revoke", lost.key_id), &reason).expect(200);
    missing(json!([["centre", 1, 2], ["supervisor", 1, 2]]));
    app.as_("admin").post(&format!("/api/v1/accounts/{id}/enable"), &reason).expect(200);
    missing(json!([["supervisor", 1, 2]]));
    // Nor whose role has ended, or is another than the one that releases the body's shares.
    let roles = |login: &str, act: &str, role: &str| {
        let id: String = app.sql().value("SELECT id::text FROM accounts WHERE login = $1", &[&login]);
        let body = json!({"role": role, "reason": "转岗"});
        app.as_("admin").post(&format!("/api/v1/accounts/{id}/roles{act}"), &body).expect(200);
    };
    roles(&left.login, "/end", "operator");
    missing(json!([["centre", 1, 2], ["supervisor", 1, 2]]));
    roles(&left.login, "", "operator");
    let second = "supervisor.office.second";
    roles(second, "/end", "supervisorOffice");
    roles(second, "", "supervisorFinance");
    missing(json!([["supervisor", 0, 2]]));
    roles(second, "", "supervisorOffice");
    missing(json!([["supervisor", 1, 2]]));
    let key = app.signing_key(&lost.login);
    app.officer(&lost.login, "supervisor", &key);
    publish().expect(200);
}

#[test]
fn the_notice_names_the_policy_that_bids_are_sealed_for() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = app.published_shared_works(true);
    let policy = app.seal_policy(&tender);
    let rules = serde_json::to_value(policy.policy()).unwrap();
    assert_eq!(
        rules["clauses"],
        json!([["bidder", "agency"], ["bidder", "centre"], ["agency", "centre", "supervisor"]])
    );
    for member in ["agency", "centre", "supervisor"] {
        let keys: BTreeSet<_> = officers
            .iter()
            .filter(|officer| officer.member == member)
            .map(|officer| officer.identity.to_public().to_string())
            .collect();
        let found: BTreeSet<String> =
            serde_json::from_value(rules["members"][member]["recipients"].clone()).unwrap();
        assert_eq!(found, keys);
    }
    let notice = app.public().get("/api/v1/notices").expect(200).text_at("/items/0/id");
    let digest = policy.digest().to_string();
    assert!(app.public().get(&format!("/api/v1/notices/{notice}")).expect(200).text.contains(&digest));
    assert!(app.page(&format!("/notices/{notice}")).contains(&digest));
    let facts: Value =
        app.sql().value("SELECT body->'facts' FROM log_pending WHERE act = 'tender.published'", &[]);
    assert_eq!(facts["sealPolicy"], digest);
    // A key enrolled later is in no policy that stands.
    let key = app.signing_key("agency.one");
    app.officer("agency.one", "agency", &key);
    assert_eq!(app.seal_policy(&tender), policy);
    // Neither a bid without shares nor one with another's shares is taken in.
    let (bidder, stranger) = (app.bidder(1), app.bidder(2));
    let mut bare = bidder.seal(&policy, "18000000.00");
    bare.envelope.shares.clear();
    bare.envelope = bidder.sign(bare.envelope);
    bidder.submit(&tender, &bare, "bare").expect(422).problem("bid-policy").points_to("/envelope/shares");
    let mut swapped = bidder.seal(&policy, "18000000.00");
    swapped.envelope.shares.swap(0, 1);
    swapped.envelope = bidder.sign(swapped.envelope);
    bidder.submit(&tender, &swapped, "swapped").expect(422).points_to("/envelope/shares");
    let mut unsigned = bidder.seal(&policy, "18000000.00");
    unsigned.envelope.shares = stranger.seal(&policy, "18000000.00").envelope.shares;
    bidder.submit(&tender, &unsigned, "unsigned").expect(422).problem("bid-signature");
    bidder.submit(&tender, &bidder.seal(&policy, "18000000.00"), "good").expect(201);
}

#[test]
fn the_light_is_red_a_day_before_the_deadline_unless_every_officer_has_proved_to_read() {
    let app = TestApp::sandbox(START);
    let (tender, officers) = app.published_shared_works(true);
    let path = format!("/api/v1/tenders/{tender}");
    let canaries = format!("{path}/canaries");
    let light = || {
        let seen = app.as_("operator.league").get(&path).expect(200)["sealLight"].clone();
        assert_eq!(app.as_("operator.league").get(&canaries).expect(200)["light"], seen);
        seen
    };
    assert_eq!(light(), "waiting");
    assert_eq!(app.public().get(&path).expect(200)["sealLight"], Value::Null);
    for login in ["", "agency.two", "bidder.0001", "operator.taibus", "expert.001", "supervisor.finance"] {
        let caller = if login.is_empty() { app.public() } else { app.as_(login) };
        caller.get(&canaries).expect(404);
        assert_eq!(caller.get(&path).expect(200)["sealLight"], Value::Null, "{login}");
    }
    // Everyone gets the own file only.
    let seen = app.as_("agency.one").get(&canaries).expect(200);
    let files = seen["items"].as_array().unwrap().iter().filter(|line| line["canary"].is_string());
    assert_eq!((files.count(), seen["items"].as_array().unwrap().len()), (1, 6));

    let (last, others) = officers.split_last().unwrap();
    let mut wrong = last.canary(&tender);
    wrong["answer"] = "00".repeat(32).into();
    let prove = |login: &str, body: &Value| app.as_(login).post(&canaries, body);
    prove(&last.login, &wrong).expect(422).problem("secret-does-not-fit").points_to("/answer");
    prove(&others[0].login, &last.canary(&tender)).expect(404);
    prove("agency.two", &last.canary(&tender)).expect(404);
    for officer in others {
        assert_eq!(officer.prove(&tender).expect(200)["light"], "waiting");
    }
    app.hold(LAST);
    assert_eq!(light(), "waiting");
    app.hold(DUE);
    assert_eq!(light(), "red");
    assert_eq!(last.prove(&tender).expect(200)["light"], "green");
    last.prove(&tender).expect(200);
    assert_eq!(light(), "green");
    let proofs: i64 =
        app.sql().value("SELECT count(*) FROM log_pending WHERE act = 'seal.canary.proved'", &[]);
    assert_eq!(proofs, 6, "one entry for each officer");
    // A key that was taken back reads nothing any more.
    let reason = json!({"reason": "遗失"});
    app.as_(&last.login).post(&format!("/api/v1/seal-keys/{}/revoke", last.key_id), &reason).expect(200);
    assert_eq!(light(), "red");
    app.hold(DEADLINE);
}

#[test]
fn a_tender_of_the_bidder_alone_has_neither_canaries_nor_a_light() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    app.as_("operator.league").get(&format!("/api/v1/tenders/{tender}/canaries")).expect(404);
    assert_eq!(
        app.as_("operator.league").get(&format!("/api/v1/tenders/{tender}")).expect(200)["sealLight"],
        Value::Null
    );
    let digest = app.seal_policy(&tender).digest().to_string();
    let notice = app.public().get("/api/v1/notices").expect(200).text_at("/items/0/id");
    assert!(app.page(&format!("/notices/{notice}")).contains(&digest));
}
