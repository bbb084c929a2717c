//! Requests that cannot be used: one problem document from every layer, and nothing but 4xx.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use strum::IntoEnumIterator as _;
use tenderhall::kernel::Code;

use crate::support::{
    Answer, TestApp,
    works::{START, works, yuan},
};

const PROJECTS: &str = "/api/v1/projects";

fn raw(app: &TestApp, body: Vec<u8>) -> Answer {
    app.as_("purchaser.taibus").send("POST", PROJECTS, Some("application/json"), body)
}

#[test]
fn every_code_is_listed_with_its_status_and_both_titles() {
    let app = TestApp::sandbox(START);
    let listed = app.public().get("/api/v1/problems").expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), Code::iter().count());
    for code in Code::iter() {
        let item =
            items.iter().find(|item| item["code"] == code.name()).unwrap_or_else(|| panic!("{code:?}"));
        assert_eq!(item["status"], code.status());
        assert_ne!((&item["title"]["zh"], &item["title"]["en"]), (&json!(""), &json!("")));
    }
}

#[test]
fn a_path_that_is_not_there_and_a_method_it_does_not_have() {
    let app = TestApp::sandbox(START);
    app.public().get("/api/v1/nothing").expect(404).problem("not-found");
    app.public().get("/api/v1/projects/not-an-id").expect(404).problem("not-found");
    let answer =
        app.public().send("DELETE", PROJECTS, None, Vec::new()).expect(405).problem("method-not-allowed");
    let allow: Vec<&str> = answer.header("allow").split(", ").collect();
    assert!(allow.contains(&"GET") && allow.contains(&"POST") && !allow.contains(&"DELETE"), "{allow:?}");
}

#[test]
fn titles_come_in_the_language_asked_for() {
    let app = TestApp::sandbox(START);
    let chinese = app.public().get("/api/v1/nothing").expect(404);
    assert_eq!((chinese.header("content-language"), &chinese["title"]), ("zh-CN", &json!("未找到")));
    let english = app.public().with("Accept-Language", "en-GB,zh;q=0.5").get("/api/v1/nothing").expect(404);
    assert_eq!((english.header("content-language"), &english["title"]), ("en", &json!("Not found")));
    let both = app.public().with("Accept-Language", "zh-CN,en;q=0.9").get("/api/v1/nothing").expect(404);
    assert_eq!(both.header("content-language"), "zh-CN");
}

#[test]
fn bytes_that_are_no_document_are_refused_before_they_are_read() {
    let app = TestApp::sandbox(START);
    raw(&app, b"{\"name\": \"\xff\xfe\"}".to_vec()).expect(400).problem("malformed-request");
    raw(&app, b"{\"name\": ".to_vec()).expect(400).problem("malformed-request");
    raw(&app, b"{} {}".to_vec()).expect(422);
    raw(&app, Vec::new()).expect(400).problem("malformed-request");
    let deep = "[".repeat(100_000);
    let status = raw(&app, deep.into_bytes()).status;
    assert!(status == 400 || status == 422, "{status}");
    let inside = format!("{{\"name\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let status = raw(&app, inside.into_bytes()).status;
    assert!(status == 400 || status == 422, "{status}");
    let caller = app.as_("purchaser.taibus");
    for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        let answer = caller.send("POST", PROJECTS, Some(kind), works("24000000.00").to_string().into_bytes());
        answer.expect(415).problem("unsupported-media-type");
    }
    raw(&app, vec![b' '; 1024 * 1024 + 1]).expect(413).problem("payload-too-large");
}

/// Headers of every answer.
const EVERYWHERE: [&str; 7] = [
    "x-request-id",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
];

#[test]
fn every_answer_has_its_request_id_and_the_strict_headers() {
    let app = TestApp::sandbox(START);
    let public = app.public();
    let get = |path: &str| public.get(path);
    let token = "/api/v1/auth/token";
    let form = Some("application/x-www-form-urlencoded");
    let answers = [
        (200, get("/api/v1/problems")),
        (200, get("/")),
        (200, get("/api/docs/")),
        (200, get("/api/openapi.json")),
        (308, get("/api/docs")),
        (404, get("/nothing")),
        (404, get("/api/v1/nothing")),
        (404, get("/api/docs/nothing")),
        (404, get("/static/nothing.css")),
        (404, get("/notices/not-an-id")),
        (404, get("/api/v1/projects/%ff%fe")),
        (404, public.clone().with("Accept", "text/html").get("/nothing")),
        (400, get("/api/v1/notices?after=%00")),
        (422, get("/api/v1/notices?limit=x")),
        (401, get("/api/v1/auth/me")),
        (401, public.clone().with("Authorization", "Basic YTpi").get("/api/v1/auth/me")),
        (405, public.send("DELETE", PROJECTS, None, Vec::new())),
        (204, public.send("OPTIONS", PROJECTS, None, Vec::new())),
        (405, public.send("PUT", "/api/v1/problems", None, b"{}".to_vec())),
        (406, public.clone().with("Accept-Encoding", "identity;q=0, zstd").get("/notices")),
        (415, public.send("POST", token, Some("text/plain"), b"x".to_vec())),
        (400, public.send("POST", token, form, b"\xff".to_vec())),
        (413, public.send("POST", token, form, vec![b'x'; 1024 * 1024])),
        (400, raw(&app, b"{\"name\": \"\xff\xfe\"}".to_vec())),
        (413, raw(&app, vec![b' '; 1024 * 1024 + 1])),
    ];
    let mut others = Vec::new();
    for (status, answer) in answers {
        let missing: Vec<_> = EVERYWHERE.iter().filter(|name| answer.header(name).is_empty()).collect();
        assert!(missing.is_empty(), "without {missing:?}: {answer:?}");
        if answer.status != status {
            others.push((status, answer));
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

/// Sends a head and waits for the answer to it, without a body.
fn head_only(app: &TestApp, head: &str) -> String {
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = vec![0; 8192];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn a_gibibyte_is_refused_by_its_announcement() {
    let app = TestApp::sandbox(START);
    let token = app.token("purchaser.taibus");
    let head = format!(
        "POST {PROJECTS} HTTP/1.1\r\nhost: hall\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: 1073741824\r\n\r\n"
    );
    let answer = head_only(&app, &head);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    // One that announces nothing is answered at the limit; what still comes is thrown away as it comes.
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream
        .write_all(head.replace("content-length: 1073741824", "transfer-encoding: chunked").as_bytes())
        .unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..20 {
        stream.write_all(&chunk).unwrap();
    }
    let mut answer = vec![0; 8192];
    let length = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
    assert!(answer.starts_with("http/1.1 413") && answer.contains("connection: close"), "{answer}");
    app.public().get("/health/ready").expect(200);
}

#[test]
fn what_does_not_fit_is_pointed_to() {
    let app = TestApp::sandbox(START);
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 12] = [
        ("/surprise", |body| body["surprise"] = json!(1)),
        ("/investment/amount", |body| body["investment"]["amount"] = json!(24_000_000)),
        ("/investment/amount", |body| body["investment"]["amount"] = json!(24_000_000.5)),
        ("/investment/amount", |body| body["investment"]["amount"] = json!("2e7")),
        ("/investment/amount", |body| body["investment"]["amount"] = json!("+1")),
        ("/investment/amount", |body| body["investment"]["amount"] = json!("1_000")),
        ("/investment/amount", |body| body["investment"]["amount"] = json!("0.001")),
        ("/investment/currency", |body| body["investment"]["currency"] = json!("USD")),
        ("/approvals/0/amount/amount", |body| body["approvals"][0]["amount"]["amount"] = json!("01")),
        ("/level", |body| body["level"] = json!("town")),
        ("/name", |body| body["name"] = json!("一")),
        ("/investment", |body| body["investment"] = yuan("23999999.99")),
    ];
    for (pointer, change) in cases {
        let mut body = works("24000000.00");
        change(&mut body);
        let answer = app.as_("purchaser.taibus").post(PROJECTS, &body);
        answer.expect(422).problem("invalid-request").points_to(pointer);
    }
    let count: i64 = app.sql().value("SELECT count(*) FROM projects", &[]);
    assert_eq!(count, 0, "nothing was kept");
}
