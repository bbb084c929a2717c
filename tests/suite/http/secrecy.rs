//! Nobody learns who bids or how many before the opening begins.
//!
//! Every GET of the description is read by every role with no bid and with twenty, at the same held moment, and
//! compared byte for byte. Only the request's own id and the machine's date may differ. The same is asked of what
//! the real program logs, counts and mails.

use std::collections::BTreeMap;

use tenderhall::portal::bid::scripts;

use crate::support::{
    Answer, Client, TestApp, bidding::Bidder, client::login_form, contract::DOCUMENT, program::Watched,
    scratch::Scratch, works::START,
};

/// One account of every role and relation, none of which bids.
const READERS: [&str; 17] = [
    "operator.league",
    "operator.taibus",
    "purchaser.taibus",
    "purchaser.league",
    "agency.one",
    "agency.one.second",
    "agency.two",
    "bidder.0100",
    "expert.001",
    "supervisor.office",
    "supervisor.finance",
    "supervisor.development",
    "supervisor.audit",
    "supervisor.discipline",
    "supervisor.industry",
    "admin",
    "",
];

/// Status, headers and body, without the request's id and the machine's date.
fn shown(answer: &Answer) -> String {
    let mut lines: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    let body = answer.text.replace(answer.header("x-request-id"), "REQUEST");
    format!("{}\n{}\n\n{body}", answer.status, lines.join("\n"))
}

/// What stands for an `{id}` in each part of the API.
struct Things {
    tender: String,
    project: String,
    booking: String,
    notice: String,
    organisations: Vec<String>,
    bids: Vec<String>,
    uploads: Vec<String>,
}

impl Things {
    fn ids(&self, template: &str) -> Vec<String> {
        let made_up = vec!["11111111-1111-4111-8111-111111111111".to_owned()];
        match template.split('/').nth(3).unwrap_or_default() {
            "tenders" => vec![self.tender.clone()],
            "projects" => vec![self.project.clone()],
            "bookings" => vec![self.booking.clone()],
            "notices" => vec![self.notice.clone()],
            "organisations" => self.organisations.clone(),
            "bids" => self.bids.clone(),
            "uploads" => self.uploads.clone(),
            "log" if template.contains("{tile}") => {
                vec!["0/000.p/8".to_owned(), "entries/000.p/8".to_owned()]
            }
            "log" => vec!["0".to_owned()],
            _ => made_up,
        }
    }

    /// Every address that a reader may try.
    fn addresses(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (template, item) in DOCUMENT["paths"].as_object().unwrap() {
            // The times of the machines' clocks move on by themselves, and are all that this one tells.
            if item.get("get").is_none() || template == "/api/v1/clock" {
                continue;
            }
            let query = match template.as_str() {
                "/api/v1/bookings" => format!("?tender={}", self.tender),
                "/api/v1/seal-keys" => format!("?organisation={}", self.organisations[1]),
                "/api/v1/log/consistency" => "?old=0".to_owned(),
                "/api/v1/rooms/availability" => {
                    "?centre=152500&kind=opening&from=2026-03-16T00:00:00Z&to=2026-03-17T00:00:00Z".to_owned()
                }
                _ => String::new(),
            };
            if template.contains('{') {
                all.extend(self.ids(template).iter().map(|id| fill(template, id)));
            } else {
                all.push(format!("{template}{query}"));
            }
        }
        // The pages for people, which the description does not have.
        for page in ["/", "/notices", "/calculators", "/metrics"] {
            all.push(page.to_owned());
        }
        all.push(format!("/notices/{}", self.notice));
        all.push(format!("/projects/{}", self.project));
        all
    }
}

fn fill(template: &str, id: &str) -> String {
    let parts = template.split('/').map(|part| if part.starts_with('{') { id } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn read_all(app: &Client, addresses: &[String]) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    for reader in READERS {
        let caller = if reader.is_empty() { app.public() } else { app.as_(reader) };
        for address in addresses {
            all.insert((reader.to_owned(), address.clone()), shown(&caller.get(address)));
        }
    }
    all
}

fn compare(
    before: &BTreeMap<(String, String), String>,
    after: &BTreeMap<(String, String), String>,
    when: &str,
) {
    assert_eq!(before.len(), after.len());
    for (place, old) in before {
        assert_eq!(old, &after[place], "{place:?} tells of bids {when}");
    }
}

/// Every reader has its token, and the tender is published: what is left to learn is of bids.
struct Scene<'a> {
    client: &'a Client,
    tender: String,
    project: String,
    booking: String,
    notice: String,
    bidders: Vec<Bidder<'a>>,
}

impl<'a> Scene<'a> {
    fn set(client: &'a Client) -> Self {
        // Bids are shared out, so that officers too have something to ask for.
        let (tender, officers) = client.published_shared_works(true);
        for officer in &officers {
            officer.prove(&tender).expect(200);
        }
        client.hold("2026-03-10T09:00:00+08:00");
        let bidders: Vec<_> = (1..=20).map(|number| client.bidder(number)).collect();
        let logins = READERS.into_iter().filter(|login| !login.is_empty());
        for login in logins.chain(bidders.iter().map(|bidder| bidder.login.as_str())) {
            client.token(login);
        }
        let agency = client.as_("agency.one");
        let bookings = agency.get(&format!("/api/v1/bookings?tender={tender}")).expect(200);
        Self {
            client,
            project: agency.get(&format!("/api/v1/tenders/{tender}")).expect(200).text_at("/projectId"),
            booking: bookings.text_at("/items/0/id"),
            notice: client.public().get("/api/v1/notices").expect(200).text_at("/items/0/id"),
            tender,
            bidders,
        }
    }

    fn things(&self, bids: Vec<String>, uploads: Vec<String>) -> Things {
        Things {
            tender: self.tender.clone(),
            project: self.project.clone(),
            booking: self.booking.clone(),
            notice: self.notice.clone(),
            organisations: vec![
                self.bidders[0].organisation.clone(),
                self.client.as_("agency.one").organisation(),
            ],
            bids,
            uploads,
        }
    }

    /// What a browser asks for before a bid, and a program too.
    fn look(&self, login: &str) {
        let bid = format!("/tenders/{}/bid", self.tender);
        for page in ["/login", &bid, &scripts()[0].href] {
            self.client
                .as_(login)
                .with("Accept", "text/html")
                .send("GET", page, None, Vec::new())
                .expect(200);
        }
        self.client.public().get(&format!("/api/v1/tenders/{}/receipt-key", self.tender)).expect(200);
    }

    /// Twenty log in, look at the page that seals, read policy and receipt key, and bid, one of them revised and sent again, one refused, one uploaded, and
    /// an upload that comes to nothing; answers the ids of bids and uploads.
    fn bid(&self) -> (Vec<String>, Vec<String>) {
        let (mut ids, mut uploads) = (Vec::new(), Vec::new());
        for (number, bidder) in self.bidders.iter().enumerate() {
            self.client.public().form("/api/v1/auth/token", &login_form(&bidder.login)).expect(200);
            self.look(&bidder.login);
            let policy = self.client.seal_policy(&self.tender);
            let bid = bidder.seal(&policy, &format!("180000{number:02}.00"));
            if number == 1 {
                let upload = bidder.upload(&self.tender, &bid.ciphertext);
                ids.push(
                    bidder.submit_uploaded(&self.tender, &bid, &upload, "one").expect(201).text_at("/bidId"),
                );
                uploads.push(upload);
                uploads.push(bidder.begin_upload(&self.tender, 100).expect(201).id());
                continue;
            }
            ids.push(bidder.submit(&self.tender, &bid, "one").expect(201).text_at("/bidId"));
            if number == 3 {
                let next = bidder.seal_revision(&policy, "17000000.00", 2, Some(bid.digest()));
                bidder.submit(&self.tender, &next, "two").expect(201);
                bidder.submit(&self.tender, &next, "two").expect(201);
                bidder.submit(&self.tender, &bid, "three").expect(409);
            }
        }
        (ids, uploads)
    }
}

fn made_up(first: u32) -> Vec<String> {
    (first..first + 2).map(|number| format!("22222222-2222-4222-8222-{number:012}")).collect()
}

#[test]
fn nothing_that_can_be_read_differs_between_no_bid_and_twenty() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app);
    let addresses = scene.things(made_up(0), made_up(2)).addresses();
    let before = read_all(&app, &addresses);
    let posts: i64 = app.sql().value("SELECT count(*) FROM outbox", &[]);
    assert!(before.len() > 500, "{} places were read", before.len());
    let counted = before.values().filter(|shown| shown.starts_with("200")).count();
    assert!(counted > 150, "{counted} of {} places answer something", before.len());

    let (ids, uploads) = scene.bid();
    // The same places, and those that exist only now: the real bids answer what made-up ones answer.
    compare(&before, &read_all(&app, &addresses), "while bids come in");
    let real = scene.things(ids[..2].to_vec(), uploads.clone());
    let masked: BTreeMap<_, _> = read_all(&app, &real.addresses())
        .into_iter()
        .map(|((reader, address), text)| {
            let address =
                ids[..2].iter().chain(&uploads).enumerate().fold(address, |address, (number, id)| {
                    address.replace(id, &format!("22222222-2222-4222-8222-{number:012}"))
                });
            ((reader, address), text)
        })
        .collect();
    compare(&before, &masked, "to whoever knows a bid's id");
    let now: i64 = app.sql().value("SELECT count(*) FROM outbox", &[]);
    assert_eq!(posts, now, "no letter tells of a bid");

    // The record's own ids must not count bids either: what is written next looks the same.
    let said = serde_json::json!({"text": "不影响投标文件编制的说明", "affectsBids": false});
    let tender = &scene.tender;
    app.as_("agency.one").post(&format!("/api/v1/tenders/{tender}/clarifications"), &said).expect(200);
    app.hold("2026-03-16T09:29:59.999999+08:00");
    for reader in ["", "agency.one", "operator.league", "supervisor.office", "admin", "bidder.0100"] {
        let caller = if reader.is_empty() { app.public() } else { app.as_(reader) };
        for address in &addresses {
            let text = shown(&caller.get(address));
            // The administrator's lists hold every organisation, whether it bids or not.
            let earlier = &before[&(reader.to_owned(), address.clone())];
            for bidder in scene.bidders[1..].iter().filter(|bidder| !earlier.contains(&bidder.organisation)) {
                assert!(
                    !text.contains(&bidder.organisation),
                    "{reader} learns of a bidder at {address}:\n{text}"
                );
            }
        }
    }
}

/// What the machine's operators get to see: log, metrics and mails.
#[derive(Debug, Default, PartialEq, Eq)]
struct Operations {
    log: Vec<String>,
    metrics: BTreeMap<String, i64>,
    mails: BTreeMap<String, String>,
}

impl Operations {
    /// What has come up to now.
    fn now(program: &Watched) -> Self {
        let counts = program.metrics();
        // Sums and buckets are times; how often something was timed is not.
        let series = counts.lines().filter_map(|line| line.rsplit_once(' ')).filter(|(name, _)| {
            let name = name.split('{').next().unwrap_or_default();
            !name.starts_with('#') && !name.ends_with("_bucket") && !name.ends_with("_sum")
        });
        Self {
            log: program.log().lines().map(without_time_and_id).collect(),
            metrics: series.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect(),
            mails: program.mails(),
        }
    }

    /// What came after `earlier`. Lines of requests answered at the same time may change places.
    fn since(&self, earlier: &Self) -> Self {
        let mut log = self.log[earlier.log.len()..].to_vec();
        log.sort();
        let fresh = |name: &String| !earlier.mails.contains_key(name);
        let mails = self.mails.iter().filter(|(name, _)| fresh(name));
        let before = |name| earlier.metrics.get(name).copied().unwrap_or_default();
        let grown = self.metrics.iter().map(|(name, count)| (name.clone(), count - before(name)));
        Self {
            log,
            metrics: grown.filter(|(_, count)| *count != 0).collect(),
            mails: mails.map(|(name, text)| (name.clone(), text.clone())).collect(),
        }
    }
}

/// A line without its time, its request's id and its thread's.
fn without_time_and_id(line: &str) -> String {
    let line = line.split_once(' ').map_or(line, |(_, rest)| rest);
    let mut words = line.split("id=");
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |line, rest| format!("{line}id={}", rest.get(36..).unwrap_or_default()))
}

/// Reads everything with no bid, takes in twenty, reads everything again, by the real program.
fn operators_learn_nothing_at(level: &str) {
    let scratch = Scratch::new("secrecy");
    let program = Watched::sandbox(scratch.path(), START, level);
    let scene = Scene::set(&program);
    let addresses = scene.things(made_up(0), made_up(2)).addresses();
    program.wait_for_mails();
    // What is read for the first time may be kept from then on.
    read_all(&program, &addresses);
    let begun = Operations::now(&program);
    read_all(&program, &addresses);
    let read = Operations::now(&program);
    let reading = read.since(&begun);
    assert!(reading.log.iter().any(|line| line.contains("/api/v1/notices/{id}")), "{:?}", reading.log);
    assert!(reading.metrics.values().any(|count| *count >= 16), "{:?}", reading.metrics);

    scene.bid();
    program.wait_for_mails();
    let bidding = Operations::now(&program);
    same(&Operations::default(), &bidding.since(&read), "taking bids in");
    read_all(&program, &addresses);
    same(&reading, &Operations::now(&program).since(&bidding), "reading after bids");
}

/// Shows only what differs: the whole is long.
fn same(wanted: &Operations, found: &Operations, what: &str) {
    let only = |these: &Operations, those: &Operations| {
        let log: Vec<_> = these.log.iter().filter(|line| !those.log.contains(line)).cloned().collect();
        let metrics = these.metrics.iter().filter(|(name, count)| those.metrics.get(*name) != Some(count));
        let metrics: Vec<_> = metrics.map(|(name, count)| format!("{name} {count}")).collect();
        (these.log.len(), log, metrics, these.mails.clone())
    };
    assert!(wanted == found, "{what}: {:#?}\nwithout bids: {:#?}", only(found, wanted), only(wanted, found));
}

#[test]
fn log_metrics_and_mails_do_not_differ_between_no_bid_and_twenty() {
    operators_learn_nothing_at("info");
}

#[test]
fn a_log_for_debugging_does_not_tell_of_bids_either() {
    operators_learn_nothing_at("debug");
}
