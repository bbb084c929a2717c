//! Bids under seal: in time or late to the microsecond, one receipt for each, and none lost at the close.

use std::sync::Arc;

use actix_web::{http::StatusCode, test as web_test, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use rand::Rng as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tenderhall::{
    app::router,
    bids::{
        self, BidState, Intake, ReceiptKeys,
        model::NewBid,
        rules::merkle_root,
        service::{self, Lot, Lots, Request},
    },
    identity::{Gate, TokenKeys, sandbox},
    kernel::{
        Actor, Code, OrganisationKind, Problem, Role,
        actor::AccountActor,
        id::{BidId, RequestId, TenderId},
    },
    platform::{db::Db, http::Reply, jobs::Job},
    seal::{
        BidderKey, Content, Digest, Nonce, Receipt, SealedBid, Target, Verdict, Withdrawal, seal,
        withdrawal::Standing,
    },
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDb, db::connect, works::numbers_of};

const PASSWORD: &str = "sandbox-password";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn deadline() -> DateTime<Utc> {
    at("2026-03-16T01:30:00Z")
}

fn micros(count: i64) -> TimeDelta {
    TimeDelta::microseconds(count)
}

/// A sandbox with its sample accounts, one published tender and the intake.
struct Hall {
    // Intake and pool first: their connections go before the database does.
    intake: Intake,
    other_intake: Intake,
    pool: Db,
    sql: Client,
    keys: Arc<ReceiptKeys>,
    lots: Lots,
    tender: TenderId,
    db: TestDb,
}

#[derive(Clone)]
struct Bidder {
    actor: Actor,
    key: Arc<BidderKey>,
    organisation: String,
}

impl Hall {
    async fn new() -> Self {
        let db = TestDb::fresh().await;
        let sql = connect(&db.superuser_url).await.unwrap();
        let founded = "INSERT INTO hall (mode, held_at) VALUES ('sandbox', '2026-02-09T01:00:00Z')";
        sql.batch_execute(founded).await.unwrap();
        let pool = Db::connect(&db.app_url, 8).unwrap();
        pool.transaction("test", RequestId::random(), async |tx| sandbox::found(tx, PASSWORD).await)
            .await
            .unwrap();
        let keys = Arc::new(ReceiptKeys::from_seed([9; 32], "tenderhall.152500/log1".parse().unwrap()));
        let (intake, _) = Intake::start(&db.app_url, keys.clone()).unwrap();
        let (other_intake, _) = Intake::start(&db.app_url, keys.clone()).unwrap();
        let hall = Self {
            intake,
            other_intake,
            pool,
            sql,
            keys,
            lots: Lots::default(),
            tender: TenderId::random(),
            db,
        };
        hall.publish(hall.tender, deadline()).await;
        hall.hold(deadline() - TimeDelta::days(1)).await;
        hall
    }

    /// Puts a published tender of a project of its own into the tables, past the rooms below.
    async fn publish(&self, tender: TenderId, until: DateTime<Utc>) {
        let document = json!({
            "scope": "公园", "qualification": ["有资质"],
            "ceiling": {"amount": "19000000.00", "currency": "CNY"}, "termDays": 90,
            "contractTerms": "见合同", "evaluation": {
                "price": {"method": "engComprehensive", "parameters": {"benchmark": "trimmedMean",
                    "ceiling": "19000000.00", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4}},
                "factors": [], "technical": "passFail", "ties": "lowerPriceThenDraw"}});
        let project = Uuid::new_v4();
        let (code, tender_code) = numbers_of(project);
        let published = until - TimeDelta::days(20);
        self.sql.batch_execute("SET session_replication_role = replica").await.unwrap();
        self.sql
            .execute(
                "INSERT INTO projects (id, code, name, region_code, level, category, purchaser_id, agency_id, mandated_at,
                        investment, centre_code, registered_at, registered_by, accepted_on, first_notice_on)
                 SELECT $1, $2, '公园项目', '152527', 'county', 'engineering', p.organisation_id, a.organisation_id, $3,
                        24000000, '152500', $3, p.id, '2026-02-09', '2026-02-24'
                   FROM accounts p, accounts a WHERE p.login = 'purchaser.taibus' AND a.login = 'agency.one'",
                &[&project, &code, &published],
            )
            .await
            .unwrap();
        self.sql
            .execute(
                "INSERT INTO project_lots (id, project_id, no, name) VALUES (gen_random_uuid(), $1, 1, '一标段')",
                &[&project],
            )
            .await
            .unwrap();
        self.sql
            .execute(
                "INSERT INTO tenders (id, code, project_id, lot_no, centre_code, title, procedure_id, document,
                        document_hash, approved_hash, approved_by, approved_at, offered_until, deadline, phase,
                        published_at, law_on, created_at, created_by)
                 VALUES ($1, $2, $3, 1, '152500', '公园', 'engineering-open', $4, sha256('x'), sha256('x'), $3, $5, $6,
                        $6, 'published', $5, '2026-02-24', $5, $3)",
                &[&tender.0, &tender_code, &project, &document, &published, &until],
            )
            .await
            .unwrap();
        self.sql.batch_execute("SET session_replication_role = origin").await.unwrap();
        self.sql
            .execute(
                "INSERT INTO tender_intake (tender_id, last_at) VALUES ($1, $2)",
                &[&tender.0, &published],
            )
            .await
            .unwrap();
    }

    async fn hold(&self, now: DateTime<Utc>) {
        self.sql.execute("UPDATE hall SET held_at = $1", &[&now]).await.unwrap();
    }

    async fn bidder(&self, number: u32) -> Bidder {
        let login = format!("bidder.{number:04}");
        let row = self
            .sql
            .query_one("SELECT id, organisation_id FROM accounts WHERE login = $1", &[&login])
            .await
            .unwrap();
        let organisation = tenderhall::kernel::id::OrganisationId(row.get(1));
        let account = AccountActor {
            account: tenderhall::kernel::id::AccountId(row.get(0)),
            login: login.clone(),
            organisation,
            kind: OrganisationKind::Enterprise,
            centre: None,
            region: None,
            roles: vec![Role::Bidder],
        };
        let key = Arc::new(BidderKey::from_seed(&sandbox::sandbox_signing_key(PASSWORD, &login)));
        Bidder { actor: Actor::Account(account), key, organisation: organisation.to_string() }
    }

    async fn lot(&self) -> Arc<Lot> {
        self.lots.get(&self.pool, self.tender).await.unwrap()
    }

    /// Hands a sealed bid in under `key`, as the handler does.
    async fn hand_in(
        &self,
        intake: &Intake,
        bidder: &Bidder,
        bid: &SealedBid,
        key: &str,
    ) -> Result<Reply, Problem> {
        let lot = self.lot().await;
        let body = body_of(bid);
        let fingerprint = Sha256::digest(bid.envelope.canonical().unwrap()).into();
        let request = Request {
            actor: bidder.actor.clone(),
            id: RequestId::random(),
            key: key.to_owned(),
            fingerprint,
        };
        intake.submit(service::prepare(&self.pool, &lot, request, body).await?).await
    }

    async fn submit(&self, bidder: &Bidder, bid: &SealedBid) -> Result<Reply, Problem> {
        self.hand_in(&self.intake, bidder, bid, &Uuid::new_v4().to_string()).await
    }

    async fn first(&self, number: u32) -> (Bidder, SealedBid) {
        let bidder = self.bidder(number).await;
        let bid = sealed(&*self.lot().await, &bidder, 1, None);
        (bidder, bid)
    }

    async fn withdraw(&self, bidder: &Bidder, id: BidId, note: &Withdrawal) -> Result<Reply, Problem> {
        self.pool
            .transaction("bid.withdraw", RequestId::random(), async |tx| {
                service::withdraw(tx, &bidder.actor, &self.keys, id, note).await
            })
            .await
    }

    async fn close(&self, tender: TenderId) -> Result<(), Problem> {
        let job = Job {
            id: Uuid::new_v4(),
            kind: "tender.close".into(),
            key: format!("close {tender}"),
            due_at: deadline(),
            payload: json!({"tender": tender}),
            attempts: 0,
        };
        self.pool.transaction("bid.close", RequestId::random(), async |tx| bids::close(tx, &job).await).await
    }

    fn receipt(&self, note: &str) -> Receipt {
        Receipt::verify(note, self.keys.signer("152500").unwrap().key()).unwrap()
    }

    async fn count(&self, what: &str) -> i64 {
        self.sql.query_one(&format!("SELECT count(*) FROM {what}"), &[]).await.unwrap().get(0)
    }
}

fn body_of(bid: &SealedBid) -> NewBid {
    let ciphertext = Some(STANDARD.encode(&bid.ciphertext));
    NewBid { envelope: bid.envelope.clone(), ciphertext, upload: None }
}

fn sealed(lot: &Lot, bidder: &Bidder, revision: u32, prev: Option<Digest>) -> SealedBid {
    let mut nonce = [0; 32];
    rand::rng().fill_bytes(&mut nonce);
    let target = Target {
        part: "whole".parse().unwrap(),
        bidder: bidder.organisation.parse().unwrap(),
        revision,
        prev,
        nonce: Nonce(nonce),
    };
    seal(lot.policy(), &bidder.key, target, Content::default()).unwrap()
}

fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn id_of(reply: &Reply) -> BidId {
    body(reply)["bidId"].as_str().unwrap().parse().unwrap()
}

fn code(answer: &Result<Reply, Problem>) -> Option<Code> {
    answer.as_ref().err().map(Problem::code)
}

fn late_receipt(answer: &Result<Reply, Problem>) -> String {
    let Err(Problem::Refusal(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.code, Code::BidLate);
    refusal.extra["receipt"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn to_the_microsecond_a_bid_is_in_time_or_late() {
    let hall = Hall::new().await;
    let bids: Vec<_> = join_all((1..=11).map(|number| hall.first(number))).await;
    hall.hold(deadline() - micros(1)).await;
    let answers = join_all(bids[..8].iter().map(|(bidder, bid)| hall.submit(bidder, bid))).await;
    for (answer, (bidder, bid)) in answers.iter().zip(&bids) {
        let reply = answer.as_ref().unwrap();
        assert_eq!(reply.status, 201);
        let receipt = hall.receipt(body(reply)["receipt"].as_str().unwrap());
        assert_eq!(receipt.verdict, Verdict::Accepted);
        assert_eq!(receipt.time, deadline() - micros(1));
        assert_eq!(receipt.envelope, bid.envelope.digest().unwrap());
        assert_eq!(receipt.bidder.as_str(), bidder.organisation);
        assert_eq!(receipt.bid.unwrap().as_str(), id_of(reply).to_string());
        let leaf = "SELECT FROM log_pending WHERE leaf = $1 AND tells_of_bid AND act = 'bid.accepted'";
        assert_eq!(hall.sql.query(leaf, &[&receipt.leaf.0.as_slice()]).await.unwrap().len(), 1);
    }
    for (offset, at) in [(0, 8), (1, 9)] {
        hall.hold(deadline() + micros(offset)).await;
        let (bidder, bid) = &bids[at];
        let key = format!("late-{offset}");
        let refused = hall.hand_in(&hall.intake, bidder, bid, &key).await;
        let note = late_receipt(&refused);
        let receipt = hall.receipt(&note);
        assert_eq!((receipt.verdict, receipt.time), (Verdict::RefusedLate, deadline() + micros(offset)));
        assert_eq!(receipt.bid, None);
        // A retry gets the same receipt, not a second one.
        assert_eq!(late_receipt(&hall.hand_in(&hall.intake, bidder, bid, &key).await), note);
    }
    assert_eq!(hall.count("bids").await, 8);
    assert_eq!(hall.count("bid_receipts WHERE kind = 'REFUSED_LATE'").await, 2);
    assert_eq!(hall.count("(SELECT DISTINCT seq FROM bids WHERE seq BETWEEN 1 AND 8) s").await, 8);
}

#[tokio::test]
async fn one_key_is_one_bid_however_often_it_is_sent() {
    let hall = Hall::new().await;
    let (bidder, bid) = hall.first(1).await;
    let intakes = [&hall.intake, &hall.other_intake];
    let sent = (0..10).map(|n| hall.hand_in(intakes[n % 2], &bidder, &bid, "same"));
    let answers = join_all(sent).await;
    let first = answers.iter().find_map(|answer| answer.as_ref().ok()).unwrap();
    for answer in &answers {
        // Another instance may be asked while the key is in flight; it says so and never takes the bid twice.
        assert!(
            matches!(answer, Ok(reply) if reply == first)
                || code(answer) == Some(Code::IdempotencyKeyInFlight)
        );
    }
    assert_eq!(hall.hand_in(&hall.other_intake, &bidder, &bid, "same").await.unwrap(), *first);
    let another = sealed(&*hall.lot().await, &bidder, 2, Some(bid.envelope.digest().unwrap()));
    let reused = hall.hand_in(&hall.intake, &bidder, &another, "same").await;
    assert_eq!(code(&reused), Some(Code::IdempotencyKeyReused));
    assert_eq!(hall.count("bids").await, 1);
    assert_eq!(hall.count("idempotency").await, 1);
}

#[tokio::test]
async fn what_waits_is_written_as_one_set() {
    let hall = Hall::new().await;
    let bids: Vec<_> = join_all((1..=12).map(|number| hall.first(number))).await;
    let mut lock = connect(&hall.db.superuser_url).await.unwrap();
    let held = lock.transaction().await.unwrap();
    let row = "SELECT FROM tender_intake WHERE tender_id = $1 FOR UPDATE";
    held.query(row, &[&hall.tender.0]).await.unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        held.rollback().await.unwrap();
    };
    let sent = join_all(bids.iter().map(|(bidder, bid)| hall.submit(bidder, bid)));
    let (answers, ()) = tokio::join!(sent, release);
    assert!(answers.iter().all(Result::is_ok));
    // The first had the lane to itself; the others queued behind it and share one savepoint, or two at worst.
    assert!(hall.count("(SELECT DISTINCT xmin::text FROM bids) sets").await <= 3);
}

#[tokio::test]
async fn every_mismatch_has_its_own_no() {
    let hall = Hall::new().await;
    let (bidder, bid) = hall.first(1).await;
    let (other, others) = hall.first(2).await;
    let wrong = async |change: &dyn Fn(&mut SealedBid), resign: bool| {
        let mut bid = SealedBid {
            envelope: bid.envelope.clone(),
            ciphertext: bid.ciphertext.clone(),
            secret: bid.secret.clone(),
        };
        change(&mut bid);
        if resign {
            bid.envelope = bid.envelope.sign(&bidder.key).unwrap();
        }
        code(&hall.submit(&bidder, &bid).await).unwrap()
    };
    let text = |text: &str| text.parse().unwrap();
    assert_eq!(wrong(&|bid| bid.envelope.nonce = Nonce([1; 32]), false).await, Code::BidSignature);
    assert_eq!(wrong(&|bid| *bid.ciphertext.last_mut().unwrap() ^= 1, true).await, Code::BidPayload);
    assert_eq!(wrong(&|bid| bid.ciphertext.push(0), true).await, Code::BidPayload);
    assert_eq!(wrong(&|bid| bid.envelope.tender = text("T-1"), true).await, Code::BidTarget);
    assert_eq!(wrong(&|bid| bid.envelope.lot = text("2"), true).await, Code::BidTarget);
    assert_eq!(wrong(&|bid| bid.envelope.policy_digest = Digest([1; 32]), true).await, Code::BidPolicy);
    assert_eq!(wrong(&|bid| bid.envelope.bid_key = "age1x".into(), true).await, Code::BidPolicy);
    assert_eq!(wrong(&|bid| bid.envelope.revision = 2, true).await, Code::BidRevision);
    assert_eq!(wrong(&|bid| bid.ciphertext = vec![0; 1024 * 1024 + 1], true).await, Code::PayloadTooLarge);
    assert_eq!(code(&hall.submit(&bidder, &others).await), Some(Code::BidBidder));
    // Signed by a key that is another's.
    let stranger = Bidder { key: other.key.clone(), ..bidder.clone() };
    let foreign = sealed(&*hall.lot().await, &stranger, 1, None);
    assert_eq!(code(&hall.submit(&bidder, &foreign).await), Some(Code::BidSigner));
    // The key's validity ends at this very time.
    hall.sql
        .batch_execute(
            "SET session_replication_role = replica;
             UPDATE signing_keys SET valid_to = (SELECT held_at FROM hall) WHERE organisation_id IN
                (SELECT organisation_id FROM accounts WHERE login = 'bidder.0001');
             SET session_replication_role = origin",
        )
        .await
        .unwrap();
    assert_eq!(code(&hall.submit(&bidder, &bid).await), Some(Code::BidSigner));
    assert_eq!(hall.count("bids").await, 0);
    assert_eq!(hall.count("bid_receipts").await, 0);
}

#[tokio::test]
async fn who_may_not_bid_is_told_so() {
    let hall = Hall::new().await;
    let (bidder, bid) = hall.first(1).await;
    let Actor::Account(account) = &bidder.actor else { panic!() };
    let with_role = |role| Bidder {
        actor: Actor::Account(AccountActor { roles: vec![role], ..account.clone() }),
        ..bidder.clone()
    };
    assert_eq!(code(&hall.submit(&with_role(Role::Agency), &bid).await), Some(Code::Forbidden));
    assert_eq!(
        code(&hall.submit(&Bidder { actor: Actor::Public, ..bidder.clone() }, &bid).await),
        Some(Code::Unauthenticated)
    );
    // A person of the other side, in one batch with one who may: only the first is refused.
    let (second, seconds) = hall.first(2).await;
    hall.sql
        .execute(
            "INSERT INTO project_sides (project_id, person, account_id, side)
             SELECT t.project_id, $2, $2, 'expert' FROM tenders t WHERE t.id = $1",
            &[&hall.tender.0, &account.account.0],
        )
        .await
        .unwrap();
    let (one, two) = tokio::join!(hall.submit(&bidder, &bid), hall.submit(&second, &seconds));
    assert_eq!(code(&one), Some(Code::OneSideOnly));
    assert!(two.is_ok(), "{two:?}");
    // A draft does not exist for a bidder, an ended tender takes nothing.
    assert_eq!(hall.lots.get(&hall.pool, TenderId::random()).await.unwrap_err().code(), Code::NotFound);
    let (third, thirds) = hall.first(3).await;
    hall.sql
        .execute(
            "UPDATE tenders SET phase = 'terminated', ended_reason = 'x', ended_at = now() WHERE id = $1",
            &[&hall.tender.0],
        )
        .await
        .unwrap_err();
    hall.sql.batch_execute("SET session_replication_role = replica").await.unwrap();
    hall.sql
        .batch_execute("UPDATE tenders SET phase = 'terminated', ended_reason = 'x', ended_at = now()")
        .await
        .unwrap();
    assert_eq!(code(&hall.submit(&third, &thirds).await), Some(Code::WrongState));
}

#[tokio::test]
async fn a_copied_ciphertext_is_refused_alone_and_its_neighbours_go_in() {
    let hall = Hall::new().await;
    let (one, bid) = hall.first(1).await;
    let (copier, mut copy) = hall.first(2).await;
    let (third, thirds) = hall.first(3).await;
    copy.envelope.payload = bid.envelope.payload;
    copy.ciphertext.clone_from(&bid.ciphertext);
    copy.envelope = copy.envelope.sign(&copier.key).unwrap();
    let (a, b, c) =
        tokio::join!(hall.submit(&one, &bid), hall.submit(&copier, &copy), hall.submit(&third, &thirds));
    assert!(a.is_ok() && c.is_ok(), "{a:?} {c:?}");
    assert_eq!(code(&b), Some(Code::BidDuplicate));
    let seqs = hall.sql.query_one("SELECT array_agg(seq ORDER BY seq) FROM bids", &[]).await.unwrap();
    assert_eq!(seqs.get::<_, Vec<i64>>(0), [1, 2]);
    let intake = hall.sql.query_one("SELECT bid_n FROM tender_intake", &[]).await.unwrap();
    assert_eq!(intake.get::<_, i64>(0), 2);
}

#[tokio::test]
async fn revisions_follow_each_other_and_a_withdrawal_ends_a_bid() {
    let hall = Hall::new().await;
    let lot = hall.lot().await;
    let (bidder, first) = hall.first(1).await;
    let one = hall.submit(&bidder, &first).await.unwrap();
    let stale = sealed(&lot, &bidder, 2, Some(Digest([7; 32])));
    let refused = hall.submit(&bidder, &stale).await;
    let Err(Problem::Refusal(refusal)) = &refused else { panic!("{refused:?}") };
    assert_eq!((refusal.code, &refusal.extra["dueRevision"]), (Code::BidRevision, &json!(2)));
    let second = sealed(&lot, &bidder, 2, Some(first.envelope.digest().unwrap()));
    let two = hall.submit(&bidder, &second).await.unwrap();
    assert_eq!(hall.count("bids WHERE state = 'superseded'").await, 1);

    let note = |bid: &SealedBid, id: BidId| {
        let standing = Standing {
            tender: bid.envelope.tender.clone(),
            lot: bid.envelope.lot.clone(),
            bidder: bid.envelope.bidder.clone(),
            bid: id.to_string().parse().unwrap(),
            revision: bid.envelope.revision,
            envelope: bid.envelope.digest().unwrap(),
        };
        Withdrawal::of(&standing, &bidder.key).unwrap()
    };
    let (old, new) = (id_of(&one), id_of(&two));
    assert_eq!(code(&hall.withdraw(&bidder, old, &note(&first, old)).await), Some(Code::WrongState));
    let stranger = hall.bidder(2).await;
    assert_eq!(code(&hall.withdraw(&stranger, new, &note(&second, new)).await), Some(Code::NotFound));
    // A note over another revision.
    assert_eq!(code(&hall.withdraw(&bidder, new, &note(&first, new)).await), Some(Code::InvalidRequest));
    let withdrawn = hall.withdraw(&bidder, new, &note(&second, new)).await.unwrap();
    let receipt = hall.receipt(body(&withdrawn)["receipt"].as_str().unwrap());
    assert_eq!((receipt.verdict, receipt.revision), (Verdict::Withdrawn, 2));
    assert_eq!(hall.count("bids WHERE state = 'accepted'").await, 0, "no earlier revision revives");

    let third = sealed(&lot, &bidder, 3, Some(second.envelope.digest().unwrap()));
    let three = hall.submit(&bidder, &third).await.unwrap();
    let mut conn = hall.pool.read().await.unwrap();
    let view = service::read(&mut conn, &bidder.actor, id_of(&three)).await.unwrap();
    assert_eq!((view.state, view.revision), (BidState::Accepted, 3));
    let text = service::receipt(&mut conn, &bidder.actor, new).await.unwrap();
    assert_eq!(hall.receipt(&text), receipt);
    let lines = service::list(&mut conn, &bidder.actor, Some(hall.tender), None, 10).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.revision).collect::<Vec<_>>().len(), 3);
    assert!(service::list(&mut conn, &stranger.actor, None, None, 10).await.unwrap().is_empty());
    let hidden = service::read(&mut conn, &stranger.actor, new).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);

    // After the deadline a withdrawal is refused, with a signed receipt, and the bid stands.
    hall.hold(deadline()).await;
    let last = id_of(&three);
    let kept = hall.withdraw(&bidder, last, &note(&third, last)).await.unwrap();
    assert_eq!(hall.receipt(body(&kept)["receipt"].as_str().unwrap()).verdict, Verdict::RefusedLate);
    hall.close(hall.tender).await.unwrap();
    let standing = bids::standing_bids(&mut conn, hall.tender).await.unwrap();
    assert_eq!(standing.iter().map(|bid| bid.id).collect::<Vec<_>>(), [last]);
    assert_eq!(bids::ciphertext(&mut conn, last).await.unwrap(), Some(third.ciphertext));
}

#[tokio::test]
async fn the_clock_is_read_after_the_wait_and_not_before() {
    let hall = Hall::new().await;
    let (bidder, bid) = hall.first(1).await;
    hall.hold(deadline() - micros(1)).await;
    for end in ["ROLLBACK", "COMMIT"] {
        let holder = connect(&hall.db.superuser_url).await.unwrap();
        holder
            .batch_execute(
                "BEGIN; SELECT 1 FROM tender_intake FOR UPDATE; UPDATE tender_intake SET bid_n = bid_n",
            )
            .await
            .unwrap();
        let waiting = hall.submit(&bidder, &bid);
        let passing = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            hall.hold(deadline()).await;
            holder.batch_execute(end).await.unwrap();
        };
        let (answer, ()) = tokio::join!(waiting, passing);
        late_receipt(&answer);
        hall.hold(deadline() - micros(1)).await;
        // Nothing was taken in, and time does not go back behind the lock.
        assert_eq!(hall.count("bids").await, 0);
        hall.sql
            .execute("UPDATE tender_intake SET last_at = $1", &[&(deadline() - micros(1))])
            .await
            .unwrap();
    }
    assert!(hall.submit(&bidder, &bid).await.is_ok());
}

#[tokio::test]
async fn twelve_writers_over_the_deadline_lose_nothing() {
    writers_over_the_deadline(6).await;
}

/// The same two hundred times: `scripts/test --long`.
#[tokio::test]
#[ignore = "minutes long"]
async fn twelve_writers_over_two_hundred_deadlines_likewise() {
    writers_over_the_deadline(200).await;
}

async fn writers_over_the_deadline(rounds: usize) {
    let hall = Hall::new().await;
    hall.sql.batch_execute("UPDATE hall SET held_at = NULL").await.unwrap();
    let bidders = join_all((1..=240).map(|number| hall.bidder(number))).await;
    for round in 0..rounds {
        let tender = TenderId::random();
        let until: DateTime<Utc> =
            hall.sql.query_one("SELECT hall_now() + interval '1500 milliseconds'", &[]).await.unwrap().get(0);
        hall.publish(tender, until).await;
        let lot = hall.lots.get(&hall.pool, tender).await.unwrap();
        let writer = async |nth: usize| {
            let intake = if nth.is_multiple_of(2) { &hall.intake } else { &hall.other_intake };
            let mut acknowledged = Vec::new();
            for bidder in bidders.iter().skip(nth * 20).take(20) {
                let bid = sealed(&lot, bidder, 1, None);
                let request = Request {
                    actor: bidder.actor.clone(),
                    id: RequestId::random(),
                    key: Uuid::new_v4().to_string(),
                    fingerprint: [0; 32],
                };
                let body = body_of(&bid);
                tokio::time::sleep(std::time::Duration::from_millis(60)).await;
                match intake.submit(service::prepare(&hall.pool, &lot, request, body).await.unwrap()).await {
                    Ok(reply) => acknowledged
                        .push(bid.envelope.digest().map(|digest| (id_of(&reply), digest)).unwrap()),
                    refused => {
                        late_receipt(&refused);
                        break;
                    }
                }
            }
            acknowledged
        };
        let closing = async {
            // The close runs into the writers: it is tried from just before the deadline on.
            tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
            while hall.close(tender).await.is_err() {}
        };
        let (acknowledged, ()) = tokio::join!(join_all((0..12).map(writer)), closing);
        let mut conn = hall.pool.read().await.unwrap();
        let standing = bids::standing_bids(&mut conn, tender).await.unwrap();
        for (id, digest) in acknowledged.iter().flatten() {
            assert!(
                standing.iter().any(|bid| bid.id == *id && bid.digest == *digest),
                "round {round}: {id} is lost"
            );
        }
        assert_eq!(standing.len(), acknowledged.iter().flatten().count(), "round {round}");
        assert!(!standing.is_empty());
        for pair in standing.windows(2) {
            assert!(pair[0].seq < pair[1].seq && pair[0].accepted_at <= pair[1].accepted_at);
        }
        assert!(standing.iter().all(|bid| bid.accepted_at < until));
        let row = hall
            .sql
            .query_one(
                "SELECT phase, bid_count, bid_root, closed_at FROM tenders WHERE id = $1",
                &[&tender.0],
            )
            .await
            .unwrap();
        let digests: Vec<[u8; 32]> = standing.iter().map(|bid| bid.digest.0).collect();
        assert_eq!(row.get::<_, String>(0), "closed");
        assert_eq!(row.get::<_, i32>(1), i32::try_from(standing.len()).unwrap());
        assert_eq!(row.get::<_, Vec<u8>>(2), merkle_root(&digests));
        assert!(row.get::<_, DateTime<Utc>>(3) >= until);
    }
}

#[actix_web::test]
async fn over_http_a_bid_is_taken_in_and_read_by_its_bidder_alone() {
    let hall = Hall::new().await;
    let (bidder, bid) = hall.first(1).await;
    let Actor::Account(account) = &bidder.actor else { panic!() };
    let gate = Gate::new(hall.pool.clone(), TokenKeys::from_seed(&[3; 32]));
    let (pool, keys, intake) = (hall.pool.clone(), hall.keys.clone(), hall.intake.clone());
    let app =
        web_test::init_service(router::service(router::Surroundings::prepare().unwrap(), move |config| {
            config
                .app_data(web::Data::new(pool))
                .app_data(web::Data::new(gate))
                .app_data(web::Data::new(Lots::default()))
                .app_data(web::Data::new(keys))
                .app_data(web::Data::new(intake));
        }))
        .await;
    let token = async |login: &str| {
        let form = format!("grant_type=client_credentials&client_id={login}&client_secret={PASSWORD}");
        let request = web_test::TestRequest::post()
            .uri("/api/v1/auth/token")
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .peer_addr("127.0.0.1:1".parse().unwrap())
            .set_payload(form);
        let answer: Value = web_test::call_and_read_body_json(&app, request.to_request()).await;
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let (mine, theirs) = (token(&account.login).await, token("bidder.0002").await);
    let get = async |uri: String, token: &str| {
        let request = web_test::TestRequest::get()
            .uri(&uri)
            .insert_header(("authorization", format!("Bearer {token}")));
        let answer = web_test::call_service(&app, request.to_request()).await;
        let status = answer.status();
        (status, String::from_utf8(web_test::read_body(answer).await.to_vec()).unwrap())
    };
    let post = async |payload: Value, key: Option<&str>| {
        let mut request = web_test::TestRequest::post()
            .uri(&format!("/api/v1/tenders/{}/bids", hall.tender))
            .insert_header(("authorization", format!("Bearer {mine}")));
        if let Some(key) = key {
            request = request.insert_header(("idempotency-key", key));
        }
        let answer = web_test::call_service(&app, request.set_json(payload).to_request()).await;
        let status = answer.status();
        (status, serde_json::from_slice::<Value>(&web_test::read_body(answer).await).unwrap())
    };
    let (status, policy) = get(format!("/api/v1/tenders/{}/seal-policy", hall.tender), &mine).await;
    assert_eq!(status, StatusCode::OK, "{policy}");
    let policy: Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(policy["policy"]["clauses"], json!([["bidder"]]));
    assert_eq!(policy["policyDigest"], json!(hall.lot().await.policy().digest()));
    let before = get(format!("/api/v1/tenders/{}/seal-policy", hall.tender), &theirs).await;

    let payload = json!({"envelope": bid.envelope, "ciphertext": STANDARD.encode(&bid.ciphertext)});
    assert_eq!(post(payload.clone(), None).await.1["code"], "idempotency-key-missing");
    // Over the limit of the ciphertext, and over the limit of any body.
    for size in [1024 * 1024 + 1, 3 * 1024 * 1024] {
        let big = json!({"envelope": bid.envelope, "ciphertext": STANDARD.encode(vec![0; size])});
        let (status, problem) = post(big, Some("big")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("payload-too-large")));
    }
    let (status, taken) = post(payload.clone(), Some("one")).await;
    assert_eq!(status, StatusCode::CREATED, "{taken}");
    assert_eq!(post(payload, Some("one")).await, (StatusCode::CREATED, taken.clone()));
    let id = taken["bidId"].as_str().unwrap();
    let (status, receipt) = get(format!("/api/v1/bids/{id}/receipt"), &mine).await;
    assert_eq!((status, receipt.as_str()), (StatusCode::OK, taken["receipt"].as_str().unwrap()));
    let (_, key) = get(format!("/api/v1/tenders/{}/receipt-key", hall.tender), &mine).await;
    Receipt::verify(&receipt, &key.trim().parse().unwrap()).unwrap();
    assert_eq!(get(format!("/api/v1/bids/{id}"), &mine).await.0, StatusCode::OK);
    assert_eq!(get(format!("/api/v1/bids/{id}"), &theirs).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(format!("/api/v1/bids/{id}/receipt"), &theirs).await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        get(format!("/api/v1/bids?tender={}", hall.tender), &theirs).await.1,
        r#"{"items":[],"next":null}"#
    );
    assert_eq!(get(format!("/api/v1/tenders/{}/seal-policy", hall.tender), &theirs).await, before);
    let (_, own) = get("/api/v1/bids".into(), &mine).await;
    assert!(own.contains(id) && !own.contains("seq"));
}
