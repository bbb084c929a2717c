//! Uploads of large ciphertexts, from the first chunk to the opening.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::Rng as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenderhall::seal::{BidderKey, Content, Nonce, Policy, SealError, Target, open, open_stream, seal};

use crate::support::{
    Answer, TestApp,
    bidding::{Bidder, CHUNK, SealedBid},
    works::{DEADLINE, START},
};

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// What begins as an age file and is none.
fn like_age(length: usize) -> Vec<u8> {
    let mut bytes = noise(length);
    bytes[..22].copy_from_slice(b"age-encryption.org/v1\n");
    bytes
}

/// A sealed bid of about 20 MiB.
fn large(app: &TestApp, tender: &str, bidder: &Bidder<'_>, price: &str) -> SealedBid {
    let files = vec![("技术标.pdf".to_owned(), noise(19 * 1024 * 1024)), ("空白.txt".to_owned(), Vec::new())];
    let bid = bidder.seal_files(&app.seal_policy(tender), price, (1, None), files);
    assert!(bid.ciphertext.len() > 2 * CHUNK && bid.ciphertext.len() < 3 * CHUNK);
    bid
}

fn status(app: &TestApp, bidder: &Bidder<'_>, upload: &str) -> Answer {
    app.as_(&bidder.login).get(&format!("/api/v1/uploads/{upload}"))
}

#[test]
fn chunks_come_in_any_order_and_their_hash_with_the_last() {
    let app = TestApp::sandbox(START);
    let tender = app.published_large_works(64);
    let (bidder, other) = (app.bidder(1), app.bidder(2));
    let bid = large(&app, &tender, &bidder, "18000000.00");
    let chunks: Vec<&[u8]> = bid.ciphertext.chunks(CHUNK).collect();

    let begun = bidder.begin_upload(&tender, bid.ciphertext.len()).expect(201);
    let upload = begun.id();
    assert_eq!(begun.header("location"), format!("/api/v1/uploads/{upload}"));
    assert_eq!(
        (&begun["chunks"], &begun["chunkSize"], &begun["missing"], &begun["state"]),
        (&json!(3), &json!(CHUNK), &json!([0, 1, 2]), &json!("receiving"))
    );
    let put = |n: usize, bytes: &[u8]| bidder.put_chunk(&upload, n, bytes);
    assert_eq!(put(2, chunks[2]).expect(200)["missing"], json!([0, 1]));
    assert_eq!(put(0, &like_age(CHUNK)).expect(200)["missing"], json!([1]));
    // The right bytes take the place of the wrong, and once more change nothing.
    for _ in 0..2 {
        assert_eq!(put(0, chunks[0]).expect(200)["missing"], json!([1]));
    }
    let head = app.as_(&bidder.login).send("HEAD", &format!("/api/v1/uploads/{upload}"), None, Vec::new());
    assert_eq!((head.status, head.header("upload-missing"), head.header("repr-digest")), (200, "1", ""));
    let early =
        bidder.submit_uploaded(&tender, &bid, &upload, "one").expect(409).problem("upload-incomplete");
    assert_eq!(early["missing"], json!([1]));
    refuses_what_is_no_chunk(&bidder, &upload, chunks[1]);
    is_not_there_for_others(&app, &tender, &other, &upload, &bid);

    let whole = put(1, chunks[1]).expect(200);
    let digest = hex::encode(Sha256::digest(&bid.ciphertext));
    assert_eq!(
        (&whole["state"], &whole["sha256"], &whole["missing"]),
        (&json!("whole"), &json!(digest), &json!([]))
    );
    let head = app.as_(&bidder.login).send("HEAD", &format!("/api/v1/uploads/{upload}"), None, Vec::new());
    let field = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(&bid.ciphertext)));
    assert_eq!((head.header("upload-missing"), head.header("repr-digest")), ("", field.as_str()));
    // From now on it stays as it was hashed.
    assert_eq!(put(1, chunks[1]).expect(200)["state"], "whole");
    put(1, &noise(CHUNK)).expect(409).problem("upload-whole");
    let by_hand = format!("UPDATE bid_chunks SET bytes = '\\x00' WHERE upload_id = '{upload}'");
    assert_eq!(app.sql().refused(&by_hand), "bid_chunks_stay");

    let taken = bidder.submit_uploaded(&tender, &bid, &upload, "one").expect(201);
    let again = bidder.submit_uploaded(&tender, &bid, &upload, "one").expect(201);
    assert_eq!(taken.text, again.text, "one key is one bid");
    let read = status(&app, &bidder, &upload).expect(200);
    assert_eq!((&read["state"], &read["bidId"]), (&json!("submitted"), &taken["bidId"]));
    let remove =
        app.as_(&bidder.login).send("DELETE", &format!("/api/v1/uploads/{upload}"), None, Vec::new());
    remove.expect(409).problem("upload-used");
    replaced_and_withdrawn(&app, &tender, &bidder, &bid, &upload);
}

/// Every body that is not the chunk it says it is, each with its own problem.
fn refuses_what_is_no_chunk(bidder: &Bidder<'_>, upload: &str, right: &[u8]) {
    let digest = |bytes: &[u8]| format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)));
    let send = |n: &str, digest: &str, bytes: &[u8]| bidder.put_chunk_as(upload, n, digest, bytes);
    let mut flipped = right.to_vec();
    flipped[4711] ^= 1;
    send("1", &digest(right), &flipped).expect(422).problem("content-digest").points_to("Content-Digest");
    send("1", "", right).expect(422).problem("content-digest");
    send("1", "md5=:AAAA:", right).expect(422).problem("content-digest");
    let short = &right[..right.len() - 1];
    send("1", &digest(short), short).expect(422).problem("invalid-request").points_to("Content-Length");
    let long = [right, b"x"].concat();
    send("1", &digest(&long), &long).expect(413).problem("payload-too-large");
    let no_age = noise(CHUNK);
    send("0", &digest(&no_age), &no_age).expect(422).problem("bid-payload");
    for n in ["3", "-1", "x", "4294967296"] {
        send(n, &digest(right), right).expect(404).problem("not-found");
    }
}

fn is_not_there_for_others(app: &TestApp, tender: &str, other: &Bidder<'_>, upload: &str, bid: &SealedBid) {
    let path = format!("/api/v1/uploads/{upload}");
    for login in [other.login.as_str(), "agency.one", "operator.league", "supervisor.office", "admin"] {
        app.as_(login).get(&path).expect(404).problem("not-found");
        app.as_(login).send("DELETE", &path, None, Vec::new()).expect(404).problem("not-found");
    }
    app.public().get(&path).expect(401);
    other.put_chunk(upload, 1, &bid.ciphertext[CHUNK..2 * CHUNK]).expect(404).problem("not-found");
    other.submit_uploaded(tender, bid, upload, "theirs").expect(404).problem("not-found");
    let list = |login: &str| app.as_(login).get(&format!("/api/v1/tenders/{tender}/uploads")).expect(200);
    assert_eq!(list(&other.login)["items"], json!([]));
    assert_eq!(list("bidder.0001")["items"][0]["id"], json!(upload));
}

/// The next revision follows an uploaded bid as any other, an upload serves one bid only, and one of two is needed.
fn replaced_and_withdrawn(app: &TestApp, tender: &str, bidder: &Bidder<'_>, first: &SealedBid, upload: &str) {
    let policy = app.seal_policy(tender);
    let second = bidder.seal_revision(&policy, "17000000.00", 2, Some(first.digest()));
    let path = format!("/api/v1/tenders/{tender}/bids");
    let caller = app.as_(&bidder.login).with("Idempotency-Key", "two");
    let mut body = second.body();
    body["upload"] = json!(upload);
    caller.post(&path, &body).expect(422).problem("invalid-request").points_to("/ciphertext");
    let neither = json!({"envelope": second.envelope});
    caller.post(&path, &neither).expect(422).problem("invalid-request").points_to("/ciphertext");
    bidder.submit_uploaded(tender, &second, upload, "two").expect(422).problem("bid-payload");
    let small = bidder.upload(tender, &second.ciphertext);
    assert_eq!(bidder.submit_uploaded(tender, &second, &small, "two").expect(201)["revision"], 2);
    // The same upload for another envelope of the same ciphertext: one bid owns it.
    let third = bidder.seal_revision(&policy, "16000000.00", 3, Some(second.digest()));
    let mut envelope = third.envelope.clone();
    envelope.payload = second.envelope.payload;
    let third = SealedBid { envelope: bidder.sign(envelope), ..third };
    let refused = bidder.submit_uploaded(tender, &third, &small, "three").expect(409);
    assert!(["bid-duplicate", "upload-used"].iter().any(|code| refused["code"] == *code), "{refused:?}");
}

#[test]
fn an_upload_goes_on_under_a_deadline_that_was_moved() {
    let app = TestApp::sandbox(START);
    let tender = app.published_large_works(16);
    let bidder = app.bidder(1);
    let bytes = like_age(CHUNK + 100);
    let upload = bidder.begin_upload(&tender, bytes.len()).expect(201).id();
    bidder.put_chunk(&upload, 0, &bytes[..CHUNK]).expect(200);
    let path = format!("/api/v1/tenders/{tender}/postpone");
    let later = json!({"deadline": "2026-03-19T09:30:00+08:00", "reason": "澄清较多"});
    app.as_("agency.one").post(&path, &later).expect(200);
    // The first deadline passes, and nothing has happened to the upload.
    app.hold("2026-03-17T09:00:00+08:00");
    assert_eq!(bidder.put_chunk(&upload, 1, &bytes[CHUNK..]).expect(200)["state"], "whole");
    let other = bidder.begin_upload(&tender, bytes.len()).expect(201).id();
    // The clock alone moves: what comes then comes too late, whether or not the close has been done.
    app.sql().run("UPDATE hall SET held_at = '2026-03-19T09:30:00+08:00'").unwrap();
    bidder.put_chunk(&other, 0, &bytes[..CHUNK]).expect(409).problem("too-late");
    bidder.begin_upload(&tender, 100).expect(409).problem("too-late");
}

#[test]
fn what_is_uploaded_and_not_submitted_is_late_and_goes_in_the_end() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let policy = app.seal_policy(&tender);
    let bidders: Vec<_> = (1..=4).map(|number| app.bidder(number)).collect();
    let bids: Vec<_> = bidders.iter().map(|bidder| bidder.seal(&policy, "18000000.00")).collect();
    let uploads: Vec<_> =
        bidders.iter().zip(&bids).map(|(bidder, bid)| bidder.upload(&tender, &bid.ciphertext)).collect();
    for at in 0..3 {
        bidders[at].submit_uploaded(&tender, &bids[at], &uploads[at], "one").expect(201);
    }
    let begun = bidders[3].begin_upload(&tender, 100).expect(201).id();
    app.hold(DEADLINE);
    let late = |key: &str| {
        let refused = bidders[3].submit_uploaded(&tender, &bids[3], &uploads[3], key);
        refused.expect(409).problem("bid-late").text_at("/receipt")
    };
    let receipt = late("one");
    assert!(receipt.contains("result REFUSED_LATE") && receipt.contains("— "), "{receipt}");
    assert_eq!(late("one"), receipt, "the same refusal again");
    assert_eq!(status(&app, &bidders[3], &uploads[3]).expect(200)["state"], "whole");
    app.hold("2026-03-22T09:30:00+08:00");
    status(&app, &bidders[3], &begun).expect(200);
    app.hold("2026-03-23T09:30:00+08:00");
    for gone in [&uploads[3], &begun] {
        status(&app, &bidders[3], gone).expect(404);
    }
    let kept: i64 = app.sql().value("SELECT count(*) FROM bid_chunks", &[]);
    assert_eq!(kept, 3, "what serves a bid stays");
    assert_eq!(status(&app, &bidders[0], &uploads[0]).expect(200)["state"], "submitted");
}

#[test]
fn four_uploads_may_be_open_and_none_larger_than_the_policy_allows() {
    let app = TestApp::sandbox(START);
    let tender = app.published_large_works(16);
    let bidder = app.bidder(1);
    let caller = app.as_(&bidder.login);
    let path = format!("/api/v1/tenders/{tender}/uploads");
    let once = |key: &str| caller.clone().with("Idempotency-Key", key).post(&path, &json!({"size": 100}));
    let first = once("one").expect(201).id();
    assert_eq!(once("one").expect(201).id(), first, "one key is one upload");
    let begun: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..6).map(|_| scope.spawn(|| bidder.begin_upload(&tender, 100).status)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(begun.iter().filter(|status| **status == 201).count(), 3, "{begun:?}");
    bidder.begin_upload(&tender, 100).expect(409).problem("upload-quota");
    app.bidder(2).begin_upload(&tender, 100).expect(201);
    caller.send("DELETE", &format!("/api/v1/uploads/{first}"), None, Vec::new()).expect(204);
    caller.get(&format!("/api/v1/uploads/{first}")).expect(404);
    let limit = 16 * 1024 * 1024;
    bidder.begin_upload(&tender, limit + 1).expect(413).problem("payload-too-large").points_to("/size");
    bidder.begin_upload(&tender, 0).expect(422).points_to("/size");
    caller.post(&path, &json!({"size": 100, "part": "price"})).expect(422).points_to("/part");
    bidder.begin_upload(&tender, limit).expect(201);
    app.as_("agency.one").post(&path, &json!({"size": 100})).expect(403);
    let small = app.as_("agency.one").post("/api/v1/tenders", &{
        let mut body = crate::support::Client::works_tender_body(&app.works_project());
        body["document"]["maxBidMebibytes"] = 201.into();
        body
    });
    small.expect(422).points_to("/document/maxBidMebibytes");
}

#[test]
fn a_large_bid_is_opened_as_it_streams_and_its_archive_has_it() {
    let app = TestApp::sandbox(START);
    let tender = app.published_large_works(64);
    let policy = app.seal_policy(&tender);
    assert_eq!(policy.policy().max_part_bytes, 64 * 1024 * 1024);
    let bidders: Vec<_> = (1..=4).map(|number| app.bidder(number)).collect();
    let whole = large(&app, &tender, &bidders[0], "18000000.00");
    let upload = bidders[0].upload(&tender, &whole.ciphertext);
    let mut ids =
        vec![bidders[0].submit_uploaded(&tender, &whole, &upload, "one").expect(201).text_at("/bidId")];
    // One whose ciphertext was spoilt before it was sealed into the envelope: it cannot be opened.
    let spoilt = spoil(&bidders[1], large(&app, &tender, &bidders[1], "18100000.00"));
    let upload = bidders[1].upload(&tender, &spoilt.ciphertext);
    ids.push(bidders[1].submit_uploaded(&tender, &spoilt, &upload, "one").expect(201).text_at("/bidId"));
    let mut bids = vec![whole, spoilt];
    for (at, bidder) in bidders.iter().enumerate().skip(2) {
        let bid = bidder.seal(&policy, &format!("1830000{at}.00"));
        ids.push(bidder.submit(&tender, &bid, "one").expect(201).text_at("/bidId"));
        bids.push(bid);
    }
    app.hold(DEADLINE);
    for ((bidder, bid), id) in bidders.iter().zip(&bids).zip(&ids) {
        let share = json!({"bidId": id, "clause": 0, "member": "bidder", "share": bid.secret});
        app.as_(&bidder.login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &share).expect(200);
    }
    app.hold("2026-03-16T10:01:00+08:00");
    let record = app.public().get(&format!("/api/v1/tenders/{tender}/opening/record")).expect(200);
    let outcomes: Vec<&Value> =
        record["bids"].as_array().unwrap().iter().map(|bid| &bid["outcome"]).collect();
    assert_eq!(outcomes, ["opened", "revoked", "opened", "opened"]);
    assert_eq!(record["bids"][0]["price"]["amount"], "18000000.00");

    let supervisor = app.as_("supervisor.audit");
    let archive = supervisor.get(&format!("/api/v1/tenders/{tender}/opening/archive")).expect(200);
    assert!(
        archive["items"][0].get("ciphertext").is_none() && archive["items"][2].get("ciphertext").is_some()
    );
    let path = format!("/api/v1/tenders/{tender}/opening/ciphertexts/{}", ids[0]);
    assert!(fetched(&app, "supervisor.audit", &path) == bids[0].ciphertext, "the very bytes");
    for stranger in ["agency.one", "bidder.0001", "expert.001"] {
        app.as_(stranger).get(&path).expect(404);
    }
}

/// An answer that is no text.
fn fetched(app: &TestApp, login: &str, path: &str) -> Vec<u8> {
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let request = agent.get(format!("http://{}{path}", app.address()));
    let answer = request.header("Authorization", format!("Bearer {}", app.token(login))).call().unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    answer.into_body().into_with_config().limit(64 << 20).read_to_vec().unwrap()
}

/// The same bid with one byte of its last block changed, signed as if it had been so.
fn spoil(bidder: &Bidder<'_>, mut bid: SealedBid) -> SealedBid {
    *bid.ciphertext.last_mut().unwrap() ^= 1;
    let mut envelope = bid.envelope.clone();
    envelope.payload.sha256 = tenderhall::seal::Digest(Sha256::digest(&bid.ciphertext).into());
    bid.envelope = bidder.sign(envelope);
    bid
}

#[test]
fn a_streamed_bid_opens_to_the_same_and_to_nothing_when_a_byte_is_changed() {
    let policy = Policy::bidder_only("T-1".parse().unwrap(), "1".parse().unwrap(), 1).unwrap();
    let key = BidderKey::from_seed(&[7; 32]);
    let target = Target {
        part: "whole".parse().unwrap(),
        bidder: "ORG-77".parse().unwrap(),
        revision: 1,
        prev: None,
        nonce: Nonce([5; 32]),
    };
    let files = vec![("a.txt".to_owned(), b"letter".to_vec()), ("b.txt".to_owned(), Vec::new())];
    let content = Content { files: files.clone(), ..Content::default() };
    let bid = seal(&policy, &key, target, content).unwrap();
    let streamed = |ciphertext: &[u8]| {
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        let mut source = ciphertext;
        let manifest = open_stream(&bid.envelope, &mut source, &bid.secret, &mut |entry, piece| {
            if piece.is_empty() {
                found.push((entry.name.clone(), Vec::new()));
            }
            found.last_mut().unwrap().1.extend_from_slice(piece);
            Ok::<_, SealError>(())
        });
        manifest.map(|manifest| (manifest, found))
    };
    let whole = open(&bid.envelope, &bid.ciphertext, &bid.secret).unwrap();
    assert_eq!(streamed(&bid.ciphertext).unwrap(), (whole.manifest, files));
    for at in 0..bid.ciphertext.len() {
        let mut changed = bid.ciphertext.clone();
        changed[at] ^= 1;
        assert!(streamed(&changed).is_err(), "byte {at}");
    }
    for other in [&bid.ciphertext[..bid.ciphertext.len() - 1], &[&bid.ciphertext[..], b"x"].concat()] {
        assert!(streamed(other).is_err(), "{} bytes", other.len());
    }
}
