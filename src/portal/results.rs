//! What becomes public step by step: opening record, evaluation, candidates, award, contract.
//!
//! Each part is asked of its room as the public; a room that rejects the question adds nothing to the page.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use super::{
    draws, factors,
    http::ProjectQuery,
    milestones,
    reader::{Reader, grouped_within},
    view::{
        AwardView, Benchmark, BidOutcome, CandidateRow, CandidatesView, ContractView, DeviationRow,
        EvaluationView, Fact, OpeningRow, OpeningView, Pages, PriceRow, PriceSpread, ProjectView, Ranking,
        RatioRow, SetAside,
    },
};
use crate::{
    awards,
    evaluation::{
        self, RankedBid, RejectedBid,
        model::{EvaluationView as Evaluated, ReportView},
    },
    kernel::{Actor, Problem, Rejection, Say, id::BidId},
    law::{Event, Lawbook},
    opening::{
        self, Outcome,
        model::{OpeningRecord, RecordLine},
    },
    scoring::{
        method::{EngComprehensive, GpComprehensive, MethodText},
        score::{Quote, average},
    },
    tenders::{Setting, Tender},
};

/// Rows of a page of the opening record and of the ranking.
const ROWS: usize = 50;
/// From how many effective bids on the picture of prices is worth drawing.
const WORTH_DRAWING: usize = 10;

/// Adds every part that is public by now.
///
/// # Errors
/// When the database is away.
pub(super) async fn add(
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    view: &mut ProjectView,
    book: &Lawbook,
    (tender, setting): (&Tender, &Setting),
    now: DateTime<Utc>,
    query: &ProjectQuery,
) -> Result<(), Problem> {
    // Not one question about bids before the record can exist.
    if tender.opened_at.is_none() {
        return Ok(());
    }
    let record = public(opening::service::record(conn, &Actor::Public, tender.id).await)?;
    let out = milestones::evaluation_is_public(tender, setting);
    let evaluated = if out {
        public(evaluation::view::evaluation(conn, &Actor::Public, book, tender.id, now).await)?
            .map(|(evaluated, _)| evaluated)
    } else {
        None
    };
    let report = evaluated.as_ref().and_then(|evaluated| evaluated.report.as_ref());
    let found = record.as_ref().and_then(|record| found(record, &query.find));
    if let Some(record) = &record {
        let rejected = report.map(|report| report.report.rejected.as_slice()).unwrap_or_default();
        view.opening = Some(opening_view(record, rejected, query, found.as_ref()));
    }
    view.evaluation =
        report.map(|report| evaluation_view(reader, tender, report, query, found.as_ref())).transpose()?;
    if out {
        let candidates = public(awards::view::candidates(conn, &Actor::Public, tender.id).await)?;
        view.candidates = candidates.map(|list| candidates_view(reader, &list));
    }
    if milestones::result_is_public(setting) {
        let award = public(awards::view::read(conn, &Actor::Public, book, tender.id, now).await)?;
        let award = award.and_then(|(document, _)| document.award);
        view.award = award.map(|award| award_view(reader, award, evaluated.as_ref()));
        let contract = public(awards::contracts::read(conn, &Actor::Public, tender.id).await)?;
        view.contract =
            contract.map(|(contract, _)| contract_view(reader, &contract, setting)).transpose()?;
    }
    Ok(())
}

/// What a room will not tell the public is simply not there.
fn public<T>(answer: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(Problem::Rejection(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The bids whose bidder's name or code holds what is looked for; `None` when nothing is.
fn found(record: &OpeningRecord, find: &str) -> Option<HashSet<BidId>> {
    let find = find.trim().to_lowercase();
    let fits = |line: &&RecordLine| {
        [&line.bidder.zh, &line.bidder.en, &line.uscc].iter().any(|text| text.to_lowercase().contains(&find))
    };
    (!find.is_empty()).then(|| record.bids.iter().filter(fits).map(|line| line.bid_id).collect())
}

fn opening_view(
    record: &OpeningRecord,
    rejected: &[RejectedBid],
    query: &ProjectQuery,
    found: Option<&HashSet<BidId>>,
) -> OpeningView {
    let rejected: HashSet<_> = rejected.iter().map(|bid| bid.bidder).collect();
    let fits = |line: &RecordLine| found.is_none_or(|found| found.contains(&line.bid_id));
    let found: Vec<(usize, &RecordLine)> =
        one_each(record).into_iter().enumerate().filter(|(_, line)| fits(line)).collect();
    let pages = Pages::of(found.len(), query.record.unwrap_or(1), ROWS);
    let row = |(at, line): &(usize, &RecordLine)| OpeningRow {
        number: at + 1,
        bidder: line.bidder.zh.clone(),
        uscc: line.uscc.clone(),
        received: line.received_at,
        decrypted: line.released_at,
        security: None,
        price: line.price.map(|price| price.value()),
        outcome: match line.outcome {
            Outcome::Revoked => BidOutcome::Revoked,
            Outcome::Withdrawn => BidOutcome::Withdrawn,
            Outcome::Sealed => BidOutcome::Rejected,
            Outcome::Opened if rejected.contains(&line.bidder_id) => BidOutcome::Rejected,
            Outcome::Opened => BidOutcome::Opened,
        },
    };
    let count = |count: i64| usize::try_from(count).unwrap_or_default();
    OpeningView {
        received: count(record.received),
        opened: count(record.opened),
        withdrawn: (record.withdrawn > 0).then(|| count(record.withdrawn)),
        revoked: count(record.revoked),
        rows: found.iter().skip(pages.skipped()).take(ROWS).map(row).collect(),
        pages,
        find: query.find.trim().to_owned(),
    }
}

/// The line that tells most of each bid, in the order of receipt: the gravest of its parts, else the last one.
fn one_each(record: &OpeningRecord) -> Vec<&RecordLine> {
    let mut lines: Vec<&RecordLine> = Vec::new();
    let mut places = HashMap::new();
    for line in &record.bids {
        let place = *places.entry(line.bidder_id).or_insert(lines.len());
        match lines.get_mut(place) {
            None => lines.push(line),
            Some(kept) if (line.outcome, line.part) > (kept.outcome, kept.part) => *kept = line,
            Some(_) => {}
        }
    }
    lines
}

/// Names of bidders by id, Chinese, as the report's readers get them.
type Names = BTreeMap<String, Say>;

pub(super) fn name_of(names: &Names, bidder: impl ToString) -> String {
    names.get(&bidder.to_string()).map(|name| name.zh.clone()).unwrap_or_default()
}

fn evaluation_view(
    reader: &Reader,
    tender: &Tender,
    told: &ReportView,
    query: &ProjectQuery,
    found: Option<&HashSet<BidId>>,
) -> Result<EvaluationView, Problem> {
    let report = &told.report;
    let fits = |bid: &&RankedBid| found.is_none_or(|found| found.contains(&bid.bid));
    let fitting: Vec<&RankedBid> = report.ranked.iter().filter(fits).collect();
    let pages = Pages::of(fitting.len(), query.ranking.unwrap_or(1), ROWS);
    let rows: Vec<&RankedBid> = fitting.into_iter().skip(pages.skipped()).take(ROWS).collect();
    let prices: Vec<Decimal> = report.ranked.iter().map(|bid| bid.price.value()).collect();
    let method = &tender.document.evaluation.price;
    let (ranking, benchmark) = match method {
        MethodText::EngComprehensive(works) => by_deviation(reader, works, told, &prices, &rows)?,
        _ if report.ranked.iter().any(|bid| bid.total.is_some()) => by_ratio(told, &rows),
        _ => by_price(reader, told, &rows),
    };
    let spread = prices.first().filter(|_| prices.len() >= WORTH_DRAWING);
    let spread = spread.map(|first| PriceSpread { first: *first, benchmark, prices: prices.clone() });
    let (method, parameters) = method_in_words(reader, method);
    Ok(EvaluationView {
        method,
        parameters,
        formulas: report.workings.iter().map(|line| in_words(&reader.says(line), told)).collect(),
        set_aside: report.rejected.iter().map(|bid| set_aside(reader, bid, &told.bidders)).collect(),
        ranking,
        factors: factors::table(reader, &tender.document.evaluation.factors, told, &rows),
        draws: draws::drawn(reader, told),
        pages,
        find: query.find.trim().to_owned(),
        spread,
    })
}

fn method_in_words(reader: &Reader, method: &MethodText) -> (String, Vec<Fact>) {
    let w = reader.w;
    let decimals = |given: Option<u32>| Fact::figure(w.decimals, given.unwrap_or(2).to_string());
    match method {
        MethodText::EngComprehensive(works) => {
            let (above, below) = works.slopes();
            (
                w.method_works.to_owned(),
                vec![
                    Fact::figure(w.full_marks, works.full_marks.to_string()),
                    Fact::figure(w.k_above, above.to_string()),
                    Fact::figure(w.k_below, below.to_string()),
                    decimals(works.score_decimals),
                ],
            )
        }
        MethodText::GpComprehensive(GpComprehensive { price_weight, score_decimals, .. }) => (
            w.method_purchase.to_owned(),
            vec![Fact::figure(w.price_weight, price_weight.to_string()), decimals(*score_decimals)],
        ),
        _ => (w.method_lowest.to_owned(), Vec::new()),
    }
}

/// The report's lines name rejected and drawn bids by id; people know them by name, and group their amounts.
fn in_words(line: &str, told: &ReportView) -> String {
    let rejected = told.report.rejected.iter().map(|bid| (bid.bid, bid.bidder));
    let drawn = told.report.ranked.iter().filter(|bid| bid.drawn).map(|bid| (bid.bid, bid.bidder));
    rejected.chain(drawn).fold(grouped_within(line), |line, (bid, bidder)| {
        let id = bid.to_string();
        if line.contains(&id) { line.replace(&id, &name_of(&told.bidders, bidder)) } else { line }
    })
}

fn set_aside(reader: &Reader, bid: &RejectedBid, names: &Names) -> SetAside {
    SetAside {
        bidder: name_of(names, bid.bidder),
        price: bid.price.map(|price| price.value()),
        ground: grouped_within(&reader.says(&bid.reason)),
        rule: reader.ground(&bid.ground),
    }
}

/// The ranking of works with its benchmark, which is computed anew from the ranked prices.
fn by_deviation(
    reader: &Reader,
    works: &EngComprehensive,
    told: &ReportView,
    prices: &[Decimal],
    rows: &[&RankedBid],
) -> Result<(Ranking, Decimal), Problem> {
    let quotes: Vec<Quote<'_>> = prices.iter().map(|price| Quote { id: "", price: *price }).collect();
    let exact = average(works, &quotes).map_err(Problem::internal)?.ok_or_else(Rejection::not_found)?;
    let (value, goes_on) = exact.cut().map_err(Problem::internal)?;
    let whose = |price: Decimal| {
        let bid = told.report.ranked.iter().find(|bid| bid.price.value() == price);
        (bid.map(|bid| name_of(&told.bidders, bid.bidder)).unwrap_or_default(), price)
    };
    let benchmark = Benchmark {
        sum: exact.sum,
        count: exact.count,
        value,
        goes_on,
        highest: exact.left_out.map(|(_, highest)| whose(highest)),
        lowest: exact.left_out.map(|(lowest, _)| whose(lowest)),
    };
    let rows = rows.iter().map(|bid| DeviationRow {
        rank: usize::try_from(bid.rank).unwrap_or(usize::MAX),
        bidder: name_of(&told.bidders, bid.bidder),
        price: bid.price.value(),
        deviation: deviation(bid.price.value(), exact.sum, exact.count),
        working: grouped_within(&bid.working),
        score: figure(bid.total),
        tie: bid.drawn.then(|| reader.w.drawn_tie.to_owned()),
    });
    Ok((Ranking::Deviation { benchmark, rows: rows.collect() }, value))
}

/// δ in percent to six decimals, with its sign. For reading: the score's own working is exact.
fn deviation(price: Decimal, sum: Decimal, count: usize) -> String {
    let of_all = price.checked_mul(Decimal::from(count)).and_then(|all| all.checked_sub(sum));
    let percent =
        of_all.and_then(|gap| gap.checked_mul(Decimal::ONE_HUNDRED)).and_then(|gap| gap.checked_div(sum));
    let Some(percent) = percent else { return "—".to_owned() };
    let sign = if percent.is_zero() {
        ""
    } else if percent.is_sign_negative() {
        "\u{2212}"
    } else {
        "+"
    };
    format!("{sign}{:.6} %", percent.abs())
}

/// The ranking of a purchase with the lowest adjusted price.
fn by_ratio(told: &ReportView, rows: &[&RankedBid]) -> (Ranking, Decimal) {
    let adjusted = |bid: &RankedBid| bid.adjusted_price.unwrap_or_else(|| bid.price.value());
    let benchmark = told.report.ranked.iter().map(adjusted).min().unwrap_or_default();
    let rows = rows.iter().map(|bid| RatioRow {
        rank: usize::try_from(bid.rank).unwrap_or(usize::MAX),
        bidder: name_of(&told.bidders, bid.bidder),
        price: bid.price.value(),
        adjusted: adjusted(bid),
        working: grouped_within(&bid.working),
        price_score: figure(bid.price_score),
        other: bid.other_score.to_string(),
        total: figure(bid.total),
    });
    (Ranking::Ratio { benchmark, rows: rows.collect() }, benchmark)
}

/// The ranking of a purchase by the price alone.
fn by_price(reader: &Reader, told: &ReportView, rows: &[&RankedBid]) -> (Ranking, Decimal) {
    let adjusted = |bid: &RankedBid| bid.adjusted_price.unwrap_or_else(|| bid.price.value());
    let lowest = told.report.ranked.iter().map(adjusted).min().unwrap_or_default();
    let rows = rows.iter().map(|bid| PriceRow {
        rank: usize::try_from(bid.rank).unwrap_or(usize::MAX),
        bidder: name_of(&told.bidders, bid.bidder),
        price: bid.price.value(),
        working: grouped_within(&bid.working),
        adjusted: adjusted(bid),
        tie: bid.drawn.then(|| reader.w.drawn_tie.to_owned()),
    });
    (Ranking::Price { rows: rows.collect() }, lowest)
}

/// A figure that some methods do not have.
pub(super) fn figure(value: Option<Decimal>) -> String {
    value.map_or_else(|| "—".to_owned(), |value| value.to_string())
}

fn candidates_view(reader: &Reader, list: &awards::CandidatesView) -> CandidatesView {
    CandidatesView {
        rows: list
            .candidates
            .iter()
            .map(|one| CandidateRow {
                rank: usize::try_from(one.rank).unwrap_or(usize::MAX),
                bidder: one.name.zh.clone(),
                price: one.price.value(),
                score: figure(one.score),
            })
            .collect(),
        published: list.published_at,
        ends: list.ends_at,
        objections: reader.w.objections_how.to_owned(),
    }
}

fn award_view(reader: &Reader, award: awards::model::AwardView, evaluated: Option<&Evaluated>) -> AwardView {
    let w = reader.w;
    let mut facts: Vec<Fact> =
        award.reason.map(|reason| Fact::text(w.award_reason, reason)).into_iter().collect();
    let committee = evaluated.and_then(|evaluated| evaluated.committee.as_ref());
    facts.extend(committee.filter(|members| !members.is_empty()).map(|members| {
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        Fact::text(w.committee, reader.listed(&names))
    }));
    AwardView {
        winner: award.winner.zh,
        price: award.price.value(),
        decided: award.decided_at,
        told: award.notified_at,
        facts,
    }
}

fn contract_view(
    reader: &Reader,
    contract: &awards::ContractView,
    setting: &Setting,
) -> Result<ContractView, Problem> {
    let timeline = setting.law.timeline(&setting.procedure, setting.on, &setting.facts)?;
    let stones = timeline.iter().filter(|stone| stone.event == Event::ContractSigned);
    let w = reader.w;
    let mut facts = vec![Fact::figure(w.contract_term, contract.term_days.to_string())];
    facts.extend(
        contract.performance_bond.map(|bond| Fact::figure(w.contract_bond, reader.money(&bond.value()))),
    );
    Ok(ContractView {
        signed: contract.signed_on,
        price: contract.amount.value(),
        latest: stones.filter_map(|stone| stone.latest_on).min(),
        published: contract.published_at,
        notice: contract.notice_id.map(|notice| format!("/notices/{notice}")),
        facts,
    })
}
