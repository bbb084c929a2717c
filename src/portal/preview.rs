//! Renders every page from samples in both languages, looks at what must hold on each, and keeps the pages
//! under `target/portal-preview/` for looking at them in a browser.

use std::{fs, path::PathBuf, sync::Arc};

use actix_web::{App, body::to_bytes, http::StatusCode, test as web_test, web};

use super::{
    bid::Standing,
    http::{CONTENT_POLICY, NoticeQuery, ProjectQuery, Reading, Readings, routes},
    page,
    question::{CalculatorForm, DeadlineQuestion, Notes, VenueQuestion},
    sample,
    statutes::{CalendarView, LawQuery, LawView, ProjectLawView},
    trial::{TrialView, Typed},
    view::*,
    *,
};
use crate::{
    kernel::{Code, Problem, Refusal, Rejection, Say, say::Language},
    law::Law,
    platform::policy_file::PolicySource,
    tenders::Part,
};

fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target")), PathBuf::from);
    target.join("portal-preview")
}

fn built_in() -> Law {
    Law::load(&PolicySource::BuiltIn).unwrap()
}

fn trial_page(reader: &reader::Reader, sent: &[(&str, &str)]) -> String {
    let typed = sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    page::trial(reader, &trial::trial_view(&built_in(), day("2026-03-02"), &typed, reader).unwrap()).unwrap()
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

fn pages_of_the_law(language: Language) -> Vec<(&'static str, String)> {
    let at = |here: &str| sample::reader(language, here);
    vec![
        (
            "law",
            page::law(&at("/law"), &statutes::law_view(&built_in(), day("2026-02-24"), "", &at("/law")))
                .unwrap(),
        ),
        (
            "law-none",
            page::law(&at("/law"), &statutes::law_view(&built_in(), day("2026-02-24"), "?", &at("/law")))
                .unwrap(),
        ),
        ("trial", trial_page(&at("/evaluation"), &[])),
        (
            "trial-answer",
            trial_page(
                &at("/evaluation"),
                &[
                    ("ask", "1"),
                    ("method", "engComprehensive"),
                    ("p.benchmark", "trimmedMean"),
                    ("p.fullMarks", "40"),
                    ("p.kAbove", "1"),
                    ("p.kBelow", "0.5"),
                    ("unit", "wan"),
                    ("o1.price", "950"),
                    ("o2.price", "980"),
                    ("o3.price", "920"),
                    ("o4.price", "965"),
                    ("o5.price", "1000"),
                ],
            ),
        ),
        (
            "trial-wrong",
            trial_page(
                &at("/evaluation"),
                &[("ask", "1"), ("method", "gpComprehensive"), ("o1.price", "9e5")],
            ),
        ),
        ("calendar", {
            let law = built_in();
            let view =
                statutes::calendar_view(law.calendar(), 2026, day("2026-02-24"), &at("/law/calendar/2026"))
                    .unwrap();
            page::calendar(&at("/law/calendar/2026"), &view).unwrap()
        }),
    ]
}

/// Every page by name in one language.
fn pages(language: Language) -> Vec<(&'static str, String)> {
    let at = |here: &str| sample::reader(language, here);
    let r = at("/projects/p1");
    let venue_form = CalculatorForm {
        ask: "venue".into(),
        region: "152527".into(),
        investment: "2000".into(),
        ..CalculatorForm::default()
    };
    let deadline_form = CalculatorForm {
        ask: "deadline".into(),
        from: "2026-04-30".into(),
        length: "3".into(),
        ..CalculatorForm::default()
    };
    let wrong =
        CalculatorForm { ask: "venue".into(), category: "engineering".into(), ..CalculatorForm::default() };
    let notes = wrong.venue(r.w).unwrap_err();
    let c = at("/calculators");
    let calculators = |form: &CalculatorForm, notes: Notes, venue, deadline| {
        let shown = page::Calculators {
            form,
            notes,
            regions: sample::regions(&c),
            currencies: vec![Choice::new("USD", "USD")],
            asked: vec!["2000 = 20,000,000.00".into()],
            venue,
            deadline,
        };
        page::calculators(&c, &shown).unwrap()
    };
    let error = ErrorView {
        status: 404,
        title: r.w.error_404_title.into(),
        text: r.w.error_404_text.into(),
        request: Some("0d3c2c1e".into()),
    };
    let n = at("/notices");
    let query = NoticeQuery { q: "公园".into(), cursor: "x".into(), ..NoticeQuery::default() };
    let none = NoticesView { notices: Vec::new(), older: None, ..sample::notices_page(&n) };
    let mut all = vec![
        ("home", page::home(&at("/"), &sample::home(&r)).unwrap()),
        ("notices", page::notices(&n, &sample::notices_page(&n), &query).unwrap()),
        ("notices-none", page::notices(&n, &none, &query).unwrap()),
        ("notice", page::notice(&at("/notices/n1"), &sample::notice(&r)).unwrap()),
        ("project", page::project(&r, &sample::project(&r)).unwrap()),
        ("project-early", page::project(&r, &sample::early_project(&r)).unwrap()),
        ("project-purchase", page::project(&r, &sample::purchase(&r)).unwrap()),
        ("calculators", calculators(&CalculatorForm::default(), Notes::new(), None, None)),
        ("calculators-venue", calculators(&venue_form, Notes::new(), Some(sample::venue(&c)), None)),
        ("calculators-deadline", calculators(&deadline_form, Notes::new(), None, Some(sample::deadline(&c)))),
        ("calculators-rolled", {
            let form = CalculatorForm {
                from: "2025-09-15".into(),
                length: "20".into(),
                unit: "calendarDay".into(),
                ..deadline_form.clone()
            };
            let law = built_in();
            let view = answers::deadline_view(&law, &form.deadline(c.w).unwrap(), &c).unwrap();
            calculators(&form, Notes::new(), None, Some(view))
        }),
        ("calculators-wrong", calculators(&wrong, notes, None, None)),
        ("error", page::error(&at("/x"), &error).unwrap()),
    ];
    all.extend(pages_of_a_bid(language));
    all.extend(pages_of_the_law(language));
    all
}

/// The page that seals a bid, whole and part by part, in what it is good for.
fn pages_of_a_bid(language: Language) -> Vec<(&'static str, String)> {
    let b = sample::reader(language, "/tenders/t1/bid");
    let mut all = Vec::new();
    for (name, standing) in
        [("bid", Standing::Open), ("bid-opening", Standing::Opening), ("bid-over", Standing::Over)]
    {
        all.push((name, bid::page(&b, &sample::bid(&b, standing)).unwrap()));
    }
    for (name, part, standing) in [
        ("bid-first-part", Part::Qualification, Standing::Open),
        ("bid-middle-part", Part::Technical, Standing::Open),
        ("bid-last-part", Part::Price, Standing::Open),
        ("bid-later-part", Part::Price, Standing::Later),
        ("bid-part-sealed", Part::Price, Standing::Sealed),
    ] {
        all.push((name, bid::page(&b, &sample::part_of_bid(&b, part, standing)).unwrap()));
    }
    all
}

/// The levels of the headings in order.
fn heading_levels(html: &str) -> Vec<u32> {
    html.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)).collect()
}

/// The text outside tags, and outside elements that are marked as Chinese in an English page.
fn visible_text(html: &str) -> String {
    let body = html.split("<body>").nth(1).unwrap();
    let mut out = String::new();
    let mut skipped: Option<(String, u32)> = None;
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match &mut skipped {
            Some((open, depth)) if *open == name => {
                *depth = if tag.starts_with('/') { *depth - 1 } else { *depth + 1 };
                if *depth == 0 {
                    skipped = None;
                }
            }
            None if tag.contains("lang=\"zh-CN\"") => skipped = Some((name, 1)),
            _ => {}
        }
        if skipped.is_none() {
            out.push_str(text);
        }
    }
    out
}

#[test]
fn every_page_keeps_the_house_rules_in_both_languages() {
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    for (language, tag) in [(Language::Zh, "zh"), (Language::En, "en")] {
        for (name, html) in pages(language) {
            fs::write(folder.join(format!("{name}-{tag}.html")), &html).unwrap();
            let page = format!("{name}-{tag}");
            assert!(!html.contains(" style="), "{page}: inline style");
            assert!(
                !html.contains("<style") && !html.contains(" onclick"),
                "{page}: inline style or handler"
            );
            let scripts = if name.starts_with("bid") { 3 } else { 1 };
            assert_eq!(html.matches("<script").count(), scripts, "{page}: only its own files of script");
            assert!(!html.contains("http://") && !html.contains("https://"), "{page}: leaves the hall");
            assert_eq!(html.matches("<h1").count(), 1, "{page}: one h1");
            assert_eq!(html.matches("<main").count(), 1, "{page}: one main");
            for pair in heading_levels(&html).windows(2) {
                assert!(pair[1] <= pair[0] + 1, "{page}: a heading skips a level: {pair:?}");
            }
            assert_eq!(html.matches("<table").count(), html.matches("<caption").count(), "{page}: captions");
            assert_eq!(html.matches("<th>").count(), 0, "{page}: a header cell without scope");
            for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{page}: id {id} twice");
            }
            for label in html.split(" for=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(
                    html.contains(&format!(" id=\"{label}\"")),
                    "{page}: label for {label} without a field"
                );
            }
        }
    }
}

#[test]
fn no_word_of_the_table_is_dead() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let texts: String = ["templates", "src/portal", "src/portal/bid", "src/portal/board", "src/portal/trial"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for (key, _, _) in words::table() {
        // A longer key may begin with this one.
        let used = texts
            .split(&format!(".{key}"))
            .skip(1)
            .any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'));
        assert!(used, "{key} is said nowhere");
    }
}

#[test]
fn an_english_page_speaks_english() {
    for (name, html) in pages(Language::En) {
        // Names of instruments stay as they are published; everything else is translated.
        let text = visible_text(&html).replace("招标投标法", "").replace("实施条例", "");
        let han: Vec<char> =
            text.chars().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(letter)).collect();
        let text: String = han.iter().collect();
        assert!(text.is_empty() || text == "投标人投标人", "{name}: untranslated {text}");
    }
}

#[test]
fn before_the_opening_a_project_page_shows_no_trace_of_bids() {
    let r = sample::reader(Language::En, "/projects/p1");
    let html = page::project(&r, &sample::early_project(&r)).unwrap();
    assert!(html.contains(r.w.opening_later));
    assert!(!html.contains(r.w.received_at) && !html.contains("投标人0"));
}

#[test]
fn the_benchmark_is_laid_open_with_its_numbers() {
    let r = sample::reader(Language::Zh, "/projects/p1");
    let html = page::project(&r, &sample::project(&r)).unwrap();
    for figure in ["27,969,270,944.00", "1,522", "18,376,656.3363994…", "18,376,739.00", "99.9996", "99.9990"]
    {
        assert!(html.contains(figure), "{figure} is missing");
    }
}

/// Answers with samples, and with problems where asked.
struct Samples;

impl Readings for Samples {
    fn hall(&self) -> HallFacts {
        HallFacts { name: Say::new("大厅", "Hall"), sandbox: false }
    }

    fn home<'a>(&'a self, reader: &'a Reader) -> Reading<'a, HomeView> {
        Box::pin(async { Ok(sample::home(reader)) })
    }

    fn notices<'a>(&'a self, reader: &'a Reader, _: &'a NoticeQuery) -> Reading<'a, NoticesView> {
        Box::pin(async { Ok(sample::notices_page(reader)) })
    }

    fn notice<'a>(&'a self, reader: &'a Reader, id: &'a str) -> Reading<'a, NoticeView> {
        Box::pin(async move {
            match id {
                "n1" => Ok(sample::notice(reader)),
                "broken" => Err(Problem::internal(anyhow::anyhow!("secret cause"))),
                _ => Err(Rejection::not_found().into()),
            }
        })
    }

    fn project<'a>(
        &'a self,
        reader: &'a Reader,
        _: &'a str,
        _: &'a ProjectQuery,
    ) -> Reading<'a, ProjectView> {
        Box::pin(async { Ok(sample::early_project(reader)) })
    }

    fn regions(&self, reader: &Reader) -> Vec<Choice> {
        sample::regions(reader)
    }

    fn currencies(&self, _: &Reader) -> Vec<Choice> {
        vec![Choice::new("USD", "USD"), Choice::new("JPY", "JPY")]
    }

    fn venue<'a>(&'a self, reader: &'a Reader, question: &'a VenueQuestion) -> Reading<'a, VenueView> {
        Box::pin(async move {
            let mut view = sample::venue(reader);
            view.reasons = question.investment.iter().map(|amount| format!("asked {amount}")).collect();
            Ok(view)
        })
    }

    fn law<'a>(&'a self, reader: &'a Reader, query: &'a LawQuery) -> Reading<'a, LawView> {
        Box::pin(async { Ok(statutes::law_view(&built_in(), day("2026-02-24"), &query.q, reader)) })
    }

    fn trial<'a>(&'a self, reader: &'a Reader, typed: &'a Typed) -> Reading<'a, TrialView> {
        Box::pin(async { trial::trial_view(&built_in(), day("2026-03-02"), typed, reader) })
    }

    fn calendar<'a>(&'a self, reader: &'a Reader, year: Option<i32>) -> Reading<'a, CalendarView> {
        Box::pin(async move {
            let law = built_in();
            let year = year.unwrap_or(2026);
            let view = statutes::calendar_view(law.calendar(), year, day("2026-02-24"), reader);
            view.ok_or_else(|| Rejection::not_found().into())
        })
    }

    fn project_law<'a>(
        &'a self,
        _: &'a Reader,
        _: &'a str,
        _: &'a ProjectQuery,
    ) -> Reading<'a, ProjectLawView> {
        Box::pin(async { Err(Rejection::not_found().into()) })
    }

    fn deadline<'a>(
        &'a self,
        reader: &'a Reader,
        question: &'a DeadlineQuestion,
    ) -> Reading<'a, DeadlineView> {
        Box::pin(async move {
            if question.length > 300 {
                let detail = Say::new("没有 2027 年的日历。", "There is no calendar for 2027.");
                return Err(Refusal::new(Code::CalendarUnavailable, detail).into());
            }
            Ok(sample::deadline(reader))
        })
    }
}

fn header<'a>(headers: &'a actix_web::http::header::HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap().to_str().unwrap()
}

/// Status, headers and body of a request to the pages.
async fn fetch(request: web_test::TestRequest) -> (StatusCode, actix_web::http::header::HeaderMap, String) {
    let hall: Arc<dyn Readings> = Arc::new(Samples);
    let app = web_test::init_service(App::new().app_data(web::Data::new(hall)).configure(routes)).await;
    let answer = web_test::call_service(&app, request.to_request()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = to_bytes(answer.into_body()).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

#[actix_web::test]
async fn every_answer_carries_the_policy_and_its_language() {
    for (address, status) in [
        ("/", 200),
        ("/notices", 200),
        ("/notices/n1", 200),
        ("/notices/none", 404),
        ("/notices/broken", 500),
        ("/projects/p1", 200),
        ("/projects/p1?record=x", 400),
        ("/calculators", 200),
        ("/evaluation", 200),
        ("/evaluation?method=negotiation&ask=1&o1.price=x", 200),
        ("/law", 200),
        ("/law/calendar", 200),
        ("/law/calendar/2026", 200),
        ("/law/calendar/2027", 404),
        ("/law/calendar/x", 404),
        ("/projects/p1/law", 404),
    ] {
        let request = web_test::TestRequest::get().uri(address).insert_header(("Accept-Language", "en"));
        let (got, headers, body) = fetch(request).await;
        assert_eq!(got.as_u16(), status, "{address}");
        assert_eq!(header(&headers, "content-security-policy"), CONTENT_POLICY, "{address}");
        assert_eq!(header(&headers, "x-content-type-options"), "nosniff", "{address}");
        assert_eq!(header(&headers, "content-language"), "en", "{address}");
        assert!(!body.contains("secret cause"), "{address} shows the cause");
    }
}

#[actix_web::test]
async fn a_page_unchanged_is_not_sent_again() {
    let (_, headers, _) = fetch(web_test::TestRequest::get().uri("/notices/n1")).await;
    let etag = header(&headers, "etag").to_owned();
    let again = web_test::TestRequest::get().uri("/notices/n1").insert_header(("If-None-Match", etag));
    let (status, _, body) = fetch(again).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[actix_web::test]
async fn the_address_chooses_the_language_before_the_header() {
    let request = web_test::TestRequest::get().uri("/?lang=en").insert_header(("Accept-Language", "zh"));
    let (_, headers, body) = fetch(request).await;
    assert_eq!(header(&headers, "content-language"), "en");
    assert!(body.contains("href=\"/notices?lang=en\""), "links keep the language");
}

#[actix_web::test]
async fn static_files_are_kept_for_ever_under_their_content() {
    let (status, headers, body) = fetch(web_test::TestRequest::get().uri(&assets::STYLE.href())).await;
    assert_eq!(status, StatusCode::OK);
    assert!(header(&headers, "cache-control").contains("immutable") && !body.is_empty());
    let (status, headers, _) =
        fetch(web_test::TestRequest::get().uri("/static/0000000000000000/tenderhall.css")).await;
    assert_eq!((status, header(&headers, "cache-control")), (StatusCode::OK, "no-cache"));
    let (status, _, _) = fetch(web_test::TestRequest::get().uri("/static/0/secret")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn the_calculators_answer_without_script_by_get_and_by_post() {
    let query =
        "ask=venue&region=152527&level=county&category=engineering&investment=2000&investmentUnit=wan";
    let (_, _, body) = fetch(web_test::TestRequest::get().uri(&format!("/calculators?{query}"))).await;
    assert!(body.contains("asked 20000000.00"), "the room below is asked in yuan");
    assert!(body.contains("2000 万元 = 20,000,000.00 元"), "and the reader sees what was asked");
    let form = [
        ("ask", "venue"),
        ("region", "152527"),
        ("category", "engineering"),
        ("investment", "20,000,000"),
        ("investmentUnit", "yuan"),
    ];
    let (_, _, body) = fetch(web_test::TestRequest::post().uri("/calculators").set_form(form)).await;
    assert!(body.contains("asked 20000000.00"));
    let (status, _, body) = fetch(
        web_test::TestRequest::get().uri("/calculators?ask=deadline&from=2026-12-01&length=365&lang=en"),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("There is no calendar for 2027."));
}

#[actix_web::test]
async fn a_form_that_cannot_be_read_gets_a_page_too() {
    let request = web_test::TestRequest::post().uri("/calculators").set_payload("{}");
    let (status, headers, body) = fetch(request).await;
    assert_eq!(
        (status, header(&headers, "content-security-policy")),
        (StatusCode::BAD_REQUEST, CONTENT_POLICY)
    );
    assert!(body.contains("<h1"));
    let (status, _, _) =
        fetch(web_test::TestRequest::default().method(actix_web::http::Method::HEAD).uri("/")).await;
    assert_eq!(status, StatusCode::OK, "HEAD is answered like GET");
}

#[actix_web::test]
async fn what_was_typed_comes_back_as_text_only() {
    let (_, _, body) = fetch(web_test::TestRequest::get().uri("/notices?q=%22%3E%3Cscript%3E")).await;
    assert!(!body.contains("\"><script>"), "typed markup must not become markup");
}
