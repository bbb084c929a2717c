//! Texts of this room: notices for everybody, letters for winner and losers. Pure.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    awards::model::{Award, Candidate, Contract},
    evaluation::EvaluationResult,
    identity::Card,
    kernel::{Problem, Say, id::OrganisationId, time::in_hall_zone},
    notices::Section,
    platform::outbox::NewLetter,
    projects::Project,
    tenders::Tender,
};

/// Text of the publicity of candidates (招标公告和公示信息发布管理办法 art 6).
pub fn candidates_notice(
    tender: &Tender,
    candidates: &[Candidate],
    report_hash: &str,
    ends_at: DateTime<Utc>,
) -> Vec<Section> {
    let mut sections = vec![
        Section::new("公示期", "Publicity")
            .fact("招标编号", "Tender code", &tender.code)
            .fact("公示截止", "Ends", in_hall_zone(ends_at))
            .fact("评标报告摘要（SHA-256）", "Digest of the report (SHA-256)", report_hash),
    ];
    for candidate in candidates {
        let mut section = Section::new(
            &format!("第{}中标候选人", candidate.rank),
            &format!("Candidate {}", candidate.rank),
        )
        .say("名称", "Name", candidate.name.clone())
        .fact("投标报价（元）", "Price (yuan)", candidate.price);
        if let Some(score) = candidate.score {
            section = section.fact("评标得分", "Score", score);
        }
        section = section.fact("工期／交货期（日）", "Term (days)", candidate.term_days);
        for stated in &candidate.further {
            section = section.fact(&stated.label.zh, &stated.label.en, &stated.value);
        }
        sections.push(section);
    }
    sections.push(Section::new("异议", "Objections").paragraph(Say::new(
        "投标人或者其他利害关系人对评标结果有异议的，应当在公示期内向招标人或其代理机构书面提出；答复作出前暂停招标投标活动\
         （《招标投标法实施条例》第54条）。",
        "Bidders and others concerned may object to the result in writing to the tenderee or its agency during the \
         publicity; until the answer the procedure rests (Regulations on the Tendering Law, art. 54).",
    )));
    sections
}

/// Everything the texts of a result are made from.
pub struct Telling<'a> {
    /// The tender.
    pub tender: &'a Tender,
    /// Its project.
    pub project: &'a Project,
    /// The award.
    pub award: &'a Award,
    /// The winner.
    pub winner: &'a Card,
    /// The evaluation.
    pub result: &'a EvaluationResult,
    /// The last day on which the contract may be signed, where the procedure names one.
    pub sign_by: Option<NaiveDate>,
}

/// Text of the result notice; with the members' names where the law wants them told (财政部令87 art 69).
pub fn result_notice(told: &Telling<'_>, with_names: bool) -> Vec<Section> {
    let Telling { tender, project, award, winner, result, .. } = told;
    let mut sections = vec![
        Section::new("中标结果", "Result")
            .fact("项目编号", "Project code", &project.code)
            .fact("招标编号", "Tender code", &tender.code)
            .say("中标人", "Winner", winner.name())
            .fact("统一社会信用代码", "Credit code", &winner.uscc)
            .fact("中标金额（元）", "Winning price (yuan)", award.price)
            .fact("工期／交货期（日）", "Term (days)", award.term_days)
            .fact("定标时间", "Decided", in_hall_zone(award.decided_at)),
        Section::new("主要标的", "Subject")
            .paragraph(Say::new(tender.document.scope.clone(), tender.document.scope.clone())),
        Section::new("评审情况", "Evaluation")
            .fact("有效投标（个）", "Effective bids", result.ranked.len())
            .fact("未参与排序（个）", "Bids not ranked", result.rejected.len())
            .fact("评审报告摘要（SHA-256）", "Digest of the report (SHA-256)", &result.report_hash),
        Section::new("招标文件", "Document").fact(
            "文件摘要（SHA-256）",
            "Digest (SHA-256)",
            hex::encode(tender.document_hash),
        ),
    ];
    if with_names {
        let names: Vec<&str> = result.committee.iter().map(|member| member.name.as_str()).collect();
        let names = Say::new(names.join("、"), names.join(", "));
        sections.push(Section::new("评审专家名单", "Members of the committee").say("成员", "Members", names));
    }
    sections
}

/// 中标通知书
///
/// # Errors
/// When the winner has no address, which is a fault.
pub fn award_notice(told: &Telling<'_>) -> Result<NewLetter, Problem> {
    let Telling { tender, award, winner, sign_by, .. } = told;
    let until = sign_by.map_or_else(
        || {
            Say::new(
                "请与采购人（招标人）订立书面合同。",
                "Please sign the written contract with the purchaser.",
            )
        },
        |day| {
            Say::new(
                format!("请于 {day} 前（含当日）与采购人（招标人）订立书面合同。"),
                format!("The written contract is signed with the purchaser by {day} at the latest."),
            )
        },
    );
    let body = Say::new(
        format!(
            "{}：\n贵单位在“{}”（{}）中中标。中标金额 {} 元，工期／交货期 {} 日。{}",
            winner.name_zh, tender.title, tender.code, award.price, award.term_days, until.zh
        ),
        format!(
            "{}:\nYou have won \"{}\" ({}). Winning price {} yuan, term {} days. {}",
            winner.name_en, tender.title, tender.code, award.price, award.term_days, until.en
        ),
    );
    letter(
        winner,
        Say::new(format!("中标通知书：{}", tender.title), format!("Award notice: {}", tender.title)),
        body,
    )
}

/// 中标结果通知书 to one that did not win: who won, and why this bid did not (政府采购法实施条例 art 43; 财政部令87
/// art 69).
///
/// # Errors
/// When the bidder has no address, which is a fault.
pub fn loser_letter(told: &Telling<'_>, bidder: &Card) -> Result<NewLetter, Problem> {
    let Telling { tender, award, winner, .. } = told;
    let own = own_result(told.result, bidder.id);
    let body = Say::new(
        format!(
            "{}：\n“{}”（{}）的中标人为{}，中标金额 {} 元。{}",
            bidder.name_zh, tender.title, tender.code, winner.name_zh, award.price, own.zh
        ),
        format!(
            "{}:\n\"{}\" ({}) is awarded to {} at {} yuan. {}",
            bidder.name_en, tender.title, tender.code, winner.name_en, award.price, own.en
        ),
    );
    letter(
        bidder,
        Say::new(
            format!("中标结果通知：{}", tender.title),
            format!("Result of the tender: {}", tender.title),
        ),
        body,
    )
}

/// What became of a bidder's own bid.
fn own_result(result: &EvaluationResult, bidder: OrganisationId) -> Say {
    if let Some(bid) = result.ranked.iter().find(|bid| bid.bidder == bidder) {
        let rank = bid.rank;
        return match bid.total {
            Some(score) => Say::new(
                format!("贵单位得分 {score}，排名第 {rank}。"),
                format!("Your score is {score}, your rank {rank}."),
            ),
            None => Say::new(format!("贵单位排名第 {rank}。"), format!("Your rank is {rank}.")),
        };
    }
    match result.rejected.iter().find(|bid| bid.bidder == bidder) {
        Some(bid) => Say::new(
            format!("贵单位的投标未进入排序：{}（{}）。", bid.reason.zh, bid.ground.id),
            format!("Your bid was not ranked: {} ({}).", bid.reason.en, bid.ground.id),
        ),
        None => Say::new("感谢参与。", "Thank you for taking part."),
    }
}

/// The written report as it reaches a supervising body (招标投标法 art 47).
///
/// # Errors
/// When the body has no address, which is a fault.
pub fn report_letter(
    tender: &Tender,
    body: &Card,
    summary: &str,
    made_at: DateTime<Utc>,
) -> Result<NewLetter, Problem> {
    let at = in_hall_zone(made_at);
    letter(
        body,
        Say::new(
            format!("招标投标情况书面报告：{}", tender.title),
            format!("Written report: {}", tender.title),
        ),
        Say::new(
            format!(
                "{}：\n“{}”（{}）的招标投标情况书面报告已于 {at} 提交：\n\n{summary}",
                body.name_zh, tender.title, tender.code
            ),
            format!(
                "{}:\nThe written report on \"{}\" ({}) was made on {at}; its text stands above.",
                body.name_en, tender.title, tender.code
            ),
        ),
    )
}

fn letter(to: &Card, subject: Say, body: Say) -> Result<NewLetter, Problem> {
    let recipient = to
        .email
        .clone()
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("organisation {} has no address", to.id)))?;
    Ok(NewLetter { recipient, subject, body })
}

/// Text of the publication of a contract (政府采购法实施条例 art 50); `bodies` are its parties, purchaser first.
pub fn contract_notice(
    tender: &Tender,
    contract: &Contract,
    bodies: &[OrganisationId],
    names: &HashMap<OrganisationId, Card>,
) -> Vec<Section> {
    let mut section = Section::new("合同要素", "The contract")
        .fact("招标编号", "Tender code", &tender.code)
        .fact("合同金额（元）", "Contract price (yuan)", contract.amount)
        .fact("期限（日）", "Term (days)", contract.term_days)
        .fact("签订日期", "Signed on", contract.signed_on);
    for (body, (zh, en)) in bodies.iter().zip([("采购人", "Purchaser"), ("供应商", "Supplier")]) {
        section = section.say(zh, en, names.get(body).map(Card::name).unwrap_or_default());
    }
    if let Some(bond) = contract.performance_bond {
        section = section.fact("履约保证金（元）", "Performance bond (yuan)", bond);
    }
    let subject = Say::new(contract.subject.clone(), contract.subject.clone());
    vec![section, Section::new("标的", "Subject").paragraph(subject)]
}
