//! The pages in a real browser, as a citizen of the banner meets them: by mouse, by keyboard, on a phone.

use std::{
    future::Future,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

use crate::support::{
    TestApp,
    scratch::Scratch,
    works::{DEADLINE, NOTICE, START},
};

/// How long anything may take before the test gives up: long, since the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a page of the hall must have for those who hear it or reach it by keyboard. Answers with what is wrong.
const ACCESSIBILITY: &str = r#"
const wrong = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const named = (element) => element.getAttribute("aria-label") || element.textContent.trim();
const one = (selector) => { if (all(selector).length !== 1) wrong.push(`${all(selector).length} of ${selector}`); };
["h1", "main", "body > header", "body > footer", "a.skip"].forEach(one);
if (!/^(zh-CN|en)$/.test(document.documentElement.lang)) wrong.push(`lang ${document.documentElement.lang}`);
if (!document.title) wrong.push("no title");
const says = (element) => element.outerHTML.slice(0, 120);
for (const field of all("input:not([type=hidden]), select, textarea")) {
  if (!field.getAttribute("aria-label") && !field.labels[0]?.textContent.trim()) wrong.push(`no label: ${says(field)}`);
}
for (const picture of all("svg:not(svg svg)")) {
  const told = picture.closest("[aria-hidden=true]") || picture.getAttribute("aria-label") || picture.querySelector(":scope > title");
  if (!told) wrong.push(`picture without words: ${says(picture)}`);
}
for (const image of all("img:not([alt])")) wrong.push(`image without words: ${says(image)}`);
for (const link of all("a[href], button, summary")) if (!named(link)) wrong.push(`nameless: ${says(link)}`);
for (const nav of all("nav, [role=region]")) if (!nav.getAttribute("aria-label")) wrong.push(`nameless: ${says(nav)}`);
for (const table of all("table")) if (!table.caption) wrong.push(`table without caption: ${says(table)}`);
for (const head of all("th:not([scope])")) wrong.push(`head without scope: ${says(head)}`);
let level = 1;
for (const heading of all("main :is(h1, h2, h3, h4)")) {
  const own = Number(heading.tagName[1]);
  if (own > level + 1) wrong.push(`level skipped: ${says(heading)}`);
  level = own;
}
const ids = all("[id]").map((element) => element.id);
for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) wrong.push(`id twice: ${id}`);
if (document.documentElement.scrollWidth > document.documentElement.clientWidth) wrong.push("scrolls sideways");
return wrong;
"#;

/// A driver of its own; ends with the value.
pub(crate) struct Driver {
    process: Child,
    address: String,
    profiles: Scratch,
}

impl Driver {
    pub(crate) fn start() -> Self {
        // The driver itself chooses a free port and says which.
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: scripts/test installs chromium and its driver");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver does not start");
        // Whatever else it says must find a reader, else it waits for one.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: format!("http://127.0.0.1:{port}"), profiles: Scratch::new("browser") }
    }

    /// A browser; `phone` gives it a narrow touch screen.
    async fn browser(&self, phone: bool) -> Client {
        let begun = Instant::now();
        for attempt in 0.. {
            // A browser that did not come up may hold its profile still.
            let profile = self.profiles.path().join(format!("{phone}-{attempt}"));
            let mut options = json!({"args": [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                // Scrolling takes no time, so that what is clicked stands still.
                "--force-prefers-reduced-motion",
                "--window-size=1280,1000",
                format!("--user-data-dir={}", profile.display()),
            ]});
            if phone {
                options["mobileEmulation"] =
                    json!({"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 1, "touch": true}});
            }
            let capabilities = Map::from_iter([("goog:chromeOptions".to_owned(), options)]);
            let mut builder = ClientBuilder::new(HttpConnector::new());
            match builder.capabilities(capabilities).connect(&self.address).await {
                Ok(client) => return client,
                Err(error) if begun.elapsed() > PATIENCE => {
                    panic!("chromium does not start (scripts/test installs it): {error}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
        unreachable!("attempts do not end")
    }

    /// Where the browser's DevTools take commands by HTTP, for what WebDriver does not know.
    pub(crate) fn devtools(&self) -> String {
        self.address.clone()
    }

    /// Drives a browser through `scenario` and closes it, also when the scenario fails.
    pub(crate) async fn drive<F: Future<Output = ()> + Send + 'static>(
        &self,
        phone: bool,
        scenario: impl FnOnce(Client) -> F,
    ) {
        let client = self.browser(phone).await;
        let ended = tokio::spawn(scenario(client.clone())).await;
        let closed = client.close().await;
        if let Err(failed) = ended {
            std::panic::resume_unwind(failed.into_panic());
        }
        closed.unwrap();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
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

pub(crate) async fn element(client: &Client, selector: &str) -> Element {
    let found = client.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
    found.unwrap_or_else(|error| panic!("{selector}: {error}"))
}

async fn text(client: &Client, selector: &str) -> Result<String, CmdError> {
    client.find(Locator::Css(selector)).await?.text().await
}

/// Waits until `selector` says every one of `wanted`: a page may be on its way still.
pub(crate) async fn says(client: &Client, selector: &str, wanted: &[&str]) {
    let begun = Instant::now();
    loop {
        let found = text(client, selector).await;
        if found.as_ref().is_ok_and(|found| wanted.iter().all(|wanted| found.contains(wanted))) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{selector} does not say {wanted:?}: {found:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn open(client: &Client, address: &str) {
    client.goto(address).await.unwrap();
    accessible(client, address).await;
}

pub(crate) async fn accessible(client: &Client, page: &str) {
    let wrong = client.execute(ACCESSIBILITY, Vec::new()).await.unwrap();
    assert_eq!(wrong, json!([]), "{page}");
}

pub(crate) async fn fill(client: &Client, selector: &str, value: &str) {
    let field = element(client, selector).await;
    field.clear().await.unwrap();
    field.send_keys(value).await.unwrap();
}

pub(crate) async fn choose(client: &Client, selector: &str, value: &str) {
    element(client, selector).await.select_by_value(value).await.unwrap();
}

pub(crate) async fn press(client: &Client, selector: &str) {
    element(client, selector).await.click().await.unwrap();
}

/// Keeps a picture to look at, when asked to by `UPDATE=1`.
pub(crate) async fn picture(client: &Client, name: &str) {
    if std::env::var("UPDATE").is_ok_and(|value| value == "1") {
        let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/pages");
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), client.screenshot().await.unwrap()).unwrap();
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn a_citizen_finds_the_notice_and_works_out_centre_and_day() {
    let (app, project) = hall();
    let base = format!("http://{}", app.address());
    let driver = Driver::start();
    runtime().block_on(async {
        let (desk, phone) = ((base.clone(), project.clone()), (base.clone(), project.clone()));
        driver
            .drive(false, async move |client| {
                let (base, project) = desk;
                from_home_to_the_project(&client, &base, &project).await;
                the_calculators_answer(&client, &base).await;
                the_law_can_be_read(&client, &base, &project).await;
                by_keyboard_and_in_english(&client, &base, &project).await;
            })
            .await;
        driver.drive(true, async move |client| on_a_phone(&client, &phone.0, &phone.1).await).await;
    });
}

async fn from_home_to_the_project(client: &Client, base: &str, project: &str) {
    open(client, &format!("{base}/?lang=zh")).await;
    says(client, "main", &["太仆寺旗滨河公园"]).await;
    says(client, ".board", &["即将开标", "3月16日", "09:30"]).await;
    picture(client, "home").await;
    open(client, &format!("{base}/notices?lang=zh")).await;
    fill(client, "#q", "公园").await;
    choose(client, "#category", "procurement").await;
    press(client, ".filters button").await;
    says(client, ".notices-list", &["没有符合条件的公告"]).await;
    choose(client, "#category", "engineering").await;
    press(client, ".filters button").await;
    says(client, ".notices-list", &["太仆寺旗滨河公园"]).await;
    accessible(client, "filtered notices").await;
    picture(client, "notices").await;
    press(client, ".notices-list a[href*='/notices/']").await;
    says(client, ".notice", &["19,000,000.00", "2026年3月16日 09:30"]).await;
    accessible(client, "notice").await;
    press(client, ".byline a[href*='/projects/']").await;
    says(client, ".project-body", &["24,000,000.00", "RT-1", "ENG-4"]).await;
    says(client, "#record", &["任何人都不能得知投标人及其数量"]).await;
    says(client, ".countdown", &["距投标截止", "20"]).await;
    assert!(client.current_url().await.unwrap().path().ends_with(project));
    accessible(client, "project").await;
    picture(client, "project").await;
}

async fn the_calculators_answer(client: &Client, base: &str) {
    open(client, &format!("{base}/calculators?lang=zh")).await;
    choose(client, "#region", "152527").await;
    fill(client, "#investment", "2000").await;
    press(client, "#venue button").await;
    // The bound is included: exactly the threshold goes to the league.
    says(client, "#venue .answer", &["盟中心", "RT-1", "2000 万元 = 20,000,000.00 元"]).await;
    accessible(client, "venue answered").await;
    let script = "document.querySelector('#from').value = '2026-04-30'";
    client.execute(script, Vec::new()).await.unwrap();
    fill(client, "#length", "3").await;
    press(client, "#deadline button").await;
    says(client, "#deadline .answer", &["2026年5月8日", "劳动节"]).await;
    accessible(client, "deadline answered").await;
    picture(client, "calculators").await;
    what_else_bears_on_a_venue_can_be_typed(client, base).await;
    // The browser itself stops an empty form; an address may still bring one.
    open(client, &format!("{base}/calculators?lang=zh&ask=venue&category=engineering")).await;
    says(client, "#venue [role=alert]", &["请先更正以下各项"]).await;
}

/// Dollars with their parity, a further phase, and a choice to come.
async fn what_else_bears_on_a_venue_can_be_typed(client: &Client, base: &str) {
    open(client, &format!("{base}/calculators?lang=zh")).await;
    choose(client, "#region", "152527").await;
    fill(client, "#investment", "200").await;
    press(client, ".further summary").await;
    choose(client, "#currency", "USD").await;
    fill(client, "#rate", "7.1528").await;
    client.execute("document.querySelector('#rateOn').value = '2026-01-20'", Vec::new()).await.unwrap();
    press(client, "#venue button").await;
    says(client, "#venue [role=alert]", &["请先更正以下各项"]).await;
    accessible(client, "a parity without its source").await;
    fill(client, "#rateSource", "中国外汇交易中心").await;
    fill(client, "#phasesAmount", "569.439999").await;
    choose(client, "#voluntary", "league").await;
    fill(client, "#voluntaryReason", "统一监管").await;
    press(client, "#venue button").await;
    // 2,000,000 × 7.1528 = 14,305,600.00, and 5,694,399.99 of the other phase: a fen below the threshold.
    says(client, "#venue .answer", &["盟中心", "RT-10", "14,305,600.00", "19,999,999.99", "统一监管"]).await;
    accessible(client, "venue with all that bears on it").await;
    picture(client, "calculators-further").await;
    choose(client, "#regime", "procurement").await;
    let asks = "return document.querySelector('#investment').closest('[data-for]').hidden
        && !document.querySelector('#budget').closest('[data-for]').hidden";
    assert_eq!(client.execute(asks, Vec::new()).await.unwrap(), json!(true), "the budget is asked instead");
}

async fn the_law_can_be_read(client: &Client, base: &str, project: &str) {
    open(client, &format!("{base}/law?lang=zh")).await;
    says(client, "main", &["招标投标法", "不少于20日", "第24条", "decryptionWindowMinutes"]).await;
    picture(client, "law").await;
    fill(client, "#q", "ENG-4 20").await;
    press(client, ".law-filter button").await;
    says(client, "[role=status]", &["1 /"]).await;
    says(client, ".law-rules", &["ENG-4", "不少于20日"]).await;
    accessible(client, "narrowed law").await;
    // An order of 2022 judges nobody in 2015.
    open(client, &format!("{base}/law?lang=zh&on=2015-06-01")).await;
    let text = text(client, "main").await.unwrap();
    assert!(text.contains("招标投标法") && !text.contains("政府采购框架协议采购方式管理暂行办法"));
    open(client, &format!("{base}/law?lang=zh&on=yesterday")).await;
    press(client, ".main-nav a[href^='/law']").await;
    press(client, ".law-ways a[href^='/law/calendar']").await;
    says(client, ".calendar", &["248", "2月", "16 个工作日", "春节", "2026年2月23日"]).await;
    accessible(client, "calendar").await;
    picture(client, "calendar").await;
    press(client, ".years a[href^='/law/calendar/2025']").await;
    says(client, "h1", &["2025"]).await;
    a_rule_is_tried(client, base).await;
    open(client, &format!("{base}/projects/{project}?lang=en")).await;
    press(client, "#timeline a[href*='/law']").await;
    says(client, "#why", &["24 February 2026", "day of the first notice"]).await;
    let deadline = ["at least 20 calendar days", "最短不得少于20日", "art. 24", "not before 16 March 2026"];
    says(client, ".project-body", &deadline).await;
    says(client, "#numbers", &["ENG-19", "an odd number", "800,000.00"]).await;
    accessible(client, "law of the project").await;
    picture(client, "project-law").await;
}

async fn a_rule_is_tried(client: &Client, base: &str) {
    open(client, &format!("{base}/law?lang=zh")).await;
    press(client, ".law-ways a[href^='/evaluation']").await;
    choose(client, "#method", "gpComprehensive").await;
    press(client, ".trial-method button").await;
    says(client, ".trial-about h2", &["综合评分法"]).await;
    press(client, ".trial-form button").await;
    // The rules' own example: A first with 90.90.
    says(client, "#answer", &["排序已定", "90.90", "88.89", "87.10", "计算过程"]).await;
    accessible(client, "rule tried").await;
    picture(client, "trial").await;
    fill(client, "[name='o1.price']", "1e6").await;
    press(client, ".trial-form button").await;
    says(client, ".trial-wrong", &["例如 2000"]).await;
    accessible(client, "rule tried wrongly").await;
}

/// Where the focus is: its place among everything on the page that takes it, and whether one sees it there.
const FOCUS: &str = r#"
const stops = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']")];
const seen = document.activeElement.matches(":focus-visible") && getComputedStyle(document.activeElement).outlineStyle !== "none";
return [stops.indexOf(document.activeElement), seen];
"#;

async fn by_keyboard_and_in_english(client: &Client, base: &str, project: &str) {
    open(client, &format!("{base}/projects/{project}?lang=en")).await;
    says(client, ".project-body", &["Venue decision", "Timeline"]).await;
    picture(client, "project-en").await;
    // The focus goes through the page in its own order, and is seen at every stop.
    for stop in 0..14 {
        let here = client.active_element().await.unwrap();
        here.send_keys(&Key::Tab.to_string()).await.unwrap();
        let focus: Value = client.execute(FOCUS, Vec::new()).await.unwrap();
        assert_eq!(focus, json!([stop, true]), "stop {stop}");
    }
    client.refresh().await.unwrap();
    element(client, "body").await.send_keys(&Key::Tab.to_string()).await.unwrap();
    let first = client.active_element().await.unwrap();
    assert_eq!(
        first.attr("href").await.unwrap().as_deref(),
        Some("#main"),
        "the first stop skips to the content"
    );
    first.send_keys(&Key::Enter.to_string()).await.unwrap();
    assert_eq!(client.current_url().await.unwrap().fragment(), Some("main"));
    press(client, ".language").await;
    says(client, ".project-body", &["进场决定"]).await;
    open(client, &format!("{base}/nowhere?lang=en")).await;
    says(client, "main", &["There is no such page"]).await;
}

async fn on_a_phone(client: &Client, base: &str, project: &str) {
    let of_project = format!("/projects/{project}");
    let its_law = format!("{of_project}/law");
    for page in [
        "/",
        "/notices",
        "/calculators",
        "/nowhere",
        "/law",
        "/law/calendar/2026",
        "/evaluation",
        &of_project,
        &its_law,
    ] {
        for language in ["zh", "en"] {
            open(client, &format!("{base}{page}?lang={language}")).await;
        }
    }
    let answered = "ask=deadline&from=2026-04-30&length=3&unit=workingDay&direction=forward";
    open(client, &format!("{base}/calculators?lang=en&{answered}")).await;
    says(client, "#deadline .answer", &["8 May 2026"]).await;
    client.goto(&format!("{base}/projects/{project}?lang=zh")).await.unwrap();
    let shown = "return getComputedStyle(document.querySelector('.timeline-narrow')).display !== 'none'
        && getComputedStyle(document.querySelector('.timeline-wide')).display === 'none'";
    assert_eq!(client.execute(shown, Vec::new()).await.unwrap(), json!(true), "the narrow timeline is shown");
    picture(client, "project-phone").await;
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
