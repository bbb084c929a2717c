//! Where a project trades as time goes on, and the numbers it gets on the way.

use std::{collections::HashSet, thread};

use serde_json::{Value, json};
use tenderhall::kernel::codes::{DealCode, DocumentCode, ProjectCode, SectionCode, TenderCode};

use crate::support::{
    Answer, TestApp,
    works::{DEADLINE, NOTICE, OFFERED, START, purchase, works, works_document, yuan},
};

const PROJECTS: &str = "/api/v1/projects";

fn code<T: TryFrom<String>>(answer: &Answer, member: &str) -> String
where
    T::Error: std::fmt::Display,
{
    let text = answer[member].as_str().unwrap_or_else(|| panic!("no {member}: {answer:?}")).to_owned();
    T::try_from(text.clone()).unwrap_or_else(|why| panic!("{member}: {why}"));
    text
}

/// The rule, centre and scope of the decision in force.
fn venue(project: &Answer) -> String {
    let last = project["venue"].as_array().unwrap().last().unwrap();
    format!("{} {} {}", last["ruleId"].as_str().unwrap(), last["scope"].as_str().unwrap(), last["centreCode"])
}

fn seen(app: &TestApp, project: &str) -> Answer {
    app.as_("purchaser.taibus").get(&format!("{PROJECTS}/{project}")).expect(200)
}

fn register(app: &TestApp, mut body: Value, members: Value) -> Answer {
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    app.as_("purchaser.taibus").post(PROJECTS, &body)
}

#[test]
fn every_number_is_given_at_its_moment_and_holds_the_one_before_it() {
    let app = TestApp::sandbox(START);
    let project = app.registered_works("24000000.00");
    let number = code::<ProjectCode>(&project, "code");
    assert_eq!(number, "I1525270001000001", "platform of the banner, first serial");
    app.as_("operator.league").act(&format!("{PROJECTS}/{}/accept", project.id())).expect(200);
    let draft = app.works_draft(&project.id());
    let (tender, section) = (code::<TenderCode>(&draft, "code"), code::<SectionCode>(&draft, "sectionCode"));
    assert_eq!(tender, format!("E{}001", number.trim_start_matches('I')));
    assert_eq!(section, format!("{tender}001"));
    assert!(
        draft["documentCode"].is_null() && draft["dealCode"].is_null(),
        "nothing is frozen, nothing begun"
    );
    app.approve(&draft);
    app.book_rooms(&draft.id());
    app.hold(NOTICE);
    let path = format!("/api/v1/tenders/{}", draft.id());
    let published = app.as_("agency.one").act(&format!("{path}/publish")).expect(200);
    assert_eq!(code::<DocumentCode>(&published, "documentCode"), format!("{section}001"));
    let deal = code::<DealCode>(&published, "dealCode");
    assert!(deal.starts_with("A02-12152500MB1X252501-20260224-000001-"), "{deal}");
    assert_eq!(app.public().get(&path).expect(200)["dealCode"], json!(deal));
    let notices = app.public().get(&format!("/api/v1/notices?tender={}", draft.id())).expect(200);
    let notice = notices["items"][0]["id"].as_str().unwrap().to_owned();
    let text = app.public().get(&format!("/api/v1/notices/{notice}")).expect(200).text;
    for number in [&number, &tender, &section, &deal] {
        assert!(text.contains(number.as_str()), "the notice does not name {number}");
    }
    assert!(app.page(&format!("/projects/{}", project.id())).contains(&deal), "nor does the page");
    let sql = app.sql();
    for (wrong, constraint) in [
        ("deal_code = replace(deal_code, '-', '_')", "tenders_deal_code_shape"),
        ("document_code = left(document_code, 25) || 'X'", "tenders_document_code_shape"),
        ("document_code = 'E9' || substr(document_code, 3)", "tenders_document_code_of_section"),
        ("code = 'I' || substr(code, 2)", "tenders_code_shape"),
    ] {
        assert_eq!(sql.refused(&format!("UPDATE tenders SET {wrong}")), constraint);
    }
}

#[test]
fn two_instances_never_give_one_number_twice() {
    let app = TestApp::sandbox(START);
    let other = TestApp::beside(&app);
    let token = app.token("purchaser.taibus");
    let numbers: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|at| {
                let caller = if at % 2 == 0 { app.public() } else { other.public() };
                let caller = caller.with("Authorization", &format!("Bearer {token}"));
                scope.spawn(move || {
                    code::<ProjectCode>(&caller.post(PROJECTS, &works("24000000.00")).expect(201), "code")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), 8, "{numbers:?}");
}

#[test]
fn a_wrong_code_is_pointed_at_with_its_character() {
    let app = TestApp::sandbox(START);
    for (member, value, says) in [
        ("investmentCode", "2026-152527-48-01-00000I", "24"),
        ("gbIndustry", "U48", "1"),
        ("procurementCategory", "D0201", "1"),
        ("industryCode", "A0O", "3"),
    ] {
        let answer = register(&app, works("24000000.00"), json!({member: value}))
            .expect(422)
            .problem("invalid-request");
        let answer = answer.points_to(&format!("/{member}"));
        assert!(answer["errors"][0]["detail"].as_str().unwrap().contains(says), "{answer:?}");
    }
    let unknown = register(&app, works("24000000.00"), json!({"industryCode": "A77"})).expect(422);
    assert!(unknown.points_to("/industryCode")["errors"][0]["detail"].as_str().unwrap().contains("A07"));
    register(&app, works("24000000.00"), json!({"industryCode": "D01"}))
        .expect(422)
        .points_to("/industryCode");
    let kept =
        json!({"investmentCode": "2026-152527-48-01-000001", "gbIndustry": "E48", "budgetItem": "公园"});
    let made = register(&app, works("24000000.00"), kept).expect(201);
    assert_eq!(
        (&made["investmentCode"], &made["gbIndustry"]),
        (&json!("2026-152527-48-01-000001"), &json!("E48"))
    );
    let tables = app.public().get("/api/v1/codes").expect(200);
    assert_eq!(tables["tradeClasses"]["stdVersion"], "V1.0");
    let regions = tables["regions"]["codes"].as_array().unwrap();
    let outside: Vec<&Value> = regions.iter().filter(|region| region["inStandard"] == false).collect();
    assert!(outside.len() == 1 && outside[0]["code"] == "152571", "Ulagai alone is statistical");
}

#[test]
fn purchases_that_reach_the_threshold_together_are_held_until_the_office_clears_them() {
    let app = TestApp::sandbox(START);
    let item = |name: &str| json!({"budgetItem": name});
    let first = register(&app, purchase("2500000.00"), item("办公设备")).expect(201);
    assert_eq!(venue(&first), "RT-6 own \"152527\"");
    let other = register(&app, purchase("4999999.99"), item("别的项目")).expect(201);
    assert_eq!(venue(&other), "RT-6 own \"152527\"", "another item is not counted");
    let small = register(&app, purchase("2499999.99"), item("办公设备")).expect(201);
    assert_eq!(venue(&small), "RT-6 own \"152527\"", "4,999,999.99 is below");
    let second = register(&app, purchase("0.01"), item("办公设备")).expect(201);
    assert_eq!(venue(&second), "AMB-7 league \"152500\"");
    assert_eq!(
        venue(&seen(&app, &first.id())),
        "AMB-7 league \"152500\"",
        "what was registered before is held too"
    );
    app.as_("operator.taibus").act(&format!("{PROJECTS}/{}/accept", second.id())).expect(404);

    let list = "/api/v1/split-suspects";
    let office = app.as_("supervisor.office");
    let held = office.get(&format!("{list}?cleared=false")).expect(200);
    assert_eq!(held["items"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&held["items"][0]["total"], &held["items"][0]["ruleId"]),
        (&json!("5000000.00"), &json!("RT-3"))
    );
    app.as_("agency.one").get(list).expect(403);
    app.public().get(list).expect(401);

    let clear = format!("{PROJECTS}/{}/split-clearance", second.id());
    let reason = json!({"reason": "两项采购需求不同，经核查不属拆分"});
    for login in ["purchaser.taibus", "operator.league"] {
        app.as_(login).post(&clear, &reason).expect(403);
    }
    app.as_("agency.two").post(&clear, &reason).expect(404);
    app.as_("supervisor.finance").post(&clear, &reason).expect(403);
    office.post(&clear, &json!({"reason": " "})).expect(422).points_to("/reason");
    let cleared = office.post(&clear, &reason).expect(200);
    assert_eq!(venue(&cleared), "RT-6 own \"152527\"");
    assert_eq!(cleared["splitSuspects"][0]["reason"], reason["reason"]);
    office.post(&clear, &reason).expect(409).problem("wrong-state");
    assert_eq!(venue(&seen(&app, &first.id())), "AMB-7 league \"152500\"", "each is cleared for itself");
    assert_eq!(office.get(&format!("{list}?cleared=true")).expect(200)["items"].as_array().unwrap().len(), 1);
    let acts: Vec<String> = app
        .sql()
        .values("SELECT act FROM log_pending WHERE project_id = $1::text::uuid ORDER BY id", &[&second.id()]);
    assert_eq!(acts, ["project.registered", "project.splitCleared"]);
    // What was cleared is not held again for the same projects and no more money.
    let path = format!("{PROJECTS}/{}", second.id());
    let again = json!({"name": "办公设备零星采购", "budgetItem": "办公设备", "reason": "更正"});
    let amended =
        app.as_("purchaser.taibus").with("If-Match", cleared.header("etag")).patch(&path, &again).expect(200);
    assert_eq!(venue(&amended), "RT-6 own \"152527\"");
    app.as_("operator.taibus").act(&format!("{path}/accept")).expect(200);
    assert_eq!(
        app.sql().refused("UPDATE split_suspects SET reason = '改' WHERE cleared_at IS NOT NULL"),
        "supervised_once"
    );
}

#[test]
fn the_fiscal_year_the_purchaser_and_phases_of_their_own_divide() {
    let app = TestApp::sandbox(START);
    let same = json!({"investmentCode": "2026-152527-48-01-000001"});
    let part = |phase: i32, document: &str| {
        let mut body = works("12000000.00");
        body["approvals"][0]["documentNo"] = json!(document);
        body["investmentCode"] = same["investmentCode"].clone();
        body["phaseNo"] = json!(phase);
        body
    };
    assert_eq!(venue(&register(&app, part(1, "一期批复"), json!({})).expect(201)), "RT-6 own \"152527\"");
    let second = register(&app, part(2, "二期批复"), json!({})).expect(201);
    assert_eq!(venue(&second), "RT-6 own \"152527\"", "a phase with an approval of its own");
    let no_phase = register(&app, works("12000000.00"), same.clone()).expect(201);
    assert_eq!(venue(&no_phase), "AMB-7 league \"152500\"", "no phase: it counts");
    let summed = json!({"otherPhases": [{"ownApproval": false, "investment": "8000000.00"},
                                        {"ownApproval": true, "investment": "9000000.00"}]});
    assert_eq!(venue(&register(&app, works("12000000.00"), summed).expect(201)), "RT-1 league \"152500\"");
    // Another purchaser, and another year.
    let mut abroad = works("12000000.00");
    abroad["investmentCode"] = same["investmentCode"].clone();
    let league = app.as_("purchaser.league").post(PROJECTS, &abroad).expect(201);
    assert_eq!(venue(&league), "RT-6 own \"152527\"");
    app.hold("2027-01-01T00:00:00+08:00");
    assert_eq!(venue(&register(&app, works("12000000.00"), same).expect(201)), "RT-6 own \"152527\"");
}

#[test]
fn two_halves_that_come_in_at_once_see_each_other() {
    let app = TestApp::sandbox(START);
    let outcomes: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    venue(&register(&app, purchase("2500000.00"), json!({"budgetItem": "设备"})).expect(201))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(outcomes.iter().any(|one| one.starts_with("AMB-7")), "{outcomes:?}");
    let held: i64 = app.sql().value("SELECT count(*) FROM projects WHERE split_suspected", &[]);
    assert_eq!(held, 2);
}

fn lowered(amount: &str, no: &str) -> Value {
    let date = if no == "三号" { "2026-02-06" } else { "2026-02-05" };
    json!({"investment": yuan(amount), "reason": "概算调整", "approvals": [{
        "kind": "designEstimate", "documentNo": no, "date": date, "amount": yuan(amount)}]})
}

#[test]
fn a_figure_that_sinks_stays_at_the_league_until_the_office_agrees_and_one_that_rises_moves() {
    let app = TestApp::sandbox(START);
    let project = app.registered_works("24000000.00");
    let path = format!("{PROJECTS}/{}", project.id());
    let purchaser = app.as_("purchaser.taibus");
    let change = lowered("19999999.99", "二号");
    let kept = purchaser.clone().with("If-Match", project.header("etag")).patch(&path, &change).expect(200);
    assert_eq!(venue(&kept), "AMB-8 league \"152500\"");
    let (apply, decide) = (format!("{path}/venue-application"), format!("{path}/venue-application/decision"));
    let office = app.as_("supervisor.office");
    let agree = json!({"approve": true, "reason": "同意"});
    office.post(&decide, &agree).expect(409).problem("wrong-state");
    purchaser.post(&apply, &json!({"reason": ""})).expect(422).points_to("/reason");
    office.post(&apply, &json!({"reason": "代为申请"})).expect(403);
    purchaser.post(&apply, &json!({"reason": "投资额已降低，申请在旗中心交易"})).expect(200);
    purchaser.post(&apply, &json!({"reason": "再次申请"})).expect(409).problem("duplicate");
    purchaser.post(&decide, &agree).expect(403);
    let refused = office.post(&decide, &json!({"approve": false, "reason": "暂不同意"})).expect(200);
    assert_eq!(venue(&refused), "AMB-8 league \"152500\"");
    purchaser.post(&apply, &json!({"reason": "补充材料后再次申请"})).expect(200);
    let moved = office.post(&decide, &agree).expect(200);
    assert_eq!(venue(&moved), "RT-6 own \"152527\"");
    assert_eq!(moved["venueApplications"][1]["approved"], true);
    app.as_("operator.taibus").act(&format!("{path}/accept")).expect(200);
    let now = seen(&app, &project.id());
    let risen = lowered("20000000.00", "三号");
    let back = purchaser.with("If-Match", now.header("etag")).patch(&path, &risen).expect(200);
    assert_eq!(venue(&back), "RT-1 league \"152500\"", "upward it moves, the bound included");
    app.as_("operator.league").act(&format!("{path}/accept")).expect(200);
    app.as_("operator.league").act(&format!("{path}/accept")).expect(409).problem("wrong-state");
}

#[test]
fn after_a_round_without_award_the_next_is_judged_anew() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let shown = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200);
    let (project, number) = (shown.text_at("/projectId"), shown.text_at("/code"));
    let path = format!("{PROJECTS}/{project}");
    let purchaser = app.as_("purchaser.taibus");
    let change = lowered("19000000.00", "二号");
    let version = seen(&app, &project);
    purchaser
        .clone()
        .with("If-Match", version.header("etag"))
        .patch(&path, &change)
        .expect(409)
        .problem("wrong-state");
    let reason = json!({"reason": "招标文件有重大缺陷"});
    app.as_("agency.one").post(&format!("/api/v1/tenders/{tender}/terminate"), &reason).expect(200);
    let version = seen(&app, &project);
    let changed = purchaser.with("If-Match", version.header("etag")).patch(&path, &change).expect(200);
    assert_eq!(venue(&changed), "RT-6 own \"152527\"", "a new round is judged by its own figures");
    app.as_("operator.league").act(&format!("{path}/accept")).expect(403);
    app.as_("operator.taibus").act(&format!("{path}/accept")).expect(200);
    let body = json!({"projectId": project, "title": "太仆寺旗滨河公园工程施工", "procedureId": "engineering-open",
        "document": works_document("19000000.00"), "offeredUntil": OFFERED, "deadline": DEADLINE});
    let second = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
    assert_eq!((&second["round"], &second["centreCode"]), (&json!(2), &json!("152527")));
    assert_eq!(
        second.text_at("/code"),
        format!("{}002", number.strip_suffix("001").unwrap()),
        "the next number of the same project"
    );
    app.as_("agency.two").post("/api/v1/tenders", &body).expect(403);
}

#[test]
fn a_draft_follows_its_project_to_another_centre() {
    let app = TestApp::sandbox(START);
    let project =
        register(&app, works("12000000.00"), json!({"agencyId": app.as_("agency.one").organisation()}))
            .expect(201);
    let path = format!("{PROJECTS}/{}", project.id());
    app.as_("operator.taibus").act(&format!("{path}/accept")).expect(200);
    let draft = app.works_draft(&project.id());
    app.approve(&draft);
    let version = seen(&app, &project.id());
    let risen = app
        .as_("purchaser.taibus")
        .with("If-Match", version.header("etag"))
        .patch(&path, &lowered("20000000.00", "二号"));
    assert_eq!(venue(&risen.expect(200)), "RT-1 league \"152500\"");
    let tender = format!("/api/v1/tenders/{}", draft.id());
    let publish = format!("{tender}/publish");
    app.as_("agency.one").act(&publish).expect(409).problem("wrong-state");
    app.as_("operator.league").act(&format!("{path}/accept")).expect(200);
    app.as_("agency.one").act(&publish).expect(409).problem("wrong-state");
    let now = app.as_("agency.one").get(&tender).expect(200);
    let amended =
        app.as_("agency.one").with("If-Match", now.header("etag")).patch(&tender, &json!({})).expect(200);
    assert_eq!(amended["centreCode"], "152500");
    app.as_("agency.one").act(&publish).expect(409).problem("opening-room-missing");
}

#[test]
fn a_purchaser_may_choose_to_trade_where_it_need_not() {
    let app = TestApp::sandbox(START);
    let choose = |at: &str, reason: &str| json!({"voluntary": {"at": at, "reason": reason}});
    let chosen = register(&app, purchase("1000000.00"), choose("league", "本级无评审条件")).expect(201);
    assert_eq!(venue(&chosen), "RT-10 league \"152500\"");
    assert!(chosen["venue"][0]["reasons"].to_string().contains("本级无评审条件"));
    assert_eq!(chosen["voluntary"]["reason"], "本级无评审条件");
    register(&app, purchase("1000000.00"), choose("league", " ")).expect(422).points_to("/voluntary/reason");
    register(&app, purchase("1000000.00"), choose("region", "方便")).expect(422).points_to("/voluntary/at");
    let outside = |at: &str| {
        let mut members = choose(at, "自愿进场");
        members["catalogueItem"] = json!("none");
        venue(&register(&app, purchase("1000000.00"), members).expect(201))
    };
    assert_eq!(outside("league"), "RT-10 league \"152500\"");
    assert_eq!(outside("region"), "RT-10 own \"152527\"");
}

#[test]
fn a_figure_in_a_foreign_currency_is_converted_by_the_parity_of_its_document() {
    let app = TestApp::sandbox(START);
    let foreign = json!({"amount": "2800000.00", "currency": "USD", "rate": "7.1428", "rateOn": "2026-01-20",
                         "rateSource": "中国外汇交易中心"});
    let mut preview =
        json!({"regionCode": "152527", "level": "county", "category": "engineering", "foreign": foreign});
    let ask = |body: &Value| app.public().post("/api/v1/venue-decisions/preview", body);
    let below = ask(&preview).expect(200);
    assert_eq!(below["ruleId"], "RT-6", "19,999,840.00");
    assert!(below["reasons"].to_string().contains("19,999,840.00"), "{below:?}");
    preview["foreign"]["rate"] = json!("7.14285715");
    assert_eq!(ask(&preview).expect(200)["ruleId"], "RT-1", "20,000,000.02");
    preview["investment"] = json!("20000000.00");
    ask(&preview).expect(422).points_to("/investment");
    preview["foreign"]["currency"] = json!("XXX");
    ask(&preview).expect(422).points_to("/foreign/currency");

    let mut body = works("19999840.00");
    body.as_object_mut().unwrap().remove("investment");
    let made = register(&app, body.clone(), json!({"foreign": foreign})).expect(201);
    assert_eq!(made["investment"], yuan("19999840.00"));
    assert_eq!(made["venue"][0]["question"]["foreign"]["rate"], "7.1428");
    for day in ["2026-01-21", "2026-01-04"] {
        let mut other = foreign.clone();
        other["rateOn"] = json!(day);
        register(&app, body.clone(), json!({"foreign": other})).expect(422).points_to("/foreign/rateOn");
    }
}

#[test]
fn works_meet_the_test_of_their_regime_and_no_other() {
    let app = TestApp::sandbox(START);
    let ask = |members: Value| {
        let mut body = json!({"regionCode": "152527", "level": "county"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        app.public().post("/api/v1/venue-decisions/preview", &body)
    };
    let rule = |members: Value| ask(members).expect(200).text_at("/ruleId");
    let both = |regime: &str| json!({"category": "engineering", "regime": regime, "investment": "20000000.00", "budget": "4999999.99"});
    assert_eq!(rule(both("tendering")), "RT-1");
    assert_eq!(rule(both("procurement")), "RT-6");
    assert_eq!(
        rule(
            json!({"category": "procurement", "regime": "tendering", "investment": "19999999.99", "budget": "20000000.00"})
        ),
        "RT-6"
    );
    ask(json!({"category": "engineering", "regime": "procurement", "investment": "1.00"}))
        .expect(422)
        .points_to("/budget");
    ask(json!({"category": "property", "regime": "tendering"})).expect(422).points_to("/regime");
    let mut body = works("24000000.00");
    body.as_object_mut().unwrap().remove("investment");
    body["regime"] = json!("procurement");
    body["budget"] = yuan("3000000.00");
    body["approvals"] = json!([{"kind": "budget", "documentNo": "太财采〔2026〕9号", "date": "2026-01-20",
                                "amount": yuan("3000000.00")}]);
    assert_eq!(venue(&register(&app, body, json!({})).expect(201)), "RT-6 own \"152527\"");
}
