//! Sealed bids from the submission to the opening record.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tenderhall::seal::{Digest, Nonce};

use crate::support::{
    Answer, TestApp,
    bidding::{Bidder, SealedBid},
    works::DEADLINE,
};

/// The last microsecond before the deadline.
const LAST: &str = "2026-03-16T09:29:59.999999+08:00";
/// A microsecond after it.
const AFTER: &str = "2026-03-16T09:30:00.000001+08:00";

fn release(app: &TestApp, tender: &str, bidder: &Bidder<'_>, bid: &str, secret: &str) -> Answer {
    let body = json!({"bidId": bid, "clause": 0, "member": "bidder", "share": secret});
    app.as_(&bidder.login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &body)
}

#[test]
fn to_the_microsecond_in_time_or_late() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    let bids: Vec<_> = (1..=10)
        .map(|number| {
            let bidder = app.bidder(number);
            let bid = bidder.seal(&policy, "18000000.00");
            app.token(&bidder.login);
            (bidder, bid)
        })
        .collect();
    app.hold(LAST);
    std::thread::scope(|scope| {
        for (bidder, bid) in &bids[..8] {
            scope.spawn(|| {
                let answer = bidder.submit(&tender, bid, "one").expect(201);
                assert!(answer.text_at("/receipt").contains("— "), "a signed note: {answer:?}");
            });
        }
    });
    let late = |index: usize| {
        let (bidder, bid) = &bids[index];
        let refused = bidder.submit(&tender, bid, "one").expect(409).problem("bid-late");
        assert!(refused.text_at("/receipt").contains("— "), "a refusal is signed too: {refused:?}");
    };
    // The clock alone moves: not even the close has to be done for a bid to be late.
    let sql = app.sql();
    sql.run(&format!("UPDATE hall SET held_at = '{DEADLINE}'")).unwrap();
    late(8);
    sql.run(&format!("UPDATE hall SET held_at = '{AFTER}'")).unwrap();
    late(9);
    let kept: i64 = sql.value("SELECT count(*) FROM bids", &[]);
    assert_eq!(kept, 8);
}

#[test]
fn one_key_is_one_bid() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    let bidder = app.bidder(1);
    let bid = bidder.seal(&policy, "18000000.00");
    let path = format!("/api/v1/tenders/{tender}/bids");
    app.as_(&bidder.login).post(&path, &bid.body()).expect(400).problem("idempotency-key-missing");
    let first = bidder.submit(&tender, &bid, "one").expect(201);
    assert_eq!(bidder.submit(&tender, &bid, "one").expect(201).text, first.text);
    let other = bidder.seal(&policy, "17000000.00");
    bidder.submit(&tender, &other, "one").expect(422).problem("idempotency-key-reused");
    bidder.submit(&tender, &other, "two").expect(409).problem("bid-revision");
    let second = bidder.seal_revision(&policy, "17000000.00", 2, Some(bid.digest()));
    assert_eq!(bidder.submit(&tender, &second, "three").expect(201)["revision"], 2);
    let third = bidder.seal_revision(&policy, "16000000.00", 3, Some(bid.digest()));
    bidder.submit(&tender, &third, "four").expect(409).problem("bid-revision");
}

#[test]
fn an_envelope_that_does_not_match_is_refused() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    let (bidder, stranger) = (app.bidder(1), app.bidder(2));
    let good = || bidder.seal(&policy, "18000000.00");
    let expect = |name: &str, bid: &SealedBid, code: &str| {
        let answer = bidder.submit(&tender, bid, &name.replace(' ', "-"));
        assert_eq!(answer["code"], code, "{name}: {answer:?}");
        answer.problem(code);
    };
    let mut bid = good();
    bid.envelope.nonce = Nonce([7; 32]);
    expect("changed after signing", &bid, "bid-signature");
    let mut bid = good();
    bid.envelope = stranger.sign(bid.envelope);
    expect("signed by a stranger's key", &bid, "bid-signer");
    let mut bid = good();
    bid.ciphertext[100] ^= 1;
    expect("another ciphertext", &bid, "bid-payload");
    let mut bid = good();
    bid.envelope.payload.sha256 = Digest([1; 32]);
    bid.envelope = bidder.sign(bid.envelope);
    expect("another hash", &bid, "bid-payload");
    let mut bid = good();
    bid.envelope.tender = "00000000-0000-4000-8000-000000000000".parse().unwrap();
    bid.envelope = bidder.sign(bid.envelope);
    expect("for another tender", &bid, "bid-target");
    let mut bid = good();
    bid.envelope.policy_digest = Digest([2; 32]);
    bid.envelope = bidder.sign(bid.envelope);
    expect("for another policy", &bid, "bid-policy");
    let foreign = stranger.seal(&policy, "18000000.00");
    expect("of another bidder", &foreign, "bid-bidder");
    // A key whose validity has ended.
    app.sql()
        .run(&format!(
            "SET session_replication_role = replica;
         UPDATE signing_keys SET valid_to = '2026-02-20T00:00:00Z' WHERE organisation_id = '{}'",
            bidder.organisation
        ))
        .unwrap();
    expect("by an expired key", &good(), "bid-signer");
    let kept: i64 = app.sql().value("SELECT count(*) FROM bids", &[]);
    assert_eq!(kept, 0);
}

#[test]
fn too_much_and_not_the_right_caller() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let project = app.works_project();
    let draft = app.works_tender(&project);
    let bidder = app.bidder(1);
    let path = format!("/api/v1/tenders/{draft}/bids");
    let made_up = "/api/v1/tenders/00000000-0000-4000-8000-000000000000/bids";
    app.book_rooms(&draft);
    app.hold(crate::support::works::NOTICE);
    // A bid for the draft: sealed once the policy is there, handed in to where there is no tender yet.
    let second = app.registered_works("30000000.00").id();
    app.as_("operator.league").act(&format!("/api/v1/projects/{second}/accept")).expect(200);
    let hidden = app.works_tender(&second);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{draft}/publish")).expect(200);
    let policy = app.seal_policy(&draft);
    let bid = bidder.seal(&policy, "18000000.00");
    let caller = app.as_(&bidder.login).with("Idempotency-Key", "one");
    caller.post(&format!("/api/v1/tenders/{hidden}/bids"), &bid.body()).expect(404).problem("not-found");
    caller.post(made_up, &bid.body()).expect(404).problem("not-found");
    let mut big = bid.body();
    big["ciphertext"] = json!(STANDARD.encode(vec![0; 1024 * 1024 + 1]));
    caller.clone().with("Idempotency-Key", "two").post(&path, &big).expect(413).problem("payload-too-large");
    for login in ["agency.one", "operator.league", "expert.001", "supervisor.office", "admin"] {
        app.as_(login)
            .with("Idempotency-Key", "one")
            .post(&path, &bid.body())
            .expect(403)
            .problem("forbidden");
    }
    app.public().with("Idempotency-Key", "one").post(&path, &bid.body()).expect(401);
    bidder.submit(&draft, &bid, "three").expect(201);
}

#[test]
fn a_bid_is_its_bidders_alone_until_the_record_and_a_withdrawn_one_is_no_more() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    let bids: Vec<_> = (1..=4)
        .map(|number| {
            let bidder = app.bidder(number);
            let bid = bidder.seal(&policy, &format!("180000{number:02}.00"));
            let id = bidder.submit(&tender, &bid, "one").expect(201).text_at("/bidId");
            (bidder, bid, id)
        })
        .collect();
    let path = format!("/api/v1/bids/{}", bids[0].2);
    app.as_("bidder.0001").get(&path).expect(200);
    app.as_("bidder.0001").get(&format!("{path}/receipt")).expect(200);
    for login in
        ["bidder.0002", "agency.one", "purchaser.taibus", "operator.league", "supervisor.office", "admin"]
    {
        app.as_(login).get(&path).expect(404).problem("not-found");
        app.as_(login).get(&format!("{path}/receipt")).expect(404);
    }
    // Before the deadline no secret is taken and no opening is there.
    release(&app, &tender, &bids[0].0, &bids[0].2, &bids[0].1.secret).expect(404);
    app.public().get(&format!("/api/v1/tenders/{tender}/opening")).expect(404);
    app.hold(DEADLINE);
    let opening = app.public().get(&format!("/api/v1/tenders/{tender}/opening")).expect(200);
    assert_eq!((&opening["bids"], &opening["released"]), (&json!(4), &json!(0)));
    let another = &bids[1].1.secret;
    release(&app, &tender, &bids[0].0, &bids[0].2, another).expect(422).problem("secret-does-not-fit");
    let foreign = release(&app, &tender, &bids[1].0, &bids[0].2, &bids[0].1.secret);
    assert!(matches!(foreign.status, 403 | 404), "{foreign:?}");
    for (bidder, bid, id) in &bids[..3] {
        release(&app, &tender, bidder, id, &bid.secret).expect(200);
    }
    app.public().get(&format!("/api/v1/tenders/{tender}/opening/record")).expect(404);
    app.hold("2026-03-16T10:00:00+08:00");
    let record = app.public().get(&format!("/api/v1/tenders/{tender}/opening/record")).expect(200);
    assert_eq!(
        (&record["received"], &record["opened"], &record["revoked"]),
        (&json!(4), &json!(3), &json!(1))
    );
    let prices: Vec<&Value> =
        record["bids"].as_array().unwrap().iter().map(|line| &line["price"]["amount"]).collect();
    assert_eq!(prices, [&json!("18000001.00"), &json!("18000002.00"), &json!("18000003.00"), &Value::Null]);
}

#[test]
fn fewer_than_three_bids_release_nothing() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    let two: Vec<_> = (1..=2)
        .map(|number| {
            let bidder = app.bidder(number);
            let bid = bidder.seal(&policy, "18000000.00");
            let id = bidder.submit(&tender, &bid, "one").expect(201).text_at("/bidId");
            (bidder, bid, id)
        })
        .collect();
    app.hold(DEADLINE);
    for (bidder, bid, id) in &two {
        let refused = release(&app, &tender, bidder, id, &bid.secret);
        assert!(matches!(refused.status, 403 | 404 | 409), "{refused:?}");
    }
    app.hold("2026-03-16T10:30:00+08:00");
    assert_eq!(app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200)["phase"], "failed");
    let kept: Vec<String> = app.sql().values(
        "SELECT c.relname::text || '.' || a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
          WHERE c.relname IN ('opening_shares', 'opened_bids') AND a.attname = 'id'", &[]);
    for table in kept {
        let table = table.split('.').next().unwrap().to_owned();
        let rows: i64 = app.sql().value(&format!("SELECT count(*) FROM {table}"), &[]);
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn a_line_of_the_opening_record_that_tells_otherwise_than_its_bid_is_refused_by_the_database() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let tender = app.published_works();
    let bidder = app.bidder(1);
    let bid = bidder.seal(&app.seal_policy(&tender), "18000000.00");
    bidder.submit(&tender, &bid, "one").expect(201);
    let sql = app.sql();
    let line = |told: [&str; 5]| {
        format!(
            "INSERT INTO opened_bids (id, bid_id, outcome, failure, tender_id, bidder_id, part, seq, received_at)
             SELECT gen_random_uuid(), id, 'revoked', 'not released', {} FROM bids",
            told.join(", ")
        )
    };
    let right = ["tender_id", "bidder_id", "part", "seq", "accepted_at"];
    let others = [
        "gen_random_uuid()",
        "(SELECT o.id FROM organisations o WHERE o.id <> bidder_id LIMIT 1)",
        "'price'",
        "seq + 1",
        "accepted_at - interval '1 second'",
    ];
    for (at, other) in others.into_iter().enumerate() {
        let mut told = right;
        told[at] = other;
        assert_eq!(sql.refused(&line(told)), "opened_bids_tell_of_their_bids", "{other}");
    }
    let none = line(right).replace("gen_random_uuid(), id,", "gen_random_uuid(), gen_random_uuid(),");
    assert_eq!(sql.refused(&none), "opened_bids_tell_of_their_bids", "of no bid");
    let later = format!("DO $$ BEGIN {}; UPDATE opened_bids SET seq = seq + 1; END $$", line(right));
    assert_eq!(sql.refused(&later), "opened_bids_tell_of_their_bids", "otherwise later");
    // What tells of its bid goes on to the next question: whether it stands in the record.
    assert_eq!(sql.refused(&line(right)), "audit_demands_entry");
}
