//! What the service owes its bidders when something breaks: whoever holds a receipt has a bid.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use tenderhall::platform::cluster::{Cluster, ClusterOptions, OWNER_ROLE, create_database, prepare_roles};

use crate::support::{
    Answer, Client, TestApp, TestDb,
    bidding::{Bidder, SealedBid},
    program::Program,
    scratch::Scratch,
    works::START,
};

/// Bidders that hand in, in four threads.
const BIDDERS: u32 = 60;

fn prepared<'a>(client: &'a Client, tender: &str) -> Vec<(Bidder<'a>, SealedBid)> {
    let policy = client.seal_policy(tender);
    let seal = |number| {
        let bidder = client.bidder(number);
        let bid = bidder.seal(&policy, "18000000.00");
        client.token(&bidder.login);
        (bidder, bid)
    };
    (1..=BIDDERS).map(seal).collect()
}

/// Ids of all bids in the database.
fn kept(client: &Client) -> Vec<String> {
    client.sql().values("SELECT id::text FROM bids ORDER BY 1", &[])
}

#[test]
fn a_killed_service_has_every_bid_it_gave_a_receipt_for() {
    let scratch = Scratch::new("killed");
    let program = Program::sandbox(scratch.path(), START);
    let tender = program.published_works();
    let bids = prepared(&program, &tender);
    let receipts: Mutex<BTreeMap<String, String>> = Mutex::default();
    let taken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for part in bids.chunks(usize::try_from(BIDDERS).unwrap().div_ceil(4)) {
            let (receipts, taken, tender) = (&receipts, &taken, &tender);
            scope.spawn(move || {
                for (bidder, bid) in part {
                    let Ok(answer) = bidder.try_submit(tender, bid, "one") else { return };
                    let answer = answer.expect(201);
                    receipts.lock().unwrap().insert(bidder.login.clone(), answer.text_at("/receipt"));
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let begun = Instant::now();
        while taken.load(Ordering::SeqCst) < 12 && begun.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(1));
        }
        program.kill_now();
    });
    let envelopes: BTreeMap<String, SealedBid> =
        bids.into_iter().map(|(bidder, bid)| (bidder.login.clone(), bid)).collect();
    drop(program);
    let receipts = receipts.into_inner().unwrap();
    assert!(
        (12..usize::try_from(BIDDERS).unwrap()).contains(&receipts.len()),
        "{} were taken before the kill",
        receipts.len()
    );

    let program = Program::sandbox(scratch.path(), START);
    for (login, receipt) in &receipts {
        let listed = program.as_(login).get("/api/v1/bids").expect(200);
        let id = listed.text_at("/items/0/id");
        let found = program.as_(login).get(&format!("/api/v1/bids/{id}/receipt")).expect(200);
        assert_eq!(&found.text, receipt, "{login}");
    }
    // A retry with the same key gives a receipt to those who got no answer, and makes nobody's bid twice.
    for (login, bid) in &envelopes {
        let number = login.trim_start_matches("bidder.").parse().unwrap();
        let answer = program.bidder(number).submit(&tender, bid, "one").expect(201);
        if let Some(receipt) = receipts.get(login) {
            assert_eq!(&answer.text_at("/receipt"), receipt, "{login}");
        }
    }
    assert_eq!(kept(&program).len(), usize::try_from(BIDDERS).unwrap());
}

#[test]
fn without_postgresql_the_service_says_so_and_loses_nothing() {
    let scratch = Scratch::new("postgres-away");
    let options = ClusterOptions { max_connections: 60, ..ClusterOptions::new(scratch.path()) };
    let cluster = Cluster::start(&options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        prepare_roles(&cluster.superuser_url()).await.unwrap();
        create_database(&cluster.superuser_url(), "hall", OWNER_ROLE).await.unwrap();
    });
    let app = TestApp::on(TestDb::kept_by_test(|role| cluster.url("hall", role)), START);
    let tender = app.published_works();
    let bids = prepared(&app, &tender);
    let (taken, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cluster = std::thread::scope(|scope| {
        for part in bids.chunks(usize::try_from(BIDDERS).unwrap().div_ceil(4)) {
            let (taken, refused, tender) = (&taken, &refused, &tender);
            scope.spawn(move || {
                for (bidder, bid) in part {
                    let answer = until_taken(bidder, bid, tender, refused);
                    answer.expect(201);
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        while taken.load(Ordering::SeqCst) < 8 {
            sleep(Duration::from_millis(1));
        }
        cluster.stop();
        let ready = app.public().get("/health/ready").expect(503).problem("unavailable");
        assert_eq!(ready.header("retry-after"), "5");
        app.public().get("/health/live").expect(200);
        let project = app.as_("agency.one").get("/api/v1/projects");
        project.expect(503).problem("unavailable");
        Cluster::start(&options).unwrap()
    });
    assert!(refused.load(Ordering::SeqCst) > 0, "nobody met the outage");
    app.public().get("/health/ready").expect(200);
    assert_eq!(kept(&app).len(), usize::try_from(BIDDERS).unwrap(), "each once");
    for (bidder, _) in &bids {
        let listed = app.as_(&bidder.login).get("/api/v1/bids").expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{}", bidder.login);
    }
    drop(app);
    cluster.stop();
}

/// Tries again with the same key for as long as the service says that it is away.
fn until_taken(bidder: &Bidder<'_>, bid: &SealedBid, tender: &str, refused: &AtomicUsize) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = bidder.submit(tender, bid, "one");
        if answer.status != 503 || begun.elapsed() > Duration::from_secs(60) {
            return answer;
        }
        answer.problem("unavailable");
        refused.fetch_add(1, Ordering::SeqCst);
        sleep(Duration::from_millis(50));
    }
}
