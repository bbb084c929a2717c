//! The pages in a real browser, as a citizen of the banner meets them.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::support::{
    TestApp,
    scratch::Scratch,
    works::{DEADLINE, NOTICE, START},
};

/// A browser of its own with its driver; ends with the value.
struct Browser {
    driver: Child,
    port: u16,
    profile: Scratch,
}

impl Browser {
    fn start() -> Self {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: scripts/test installs chromium and its driver");
        Self { driver, port, profile: Scratch::new("browser") }
    }

    async fn client(&self, width: u32, height: u32) -> Client {
        let mut capabilities = serde_json::Map::new();
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let window = format!("--window-size={width},{height}");
        let arguments = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            profile,
            window
        ]);
        capabilities.insert("goog:chromeOptions".into(), json!({"args": arguments}));
        let address = format!("http://127.0.0.1:{}", self.port);
        for _ in 0..100 {
            match ClientBuilder::new(HttpConnector::new())
                .capabilities(capabilities.clone())
                .connect(&address)
                .await
            {
                Ok(client) => return client,
                Err(fantoccini::error::NewSessionError::Lost(_)) => {
                    tokio::time::sleep(Duration::from_millis(100)).await
                }
                Err(error) => panic!("chromium does not start (scripts/test installs it): {error}"),
            }
        }
        panic!("chromedriver does not answer on {address}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ended = self.driver.kill().and_then(|()| self.driver.wait());
    }
}

/// A hall where the works' notice is out.
fn hall() -> (TestApp, String) {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    let tender = app.works_tender(&project);
    let slots = json!([{"kind": "opening", "from": DEADLINE, "to": "2026-03-16T12:00:00+08:00"}]);
    let booking = app
        .as_("agency.one")
        .with("Idempotency-Key", "opening")
        .post("/api/v1/bookings", &json!({"tenderId": tender, "slots": slots}))
        .expect(201)
        .id();
    app.as_("operator.league").act(&format!("/api/v1/bookings/{booking}/confirm")).expect(200);
    app.hold(NOTICE);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    (app, project)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn text(client: &Client, selector: &str) -> String {
    client.wait().for_element(Locator::Css(selector)).await.unwrap().text().await.unwrap()
}

async fn fill(client: &Client, selector: &str, value: &str) {
    client.find(Locator::Css(selector)).await.unwrap().send_keys(value).await.unwrap();
}

async fn choose(client: &Client, selector: &str, value: &str) {
    client.find(Locator::Css(selector)).await.unwrap().select_by_value(value).await.unwrap();
}

async fn press(client: &Client, selector: &str) {
    client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
}

/// Keeps a picture for the README, when asked to by `UPDATE=1`.
async fn picture(client: &Client, name: &str) {
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/screenshots");
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), client.screenshot().await.unwrap()).unwrap();
    }
}

#[test]
fn a_citizen_finds_the_notice_and_works_out_centre_and_day() {
    let (app, project) = hall();
    let browser = Browser::start();
    let base = format!("http://{}", app.address());
    runtime().block_on(async {
        let client = browser.client(1280, 1000).await;
        from_home_to_the_project(&client, &base, &project).await;
        the_calculators_answer(&client, &base).await;
        by_keyboard_and_in_english(&client, &base, &project).await;
        client.close().await.unwrap();
        let phone = browser.client(500, 900).await;
        phone.goto(&format!("{base}/projects/{project}?lang=zh")).await.unwrap();
        let script = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(phone.execute(script, Vec::new()).await.unwrap(), json!(true), "the page fits a phone");
        picture(&phone, "project-phone-zh").await;
        phone.close().await.unwrap();
    });
}

async fn from_home_to_the_project(client: &Client, base: &str, project: &str) {
    client.goto(&format!("{base}/?lang=zh")).await.unwrap();
    assert!(text(client, "main").await.contains("太仆寺旗滨河公园"));
    picture(client, "home").await;
    client.goto(&format!("{base}/notices?lang=zh")).await.unwrap();
    fill(client, "#q", "公园").await;
    choose(client, "#category", "procurement").await;
    press(client, ".filters button").await;
    assert!(text(client, ".notices-list").await.contains("没有符合条件的公告"), "a park is no purchase");
    choose(client, "#category", "engineering").await;
    press(client, ".filters button").await;
    assert!(text(client, ".notices-list").await.contains("太仆寺旗滨河公园"));
    picture(client, "notices").await;
    press(client, ".notices-list a[href*='/notices/']").await;
    client.wait().for_element(Locator::Css("a[href*='/projects/']")).await.unwrap();
    assert!(
        text(client, "main").await.contains("19000000.00")
            || text(client, "main").await.contains("19,000,000.00")
    );
    press(client, "main a[href*='/projects/']").await;
    let page = text(client, ".project-body").await;
    assert!(client.current_url().await.unwrap().path().ends_with(project));
    assert!(page.contains("24,000,000.00") && page.contains("RT-1"), "the venue decision is laid open");
    assert!(page.contains("ENG-4"), "the deadline stands with its rule");
    assert!(page.contains("任何人都不能得知投标人及其数量"), "nothing of bids before the opening");
    picture(client, "project-zh").await;
}

async fn the_calculators_answer(client: &Client, base: &str) {
    client.goto(&format!("{base}/calculators?lang=zh")).await.unwrap();
    choose(client, "#region", "152527").await;
    fill(client, "#investment", "2000").await;
    press(client, "#venue button").await;
    let answer = text(client, "#venue .answer").await;
    assert!(answer.contains("RT-1") && answer.contains("20,000,000.00"), "the bound is included: {answer}");
    assert!(answer.contains("盟中心"), "{answer}");
    let script = "document.querySelector('#from').value = '2026-04-30'";
    client.execute(script, Vec::new()).await.unwrap();
    fill(client, "#length", "3").await;
    press(client, "#deadline button").await;
    let answer = text(client, "#deadline .answer").await;
    assert!(answer.contains("2026年5月8日"), "three working days around Labour Day: {answer}");
    picture(client, "calculators").await;
}

async fn by_keyboard_and_in_english(client: &Client, base: &str, project: &str) {
    client.goto(&format!("{base}/projects/{project}?lang=en")).await.unwrap();
    assert!(
        text(client, ".project-body").await.contains("Lawful limit")
            || text(client, "main").await.contains("Venue decision")
    );
    picture(client, "project-en").await;
    let body = client.find(Locator::Css("body")).await.unwrap();
    body.send_keys(&Key::Tab.to_string()).await.unwrap();
    let first = client.active_element().await.unwrap();
    assert_eq!(
        first.attr("href").await.unwrap().as_deref(),
        Some("#main"),
        "the first stop skips to the content"
    );
    first.send_keys(&Key::Enter.to_string()).await.unwrap();
    assert_eq!(client.current_url().await.unwrap().fragment(), Some("main"));
    client.goto(&format!("{base}/nowhere?lang=en")).await.unwrap();
    assert!(text(client, "main").await.contains("There is no such page"));
}

#[test]
fn drafts_and_unknown_addresses_are_not_there() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    app.works_tender(&project);
    let page = |path: &str, accept: &str| {
        let answer = app.public().with("Accept", accept).send("GET", path, None, Vec::new());
        (answer.status, answer.text)
    };
    let (status, body) = page(&format!("/projects/{project}"), "text/html");
    assert_eq!(status, 404, "a draft is nobody's to know");
    assert!(!body.contains("滨河公园"));
    assert_eq!(page("/projects/not-an-id", "text/html").0, 404);
    assert_eq!(page("/nowhere", "text/html").0, 404);
    assert!(page("/nowhere", "text/html").1.starts_with("<!"), "a page for people");
    assert!(
        page("/api/v1/nowhere", "text/html").1.contains("\"code\":\"not-found\""),
        "a document for programs"
    );
}
