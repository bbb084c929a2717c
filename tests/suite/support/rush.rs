//! Many bidders who hand in to one tender at once, to whatever answers, until each knows its outcome; and everything
//! that has to be true of the tender afterwards.
//!
//! Plain clients: a rush is thousands of requests, and what an answer must look like is the other tests' matter.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tenderhall::{
    bids::rules::merkle_root,
    identity::sandbox::sandbox_signing_key,
    kernel::time::machine_now,
    seal::{BidderKey, Content, Nonce, Receipt, Target, Verdict, seal},
};
use uuid::Uuid;

use super::{
    Client,
    client::{PASSWORD, login_form},
    db::Sql,
    works::numbers_of,
};

/// Clients at the same time.
const CLIENTS: usize = 8;
/// Nobody waits longer for an outcome, whatever is killed meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);
/// A token is asked for anew after this long; it lives for ten minutes.
const TOKEN: Duration = Duration::from_secs(420);

/// Where bidders find the hall; killed and started anew it stands elsewhere.
#[derive(Default)]
pub struct Doors(RwLock<Vec<SocketAddr>>);

impl Doors {
    /// From now on the hall is found here.
    pub fn open(&self, addresses: Vec<SocketAddr>) {
        *self.0.write().unwrap() = addresses;
    }

    fn pick(&self, turn: usize) -> SocketAddr {
        let doors = self.0.read().unwrap();
        doors[turn % doors.len()]
    }
}

/// Bidding programs of the sandbox, with the tokens they hold.
pub struct Crowd {
    seats: Vec<Seat>,
    tokens: Mutex<BTreeMap<String, (Instant, String)>>,
}

struct Seat {
    login: String,
    organisation: String,
    key: BidderKey,
}

impl Crowd {
    /// The first `count` of them.
    pub fn of(client: &Client, count: usize) -> Self {
        let sql = "SELECT jsonb_agg(jsonb_build_array(login, organisation_id) ORDER BY login)
                     FROM (SELECT * FROM accounts WHERE login LIKE 'bidder.%' ORDER BY login LIMIT $1) a";
        let rows: Value = client.sql().value(sql, &[&i64::try_from(count).unwrap()]);
        let seat = |row: &Value| {
            let [login, organisation] = [0, 1].map(|at| row[at].as_str().unwrap().to_owned());
            let key = BidderKey::from_seed(&sandbox_signing_key(PASSWORD, &login));
            Seat { login, organisation, key }
        };
        Self { seats: rows.as_array().unwrap().iter().map(seat).collect(), tokens: Mutex::default() }
    }

    fn token(&self, agent: &ureq::Agent, door: SocketAddr, login: &str) -> Result<String, ureq::Error> {
        if let Some((since, token)) = self.tokens.lock().unwrap().get(login)
            && since.elapsed() < TOKEN
        {
            return Ok(token.clone());
        }
        let mut answer = agent
            .post(format!("http://{door}/api/v1/auth/token"))
            .content_type("application/x-www-form-urlencoded")
            .send(login_form(login))?;
        let granted: Value = answer.body_mut().read_json()?;
        // Where the database is away there is none, and one asks again.
        let none = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let token = granted["access_token"].as_str().ok_or_else(none)?.to_owned();
        self.tokens.lock().unwrap().insert(login.to_owned(), (Instant::now(), token.clone()));
        Ok(token)
    }
}

/// A bid as it is sent, again and again under one key, to one answer.
struct Try {
    login: String,
    key: String,
    body: String,
    digest: [u8; 32],
}

/// What a bidder knows in the end.
struct Outcome {
    status: u16,
    bid: String,
    receipt: String,
    /// Whether the bidder was once left without an answer to what it had sent.
    was_unknown: bool,
    /// By the bidder's own clock.
    first_sent: DateTime<Utc>,
    answered: DateTime<Utc>,
}

/// What a rush came to, in numbers.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    pub accepted: usize,
    pub late: usize,
    /// Bidders that were left without an answer and learned the outcome by their key.
    pub unknown: usize,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.late += other.late;
        self.unknown += other.unknown;
    }
}

/// A tender with one sealed bid of everybody, and how far it has come.
pub struct Rush {
    pub tender: Uuid,
    tries: Vec<Try>,
    next: AtomicUsize,
    accepted: AtomicUsize,
    outcomes: Mutex<Vec<(usize, Outcome)>>,
}

impl Rush {
    /// A published tender and everybody's bid for it.
    pub fn prepare(client: &Client, crowd: &Crowd) -> Self {
        let tender = publish(&client.sql());
        let policy = client.seal_policy(&tender.to_string());
        let one = |seat: &Seat| {
            let target = Target {
                part: "whole".parse().unwrap(),
                bidder: seat.organisation.parse().unwrap(),
                revision: 1,
                prev: None,
                nonce: Nonce(rand::random()),
            };
            let bid = seal(&policy, &seat.key, target, Content::default()).unwrap();
            let body = json!({"envelope": bid.envelope, "ciphertext": STANDARD.encode(&bid.ciphertext)});
            Try {
                login: seat.login.clone(),
                key: Uuid::new_v4().to_string(),
                body: body.to_string(),
                digest: bid.envelope.digest().unwrap().0,
            }
        };
        let share = crowd.seats.len().div_ceil(2);
        let tries = std::thread::scope(|scope| {
            let sealing = crowd
                .seats
                .chunks(share)
                .map(|seats| scope.spawn(move || seats.iter().map(one).collect::<Vec<_>>()));
            let sealing: Vec<_> = sealing.collect();
            sealing.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        Self {
            tender,
            tries,
            next: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            outcomes: Mutex::default(),
        }
    }

    /// Everybody hands in, and goes on asking until it is told.
    pub fn run(&self, crowd: &Crowd, doors: &Doors) {
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                scope.spawn(move || {
                    let agent = agent();
                    loop {
                        let at = self.next.fetch_add(1, Ordering::SeqCst);
                        let Some(one) = self.tries.get(at) else { return };
                        let outcome = insist(&agent, crowd, doors, &self.tender, one, client + at);
                        if outcome.status == 201 {
                            self.accepted.fetch_add(1, Ordering::SeqCst);
                        }
                        self.outcomes.lock().unwrap().push((at, outcome));
                    }
                });
            }
        });
    }

    /// Waits until so many have their receipt.
    pub fn wait_for(&self, accepted: usize) {
        let begun = Instant::now();
        while self.accepted.load(Ordering::SeqCst) < accepted {
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {accepted} came in",
                self.accepted.load(Ordering::SeqCst)
            );
            sleep(Duration::from_millis(2));
        }
    }

    /// Puts the deadline so far from now, while bids come in.
    pub fn end_in(&self, sql: &Sql, time: Duration) {
        let millis = time.as_millis();
        let Self { tender, .. } = self;
        // Behind the lock: the clock is read after the wait for bids under way, or the deadline would lie before them.
        sql.run(&format!(
            "SET session_replication_role = replica;
             SELECT FROM tenders WHERE id = '{tender}' FOR UPDATE;
             UPDATE tenders SET deadline = hall_now() + interval '{millis} milliseconds' WHERE id = '{tender}';
             UPDATE jobs SET due_at = (SELECT deadline FROM tenders WHERE id = '{tender}')
              WHERE key = 'close {tender}'"
        ))
        .unwrap();
    }

    /// Holds what bidders were told against what the hall keeps, once it has closed the tender by itself.
    pub fn check(&self, client: &Client, crowd: &Crowd, doors: &Doors) -> Count {
        let sql = client.sql();
        self.wait_for_close(&sql);
        let tender = self.tender;
        let of_tender = |what: &str| -> Value {
            sql.value(&format!("SELECT {what} FROM tenders WHERE id = '{tender}'"), &[])
        };
        let [deadline, closed_at] =
            ["deadline", "closed_at"].map(|name| time(&of_tender(&format!("to_jsonb({name})"))));
        let outcomes = self.outcomes.lock().unwrap();
        assert_eq!(outcomes.len(), self.tries.len(), "everybody knows its outcome");
        let count = self.check_receipts(client, &outcomes, deadline);

        let kept: Value = sql.value(
            &format!(
                "SELECT coalesce(jsonb_agg(jsonb_build_array(id, encode(envelope_sha256, 'hex'), seq, accepted_at)
                        ORDER BY seq), '[]') FROM bids WHERE tender_id = '{tender}'"
            ),
            &[],
        );
        let kept = kept.as_array().unwrap();
        let found: BTreeMap<&str, &str> =
            kept.iter().map(|row| (row[0].as_str().unwrap(), row[1].as_str().unwrap())).collect();
        let told: Vec<(&str, String)> = outcomes
            .iter()
            .filter(|(_, outcome)| outcome.status == 201)
            .map(|(at, outcome)| (outcome.bid.as_str(), hex::encode(self.tries[*at].digest)))
            .collect();
        for (bid, digest) in &told {
            assert_eq!(found.get(bid).copied(), Some(digest.as_str()), "{bid} is lost");
        }
        assert_eq!(
            (kept.len(), told.len()),
            (count.accepted, count.accepted),
            "nothing is there twice or unasked"
        );
        for pair in kept.windows(2) {
            assert!(pair[0][2].as_i64() < pair[1][2].as_i64() && time(&pair[0][3]) <= time(&pair[1][3]));
        }
        assert!(kept.iter().all(|row| time(&row[3]) < deadline) && deadline <= closed_at);
        let digests: Vec<[u8; 32]> = kept
            .iter()
            .map(|row| hex::decode(row[1].as_str().unwrap()).unwrap().try_into().unwrap())
            .collect();
        let closed = of_tender("jsonb_build_array(bid_count, encode(bid_root, 'hex'))");
        assert_eq!(closed, json!([count.accepted, hex::encode(merkle_root(&digests))]));
        let closes: i64 = sql.value(
            &format!(
                "SELECT count(*) FROM log_pending WHERE act = 'tender.closed' AND tender_id = '{tender}'"
            ),
            &[],
        );
        assert_eq!(closes, 1, "one close");
        self.ask_again(crowd, doors, &outcomes);
        count
    }

    fn wait_for_close(&self, sql: &Sql) {
        let begun = Instant::now();
        let phase = format!("SELECT phase FROM tenders WHERE id = '{}'", self.tender);
        while sql.value::<String>(&phase, &[]) == "published" {
            assert!(begun.elapsed() < PATIENCE, "the tender is not closed");
            sleep(Duration::from_millis(20));
        }
    }

    /// Every receipt is signed, tells the truth about the deadline by the bidder's own clock too, and its entry is in
    /// the record.
    fn check_receipts(
        &self,
        client: &Client,
        outcomes: &[(usize, Outcome)],
        deadline: DateTime<Utc>,
    ) -> Count {
        let sql = client.sql();
        let key =
            client.public().get(&format!("/api/v1/tenders/{}/receipt-key", self.tender)).expect(200).text;
        let key = key.trim().parse().unwrap();
        let ahead: i64 = sql.value("SELECT (extract(epoch FROM shift) * 1000000)::int8 FROM hall", &[]);
        let ahead = TimeDelta::microseconds(ahead);
        let (mut count, mut leaves) = (Count::default(), Vec::new());
        for (at, outcome) in outcomes {
            let receipt = Receipt::verify(&outcome.receipt, &key).unwrap();
            assert_eq!(receipt.envelope.0, self.tries[*at].digest);
            leaves.push(receipt.leaf.0.to_vec());
            count.unknown += usize::from(outcome.was_unknown);
            if outcome.status == 201 {
                count.accepted += 1;
                assert_eq!(receipt.verdict, Verdict::Accepted);
                assert!(receipt.time < deadline && outcome.first_sent + ahead < deadline, "wrongly accepted");
            } else {
                count.late += 1;
                assert_eq!(receipt.verdict, Verdict::RefusedLate);
                assert!(receipt.time >= deadline && outcome.answered + ahead >= deadline, "wrongly late");
            }
        }
        let recorded: i64 =
            sql.value("SELECT count(DISTINCT leaf) FROM log_pending WHERE leaf = ANY($1)", &[&leaves]);
        assert_eq!(
            usize::try_from(recorded).unwrap(),
            outcomes.len(),
            "every receipt's entry is in the record"
        );
        count
    }

    /// Whoever was left without an answer, and a few others, get the same receipt for the same key again.
    fn ask_again(&self, crowd: &Crowd, doors: &Doors, outcomes: &[(usize, Outcome)]) {
        let agent = agent();
        for (nth, (at, outcome)) in outcomes.iter().enumerate() {
            if outcome.was_unknown || nth % 100 == 0 {
                let again = insist(&agent, crowd, doors, &self.tender, &self.tries[*at], nth);
                assert_eq!((again.status, &again.receipt), (outcome.status, &outcome.receipt));
            }
        }
    }
}

/// What must be true of the log once its sequencers have come to rest, however many there are.
pub fn check_log(sql: &Sql) {
    let begun = Instant::now();
    let left = "SELECT count(*) FROM log_pending p WHERE NOT EXISTS (SELECT FROM log_leaf l WHERE l.pending_id = p.id)";
    while sql.value::<i64>(left, &[]) > 0 {
        assert!(begun.elapsed() < PATIENCE, "entries wait for their place");
        sleep(Duration::from_millis(200));
    }
    let count = |what: &str| sql.value::<i64>(&format!("SELECT count(*) FROM {what}"), &[]);
    assert_eq!(
        count("(SELECT idx, row_number() OVER (ORDER BY idx) - 1 AS n FROM log_leaf) l WHERE idx <> n"),
        0,
        "indexes are contiguous"
    );
    assert_eq!(
        count(
            "log_leaf l LEFT JOIN log_pending p ON p.id = l.pending_id
                WHERE l.pending_id IS NOT NULL AND p.leaf IS DISTINCT FROM l.leaf"
        ),
        0,
        "every leaf is its entry's"
    );
    assert_eq!(
        count(
            "(SELECT FROM log_leaf WHERE pending_id IS NOT NULL GROUP BY pending_id HAVING count(*) > 1) d"
        ),
        0
    );
    assert!(count("log_checkpoint") > 1);
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent()
}

/// Sends one bid under one key until the answer is a receipt.
fn insist(
    agent: &ureq::Agent,
    crowd: &Crowd,
    doors: &Doors,
    tender: &Uuid,
    one: &Try,
    mut turn: usize,
) -> Outcome {
    let (begun, first_sent) = (Instant::now(), machine_now());
    let mut was_unknown = false;
    loop {
        assert!(begun.elapsed() < PATIENCE, "{} gets no answer", one.login);
        let door = doors.pick(turn);
        turn += 1;
        match send(agent, crowd, door, tender, one) {
            Ok((status @ (201 | 409), answer)) if answer["receipt"].is_string() => {
                let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
                let (bid, receipt) = (text("bidId"), text("receipt"));
                return Outcome { status, bid, receipt, was_unknown, first_sent, answered: machine_now() };
            }
            // Another instance has it in hand: it has been heard, but not answered.
            Ok((409, answer)) if answer["code"] == "idempotency-key-in-flight" => was_unknown = true,
            Ok((503, _)) => was_unknown = true,
            Ok((status, answer)) => panic!("{}: {status} {answer}", one.login),
            Err(ureq::Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => was_unknown = true,
        }
        sleep(Duration::from_millis(20));
    }
}

fn send(
    agent: &ureq::Agent,
    crowd: &Crowd,
    door: SocketAddr,
    tender: &Uuid,
    one: &Try,
) -> Result<(u16, Value), ureq::Error> {
    let token = crowd.token(agent, door, &one.login)?;
    let mut answer = agent
        .post(format!("http://{door}/api/v1/tenders/{tender}/bids"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Idempotency-Key", &one.key)
        .content_type("application/json")
        .send(&one.body)?;
    let text = answer.body_mut().read_to_string()?;
    Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default()))
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap_or_default().parse().unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// Puts a published tender into the tables, past rooms and notices, with its close to come; answers its id. Its
/// deadline is far.
fn publish(sql: &Sql) -> Uuid {
    let (project, tender) = (Uuid::new_v4(), Uuid::new_v4());
    let (code, tender_code) = numbers_of(project);
    let document = json!({
        "scope": "公园", "qualification": ["有资质"],
        "ceiling": {"amount": "19000000.00", "currency": "CNY"}, "termDays": 90,
        "contractTerms": "见合同", "evaluation": {
            "price": {"method": "engComprehensive", "parameters": {"benchmark": "trimmedMean",
                "ceiling": "19000000.00", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4}},
            "factors": [], "technical": "passFail", "ties": "lowerPriceThenDraw"}});
    sql.run(&format!(
        "SET session_replication_role = replica;
         INSERT INTO projects (id, code, name, region_code, level, category, purchaser_id, agency_id, mandated_at,
                investment, centre_code, registered_at, registered_by, accepted_on, first_notice_on)
         SELECT '{project}', '{code}', '公园项目', '152527', 'county', 'engineering', p.organisation_id,
                a.organisation_id, t, 24000000, '152500', t, p.id, t::date, t::date
           FROM accounts p, accounts a, (SELECT hall_now() - interval '20 days' AS t) t
          WHERE p.login = 'purchaser.taibus' AND a.login = 'agency.one';
         INSERT INTO project_lots (id, project_id, no, name) VALUES (gen_random_uuid(), '{project}', 1, '一标段');
         INSERT INTO tenders (id, code, project_id, lot_no, centre_code, title, procedure_id, document,
                document_hash, approved_hash, approved_by, approved_at, offered_until, deadline, phase,
                published_at, law_on, created_at, created_by)
         SELECT '{tender}', '{tender_code}', '{project}', 1, '152500', '公园', 'engineering-open', '{document}',
                sha256('x'), sha256('x'), '{project}', t, t + interval '1 day', t + interval '1 year', 'published', t,
                '2026-02-24', t, '{project}'
           FROM (SELECT hall_now() - interval '20 days' AS t) t;
         INSERT INTO tender_intake (tender_id, last_at) SELECT id, published_at FROM tenders WHERE id = '{tender}';
         INSERT INTO jobs (id, kind, payload, due_at, key)
         SELECT gen_random_uuid(), 'tender.close', jsonb_build_object('tender', id), deadline, 'close ' || id
           FROM tenders WHERE id = '{tender}';
         SET session_replication_role = origin"
    ))
    .unwrap();
    tender
}
