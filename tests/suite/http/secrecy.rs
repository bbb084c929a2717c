//! Nobody learns who bids or how many before the opening begins.
//!
//! Every GET of the description is read by every role with no bid and with twenty, at the same held moment, and
//! compared byte for byte. Only the request's own id and the machine's date may differ.

use std::collections::BTreeMap;

use crate::support::{Answer, TestApp, contract::DOCUMENT, works::START};

/// One account of every role and relation, none of which bids.
const READERS: [&str; 16] = [
    "operator.league",
    "operator.taibus",
    "purchaser.taibus",
    "purchaser.league",
    "agency.one",
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
            _ => made_up,
        }
    }

    /// Every address that a reader may try.
    fn addresses(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (template, item) in DOCUMENT["paths"].as_object().unwrap() {
            if item.get("get").is_none() {
                continue;
            }
            let query = match template.as_str() {
                "/api/v1/bookings" => format!("?tender={}", self.tender),
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

fn read_all(app: &TestApp, addresses: &[String]) -> BTreeMap<(String, String), String> {
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

#[test]
fn nothing_that_can_be_read_differs_between_no_bid_and_twenty() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    app.hold("2026-03-10T09:00:00+08:00");
    let policy = app.seal_policy(&tender);
    let bidders: Vec<_> = (1..=20).map(|number| app.bidder(number)).collect();
    let agency = app.as_("agency.one");
    let bookings = agency.get(&format!("/api/v1/bookings?tender={tender}")).expect(200);
    let things = |bids: Vec<String>| Things {
        tender: tender.clone(),
        project: agency.get(&format!("/api/v1/tenders/{tender}")).expect(200).text_at("/projectId"),
        booking: bookings.text_at("/items/0/id"),
        notice: app.public().get("/api/v1/notices").expect(200).text_at("/items/0/id"),
        organisations: vec![bidders[0].organisation.clone(), agency.organisation()],
        bids,
    };
    let made_up = (0..2).map(|number| format!("22222222-2222-4222-8222-{number:012}")).collect();
    let addresses = things(made_up).addresses();
    let before = read_all(&app, &addresses);
    let posts: i64 = app.sql().value("SELECT count(*) FROM outbox WHERE recipient NOT LIKE 'bidder.%'", &[]);
    assert!(before.len() > 500, "{} places were read", before.len());
    let counted = before.values().filter(|shown| shown.starts_with("200")).count();
    assert!(counted > 150, "{counted} of {} places answer something", before.len());

    let mut ids = Vec::new();
    for (number, bidder) in bidders.iter().enumerate() {
        let bid = bidder.seal(&policy, &format!("180000{number:02}.00"));
        ids.push(bidder.submit(&tender, &bid, "one").expect(201).text_at("/bidId"));
        if number == 3 {
            let next = bidder.seal_revision(&policy, "17000000.00", 2, Some(bid.digest()));
            bidder.submit(&tender, &next, "two").expect(201);
        }
    }
    // The same places, and those that exist only now: the real bids answer what made-up ones answer.
    compare(&before, &read_all(&app, &addresses), "while bids come in");
    let real = things(ids[..2].to_vec());
    let masked: BTreeMap<_, _> = read_all(&app, &real.addresses())
        .into_iter()
        .map(|((reader, address), text)| {
            let address = ids[..2].iter().enumerate().fold(address, |address, (number, id)| {
                address.replace(id, &format!("22222222-2222-4222-8222-{number:012}"))
            });
            ((reader, address), text)
        })
        .collect();
    compare(&before, &masked, "to whoever knows a bid's id");
    let now: i64 = app.sql().value("SELECT count(*) FROM outbox WHERE recipient NOT LIKE 'bidder.%'", &[]);
    assert_eq!(posts, now, "letters go to bidders only");

    // The record's own ids must not count bids either: what is written next looks the same.
    let said = serde_json::json!({"text": "不影响投标文件编制的说明", "affectsBids": false});
    agency.post(&format!("/api/v1/tenders/{tender}/clarifications"), &said).expect(200);
    app.hold("2026-03-16T09:29:59.999999+08:00");
    for reader in ["", "agency.one", "operator.league", "supervisor.office", "admin", "bidder.0100"] {
        let caller = if reader.is_empty() { app.public() } else { app.as_(reader) };
        for address in &addresses {
            let text = shown(&caller.get(address));
            for bidder in &bidders[1..] {
                assert!(
                    !text.contains(&bidder.organisation),
                    "{reader} learns of a bidder at {address}:\n{text}"
                );
            }
        }
    }
}
