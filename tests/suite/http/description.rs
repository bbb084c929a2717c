//! The API's description: whole, unambiguous, with examples that hold, and browsable without a network.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    TestApp,
    contract::{self, DOCUMENT},
    works::START,
};

/// Every operation as `METHOD path`, with its description.
fn operations() -> impl Iterator<Item = (String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    })
}

/// Every value of the document with its place, outermost first.
fn walk(place: &str, value: &'static Value, visit: &mut dyn FnMut(&str, &'static Value)) {
    visit(place, value);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                walk(&format!("{place}/{name}"), value, visit);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                walk(&format!("{place}/{index}"), value, visit);
            }
        }
        _ => {}
    }
}

/// Examples that `holder` gives: alone, in a list, or named with a summary.
fn examples_of(holder: &Value) -> Vec<&Value> {
    let mut found: Vec<_> = holder.get("example").into_iter().collect();
    found.extend(holder.get("examples").and_then(Value::as_array).into_iter().flatten());
    let named = holder.get("examples").and_then(Value::as_object);
    found.extend(named.into_iter().flat_map(|named| named.values()).map(|example| &example["value"]));
    found
}

#[test]
fn it_is_openapi_3_1_and_names_each_operation_once() {
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1."));
    let names: Vec<_> =
        operations().map(|(_, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn problems_are_described_once_and_referred_to() {
    let shared = DOCUMENT["components"]["responses"].as_object().unwrap();
    assert_eq!(shared.len(), 14);
    let mut used = BTreeSet::new();
    for (name, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if let Some(place) = response.get("$ref").and_then(Value::as_str) {
                used.insert(place.trim_start_matches("#/components/responses/"));
            }
            assert!(!shared.values().any(|one| one == response), "{name} repeats {status}");
        }
    }
    assert_eq!(used, shared.keys().map(String::as_str).collect(), "all are used and none is missing");
}

#[test]
fn every_example_is_as_its_schema_says() {
    let (mut held, mut wrong) = (0, Vec::new());
    walk("", &DOCUMENT, &mut |place, holder| {
        // Members of a sample or of a list of properties are not the document's own words.
        let said_by_us = !["/example", "/value/", "/properties"].iter().any(|end| place.ends_with(end))
            && !place.contains("/value/")
            && !place.contains("/example/");
        if !said_by_us || !holder.is_object() {
            return;
        }
        let schema = holder.get("schema").unwrap_or(holder);
        for example in examples_of(holder) {
            held += 1;
            let faults = contract::faults(place, schema, example);
            wrong.extend(faults.iter().map(|fault| format!("{place}: {fault}")));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(held > 50, "{held}");
}

#[test]
fn what_a_newcomer_calls_first_has_examples_of_both_sides() {
    let expected = [
        ("POST /api/v1/auth/token", 3),
        ("POST /api/v1/projects", 2),
        ("POST /api/v1/tenders", 1),
        ("POST /api/v1/bookings", 1),
        ("POST /api/v1/tenders/{id}/bids", 1),
        ("POST /api/v1/tenders/{id}/opening/shares", 1),
        ("POST /api/v1/tenders/{id}/scores", 2),
        ("POST /api/v1/tenders/{id}/award", 1),
        ("POST /api/v1/evaluation/preview", 2),
        ("POST /api/v1/venue-decisions/preview", 2),
        ("POST /api/v1/law/deadlines/preview", 2),
    ];
    for (name, count) in expected {
        let (_, operation) = operations().find(|(known, _)| known == name).unwrap();
        let of = |body: &Value| body["content"].as_object().unwrap().values().flat_map(examples_of).count();
        assert_eq!(of(&operation["requestBody"]), count, "{name}");
        let answers = operation["responses"].as_object().unwrap();
        assert_eq!(
            answers
                .iter()
                .filter(|(status, _)| status.starts_with('2'))
                .map(|(_, answer)| of(answer))
                .sum::<usize>(),
            count,
            "{name}"
        );
    }
}

#[test]
fn it_is_browsed_without_a_network() {
    let app = TestApp::sandbox(START);
    app.public().get("/api/docs").expect(308);
    let page = app.public().get("/api/docs/").expect(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let begin = app.public().get("/api/docs/swagger-initializer.js").expect(200);
    for text in [&page.text, &begin.text] {
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        assert!(!code.contains("//"), "an address of another host: {text}");
    }
    assert!(begin.text.contains(r#""url": "/api/openapi.json""#), "{}", begin.text);
    assert!(begin.text.contains(r#""validatorUrl": "none""#), "{}", begin.text);
    for file in page.text.split(['"']).filter(|text| text.ends_with(".js") || text.ends_with(".css")) {
        app.public().get(&format!("/api/docs/{}", file.trim_start_matches("./"))).expect(200);
    }
    assert_eq!(app.public().get("/api/openapi.json").expect(200).json, *DOCUMENT);
}

/// Copies of `value` in which one text that `picks` is exchanged for `other`.
fn exchanged(value: &Value, picks: &dyn Fn(&str) -> bool, other: &str) -> Vec<Value> {
    let mut pointers = Vec::new();
    collect(value, String::new(), picks, &mut pointers);
    let change = |pointer: &String| {
        let mut copy = value.clone();
        *copy.pointer_mut(pointer).unwrap() = other.into();
        copy
    };
    pointers.iter().map(change).collect()
}

fn collect(value: &Value, at: String, picks: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if picks(text) => found.push(at),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), picks, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, format!("{at}/{name}"), picks, found);
            }
        }
        _ => {}
    }
}

/// Bodies that the examples do not have and that carry a time.
fn timed_bodies() -> Vec<(String, Value)> {
    let tender = "/api/v1/tenders/00000000-0000-4000-8000-000000000000";
    let organisation = "/api/v1/organisations/00000000-0000-4000-8000-000000000000";
    let at = "2026-03-20T09:30:00+08:00";
    vec![
        (format!("{tender}/postpone"), json!({"deadline": at, "reason": "澄清"})),
        (format!("{tender}/opening/extension"), json!({"until": at, "reason": "网络"})),
        (
            format!("{tender}/contract"),
            json!({"signedOn": "2026-04-10", "amount": {"amount": "1.00", "currency": "CNY"}, "subject": "工程", "termDays": 1}),
        ),
        (
            format!("{organisation}/signing-keys"),
            json!({"publicKey": "", "proof": "", "validFrom": at, "validTo": at}),
        ),
    ]
}

#[test]
fn what_the_database_cannot_hold_is_refused_at_the_door() {
    let app = TestApp::sandbox(START);
    let mut bodies = timed_bodies();
    for (name, operation) in operations() {
        let Some(content) = operation["requestBody"]["content"].get("application/json") else { continue };
        let path = name.split_once(' ').unwrap().1.replace("{id}", "00000000-0000-4000-8000-000000000000");
        if name.starts_with("POST") {
            bodies.extend(examples_of(content).into_iter().map(|example| (path.clone(), example.clone())));
        }
    }
    let is_time = |text: &str| text.len() >= 10 && text.starts_with("2026-") && text.is_char_boundary(10);
    let (mut days, mut texts) = (0, 0);
    for (path, body) in bodies {
        let caller = app.as_("agency.one").with("Idempotency-Key", "far");
        for far in ["-262000-01-01", "+262000-01-01", "-262000-01-01T00:00:00Z", "+262000-01-01T00:00:00Z"] {
            for body in exchanged(&body, &is_time, far) {
                caller.post(&path, &body).expect(422).problem("invalid-request");
                days += 1;
            }
        }
        for body in exchanged(&body, &|_| true, "a\0b") {
            caller.post(&path, &body).expect(400).problem("malformed-request");
            texts += 1;
        }
    }
    assert!(days > 40 && texts > 80, "{days} {texts}");
    app.public().get("/api/v1/notices?region=%00").expect(400).problem("malformed-request");
    assert_eq!(app.public().get("/notices?region=%00").status, 400);
    assert_eq!(app.public().get("/notices?from=-262000-01-01").status, 422);
    app.public().form("/api/v1/auth/token", "grant_type=password&username=%00&password=x").expect(400);
    let basic = app.public().with("Authorization", "Basic AGE6Yg==");
    basic.form("/api/v1/auth/token", "grant_type=client_credentials").expect(400);
    let far = "from=-262000-01-01T00:00:00Z&to=-262000-01-02T00:00:00Z";
    app.public().get(&format!("/api/v1/notices?{far}")).expect(422);
    let rooms = format!("/api/v1/rooms/availability?centre=152500&kind=opening&{far}");
    app.as_("agency.one").get(&rooms).expect(422);
    app.as_("supervisor.office").get("/api/v1/awards?from=-262000-01-01").expect(422);
}
