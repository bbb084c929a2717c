//! What the purchaser's review and a member's sheet must hold to be taken in.

use std::collections::{BTreeMap, BTreeSet};

use super::rejections::open;
use crate::{
    evaluation::model::{BidMarks, NewQualification, NewSheet, Sheet},
    kernel::{Code, FieldError, Refusal, Rejection, Say, id::BidId},
    opening::OpenedBid,
    scoring::{
        factors::{Factors, Judgement},
        method::{Marks, Method},
    },
    tenders::document::Technical,
};

/// Longest reason of a verdict, in characters.
const LONGEST_REASON: usize = 1000;

/// At most so many places are shown of what is wrong with one sheet.
const MOST_COMPLAINTS: usize = 50;

/// Checks that the purchaser's review covers every opened bid once, with a reason for each that fails.
///
/// # Errors
/// 422 with pointers.
pub fn check_qualification(asked: &NewQualification, opened: &[OpenedBid]) -> Result<(), Rejection> {
    let expected: BTreeSet<BidId> = open(opened).map(|bid| bid.bid).collect();
    let mut wrong = Wrong::default();
    let mut seen = BTreeSet::new();
    for (at, verdict) in asked.bids.iter().enumerate() {
        if !expected.contains(&verdict.bid_id) || !seen.insert(verdict.bid_id) {
            wrong.add(format!("/bids/{at}/bidId"), "未知或重复的投标 / unknown or repeated bid");
        }
        let reason = verdict.reason.as_deref().map_or(0, |reason| reason.trim().chars().count());
        if (!verdict.passes && reason == 0) || reason > LONGEST_REASON {
            wrong.add(
                format!("/bids/{at}/reason"),
                "不通过须说明理由（1 至 1000 字） / a reason of 1 to 1000 characters",
            );
        }
    }
    if seen.len() < expected.len() {
        wrong.add("/bids".to_owned(), "须逐一审查全部已解密的投标 / every opened bid needs a verdict");
    }
    wrong.finish()
}

/// Complaints about one request.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn add(&mut self, pointer: String, detail: &str) {
        if self.0.len() < MOST_COMPLAINTS {
            self.0.push(FieldError::new(pointer, "invalid", detail));
        }
    }

    fn finish(self) -> Result<(), Rejection> {
        if self.0.is_empty() {
            return Ok(());
        }
        let detail = Say::new("内容不符合要求，见 errors。", "The content does not fit; see errors.");
        Err(Rejection { code: Code::InvalidRequest, detail, errors: self.0 })
    }
}

/// Checks a member's sheet: pass or fail where the document judges so, marks of every standing bid where it marks, and
/// amounts for the deviations that it quantifies.
///
/// # Errors
/// 422 with pointers.
pub fn check_sheet(
    sheet: &NewSheet,
    technical: Technical,
    factors: &Factors,
    method: &Method,
    standing: &[&OpenedBid],
) -> Result<(), Rejection> {
    let expected: BTreeSet<BidId> = standing.iter().map(|bid| bid.bid).collect();
    let mut wrong = Wrong::default();
    match (technical, &sheet.technical, &sheet.marks) {
        (Technical::PassFail, None, _) => {
            wrong.add("/technical".to_owned(), "本项目技术部分为合格制 / pass or fail is needed");
        }
        (Technical::PassFail, _, Some(_)) => {
            wrong.add("/marks".to_owned(), "本项目不打分 / this tender is not marked");
        }
        (Technical::Marked, _, None) => {
            wrong.add("/marks".to_owned(), "须对每份投标打分 / marks are needed");
        }
        _ => {}
    }
    if let Some(technical) = &sheet.technical {
        let mut seen = BTreeSet::new();
        for (at, failed) in technical.fail.iter().enumerate() {
            if !expected.contains(&failed.bid_id) || !seen.insert(failed.bid_id) {
                wrong.add(
                    format!("/technical/fail/{at}/bidId"),
                    "未知、已否决或重复的投标 / unknown, rejected or repeated bid",
                );
            }
            if !(1..=LONGEST_REASON).contains(&failed.reason.trim().chars().count()) {
                wrong.add(
                    format!("/technical/fail/{at}/reason"),
                    "须说明理由（1 至 1000 字） / a reason of 1 to 1000 characters",
                );
            }
        }
    }
    if let Some(marks) = &sheet.marks {
        check_marks(marks, factors, &expected, &mut wrong);
    }
    check_deviations(sheet, method, &expected, &mut wrong);
    wrong.finish()
}

/// EV-0e: only what the document quantifies may be put into money.
fn check_deviations(sheet: &NewSheet, method: &Method, expected: &BTreeSet<BidId>, wrong: &mut Wrong) {
    let quantified = method.quantified();
    match &sheet.deviations {
        None if !quantified.is_empty() => {
            wrong.add(
                "/deviations".to_owned(),
                "须折算量化偏差，没有的写空 / deviations are needed, if only an empty list",
            );
        }
        Some(_) if quantified.is_empty() => {
            wrong.add("/deviations".to_owned(), "招标文件没有量化因素 / the document quantifies nothing");
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for (at, bid) in sheet.deviations.iter().flatten().enumerate() {
        if !expected.contains(&bid.bid_id) || !seen.insert(bid.bid_id) {
            wrong.add(
                format!("/deviations/{at}/bidId"),
                "未知、已否决或重复的投标 / unknown, rejected or repeated bid",
            );
        }
        for key in bid.amounts.keys().filter(|key| !quantified.iter().any(|one| one.key == **key)) {
            wrong.add(
                format!("/deviations/{at}/amounts/{key}"),
                "招标文件没有此量化因素 / the document does not quantify this",
            );
        }
    }
}

fn check_marks(marks: &[BidMarks], factors: &Factors, expected: &BTreeSet<BidId>, wrong: &mut Wrong) {
    let mut seen = BTreeSet::new();
    for (at, bid) in marks.iter().enumerate() {
        if !expected.contains(&bid.bid_id) || !seen.insert(bid.bid_id) {
            wrong.add(
                format!("/marks/{at}/bidId"),
                "未知、已否决或重复的投标 / unknown, rejected or repeated bid",
            );
        }
        for factor in factors.marked() {
            match bid.marks.get(&factor.key) {
                None => wrong.add(
                    format!("/marks/{at}/marks/{}", factor.key),
                    "缺少该因素的评分 / this factor is not marked",
                ),
                Some(mark) if *mark > factor.weight => wrong.add(
                    format!("/marks/{at}/marks/{}", factor.key),
                    &format!("不得高于分值{weight} / at most {weight}", weight = factor.weight),
                ),
                Some(_) => {}
            }
        }
        for key in bid.marks.keys().filter(|key| !factors.marked().any(|factor| factor.key == **key)) {
            wrong.add(format!("/marks/{at}/marks/{key}"), "没有此评审因素 / there is no such factor");
        }
    }
    if seen.len() < expected.len() {
        wrong.add("/marks".to_owned(), "须对全部有效投标打分 / every bid that is still in needs marks");
    }
}

/// Whether members' marks of an objective factor differ for some bid (EV-0g); 60 and 60.00 are the same.
pub fn objective_marks_differ(factors: &Factors, sheets: &[Sheet]) -> bool {
    let mut marked: BTreeMap<(BidId, &str), Marks> = BTreeMap::new();
    sheets.iter().flat_map(|sheet| sheet.content.marks.iter().flatten()).any(|bid| {
        objective(factors).any(|key| match bid.marks.get(key) {
            Some(mark) => *marked.entry((bid.bid_id, key)).or_insert(*mark) != *mark,
            None => false,
        })
    })
}

/// That members agree on every fact before prices are opened: nobody signs anew with prices in view.
///
/// # Errors
/// `objective-scores-unequal` (EV-0g).
pub fn facts_agree(factors: &Factors, sheets: &[Sheet]) -> Result<(), Refusal> {
    if !objective_marks_differ(factors, sheets) {
        return Ok(());
    }
    let detail = Say::new(
        "客观评审因素评分不一致，须先改正并重新签署，再开启报价。",
        "Members differ on an objective factor: put it right and sign anew before prices are opened.",
    );
    Err(Refusal::new(Code::ObjectiveScoresUnequal, detail))
}

fn objective(factors: &Factors) -> impl Iterator<Item = &str> {
    let factors = factors.marked().filter(|factor| factor.judged == Judgement::Objective);
    factors.map(|factor| factor.key.as_str())
}

/// A sheet that is signed anew puts objective marks right and leaves every judgement as it was signed (令87 art 64).
///
/// # Errors
/// 422 with a pointer to each judgement that differs.
pub fn check_correction(factors: &Factors, before: &NewSheet, after: &NewSheet) -> Result<(), Rejection> {
    let mut wrong = Wrong::default();
    let only = "只可改正客观评审因素的评分 / only marks of objective factors may be put right";
    for (differs, pointer) in [
        (before.technical != after.technical, "/technical"),
        (before.deviations != after.deviations, "/deviations"),
    ] {
        if differs {
            wrong.add(pointer.to_owned(), only);
        }
    }
    let facts: BTreeSet<&str> = objective(factors).collect();
    let signed: BTreeMap<BidId, &BidMarks> =
        before.marks.iter().flatten().map(|bid| (bid.bid_id, bid)).collect();
    for (at, bid) in after.marks.iter().flatten().enumerate() {
        let judged = bid.marks.iter().filter(|(key, _)| !facts.contains(key.as_str()));
        for (key, mark) in judged {
            if signed.get(&bid.bid_id).and_then(|signed| signed.marks.get(key)) != Some(mark) {
                wrong.add(format!("/marks/{at}/marks/{key}"), only);
            }
        }
    }
    wrong.finish()
}
