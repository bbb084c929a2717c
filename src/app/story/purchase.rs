//! A purchase of goods of Taibus Banner at its own centre, scored as in the worked example of the law book.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    bidding::{self, Offer},
    committee,
    summary::{Summary, day, marks, name_of},
};
use crate::app::client::{Client, hall, list, text, yuan};

const STORY: &str = "purchase";
const PURCHASER: &str = "purchaser.taibus";
const AGENCY: &str = "agency.two";
const OPERATOR: &str = "operator.taibus";

/// A supplier with its price, its mean technical marks, its business marks and whether it is a small enterprise.
struct Supplier {
    login: &'static str,
    price: &'static str,
    technical: [&'static str; 5],
    business: &'static str,
    small: bool,
}

/// A, B and C.
const SUPPLIERS: [Supplier; 3] = [
    Supplier {
        login: "bidder.0101",
        price: "1000000.00",
        technical: ["52.00", "52.20", "52.40", "52.60", "52.80"],
        business: "10.00",
        small: false,
    },
    Supplier {
        login: "bidder.0102",
        price: "950000.00",
        technical: ["47.50", "47.80", "48.10", "48.40", "48.70"],
        business: "9.00",
        small: false,
    },
    Supplier {
        login: "bidder.0103",
        price: "1100000.00",
        technical: ["51.00", "50.80", "50.60", "50.40", "50.20"],
        business: "9.50",
        small: true,
    },
];

/// What the story made.
pub(super) struct Purchase {
    project: String,
    tender: String,
}

/// Plays from the registration to the filing of the contract.
pub(super) fn play(client: &Client) -> anyhow::Result<Purchase> {
    let purchase = prepare(client)?;
    let tender = &purchase.tender;
    take_bids(client, tender)?;
    evaluate(client, tender)?;
    award(client, tender)?;
    Ok(purchase)
}

fn prepare(client: &Client) -> anyhow::Result<Purchase> {
    client.progress.step("采购：进场登记、分流、采购文件 / purchase: registration, venue, document");
    client.hold("2026-04-13T14:00")?;
    let project = client.once("purchase.project", || register(client))?;
    let project = text(&project, "/id")?.to_owned();
    client.act("purchase.accept", OPERATOR, &format!("/api/v1/projects/{project}/accept"), &Value::Null)?;
    let draft = json!({
        "projectId": project,
        "title": "太仆寺旗办公设备采购",
        "procedureId": "procurement-open-goods",
        "document": document(),
        "offeredUntil": hall("2026-04-23T17:00")?,
        "deadline": hall("2026-05-11T09:30")?,
    });
    let draft = client.act("purchase.tender", AGENCY, "/api/v1/tenders", &draft)?;
    let tender = text(&draft, "/id")?.to_owned();
    client.hold("2026-04-14T10:00")?;
    let approval = json!({"documentHash": text(&draft, "/documentHash")?});
    client.act("purchase.approve", PURCHASER, &format!("/api/v1/tenders/{tender}/approve"), &approval)?;
    let booking = client.act("purchase.booking", AGENCY, "/api/v1/bookings", &booking(&tender)?)?;
    let booking = text(&booking, "/id")?;
    client.act("purchase.confirm", OPERATOR, &format!("/api/v1/bookings/{booking}/confirm"), &Value::Null)?;
    client.progress.step("采购：发布公告 / purchase: notice");
    client.hold("2026-04-15T09:00")?;
    client.act("purchase.publish", AGENCY, &format!("/api/v1/tenders/{tender}/publish"), &Value::Null)?;
    Ok(Purchase { project, tender })
}

fn register(client: &Client) -> anyhow::Result<Value> {
    let body = json!({
        "name": "太仆寺旗办公设备采购项目",
        "regionCode": "152527",
        "level": "county",
        "category": "procurement",
        "agencyId": client.organisation(AGENCY)?,
        "budget": yuan("1150000.00"),
        "approvals": [{
            "kind": "budget",
            "documentNo": "太财采〔2026〕18号",
            "date": "2026-03-30",
            "amount": yuan("1150000.00"),
        }],
    });
    client.act("purchase.register", PURCHASER, "/api/v1/projects", &body)
}

fn document() -> Value {
    let factor = |key: &str, matter: &str, weight: &str, judged: &str| json!({"key": key, "matter": matter, "weight": weight, "judged": judged});
    json!({
        "scope": "台式计算机、多功能一体机和会议系统，含安装、调试和三年质保。",
        "qualification": [
            "符合《中华人民共和国政府采购法》第二十二条的规定。",
            "所投产品均为本国产品。",
        ],
        "ceiling": yuan("1150000.00"),
        "termDays": 30,
        "evaluation": {
            "price": {"method": "gpComprehensive", "parameters": {"priceWeight": "30", "ceiling": "1150000.00"}},
            "factors": [
                factor("price", "price", "30", "computed"),
                factor("technical", "technicalCompliance", "60", "subjective"),
                factor("business", "business", "10", "objective"),
            ],
            "technical": "marked",
            "ties": "lowerPriceThenDraw",
            "smallEnterprisePercent": "10",
            "committeeSize": 5,
        },
        "setAside": {
            "reserved": false,
            "ground": "财库〔2020〕46号第六条第（三）项：预留可能无法确保充分供应、充分竞争",
        },
        "contractTerms": "验收合格并收到发票后十个工作日内支付合同价款。",
    })
}

fn booking(tender: &str) -> anyhow::Result<Value> {
    let slot = |kind: &str, from: &str, to: &str| -> anyhow::Result<Value> {
        Ok(json!({"kind": kind, "from": hall(from)?, "to": hall(to)?}))
    };
    let slots = [
        slot("draw", "2026-05-11T08:30", "2026-05-11T09:15")?,
        slot("opening", "2026-05-11T09:30", "2026-05-11T11:00")?,
        slot("evaluation", "2026-05-11T13:00", "2026-05-11T17:00")?,
    ];
    Ok(json!({"tenderId": tender, "slots": slots}))
}

fn take_bids(client: &Client, tender: &str) -> anyhow::Result<()> {
    client.progress.step("采购：接收密封投标、抽取专家 / purchase: sealed bids come in, experts are drawn");
    client.hold("2026-05-08T15:00")?;
    let policy = bidding::policy(client, tender)?;
    let offers: Vec<Offer> = SUPPLIERS.iter().map(offer).collect();
    bidding::submit_all(client, tender, &policy, &offers)?;
    client.hold("2026-05-11T08:30")?;
    let wanted = json!({"slots": [
        {"specialty": "officeEquipment", "count": 4},
        {"specialty": "finance", "count": 1},
    ]});
    let draw = client.act("purchase.draw", AGENCY, &format!("/api/v1/tenders/{tender}/draws"), &wanted)?;
    let present = format!("/api/v1/draws/{}/witnesses", text(&draw, "/id")?);
    client.act("purchase.draw-witness", PURCHASER, &present, &Value::Null)?;
    let path = format!("/api/v1/draws/{}/run", text(&draw, "/id")?);
    client.act("purchase.draw-run", OPERATOR, &path, &Value::Null)?;
    client.progress.step("采购：截止、开标、解密 / purchase: close, opening, release of secrets");
    client.hold("2026-05-11T09:30")?;
    for supplier in &SUPPLIERS {
        bidding::release(client, tender, STORY, supplier.login)?;
    }
    client.hold("2026-05-11T10:00")
}

fn offer(supplier: &Supplier) -> Offer {
    let form = [
        ("price", yuan(supplier.price)),
        ("termDays", json!(30)),
        ("smallEnterprise", json!(supplier.small)),
        ("domestic", json!(true)),
    ];
    let form = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Offer { story: STORY, login: supplier.login.to_owned(), form }
}

/// The purchaser reviews qualification; then the committee, absent until now, marks.
fn evaluate(client: &Client, tender: &str) -> anyhow::Result<()> {
    let bids = SUPPLIERS.iter().map(|supplier| bidding::bid_of(client, STORY, supplier.login));
    let bids = bids.collect::<anyhow::Result<Vec<_>>>()?;
    client.progress.step("采购：资格审查、评标、评标报告 / purchase: qualification, evaluation, report");
    client.hold("2026-05-11T10:30")?;
    let verdicts: Vec<Value> = bids.iter().map(|bid| json!({"bidId": bid, "passes": true})).collect();
    let path = |rest: &str| format!("/api/v1/tenders/{tender}/{rest}");
    client.act(
        "purchase.qualify",
        PURCHASER,
        &path("evaluation/qualification"),
        &json!({"bids": verdicts}),
    )?;
    client.hold("2026-05-11T13:00")?;
    let members = committee::gather(client, STORY, tender)?;
    client.act("purchase.start", AGENCY, &path("evaluation/start"), &Value::Null)?;
    client.hold("2026-05-11T15:00")?;
    committee::score(client, STORY, tender, &members, |place| {
        let marks = SUPPLIERS.iter().zip(&bids).map(|(supplier, bid)| {
            let technical = supplier.technical.get(place).copied().unwrap_or_default();
            json!({"bidId": bid, "marks": {"technical": technical, "business": supplier.business}})
        });
        json!({"marks": marks.collect::<Vec<_>>()})
    })?;
    client.hold("2026-05-11T16:00")?;
    committee::report(client, STORY, tender, &members, AGENCY)
}

fn award(client: &Client, tender: &str) -> anyhow::Result<()> {
    let path = |rest: &str| format!("/api/v1/tenders/{tender}/{rest}");
    client.progress.step("采购：定标、结果公告、合同、备案 / purchase: decision, result, contract, filing");
    client.hold("2026-05-13T10:00")?;
    client.once("purchase.decision", || {
        let report = client.get(PURCHASER, &path("report"))?;
        let first = json!({"bidId": text(&report, "/report/candidates/0")?});
        client.act("purchase.award", PURCHASER, &path("award"), &first)
    })?;
    client.hold("2026-05-14T10:00")?;
    client.act("purchase.tell", AGENCY, &path("award/notices"), &Value::Null)?;
    client.hold("2026-05-20T10:00")?;
    client.once("purchase.contract", || {
        let award = client.get(PURCHASER, &path("award"))?;
        let body = json!({
            "amount": award.pointer("/award/price").context("no price")?,
            "termDays": award.pointer("/award/termDays").context("no term")?,
            "signedOn": "2026-05-20",
        });
        client.act("purchase.contract-drawn", PURCHASER, &path("contract"), &body)
    })?;
    client.act(
        "purchase.contract-signed",
        SUPPLIERS.first().map_or("", |one| one.login),
        &path("contract/signature"),
        &Value::Null,
    )?;
    client.hold("2026-05-21T10:00")?;
    client.act("purchase.contract-published", AGENCY, &path("contract/publish"), &Value::Null)?;
    client.hold("2026-05-25T10:00")?;
    client.act("purchase.contract-filed", AGENCY, &path("contract/filing"), &Value::Null)?;
    Ok(())
}

/// Fetches everything back and compares it with the worked example and with the law's days.
pub(super) fn check(client: &Client, purchase: &Purchase, summary: &mut Summary) -> anyhow::Result<()> {
    let Purchase { project, tender } = purchase;
    summary.title("太仆寺旗办公设备采购 / The purchase");
    summary.page(&format!("/projects/{project}"));
    let venue = client.get("", &format!("/api/v1/projects/{project}"))?;
    summary.row("分流 / venue (RT-6)", "152527", text(&venue, "/centreCode")?);
    let award = client.get("", &format!("/api/v1/tenders/{tender}/award"))?;
    let path = format!("/api/v1/awards/{}", text(&award, "/award/id")?);
    let supervisor = "supervisor.finance";
    let record = client.get(supervisor, &path)?;
    check_scores(client, tender, &record, summary)?;
    check_award(client, &award, &record, summary)?;
    let remark = json!({"finding": "inOrder", "remark": "采购程序、评审与合同备案核对无误。"});
    client.act("purchase.review", supervisor, &format!("{path}/reviews"), &remark)?;
    Ok(())
}

fn check_scores(client: &Client, tender: &str, record: &Value, summary: &mut Summary) -> anyhow::Result<()> {
    let opening = client.get("", &format!("/api/v1/tenders/{tender}/opening/record"))?;
    let ranked = list(record, "/evaluation/ranked")?;
    for (at, (what, wanted)) in [
        ("第1名 A / rank 1", "投标人0101 1000000.00 28.50 + 62.40 = 90.90"),
        ("第2名 C / rank 2", "投标人0103 1100000.00 28.79 + 60.10 = 88.89"),
        ("第3名 B / rank 3", "投标人0102 950000.00 30.00 + 57.10 = 87.10"),
    ]
    .into_iter()
    .enumerate()
    {
        let bid = ranked.get(at).context("the ranking is too short")?;
        let found = format!(
            "{} {} {} + {} = {}",
            name_of(&opening, bid)?,
            text(bid, "/price/amount")?,
            marks(bid, "/priceScore", 2)?,
            marks(bid, "/otherScore", 2)?,
            marks(bid, "/total", 2)?
        );
        summary.row(what, wanted, &found);
    }
    let caught = list(record, "/evaluation/lowPrice/caught")?.len();
    let applies = record.pointer("/evaluation/lowPrice/applies").and_then(Value::as_bool) == Some(true);
    let found = if applies { caught.to_string() } else { "—".to_owned() };
    summary.row("异常低价 / abnormally low prices", "0", &found);
    let sheets = list(record, "/evaluation/sheets")?.len();
    summary.row("评审专家评分表 / signed sheets", "5", &sheets.to_string());
    Ok(())
}

fn check_award(client: &Client, award: &Value, record: &Value, summary: &mut Summary) -> anyhow::Result<()> {
    let date = |value: &Value, pointer: &str| -> anyhow::Result<String> { day(text(value, pointer)?) };
    summary.row("中标人 / winner", "投标人0101", text(award, "/award/winner/zh")?);
    summary.by("评审报告 / report delivered (2 wd)", "2026-05-13", &date(record, "/evaluation/deliveredAt")?);
    summary.by("确定中标人 / decision (5 wd)", "2026-05-18", &date(award, "/award/decidedAt")?);
    summary.by("结果公告 / result notice (2 wd)", "2026-05-15", &date(award, "/award/notifiedAt")?);
    summary.by("合同公告 / contract published (2 wd)", "2026-05-22", &date(record, "/contract/publishedAt")?);
    summary.by("合同备案 / contract filed (7 wd)", "2026-05-29", &date(record, "/contract/filedAt")?);
    let notice = client.get("", &format!("/api/v1/notices/{}", text(award, "/award/resultNoticeId")?))?;
    let notice = notice.to_string();
    let members = list(record, "/evaluation/committee")?;
    let named = members
        .iter()
        .filter_map(|member| member.get("name")?.as_str())
        .filter(|name| notice.contains(name))
        .count();
    summary.row("公告载明评审专家 / members named", "5", &named.to_string());
    let events = list(record, "/events")?;
    let late = events.iter().filter(|event| event.get("lateRule").is_some()).count();
    summary.row("逾期事项 / duties done late", "0", &late.to_string());
    Ok(())
}
