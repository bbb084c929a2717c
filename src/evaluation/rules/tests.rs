//! The whole, as its users meet it.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::{
    Conclusion, Findings, Grounds, all_signed, check_correction, check_qualification, check_sheet, conclude,
    facts_agree, low_price_closed, low_price_decisions, low_price_review, objective_marks_differ,
    repeated_prices, screen, standing,
};
use crate::{
    evaluation::model::{
        BidMarks, DefaultVerdict, FailedBid, LowPriceReview, LowPriceVote, NewQualification, NewSheet,
        QualificationVerdict, RejectedBid, RejectedBy, RepeatedPrices, Report, Sheet, TechnicalSheet,
    },
    kernel::{
        Code, LegalGround, Money, Problem, Seed,
        id::{BidId, OrganisationId, TenderId},
        money::Amount,
    },
    law::{Law, Object},
    opening::{OpenedBid, Outcome},
    platform::policy_file::PolicySource,
    scoring::{
        factors::Factors,
        low_price::Lines,
        method::{BenchmarkDraw, Marks, Method},
        numbers::Numbers,
    },
    tenders::{
        Part,
        document::{Technical, Ties},
    },
};

const MEMBERS: [u32; 5] = [1, 2, 3, 4, 5];

fn yuan(text: &str) -> Money {
    Money::from(Amount::parse(text).unwrap())
}

fn bid(n: u128, price: Option<&str>) -> OpenedBid {
    OpenedBid {
        bid: BidId(Uuid::from_u128(n)),
        bidder: OrganisationId(Uuid::from_u128(100 + n)),
        part: Part::Whole,
        seq: i64::try_from(n).unwrap(),
        received_at: DateTime::UNIX_EPOCH,
        released_at: Some(DateTime::UNIX_EPOCH),
        outcome: Outcome::Opened,
        price: price.map(yuan),
        form: Some(json!({})),
        files: None,
        clause: None,
        recovery: None,
        failure: None,
    }
}

fn id(n: u128) -> BidId {
    BidId(Uuid::from_u128(n))
}

fn grounds() -> Grounds {
    let ground = |id: &str| LegalGround {
        id: id.into(),
        source: "法".into(),
        article: Some("1".into()),
        earliest: None,
    };
    Grounds { invalid: ground("ENG-22"), qualification: ground("GPB-9") }
}

fn factors(list: serde_json::Value, object: Object) -> Factors {
    Factors::check(serde_json::from_value(list).unwrap(), object, "").unwrap()
}

fn price_only() -> Factors {
    factors(
        json!([{"key": "price", "matter": "price", "weight": "100", "judged": "computed"}]),
        Object::Works,
    )
}

fn goods() -> Factors {
    let list = json!([
        {"key": "price", "matter": "price", "weight": "30", "judged": "computed"},
        {"key": "compliance", "matter": "technicalCompliance", "weight": "40", "judged": "objective"},
        {"key": "service", "matter": "afterSales", "weight": "30", "judged": "subjective"},
    ]);
    factors(list, Object::Goods)
}

fn works_method() -> Method {
    let parameters = json!({
        "benchmark": "trimmedMean", "ceiling": "200.00", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5",
        "scoreDecimals": 4,
    });
    Method::read(json!({"method": "engComprehensive", "parameters": parameters}), "").unwrap()
}

fn goods_method() -> Method {
    Method::read(json!({"method": "gpComprehensive", "parameters": {"priceWeight": "30"}}), "").unwrap()
}

fn fails(member: u32, failed: &[u128]) -> Sheet {
    let fail = failed.iter().map(|n| FailedBid { bid_id: id(*n), reason: format!("缺{n}") }).collect();
    let technical = Some(TechnicalSheet { default: DefaultVerdict::Pass, fail });
    sheet(member, NewSheet { technical, marks: None, deviations: None })
}

fn sheet(member: u32, content: NewSheet) -> Sheet {
    Sheet { tender: TenderId(Uuid::nil()), member, document_hash: String::new(), content }
}

fn marks(member: u32, rows: &[(u128, &str, &str)]) -> Sheet {
    let mark = |text: &str| Marks::parse(text).unwrap();
    let rows = rows
        .iter()
        .map(|(n, compliance, service)| BidMarks {
            bid_id: id(*n),
            marks: BTreeMap::from([
                ("compliance".into(), mark(compliance)),
                ("service".into(), mark(service)),
            ]),
        })
        .collect();
    sheet(member, NewSheet { technical: None, marks: Some(rows), deviations: None })
}

/// EX C1: means of the members' marks are 62.40, 57.10 and 60.10.
fn c1_sheets() -> Vec<Sheet> {
    MEMBERS
        .into_iter()
        .zip(["22.40", "22.41", "22.39", "22.42", "22.40"])
        .map(|(member, service)| {
            marks(member, &[(1, "40", service), (2, "35.00", "22.10"), (3, "38", "22.10")])
        })
        .collect()
}

fn c1_bids() -> Vec<OpenedBid> {
    let mut bids = vec![bid(1, Some("1000000")), bid(2, Some("950000")), bid(3, Some("1100000"))];
    bids[2].form = Some(json!({"smallEnterprise": true}));
    bids
}

struct Case {
    opened: Vec<OpenedBid>,
    ceiling: Money,
    method: Method,
    factors: Factors,
    draw: Option<BenchmarkDraw>,
    ties: Ties,
    sheets: Vec<Sheet>,
    least: usize,
    low_price: LowPriceReview,
    corrected: Vec<u32>,
}

impl Case {
    fn works(opened: Vec<OpenedBid>, sheets: Vec<Sheet>) -> Self {
        let (ceiling, method, factors) = (yuan("200"), works_method(), price_only());
        Self {
            opened,
            ceiling,
            method,
            draw: None,
            factors,
            ties: Ties::LowerPriceThenDraw,
            sheets,
            least: 1,
            low_price: LowPriceReview::default(),
            corrected: Vec::new(),
        }
    }

    fn goods(sheets: Vec<Sheet>) -> Self {
        let (ceiling, method, factors) = (yuan("1150000"), goods_method(), goods());
        Self {
            opened: c1_bids(),
            ceiling,
            method,
            draw: None,
            factors,
            ties: Ties::LowerPriceThenDraw,
            sheets,
            least: 3,
            low_price: LowPriceReview::default(),
            corrected: Vec::new(),
        }
    }

    fn conclude(&self, seed: u8) -> Result<Conclusion, Problem> {
        self.conclude_after(&screen(&self.opened, Some(self.ceiling), &[], &grounds()), seed)
    }

    fn conclude_after(&self, screening: &[RejectedBid], seed: u8) -> Result<Conclusion, Problem> {
        let findings = Findings {
            tender: TenderId(Uuid::nil()),
            opened: &self.opened,
            ceiling: self.ceiling,
            method: &self.method,
            draw: self.draw.clone(),
            factors: &self.factors,
            ties: self.ties,
            small_enterprise: Some(Marks::parse("10").unwrap()),
            members: &MEMBERS,
            sheets: &self.sheets,
            sheet_hashes: BTreeMap::new(),
            corrected: self.corrected.clone(),
            screening,
            low_price: self.low_price.clone(),
            numbers: Numbers { candidates: 3, least: self.least, least_eliminated: 0 },
            grounds: grounds(),
        };
        conclude(&findings, &Seed([seed; 32]))
    }

    fn report(&self, seed: u8) -> Report {
        match self.conclude(seed).unwrap() {
            Conclusion::Report(report) => *report,
            Conclusion::TooFew(left) => panic!("{left} left"),
        }
    }
}

#[test]
fn the_goods_example_comes_out_to_the_last_digit_through_five_sheets() {
    let report = Case::goods(c1_sheets()).report(0);
    let table: Vec<_> = report
        .ranked
        .iter()
        .map(|bid| {
            (
                bid.bid,
                bid.rank,
                bid.price_score.unwrap().to_string(),
                bid.other_score.to_string(),
                bid.total.unwrap().to_string(),
            )
        })
        .collect();
    let row = |n, rank, price: &str, other: &str, total: &str| {
        (id(n), rank, price.into(), other.into(), total.into())
    };
    assert_eq!(
        table,
        [
            row(1, 1, "28.50", "62.40", "90.90"),
            row(3, 2, "28.79", "60.10", "88.89"),
            row(2, 3, "30.00", "57.10", "87.10")
        ]
    );
    assert_eq!(report.candidates, [id(1), id(3), id(2)]);
    let adjusted = report.ranked[1].adjusted_price.map(|price| price.normalize().to_string());
    assert_eq!(adjusted.as_deref(), Some("990000"));
    assert_eq!((report.benchmark.as_deref(), report.rejected.len()), (Some("950000.00"), 0));
}

#[test]
fn unequal_objective_marks_and_missing_sheets_block_the_report() {
    let mut sheets = c1_sheets();
    sheets[4] = marks(5, &[(1, "39.99", "22.40"), (2, "35", "22.10"), (3, "38", "22.10")]);
    let problem = Case::goods(sheets).conclude(0).unwrap_err();
    assert_eq!(problem.code(), Code::ObjectiveScoresUnequal);
    let four = &c1_sheets()[..4];
    let refusal = all_signed(&MEMBERS, four).unwrap_err();
    assert_eq!(refusal.code, Code::SheetsUnfit);
    assert!(refusal.detail.zh.ends_with('5'), "{}", refusal.detail.zh);
    assert_eq!(Case::goods(four.to_vec()).conclude(0).unwrap_err().code(), Code::SheetsUnfit);
}

#[test]
fn a_sheet_signed_anew_puts_facts_right_and_nothing_else() {
    let mut sheets = c1_sheets();
    sheets[4] = marks(5, &[(1, "40.00", "22.40"), (2, "35", "22.10"), (3, "38", "22.10")]);
    assert!(
        !objective_marks_differ(&goods(), &sheets),
        "35 and 35.00 are one mark, and judgements may differ"
    );
    sheets[4] = marks(5, &[(1, "39.99", "22.40"), (2, "35", "22.10"), (3, "38", "22.10")]);
    assert!(objective_marks_differ(&goods(), &sheets));
    let refusal = facts_agree(&goods(), &sheets).unwrap_err();
    assert_eq!(refusal.code, Code::ObjectiveScoresUnequal, "no price is opened meanwhile");
    facts_agree(&goods(), &c1_sheets()).unwrap();
    let before = &sheets[4].content;
    let anew = |rows: &[(u128, &str, &str)]| {
        let wrong = check_correction(&goods(), before, &marks(5, rows).content).err();
        wrong.map(|wrong| wrong.errors.into_iter().map(|one| one.pointer).collect::<Vec<_>>())
    };
    // The order of the bids does not matter.
    assert_eq!(anew(&[(3, "38", "22.1"), (2, "35", "22.10"), (1, "40", "22.40")]), None);
    assert_eq!(
        anew(&[(1, "40", "22.41"), (2, "35", "22.10"), (3, "38", "22.11")]),
        Some(vec!["/marks/0/marks/service".to_owned(), "/marks/2/marks/service".to_owned()])
    );
    let failing = NewSheet { technical: fails(5, &[1]).content.technical, ..before.clone() };
    assert_eq!(check_correction(&goods(), before, &failing).unwrap_err().errors[0].pointer, "/technical");
    let mut case = Case::goods(c1_sheets());
    case.corrected = vec![2, 5];
    assert!(case.report(0).workings[0].zh.contains("评委2、5改正了"));
}

#[test]
fn the_price_alone_rejects_above_the_ceiling_and_without_a_price() {
    let mut opened =
        vec![bid(1, Some("200")), bid(2, Some("200.01")), bid(3, None), bid(4, Some("0")), bid(5, Some("1"))];
    opened[4].outcome = Outcome::Revoked;
    let out = screen(&opened, Some(yuan("200")), &[], &grounds());
    let found: Vec<_> = out.iter().map(|one| (one.bid, one.by, one.ground.id.as_str())).collect();
    let by = RejectedBy::System;
    assert_eq!(found, [(id(2), by, "ENG-22"), (id(3), by, "ENG-22"), (id(4), by, "ENG-22")]);
    assert_eq!(standing(&opened, &out).iter().map(|bid| bid.bid).collect::<Vec<_>>(), [id(1)]);
    let verdict =
        QualificationVerdict { bid_id: id(1), passes: false, reason: Some("无营业执照".into()) };
    let sealed = screen(&opened, None, std::slice::from_ref(&verdict), &grounds());
    assert_eq!(sealed.len(), 1, "sealed prices are judged by nobody");
    let out = screen(&opened, Some(yuan("200")), &[verdict], &grounds());
    assert_eq!((out[0].by, out[0].ground.id.as_str()), (RejectedBy::Purchaser, "GPB-9"));
    assert!(out[0].reason.zh.contains("无营业执照"));
}

#[test]
fn more_than_half_of_the_committee_rejects_and_a_bid_above_the_ceiling_moves_no_benchmark() {
    let mut opened: Vec<_> = [100, 110, 120, 130, 140, 150]
        .into_iter()
        .zip(1..)
        .map(|(price, n)| bid(n, Some(&format!("{price}.00"))))
        .collect();
    opened.push(bid(7, Some("200.01")));
    let sheets = vec![fails(1, &[2, 3]), fails(2, &[2, 3]), fails(3, &[2]), fails(4, &[]), fails(5, &[])];
    let case = Case::works(opened, sheets);
    let report = case.report(0);
    // Where prices were sealed at the screening, the report finds the same of them.
    let Ok(Conclusion::Report(sealed)) = case.conclude_after(&[], 0) else { panic!("no report") };
    assert_eq!(*sealed, report);
    let rejected: Vec<_> = report.rejected.iter().map(|one| (one.bid, one.by)).collect();
    assert_eq!(rejected, [(id(2), RejectedBy::Committee), (id(7), RejectedBy::System)]);
    assert!(report.rejected[0].reason.zh.contains("评委3：缺2"), "{}", report.rejected[0].reason.zh);
    // 100 and 150 are left out; (120 + 130 + 140) ÷ 3 = 130.
    assert_eq!((report.effective, report.benchmark.as_deref()), (5, Some("130.00")));
    assert_eq!(
        (report.ranked[0].bid, report.ranked[0].total.unwrap().to_string().as_str()),
        (id(4), "100.0000")
    );
    assert!(report.workings[0].zh.contains("否决1个"), "{}", report.workings[0].zh);
}

#[test]
fn equals_among_the_candidates_are_drawn_and_the_draw_can_be_made_again() {
    let prices = ["130", "131", "129", "129", "100", "150"];
    let opened: Vec<_> = prices.into_iter().zip(1..).map(|(price, n)| bid(n, Some(price))).collect();
    let case = Case::works(opened, MEMBERS.map(|member| fails(member, &[])).to_vec());
    let report = case.report(1);
    // (130 + 131 + 129 + 129) ÷ 4 = 129.75: 129 loses 0.289, 130 loses 0.193.
    assert_eq!(report.ranked.iter().map(|bid| bid.rank).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(report.ranked[0].bid, id(1));
    let draw = &report.tie_draws[0];
    assert_eq!((draw.rank, &draw.tied), (2, &vec![id(3), id(4)]));
    let mut again = draw.tied.clone();
    let seed = Seed(hex::decode(&draw.seed).unwrap().try_into().unwrap());
    again.sort_by_key(|bid| seed.place(&bid.to_string()));
    assert_eq!(again, draw.drawn);
    assert_eq!(report.candidates, [&[id(1)], draw.drawn.as_slice()].concat());
    assert!(report.ranked[1].drawn && !report.ranked[0].drawn);
    assert_eq!(case.report(1).tie_draws, report.tie_draws);
    let other = (2..40).map(|seed| case.report(seed).candidates).find(|order| *order != report.candidates);
    assert!(other.is_some(), "chance decides");
    assert_eq!(repeated_prices(&case.opened), RepeatedPrices { prices: 1, bids: 2, most: 2 });
}

#[test]
fn a_low_price_waits_for_more_than_half_of_the_committee() {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let lines = |day: &str| Lines::lawful(&law, day.parse().unwrap()).unwrap();
    let mut case = Case::goods(c1_sheets());
    case.opened[1].price = Some(yuan("400000"));
    let conforming: Vec<_> = case.opened.iter().collect();
    let ceiling = yuan("1150000").amount;
    let mut review = low_price_review(&conforming, ceiling, lines("2026-03-01")).unwrap();
    assert_eq!(review.caught.iter().map(|quote| quote.id.clone()).collect::<Vec<_>>(), [id(2).to_string()]);
    let refusal = low_price_closed(&review).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.extra["bids"][0].as_str()),
        (Code::LowPriceOpen, Some(id(2).to_string().as_str()))
    );
    let vote = |member, accepted| LowPriceVote {
        bid: id(2),
        member,
        accepted,
        reason: "无证明".into(),
        at: DateTime::UNIX_EPOCH,
    };
    let mut votes = vec![vote(1, false), vote(2, true), vote(3, false)];
    assert!(low_price_decisions(&review, &votes, 5).is_empty(), "two of five are no majority");
    votes.push(vote(4, false));
    review.decisions = low_price_decisions(&review, &votes, 5);
    assert!(low_price_closed(&review).is_ok());
    case.low_price = review;
    assert!(matches!(case.conclude(0).unwrap(), Conclusion::TooFew(2)), "two responding bids end a purchase");
    case.least = 1;
    let report = case.report(0);
    assert_eq!((report.rejected[0].by, report.rejected[0].ground.id.as_str()), (RejectedBy::LowPrice, "ALP"));
    let all: Vec<_> = case.opened.iter().collect();
    let review = low_price_review(&all, ceiling, lines("2026-01-31")).unwrap();
    assert_eq!(review, LowPriceReview::default());
}

#[test]
fn a_sheet_covers_what_is_still_in_and_nothing_else() {
    let opened = c1_bids();
    let all: Vec<_> = opened.iter().collect();
    let pointers =
        |content: &NewSheet, technical, factors: &Factors, standing: &[&OpenedBid]| -> Vec<String> {
            match check_sheet(content, technical, factors, &works_method(), standing) {
                Ok(()) => Vec::new(),
                Err(rejection) => rejection.errors.into_iter().map(|error| error.pointer).collect(),
            }
        };
    let good = marks(1, &[(1, "40", "1"), (2, "0", "30.00"), (3, "1", "1")]).content;
    assert!(pointers(&good, Technical::Marked, &goods(), &all).is_empty());
    assert_eq!(pointers(&good, Technical::Marked, &goods(), &all[..2]), ["/marks/2/bidId"]);
    let bad = marks(1, &[(1, "40.01", "1"), (1, "1", "1")]).content;
    let wanted = ["/marks/0/marks/compliance", "/marks/1/bidId", "/marks"];
    assert_eq!(pointers(&bad, Technical::Marked, &goods(), &all), wanted);
    let pass = fails(1, &[1]).content;
    assert!(pointers(&pass, Technical::PassFail, &price_only(), &all).is_empty());
    assert_eq!(pointers(&pass, Technical::Marked, &goods(), &all), ["/marks"]);
    assert_eq!(pointers(&good, Technical::PassFail, &price_only(), &all)[0], "/technical");
    let twice = fails(1, &[1, 1, 9]).content;
    let wanted = ["/technical/fail/1/bidId", "/technical/fail/2/bidId"];
    assert_eq!(pointers(&twice, Technical::PassFail, &price_only(), &all), wanted);
    let read = serde_json::from_value::<NewSheet>(json!({"technical": {"default": "pass", "fail": []}}));
    assert!(read.is_ok_and(|sheet| sheet.marks.is_none()));
}

#[test]
fn a_review_covers_every_opened_bid_and_says_why_not() {
    let opened = c1_bids();
    let verdict = |n, passes, reason: Option<&str>| QualificationVerdict {
        bid_id: id(n),
        passes,
        reason: reason.map(str::to_owned),
    };
    let check = |bids| check_qualification(&NewQualification { bids }, &opened);
    assert!(
        check(vec![verdict(1, true, None), verdict(2, true, None), verdict(3, false, Some("x"))]).is_ok()
    );
    let wrong = check(vec![verdict(1, false, Some(" ")), verdict(1, true, None)]).unwrap_err();
    let pointers: Vec<_> = wrong.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/bids/0/reason", "/bids/1/bidId", "/bids"]);
}

#[test]
fn fifteen_hundred_bids_are_summed_in_moments() {
    let opened: Vec<_> =
        (1..=1525).map(|n| bid(n, Some(&format!("{}.{:02}", 100 + n % 50, n % 100)))).collect();
    let case = Case::works(opened, MEMBERS.map(|member| fails(member, &[5, 6, 7])).to_vec());
    let begun = std::time::Instant::now();
    let report = case.report(0);
    assert_eq!((report.effective, report.rejected.len()), (1522, 3));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}

fn drawn_method(more: serde_json::Value) -> Method {
    let mut parameters = json!({"ceiling": "200.00", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5"});
    parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Method::read(json!({"method": "engComprehensive", "parameters": parameters}), "").unwrap()
}

#[test]
fn of_three_parts_the_first_drawn_bid_that_stands_is_b() {
    let bids = || vec![bid(1, Some("100")), bid(2, Some("120")), bid(3, Some("140")), bid(4, Some("160"))];
    let sheets: Vec<Sheet> = MEMBERS.into_iter().map(|member| fails(member, &[3])).collect();
    let mut case = Case::works(bids(), sheets);
    let parts = json!({"benchmark": "threePart",
        "threePart": {"reductionPercent": "10", "k": "1", "draw": true}});
    case.method = drawn_method(parts);
    assert!(case.conclude(0).is_err(), "a benchmark that was never drawn is a fault");
    // The draw put 3 first, which the committee fails; 2 is next.
    let order = [3, 2, 4, 1].map(|n| id(n).to_string()).to_vec();
    case.draw = Some(BenchmarkDraw { seed: "ab".repeat(32), float_percent: None, order });
    let report = case.report(0);
    // A = 200 × 90 % = 180, B = 120, C = 100: 90 + 36 + 20.
    assert_eq!(report.benchmark.as_deref(), Some("146.00"));
    assert_eq!(report.benchmark_draw, case.draw);
    assert!(report.workings[0].en.contains(&"ab".repeat(32)), "{}", report.workings[0].en);
}

#[test]
fn equals_are_parted_by_the_technical_score_where_the_document_says_so() {
    let parameters = json!({"priceWeight": "30", "ties": "technical"});
    let sheets = || {
        let row = |member| marks(member, &[(1, "30", "10"), (2, "35", "5"), (3, "1", "1")]);
        MEMBERS.into_iter().map(row).collect()
    };
    let mut case = Case::goods(sheets());
    case.opened = vec![bid(1, Some("100")), bid(2, Some("100")), bid(3, Some("100"))];
    case.ties = Ties::LowerPriceThenTechnical;
    case.method = Method::read(json!({"method": "gpComprehensive", "parameters": parameters}), "").unwrap();
    let report = case.report(0);
    assert_eq!(report.candidates, [id(2), id(1), id(3)], "35 of compliance before 30, totals being equal");
    assert!(report.tie_draws.is_empty());
    case.ties = Ties::LowerPriceThenDraw;
    case.method = goods_method();
    assert_eq!(case.report(0).tie_draws.len(), 1, "else a draw parts them");
}

#[test]
fn works_lift_the_price_score_of_small_enterprises() {
    let sheets: Vec<Sheet> = MEMBERS.into_iter().map(|member| fails(member, &[])).collect();
    let mut case = Case::works(vec![bid(1, Some("100")), bid(2, Some("100")), bid(3, Some("100"))], sheets);
    case.opened[2].form = Some(json!({"smallEnterprise": true}));
    let scores = |case: &Case| {
        let report = case.report(0);
        report.ranked.iter().map(|bid| (bid.bid, bid.total.unwrap().to_string())).collect::<Vec<_>>()
    };
    case.method = drawn_method(json!({"benchmark": "mean"}));
    assert_eq!(scores(&case)[0].1, "100.00", "at most the full marks");
    case.method = drawn_method(json!({"benchmark": "mean", "additionAboveFull": true}));
    assert_eq!(scores(&case)[0], (id(3), "110.00".to_owned()));
}
