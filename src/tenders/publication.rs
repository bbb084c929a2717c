//! What must hold before a tender is published (TG-3), and the text of its notices. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::{
    holders::{self, Body},
    kernel::{Category, Code, LegalGround, Problem, Refusal, Say, time::in_hall_zone},
    law::{Event, Facts, Law, Procedure, Regime},
    notices::{Draft, NoticeKind, Section},
    projects::Project,
    seal::CheckedPolicy,
    tenders::{
        document,
        model::{Place, PlaceView, Tender},
        parts::Part,
    },
};

/// Everything the decision needs besides the tender.
pub struct Circumstances<'a> {
    /// The project.
    pub project: &'a Project,
    /// The procedure.
    pub procedure: &'a Procedure,
    /// Day whose law judges.
    pub on: NaiveDate,
    /// The confirmed place at the deadline.
    pub place: Option<&'a PlaceView>,
    /// Now.
    pub now: DateTime<Utc>,
    /// Facts so far.
    pub facts: &'a Facts,
    /// Who would hold shares of bids; none where the bidder alone holds the secret.
    pub bodies: Option<&'a [Body]>,
}

/// TG-3: whether the tender may be published now. Answers the first thing that stands in the way.
///
/// # Errors
/// A refusal with rule, article and the earliest lawful alternative where the law is the reason.
pub fn may_publish(law: &Law, tender: &Tender, at: &Circumstances<'_>) -> Result<(), Problem> {
    registered(at.project, tender)?;
    approved(tender)?;
    document::check(&tender.document, at.procedure, law, at.on)?;
    within_budget(law, tender, at)?;
    deposit_within_cap(law, tender, at)?;
    still_ahead(tender.deadline, at.now)?;
    let mut facts = at.facts.clone();
    facts.insert(Event::NoticePublished, at.now);
    facts.insert(Event::DocumentsIssued, at.now);
    facts.insert(Event::Deadline, tender.deadline);
    law.permit(at.procedure, at.on, Event::Deadline, tender.deadline, &facts)?;
    law.permit(at.procedure, at.on, Event::DocumentsClosed, tender.offered_until, &facts)?;
    place_fixed(law, at)?;
    at.bodies.map_or(Ok(()), |bodies| Ok(holders::rules::complete(bodies)?))
}

/// Whether a deadline may be moved to `deadline` (RM-8: only with a confirmed room).
///
/// # Errors
/// As [`may_publish`], for the date and the place.
pub fn may_postpone(
    law: &Law,
    tender: &Tender,
    deadline: DateTime<Utc>,
    at: &Circumstances<'_>,
) -> Result<(), Problem> {
    if deadline <= tender.deadline {
        let detail = Say::new(
            "新的截止时间须晚于原截止时间。",
            "The new deadline must be later than the present one.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    still_ahead(deadline, at.now)?;
    law.deadline_is_worked(deadline)?;
    place_fixed(law, at)
}

fn registered(project: &Project, tender: &Tender) -> Result<(), Refusal> {
    if !project.is_accepted() {
        let detail =
            Say::new("进场登记尚未受理，不能发布公告。", "The registration has not been accepted yet.");
        return Err(Refusal::new(Code::WrongState, detail));
    }
    if project.centre_code.as_ref() == Some(&tender.centre_code) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::WrongState,
        Say::new(
            "项目的交易场所已变更，请修改草稿并重新预约场地。",
            "The project has been routed to another centre; amend the draft and book a room there.",
        ),
    ))
}

fn approved(tender: &Tender) -> Result<(), Refusal> {
    if tender.approval.is_some_and(|approval| approval.hash == tender.document_hash) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::DocumentNotApproved,
        Say::new(
            "采购人（招标人）尚未批准招标文件的当前版本。",
            "The purchaser has not approved the document as it now stands.",
        ),
    ))
}

fn within_budget(law: &Law, tender: &Tender, at: &Circumstances<'_>) -> Result<(), Problem> {
    let Some(budget) = at.project.budget.filter(|_| at.procedure.regime == Regime::Procurement) else {
        return Ok(());
    };
    if tender.document.ceiling.value() <= budget.value() {
        return Ok(());
    }
    let detail = Say::new(
        format!("最高限价 {} 超过预算 {budget}。", tender.document.ceiling),
        format!("The ceiling {} exceeds the budget {budget}.", tender.document.ceiling),
    );
    Err(Refusal::new(Code::LawRefuses, detail).by_rule(law.ground("GP-1", at.on)?).into())
}

/// Base of the deposit's cap: the budget of a purchase, else the estimate 招标项目估算价.
fn deposit_base(at: &Circumstances<'_>) -> Option<Decimal> {
    match at.project.category {
        Category::Procurement => at.project.budget.map(crate::kernel::Money::value),
        _ => at.project.estimate.map(crate::kernel::Money::value),
    }
}

fn deposit_within_cap(law: &Law, tender: &Tender, at: &Circumstances<'_>) -> Result<(), Problem> {
    let Some(deposit) = tender.document.deposit else { return Ok(()) };
    let Some(base) = deposit_base(at) else {
        let detail =
            Say::new("须先登记估算价，才能收取投标保证金。", "A deposit needs a registered estimate.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    };
    let (most, rule) = law.lowest_cap(&at.procedure.deposit_caps, base, at.on)?;
    if deposit.value() <= most {
        return Ok(());
    }
    let detail = Say::new(
        format!("投标保证金 {deposit} 超过法定上限 {most:.2}。"),
        format!("The deposit {deposit} exceeds the cap {most:.2}."),
    );
    let most = serde_json::Value::String(format!("{most:.2}"));
    Err(Refusal::new(Code::LawRefuses, detail).by_rule(rule).with("most", most).into())
}

fn still_ahead(deadline: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
    if deadline > now {
        return Ok(());
    }
    Err(Refusal::new(Code::TooEarly, Say::new("截止时间已过。", "The deadline is already past.")))
}

/// RM-3: the place of the opening is fixed before publication (招标投标法 art 34).
fn place_fixed(law: &Law, at: &Circumstances<'_>) -> Result<(), Problem> {
    if at.place.is_some() {
        return Ok(());
    }
    let rule = if at.procedure.regime == Regime::Procurement { "GPB-7" } else { "ENG-16" };
    let ground = law
        .ground(rule, at.on)
        .or_else(|_| law.ground(&format!("{rule}/time"), at.on))
        .unwrap_or_else(|_| LegalGround {
            id: "RM-3".into(),
            source: "招标投标法".into(),
            article: Some("34".into()),
            earliest: None,
        });
    let detail = Say::new(
        "截止时间没有已确认的开标室；开标地点须在招标文件中预先确定。",
        "No opening room is confirmed for the deadline; the place must be fixed in the document beforehand.",
    );
    Err(Refusal::new(Code::OpeningRoomMissing, detail).by_rule(ground).into())
}

/// The common head of every publication of a tender.
pub fn draft(kind: NoticeKind, project: &Project, tender: &Tender, sections: Vec<Section>) -> Draft {
    let name = kind.name_in(project.category);
    Draft {
        kind,
        project: project.id,
        tender: Some(tender.id),
        centre_code: tender.centre_code.clone(),
        region_code: project.region_code.clone(),
        category: project.category,
        title: Say::new(titled(&tender.title, &name.zh), format!("{}: {}", name.en, tender.title)),
        sections,
        period_ends_at: None,
    }
}

/// `…设备采购` and `采购公告` make `…设备采购公告`: the word for the act stands once.
fn titled(tender: &str, name: &str) -> String {
    let act = name.strip_suffix("公告").filter(|act| !act.is_empty());
    let base = act.and_then(|act| tender.strip_suffix(act)).unwrap_or(tender);
    format!("{base}{name}")
}

/// Text of the tender notice 招标公告 / 采购公告, made from the rows and nothing else.
pub fn tender_notice(
    project: &Project,
    tender: &Tender,
    procedure: &Procedure,
    place: &PlaceView,
    policy: &CheckedPolicy,
) -> Vec<Section> {
    let document = &tender.document;
    let mut conditions = Section::new("投标人资格要求", "Qualification");
    for line in &document.qualification {
        conditions = conditions.paragraph(Say::new(line.clone(), line.clone()));
    }
    let mut money = Section::new("价款与保证金", "Prices and deposit").fact(
        "最高投标限价（元）",
        "Ceiling (yuan)",
        document.ceiling,
    );
    if let Some(deposit) = document.deposit {
        money = money.fact("投标保证金（元）", "Bid deposit (yuan)", deposit);
    }
    if let Some(budget) = project.budget {
        money = money.fact("采购预算（元）", "Budget (yuan)", budget);
    }
    if let Some(aside) = &document.set_aside {
        let reserved = if aside.reserved { Say::new("是", "yes") } else { Say::new("否", "no") };
        money = money.say("面向中小企业预留", "Reserved for small and medium enterprises", reserved);
        if !aside.ground.is_empty() {
            money = money.fact("依据", "Ground", &aside.ground);
        }
    }
    vec![
        numbers(project, tender)
            .say("采购方式", "Procedure", procedure.name.clone())
            .paragraph(Say::new(document.scope.clone(), document.scope.clone())),
        conditions,
        money,
        Section::new("时间与地点", "Dates and place")
            .fact("文件提供截止", "Documents offered until", in_hall_zone(tender.offered_until))
            .fact("投标截止暨开标时间", "Deadline and opening", in_hall_zone(tender.deadline))
            .say("开标地点", "Place of the opening", place.room_name.clone())
            .fact("工期／交货期（日）", "Term (days)", document.term_days),
        Section::new("招标文件", "Document").fact(
            "文件摘要（SHA-256）",
            "Digest (SHA-256)",
            hex::encode(tender.document_hash),
        ),
        sealing(tender, policy),
    ]
}

/// Who can open the bids, and the digest to compare before sealing.
pub(super) fn sealing(tender: &Tender, policy: &CheckedPolicy) -> Section {
    let mut section = Section::new("密封策略", "Sealing").fact(
        "策略摘要（SHA-256）",
        "Policy digest (SHA-256)",
        policy.digest(),
    );
    if let Some(most) = tender.document.max_bid_mebibytes {
        section = section.fact("投标文件大小上限（MiB）", "Largest bid (MiB)", most);
    }
    let stages = tender.document.stages();
    if stages.divides() {
        let first: Vec<_> = stages.of(1).iter().map(|part| part.zh()).collect();
        let told = Say::new(
            format!("各部分分别密封；截止时开启{}，评审后对合格投标开启报价部分", first.join("、")),
            format!(
                "parts sealed apart: {} at the deadline, then the price of those who pass",
                stages.of(1).iter().map(Part::as_ref).collect::<Vec<_>>().join(", ")
            ),
        );
        section = section.say("投标文件组成", "Parts of a bid", told);
    }
    let Some(shared) = &tender.document.sealing else {
        return section.say("开启", "Opened by", Say::new("投标人", "the bidder alone"));
    };
    let section = section.say(
        "开启",
        "Opened by",
        Say::new(
            "投标人与代理机构；或投标人与交易中心；或代理机构、交易中心与监督部门三方",
            "bidder and agency; or bidder and centre; or agency, centre and supervision office together",
        ),
    );
    let remedy = if shared.remedy {
        Say::new("投标人未解密的，由三方开启", "the three bodies open the bid of a bidder who does not come")
    } else {
        Say::new("无", "none")
    };
    section.say("补救方案", "Remedy", remedy)
}

/// The head of the notice: every number the tender has.
fn numbers(project: &Project, tender: &Tender) -> Section {
    let mut head = Section::new("项目概况", "The project")
        .fact("项目编号", "Project code", &project.code)
        .fact("招标编号", "Tender code", &tender.code);
    if let Some(section) = tender.section_code() {
        head = head.fact("标段编号", "Section code", section);
    }
    if let Some(document) = &tender.document_code {
        head = head.fact("文件编号", "Document code", document);
    }
    if let Some(deal) = &tender.deal_code {
        head = head.fact("统一交易标识码", "Unified deal code", deal);
    }
    head
}

/// Text of a clarification.
pub fn clarification_notice(no: i32, text: &str) -> Vec<Section> {
    let text = Say::new(text, text);
    vec![Section::new("澄清修改内容", "Clarification").fact("次序", "Number", no).paragraph(text)]
}

/// Text of a postponement.
pub fn postponement_notice(
    tender: &Tender,
    old: DateTime<Utc>,
    place: &PlaceView,
    reason: &str,
) -> Vec<Section> {
    vec![
        Section::new("延期内容", "Postponement")
            .fact("原截止时间", "Old deadline", in_hall_zone(old))
            .fact("新截止暨开标时间", "New deadline and opening", in_hall_zone(tender.deadline))
            .say("开标地点", "Place of the opening", place.room_name.clone())
            .fact("理由", "Reason", reason),
    ]
}

/// Text of a failure or termination.
pub fn end_notice(tender: &Tender, reason: &Say) -> Vec<Section> {
    vec![
        Section::new("事由", "Reason")
            .fact("招标编号", "Tender code", &tender.code)
            .paragraph(reason.clone()),
    ]
}

/// A place is only a place of this opening when its slot starts at the deadline (RM-2).
///
/// # Errors
/// `law-refuses` by 招标投标法 art 34.
pub fn place_at_deadline(tender: &Tender, place: &Place) -> Result<(), Refusal> {
    if place.opens_at >= tender.deadline {
        return Ok(());
    }
    let ground = LegalGround {
        id: "RM-2".into(),
        source: "招标投标法".into(),
        article: Some("34".into()),
        earliest: Some(tender.deadline),
    };
    let detail =
        Say::new("开标应当在投标截止的同一时间进行。", "The opening takes place at the deadline itself.");
    Err(Refusal::new(Code::LawRefuses, detail).by_rule(ground))
}
