//! A riverside park of Taibus Banner as a county engineering project at the league centre.
//!
//! Prices and times are those of a recorded public opening, its names and codes replaced (`demo/README.md`);
//! purchaser, amounts of the document and everything after the opening are invented.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    bidding::{self, Offer},
    committee,
    summary::{Summary, day, marks, name_of},
};
use crate::app::{
    client::{Client, hall, list, text, yuan},
    works::{AGENCY, OPERATOR, PURCHASER, Tendered, Works, slot},
};

/// The record of the opening; row n is `bidder.n`.
const OPENING: &str = include_str!("../../../demo/opening-1528.csv");
const STORY: &str = "park";
/// End of the window once the host has extended it.
pub(in crate::app) const WINDOW_ENDS: &str = "2026-03-16T10:10";

/// A row of the record.
struct Row {
    login: String,
    received: String,
    released: String,
    security: String,
    price: Option<Decimal>,
}

/// Plays from the registration to the return of the deposits.
pub(super) fn play(client: &Client) -> anyhow::Result<Tendered> {
    let rows = rows()?;
    let park = prepare(client)?;
    take_bids(client, &park.tender, &rows)?;
    open(client, &park.tender, &rows)?;
    client.hold(WINDOW_ENDS)?;
    evaluate(client, &park.tender, &rows)?;
    award(client, &park.tender)?;
    Ok(park)
}

/// Plays up to the last release before the window ends; answers the tender's id.
pub(super) fn to_the_last_release(client: &Client) -> anyhow::Result<String> {
    let rows = rows()?;
    let park = prepare(client)?;
    take_bids(client, &park.tender, &rows)?;
    open(client, &park.tender, &rows)?;
    Ok(park.tender)
}

/// Secret and ciphertext in base64 of every bid whose bidder released.
pub(super) fn released_bids(client: &Client) -> anyhow::Result<Vec<(String, String)>> {
    let released = rows()?.into_iter().filter(|row| !row.released.is_empty());
    released.map(|row| bidding::kept(client, STORY, &row.login)).collect()
}

/// The price of every row, where it is known.
pub(super) fn prices() -> anyhow::Result<Vec<Option<Decimal>>> {
    Ok(rows()?.into_iter().map(|row| row.price).collect())
}

fn rows() -> anyhow::Result<Vec<Row>> {
    OPENING
        .lines()
        .skip(1)
        .zip(1_u32..)
        .map(|(line, number)| {
            let fields: Vec<String> = columns(line);
            let [_, _, _, received, _, released, security, price] = fields.as_slice() else {
                bail!("demo/opening-1528.csv: row {number} has not eight columns")
            };
            let price = match price.as_str() {
                "" => None,
                wan => Some(wan.parse::<Decimal>()? * Decimal::from(10_000)),
            };
            Ok(Row {
                login: format!("bidder.{number:04}"),
                received: received.replace(' ', "T"),
                released: released.replace(' ', "T"),
                security: security.clone(),
                price,
            })
        })
        .collect()
}

/// Columns of a CSV line; quotes keep commas together.
fn columns(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            letter => fields.last_mut().into_iter().for_each(|field| field.push(letter)),
        }
    }
    fields
}

fn prepare(client: &Client) -> anyhow::Result<Tendered> {
    client.progress.step("公园：进场登记、分流、招标文件 / park: registration, venue, document");
    let works = Works {
        story: STORY,
        name: "太仆寺旗滨河公园工程",
        deadline: hall("2026-03-16T09:30")?,
        slots: slots()?,
        key: false,
    };
    let tender = works.draw_up(client)?;
    client.progress.step("公园：发布公告 / park: notice");
    works.publish(client, &tender.tender)?;
    Ok(tender)
}

/// Draw, opening and two days of evaluation with the night between in rest rooms, in one booking.
fn slots() -> anyhow::Result<Vec<Value>> {
    let night = || slot("rest", "2026-03-16T17:00", "2026-03-17T08:30");
    Ok(vec![
        slot("draw", "2026-03-16T08:30", "2026-03-16T09:15")?,
        slot("opening", "2026-03-16T09:30", "2026-03-16T11:30")?,
        slot("evaluation", "2026-03-16T13:00", "2026-03-17T17:00")?,
        night()?,
        night()?,
    ])
}

/// Bids come in sealed, each at the start of the hour in which it was received, in the order of receipt.
fn take_bids(client: &Client, tender: &str, rows: &[Row]) -> anyhow::Result<()> {
    client.progress.step("公园：接收密封投标 / park: sealed bids come in");
    client.once("park.intake", || {
        let policy = bidding::policy(client, tender)?;
        let mut rows: Vec<&Row> = rows.iter().collect();
        rows.sort_by(|one, other| one.received.cmp(&other.received));
        for hour in rows.chunk_by(|one, other| hour_of(one) == hour_of(other)) {
            let start = format!("{}:00", hour.first().map(|row| hour_of(row)).unwrap_or_default());
            if start.as_str() >= "2026-03-16T09:00" {
                draw(client, tender)?;
            }
            client.hold(&start)?;
            let offers: Vec<Offer> = hour.iter().map(|row| offer(row)).collect();
            bidding::submit_all(client, tender, &policy, &offers)?;
        }
        Ok(Value::Null)
    })?;
    Ok(())
}

/// `2026-03-13T11` of a row.
fn hour_of(row: &Row) -> &str {
    row.received.get(..13).unwrap_or_default()
}

fn offer(row: &Row) -> Offer {
    let mut form = serde_json::Map::new();
    // What was never opened is not known; such a bid states no price here.
    if let Some(price) = row.price {
        form.insert("price".into(), yuan(&format!("{price:.2}")));
    }
    form.insert("termDays".into(), json!(180));
    Offer { story: STORY, login: row.login.clone(), form }
}

fn draw(client: &Client, tender: &str) -> anyhow::Result<()> {
    client.hold("2026-03-16T08:30")?;
    let wanted = json!({"slots": [
        {"specialty": "municipalWorks", "count": 3},
        {"specialty": "landscape", "count": 1},
        {"specialty": "cost", "count": 1},
    ]});
    let draw = client.act("park.draw", AGENCY, &format!("/api/v1/tenders/{tender}/draws"), &wanted)?;
    let present = format!("/api/v1/draws/{}/witnesses", text(&draw, "/id")?);
    client.act("park.draw-witness", PURCHASER, &present, &Value::Null)?;
    let path = format!("/api/v1/draws/{}/run", text(&draw, "/id")?);
    client.act("park.draw-run", OPERATOR, &path, &Value::Null)?;
    Ok(())
}

/// The bidders release their secrets in the order recorded, by the minute; the host extends the window once.
fn open(client: &Client, tender: &str, rows: &[Row]) -> anyhow::Result<()> {
    client.progress.step("公园：截止、开标、解密 / park: close, opening, release of secrets");
    client.once("park.opening", || {
        let mut rows: Vec<&Row> = rows.iter().filter(|row| !row.released.is_empty()).collect();
        rows.sort_by(|one, other| one.released.cmp(&other.released));
        let mut extended = false;
        for minute in rows.chunk_by(|one, other| minute_of(one) == minute_of(other)) {
            let start = minute.first().map(|row| minute_of(row)).unwrap_or_default();
            if !extended && start >= "2026-03-16T09:55" {
                extend(client, tender)?;
                extended = true;
            }
            client.hold(start)?;
            for row in minute {
                bidding::release(client, tender, STORY, &row.login)?;
            }
        }
        Ok(Value::Null)
    })?;
    Ok(())
}

/// `2026-03-16T09:31` of a row.
fn minute_of(row: &Row) -> &str {
    row.released.get(..16).unwrap_or_default()
}

fn extend(client: &Client, tender: &str) -> anyhow::Result<()> {
    client.hold("2026-03-16T09:55")?;
    let body = json!({
        "until": hall(WINDOW_ENDS)?,
        "reason": "投标人众多，部分投标人尚未完成解密，主持人决定延长一次。",
    });
    client.act("park.extend", AGENCY, &format!("/api/v1/tenders/{tender}/opening/extension"), &body)?;
    Ok(())
}

fn evaluate(client: &Client, tender: &str, rows: &[Row]) -> anyhow::Result<()> {
    client.progress.step("公园：登记保证金、评标、评标报告 / park: deposits, evaluation, report");
    client.hold("2026-03-16T11:00")?;
    client.once("park.deposits", || {
        let body = deposits(client, rows)?;
        client.act("park.deposits-recorded", AGENCY, &format!("/api/v1/tenders/{tender}/deposits"), &body)
    })?;
    client.hold("2026-03-16T13:00")?;
    let members = committee::gather(client, STORY, tender)?;
    client.act("park.start", AGENCY, &format!("/api/v1/tenders/{tender}/evaluation/start"), &Value::Null)?;
    client.hold("2026-03-16T16:00")?;
    let sheet = |_| json!({"technical": {"default": "pass", "fail": []}});
    committee::score(client, STORY, tender, &members, sheet)?;
    client.hold("2026-03-17T10:00")?;
    committee::report(client, STORY, tender, &members, AGENCY)
}

/// Deposits as the record names them: letters of guarantee, money, and less money beside an annual deposit.
fn deposits(client: &Client, rows: &[Row]) -> anyhow::Result<Value> {
    let given = rows.iter().filter_map(|row| match row.security.as_str() {
        "电子保函" => Some((row, "guarantee", "400000.00")),
        "400,000" => Some((row, "cash", "400000.00")),
        "150,000+年度保证金" => Some((row, "cash", "150000.00")),
        _ => None,
    });
    let items = given
        .map(|(row, kind, amount)| {
            Ok(json!({"bidderId": client.organisation(&row.login)?, "kind": kind, "amount": yuan(amount)}))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(json!({"items": items}))
}

fn award(client: &Client, tender: &str) -> anyhow::Result<()> {
    let path = |rest: &str| format!("/api/v1/tenders/{tender}/{rest}");
    client.progress.step("公园：候选人公示、定标、通知书 / park: candidates, award, notices");
    client.hold("2026-03-18T09:00")?;
    let published = client.act("park.candidates", AGENCY, &path("candidates"), &Value::Null)?;
    client.hold("2026-03-24T09:00")?;
    let first = json!({"bidId": text(&published, "/candidates/0/bidId")?});
    client.act("park.award", PURCHASER, &path("award"), &first)?;
    client.act("park.tell", AGENCY, &path("award/notices"), &Value::Null)?;
    client.progress.step("公园：书面报告、合同、退还保证金 / park: written report, contract, deposits back");
    client.hold("2026-04-01T10:00")?;
    let summary = json!({"summary": "太仆寺旗滨河公园工程施工招标投标情况书面报告：招标范围、方式、评标委员会组成、评标结果和中标结果见所附记录。"});
    client.act("park.written-report", AGENCY, &path("written-report"), &summary)?;
    client.hold("2026-04-10T10:00")?;
    client.once("park.contract", || {
        let award = client.get(PURCHASER, &path("award"))?;
        let body = json!({
            "amount": award.pointer("/award/price").context("no price")?,
            "termDays": award.pointer("/award/termDays").context("no term")?,
            "signedOn": "2026-04-10",
        });
        client.act("park.contract-drawn", PURCHASER, &path("contract"), &body)
    })?;
    let winner = winner(client, &published)?;
    client.act("park.contract-signed", &winner, &path("contract/signature"), &Value::Null)?;
    client.hold("2026-04-10T15:00")?;
    client.act("park.contract-published", PURCHASER, &path("contract/publish"), &Value::Null)?;
    client.hold("2026-04-13T10:00")?;
    client.act("park.deposits-back", AGENCY, &path("deposits/return"), &Value::Null)?;
    Ok(())
}

/// Login of the first candidate: the bidder whose bid it is.
fn winner(client: &Client, published: &Value) -> anyhow::Result<String> {
    let bid = text(published, "/candidates/0/bidId")?;
    for row in rows()? {
        if bidding::bid_of(client, STORY, &row.login)? == bid {
            return Ok(row.login);
        }
    }
    bail!("no bidder handed in bid {bid}")
}

/// Fetches everything back and compares it with the recorded opening and with the law's days.
pub(super) fn check(client: &Client, park: &Tendered, summary: &mut Summary) -> anyhow::Result<()> {
    let Tendered { project, tender } = park;
    summary.title("太仆寺旗滨河公园工程 / The park");
    summary.page(&format!("/projects/{project}"));
    let award = client.get("", &format!("/api/v1/tenders/{tender}/award"))?;
    let path = format!("/api/v1/awards/{}", text(&award, "/award/id")?);
    let supervisor = "supervisor.industry";
    let record = client.get(supervisor, &path)?;
    check_opening(client, park, &record, summary)?;
    check_ranking(&record, summary)?;
    check_award(client, &award, &record, summary)?;
    let remark = json!({"finding": "inOrder", "remark": "程序、期限与评标结果核对无误。"});
    client.act("park.review", supervisor, &format!("{path}/reviews"), &remark)?;
    Ok(())
}

fn check_opening(
    client: &Client,
    park: &Tendered,
    record: &Value,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let project = client.get("", &format!("/api/v1/projects/{}", park.project))?;
    summary.row("分流 / venue (RT-1)", "152500", text(&project, "/centreCode")?);
    let opening = client.get("", &format!("/api/v1/tenders/{}/opening/record", park.tender))?;
    let number = |name: &str| opening.get(name).map(Value::to_string).unwrap_or_default();
    summary.row("收到投标 / bids received", "1528", &number("received"));
    summary.row("已解密 / opened", "1525", &number("opened"));
    summary.row("撤销 / revoked (O20 art 31)", "3", &number("revoked"));
    summary.row("解密时间至 / window until", "2026-03-16 10:10", &minute(text(&opening, "/windowUntil")?)?);
    let rejected = list(record, "/evaluation/rejected")?;
    let names: Vec<String> = rejected.iter().map(|bid| name_of(&opening, bid)).collect::<Result<_, _>>()?;
    summary.row("否决 / rejected (above the ceiling)", "投标人0116", &names.join("、"));
    let report = client.get("", &format!("/api/v1/tenders/{}/report", park.tender))?;
    summary.row(
        "有效投标 / effective",
        "1524",
        &report.pointer("/report/effective").map(Value::to_string).unwrap_or_default(),
    );
    for (rank, names, price, score) in [
        ("1", &["投标人0887"][..], "18376739.00", "99.9996"),
        ("2", &["投标人1176"], "18376846.00", "99.9990"),
        ("3", &["投标人0399", "投标人1052"], "18376030.00", "99.9983"),
    ] {
        let found = list(record, "/evaluation/ranked")?
            .iter()
            .find(|bid| bid.get("rank").map(Value::to_string).as_deref() == Some(rank))
            .context("the ranking is too short")?;
        let name = name_of(&opening, found)?;
        let told = format!("{name} {} {}", text(found, "/price/amount")?, marks(found, "/total", 4)?);
        let wanted: Vec<String> = names.iter().map(|name| format!("{name} {price} {score}")).collect();
        summary.one_of(&format!("第{rank}名 / rank {rank}"), &wanted, &told);
    }
    Ok(())
}

fn check_ranking(record: &Value, summary: &mut Summary) -> anyhow::Result<()> {
    summary.begins("基准价 B / benchmark", "18376656.3363994", text(record, "/evaluation/benchmark")?);
    let workings = list(record, "/evaluation/workings")?;
    let told: String =
        workings.iter().filter_map(|line| line.get("en")?.as_str()).collect::<Vec<_>>().join("\n");
    let digits: String = told.chars().filter(|letter| *letter != ',').collect();
    let found = |what: &'static str| if digits.contains(what) { what } else { "—" };
    summary.row("参与平均 / in the mean", "1522", found("1522"));
    summary.row("其和 / their sum", "27969270944", found("27969270944"));
    let repeated = |name: &str| {
        record
            .pointer(&format!("/evaluation/repeatedPrices/{name}"))
            .map(Value::to_string)
            .unwrap_or_default()
    };
    let told = format!("{} prices, {} bids", repeated("prices"), repeated("bids"));
    summary.row("重复报价（供监督） / prices that repeat", "84 prices, 175 bids", &told);
    Ok(())
}

fn check_award(client: &Client, award: &Value, record: &Value, summary: &mut Summary) -> anyhow::Result<()> {
    let date = |value: &Value, pointer: &str| -> anyhow::Result<String> { day(text(value, pointer)?) };
    summary.row("候选人公示 / candidates published", "2026-03-18", &date(award, "/candidates/publishedAt")?);
    summary.row(
        "公示截止 / publicity until",
        "2026-03-24 00:00",
        &minute(text(award, "/candidates/endsAt")?)?,
    );
    summary.row("中标人 / winner", "投标人0887", text(award, "/award/winner/zh")?);
    summary.row("中标价 / price", "18376739.00", text(award, "/award/price/amount")?);
    summary.row("定标 / award", "2026-03-24", &date(award, "/award/decidedAt")?);
    summary.row("通知书 / notices", "2026-03-24", &date(award, "/award/notifiedAt")?);
    let letters = award.pointer("/award/loserLetters").map(Value::to_string).unwrap_or_default();
    summary.row("告知未中标人 / losers told", "1524", &letters);
    let signed = date(award, "/contractSignedAt")?;
    summary.by("合同签订 / contract (ENG-30)", "2026-04-23", &signed);
    let contract = client.get("", &format!("/api/v1/tenders/{}/contract", text(award, "/tenderId")?))?;
    summary.row("合同公告 / contract published", "2026-04-10", &date(&contract, "/publishedAt")?);
    summary.by("书面报告 / written report (ENG-33)", "2026-04-08", &date(award, "/writtenReportAt")?);
    let events = list(record, "/events")?;
    let back =
        events.iter().find(|event| event.get("event").and_then(Value::as_str) == Some("depositsReturned"));
    let back = day(text(back.context("no deposits went back")?, "/at")?)?;
    summary.by("退还保证金 / deposits back (ENG-32)", "2026-04-15", &back);
    let deposits =
        |name: &str| record.pointer(&format!("/deposits/{name}")).map(Value::to_string).unwrap_or_default();
    summary.row("保证金退还 / deposits returned", &deposits("recorded"), &deposits("returned"));
    let late = events.iter().filter(|event| event.get("lateRule").is_some()).count();
    summary.row("逾期事项 / duties done late", "0", &late.to_string());
    Ok(())
}

fn minute(at: &str) -> anyhow::Result<String> {
    let at: DateTime<Utc> = at.parse()?;
    Ok(at.with_timezone(&crate::kernel::time::ZONE).format("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_read_to_the_cent() {
        let rows = rows().unwrap();
        assert_eq!(rows.len(), 1528);
        assert_eq!(rows.iter().filter(|row| row.released.is_empty()).count(), 3);
        let sum: Decimal = rows.iter().filter_map(|row| row.price).sum();
        assert_eq!(sum.fract(), Decimal::ZERO, "every price is a whole number of yuan");
        assert_eq!(columns("1,\"400,000\",2"), ["1", "400,000", "2"]);
    }
}
