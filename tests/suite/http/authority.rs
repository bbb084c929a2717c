//! Who gets what from every operation of the API: `authority.csv`, reviewed line by line.
//!
//! The statuses of callers who stand outside, for a draft and for a published tender. An operation without a line
//! fails the test, so that nothing comes into the API unseen. To take a change over, look at what the test prints,
//! and only then put it into the file.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp,
    contract::DOCUMENT,
    works::{DEADLINE, NOTICE, START, booking, works, yuan},
};

const REVIEWED: &str = include_str!("authority.csv");

/// The columns: nobody, and accounts that have no part in the tender.
const CALLERS: [&str; 7] = [
    "",
    "agency.two",
    "purchaser.league",
    "bidder.0100",
    "operator.taibus",
    "expert.001",
    "supervisor.finance",
];

const MADE_UP: &str = "11111111-1111-4111-8111-111111111111";

/// The tender and what hangs on it.
struct Place {
    project: String,
    tender: String,
    booking: String,
    notice: String,
    organisation: String,
}

impl Place {
    fn fill(&self, template: &str) -> String {
        let id: &str = match template.split('/').nth(3).unwrap_or_default() {
            "tenders" => &self.tender,
            "projects" => &self.project,
            "bookings" => &self.booking,
            "notices" => &self.notice,
            "organisations" => &self.organisation,
            "law" if template.contains("{year}") => "2026",
            "log" if template.contains("{tile}") => "0/000.p/8",
            "log" => "0",
            _ => MADE_UP,
        };
        let path: Vec<&str> =
            template.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect();
        let query = match template {
            "/api/v1/bookings" => format!("?tender={}", self.tender),
            "/api/v1/log/consistency" => "?old=0".to_owned(),
            "/api/v1/rooms/events" => "?centre=152500".to_owned(),
            "/api/v1/rooms/earliest" => "?centre=152500&after=2026-03-16T00:00:00Z".to_owned(),
            "/api/v1/rooms/closures" => {
                "?centre=152500&from=2026-03-16T00:00:00Z&to=2026-03-17T00:00:00Z".to_owned()
            }
            "/api/v1/rooms/utilisation" => "?centre=152500&from=2026-03-16&to=2026-03-17".to_owned(),
            "/api/v1/rooms/availability" => {
                "?centre=152500&kind=opening&from=2026-03-16T00:00:00Z&to=2026-03-17T00:00:00Z".to_owned()
            }
            "/api/v1/seal-keys" => format!("?organisation={}", self.organisation),
            "/api/v1/access/keys"
            | "/api/v1/access/lockers"
            | "/api/v1/access/log"
            | "/api/v1/recordings"
            | "/api/v1/alarms" => "?centre=152500".to_owned(),
            _ => String::new(),
        };
        format!("{}{query}", path.join("/"))
    }
}

/// A body of the right shape for each operation that takes one: what is judged is the caller, not the body.
fn body(operation: &str, place: &Place, envelope: &Value) -> Option<Value> {
    let (_, template) = operation.split_once(' ').unwrap();
    let reason = json!({"reason": "测试"});
    Some(match template {
        "/api/v1/projects" => works("24000000.00"),
        "/api/v1/projects/{id}"
        | "/api/v1/projects/{id}/split-clearance"
        | "/api/v1/projects/{id}/venue-application" => reason,
        "/api/v1/projects/{id}/venue-application/decision" => json!({"approve": true, "reason": "测试"}),
        "/api/v1/tenders" => Client::works_tender_body(&place.project),
        "/api/v1/tenders/{id}" => json!({"title": "另一个标题"}),
        "/api/v1/tenders/{id}/approve" => json!({"documentHash": "0".repeat(64)}),
        "/api/v1/tenders/{id}/clarifications" => json!({"text": "澄清", "affectsBids": false}),
        "/api/v1/clock/decisions" => json!({"suspicionId": MADE_UP, "reason": "测试"}),
        "/api/v1/tenders/{id}/outages" => json!({"deadline": "2026-03-20T09:30:00+08:00", "reason": "故障"}),
        "/api/v1/outage-postponements/{id}/confirm" | "/api/v1/outage-postponements/{id}/refuse" => reason,
        "/api/v1/tenders/{id}/postpone" => json!({"deadline": "2026-03-20T09:30:00+08:00", "reason": "延期"}),
        "/api/v1/tenders/{id}/terminate"
        | "/api/v1/bookings/{id}/reject"
        | "/api/v1/bookings/{id}/cancel" => reason,
        "/api/v1/tenders/{id}/bids" => envelope.clone(),
        "/api/v1/tenders/{id}/uploads" => json!({"size": 100}),
        "/api/v1/bids/{id}/withdraw" => {
            serde_json::from_str(include_str!("../../../docs/seal/vectors/withdrawal.json")).unwrap()
        }
        "/api/v1/tenders/{id}/opening/shares" => {
            json!({"bidId": MADE_UP, "clause": 0, "member": "bidder", "share": format!("AGE-SECRET-KEY-1{}", "Q".repeat(58))})
        }
        "/api/v1/tenders/{id}/opening/extension" => json!({"until": DEADLINE, "reason": "延长"}),
        "/api/v1/tenders/{id}/draws" => json!({"slots": [{"specialty": "municipalWorks", "count": 5}]}),
        "/api/v1/tenders/{id}/evaluation/qualification" => {
            json!({"bids": [{"bidId": MADE_UP, "passes": true}]})
        }
        "/api/v1/tenders/{id}/scores" => json!({"technical": {"default": "pass"}}),
        "/api/v1/tenders/{id}/evaluation/low-price-decisions" => {
            json!({"bidId": MADE_UP, "accepted": true, "reason": "说明"})
        }
        "/api/v1/tenders/{id}/report/signatures" => json!({"reportHash": "0".repeat(64)}),
        "/api/v1/tenders/{id}/award" => json!({"bidId": MADE_UP}),
        "/api/v1/tenders/{id}/contract" => {
            json!({"amount": yuan("18000000.00"), "termDays": 240, "signedOn": "2026-03-30"})
        }
        "/api/v1/tenders/{id}/written-report" => json!({"summary": "书面报告"}),
        "/api/v1/tenders/{id}/deposits" => json!({"items": [{"bidderId": MADE_UP, "kind": "cash"}]}),
        "/api/v1/awards/{id}/reviews" => json!({"finding": "inOrder", "remark": "符合"}),
        "/api/v1/organisations" => {
            json!({"kind": "purchaser", "name": {"zh": "局", "en": "Bureau"}, "regionCode": "152527", "email": "a@b.example"})
        }
        "/api/v1/accounts" => {
            json!({"login": "a.new", "displayName": "甲", "kind": "person", "organisationId": MADE_UP, "role": "agency"})
        }
        "/api/v1/organisations/{id}" => json!({"name": {"zh": "局", "en": "Bureau"}, "reason": "测试"}),
        "/api/v1/accounts/{id}/roles" | "/api/v1/accounts/{id}/roles/end" => {
            json!({"role": "agency", "reason": "测试"})
        }
        "/api/v1/accounts/{id}/disable"
        | "/api/v1/accounts/{id}/enable"
        | "/api/v1/accounts/{id}/password" => reason,
        "/api/v1/account/password" => {
            json!({"oldPassword": "not the password", "newPassword": "another password"})
        }
        "/api/v1/organisations/{id}/signing-keys" => json!({"publicKey": "AAAA", "proof": "AAAA"}),
        "/api/v1/sandbox/clock" => json!({"run": true}),
        "/api/v1/venue-decisions/preview" => {
            json!({"regionCode": "152527", "level": "county", "category": "property"})
        }
        "/api/v1/law/deadlines/preview" => json!({"from": "2026-02-11", "length": 1, "unit": "workingDay"}),
        "/api/v1/law/editions" => json!({"files": {"law/x.toml": "rules = ["}}),
        "/api/v1/law/calendars" => json!({"year": 2027, "version": "1", "workingDays": 1,
            "source": {"zh": "通知", "en": "Notice"}, "off": []}),
        "/api/v1/law/changes/{id}/approve" => json!({"confirmation": "0".repeat(64)}),
        "/api/v1/law/changes/{id}/refuse" => reason,
        "/api/v1/evaluation/preview" => {
            json!({"method": "gpComprehensive", "parameters": {"priceWeight": "30"},
            "offers": [{"id": "A", "price": "1.00"}]})
        }
        "/api/v1/auth/token" => json!({}),
        _ => return floor_body(template, place),
    })
}

/// The same for rooms, doors and officers.
fn floor_body(template: &str, place: &Place) -> Option<Value> {
    Some(match template {
        "/api/v1/seal-keys" => json!({"v": 1, "organisation": "ORG-1", "officer": "A-1", "recipient": "age1",
            "sig": {"alg": "ed25519", "key": "AAAA", "value": "AAAA"}}),
        "/api/v1/seal-keys/{id}/revoke" | "/api/v1/tenders/{id}/seal-policies" => json!({"reason": "测试"}),
        "/api/v1/tenders/{id}/canaries" => json!({"keyId": MADE_UP, "answer": "0".repeat(64)}),
        "/api/v1/tenders/{id}/opening/shares/batch" => {
            json!({"items": [{"bidId": MADE_UP, "clause": 0, "member": "agency", "share": "AAAA"}]})
        }
        "/api/v1/tenders/{id}/opening/recovery" => json!({"bidIds": [MADE_UP], "reason": "测试"}),
        "/api/v1/bookings" => booking(&place.tender),
        "/api/v1/bookings/plans" => json!({"tenderId": place.tender, "need": {}}),
        "/api/v1/projects/{id}/green-channel" | "/api/v1/projects/{id}/green-channel/end" => {
            json!({"reason": "测试"})
        }
        "/api/v1/bookings/{id}/change" => {
            json!({"slots": booking(&place.tender)["slots"], "reason": "测试"})
        }
        "/api/v1/calendar-feeds" => json!({"of": {"centre": "152500"}}),
        "/api/v1/rooms/{id}/closures" => {
            json!({"from": NOTICE, "to": DEADLINE, "reason": "测试"})
        }
        "/api/v1/access/checks" => json!({"accountId": MADE_UP}),
        "/api/v1/access/keys" => {
            json!({"centre": "152500", "kind": "door", "area": "corridor", "name": "走廊"})
        }
        "/api/v1/access/cards" => json!({"pass": "none", "card": "0004711812"}),
        "/api/v1/access/lockers" => json!({"pass": "none", "locker": 1}),
        "/api/v1/access/lockers/{id}/return" => json!({}),
        "/api/v1/alarms/{id}/close" => json!({"remark": "测试"}),
        "/api/v1/rooms/day-plans" => {
            json!({"centre": "152500", "requests": [{"kind": "draw", "from": NOTICE, "to": DEADLINE}]})
        }
        _ => return None,
    })
}

fn operations() -> Vec<String> {
    let mut all = Vec::new();
    for (template, item) in DOCUMENT["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| matches!(name.as_str(), "get" | "post" | "patch" | "put" | "delete"))
        {
            all.push(format!("{} {template}", method.to_uppercase()));
        }
    }
    all.sort_by_key(|operation| {
        operation.split_once(' ').map(|(method, path)| (path.to_owned(), method.to_owned()))
    });
    all
}

/// One line an operation: its statuses for each caller.
fn lines(app: &TestApp, phase: &str, place: &Place, envelope: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for operation in operations() {
        let (method, template) = operation.split_once(' ').unwrap();
        let path = place.fill(template);
        let mut line = format!("{operation},{phase}");
        for login in CALLERS {
            let caller = if login.is_empty() { app.public() } else { app.as_(login) };
            let key = format!("{phase}-{login}-{}", lines.len());
            let caller = caller.with("If-Match", "*").with("Idempotency-Key", &key);
            let answer = match (method, body(&operation, place, envelope)) {
                ("GET", _) => caller.get(&path),
                (_, Some(body)) => {
                    caller.send(method, &path, Some("application/json"), body.to_string().into_bytes())
                }
                (_, None) => caller.send(method, &path, None, Vec::new()),
            };
            write!(line, ",{}", answer.status).unwrap();
        }
        lines.push(line);
    }
    lines
}

#[test]
fn who_stands_outside_gets_what_the_reviewed_table_says() {
    let app = TestApp::sandbox(START);
    // A published tender beside, so that the draft's lines are about the draft and nothing else.
    let project = app.works_project();
    let tender = app.works_tender(&project);
    let booking = app.as_("agency.one").post("/api/v1/bookings", &booking(&tender)).expect(201).id();
    let organisation = app.as_("agency.one").organisation();
    let mut place = Place { project, tender, booking, notice: MADE_UP.to_owned(), organisation };
    let other = app.registered_works("30000000.00").id();
    app.as_("operator.league").act(&format!("/api/v1/projects/{other}/accept")).expect(200);
    let published = app.works_tender(&other);
    app.book_rooms(&published);
    app.hold(NOTICE);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{published}/publish")).expect(200);
    // Another bidder's envelope: whoever may bid learns that it is not theirs.
    let envelope = app.bidder(99).seal(&app.seal_policy(&published), "18000000.00").body();

    let mut found = lines(&app, "draft", &place, &envelope);
    app.as_("operator.league").act(&format!("/api/v1/bookings/{}/confirm", place.booking)).expect(200);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{}/publish", place.tender)).expect(200);
    place.notice = app.public().get("/api/v1/notices").expect(200).text_at("/items/0/id");
    found.extend(lines(&app, "published", &place, &envelope));
    found.sort();

    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let reviewed: BTreeSet<&str> =
        REVIEWED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1).collect();
    let fresh: Vec<_> = found.difference(&reviewed).copied().collect();
    let gone: Vec<_> = reviewed.difference(&found).copied().collect();
    assert!(
        fresh.is_empty() && gone.is_empty(),
        "answered:\n{}\nreviewed:\n{}",
        fresh.join("\n"),
        gone.join("\n")
    );
}

#[test]
fn no_two_types_share_a_name_in_the_description() {
    let mut names: Vec<(String, String)> = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                names.extend(described(&text).into_iter().map(|name| (name, path.display().to_string())));
            }
        }
    }
    assert!(names.len() > 100, "{}", names.len());
    names.sort();
    for pair in names.windows(2) {
        assert_ne!(
            pair[0].0, pair[1].0,
            "{} and {}: name one of them by #[schema(as = …)]",
            pair[0].1, pair[1].1
        );
    }
}

/// Names under which the types of a file stand in the description.
fn described(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut attributes = String::new();
    for line in text.lines().map(str::trim_start) {
        let plain = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let Some(name) = plain.strip_prefix("struct ").or_else(|| plain.strip_prefix("enum ")) else {
            if line.is_empty() || line == "}" {
                attributes.clear();
            } else if !line.starts_with("//") {
                attributes.push_str(line);
            }
            continue;
        };
        let name = name.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        if attributes.contains("ToSchema") {
            let other = attributes.split("as = ").nth(1).and_then(|rest| rest.split([')', ',']).next());
            let name = other.unwrap_or(name);
            // A macro's parameter is no name.
            names.extend((!name.is_empty()).then(|| name.to_owned()));
        }
        attributes.clear();
    }
    names
}
