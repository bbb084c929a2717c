//! What stands in the way of each act from the report to the archive. Pure.
//!
//! Times are judged by the procedure's guards (`Setting::permit`); here stands what is left: order of acts, rank 1,
//! and that a contract says what bid and document say.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::{
    awards::model::{Award, Candidate, Contract, NewContract},
    kernel::{Code, LegalGround, Money, Problem, Refusal, Rejection, Say, id::BidId, time::hall_date},
    law::{Event, Facts, Law, Procedure, Regime},
    tenders::{TenderDocument, TenderPhase},
};

/// Acts that close a procedure, in the order in which they are asked for.
const CLOSING: [Event; 6] = [
    Event::ContractPublished,
    Event::ContractFiled,
    Event::SupervisorReport,
    Event::LoserDepositsReturned,
    Event::WinnerDepositReturned,
    Event::DepositsReturned,
];

/// Events by which deposits go back.
const RETURNS: [Event; 3] =
    [Event::LoserDepositsReturned, Event::WinnerDepositReturned, Event::DepositsReturned];

/// Where a tender stands between report and archive.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its procedure.
    pub procedure: &'a Procedure,
    /// Its phase.
    pub phase: TenderPhase,
    /// What happened when.
    pub facts: &'a Facts,
    /// The award, once decided.
    pub award: Option<&'a Award>,
    /// The contract, once drawn up.
    pub contract: Option<&'a Contract>,
}

fn no(code: Code, zh: &str, en: &str) -> Refusal {
    Refusal::new(code, Say::new(zh, en))
}

impl<'a> Standing<'a> {
    /// TG-9: candidates are published where the procedure knows publicity, once, after the report.
    ///
    /// # Errors
    /// `wrong-state`.
    pub fn may_publish_candidates(&self) -> Result<(), Refusal> {
        if !self.procedure.publicity {
            let name = &self.procedure.name;
            return Err(Refusal::new(
                Code::WrongState,
                Say::new(
                    format!("“{}”没有中标候选人公示环节。", name.zh),
                    format!("\"{}\" knows no publicity of candidates.", name.en),
                ),
            ));
        }
        self.phase.to(TenderPhase::Candidates).map(drop)
    }

    /// TG-10 and TG-11: the award follows the report, and no objection to the result is open.
    ///
    /// # Errors
    /// `wrong-state`.
    pub fn may_decide(&self) -> Result<(), Refusal> {
        self.phase.to(TenderPhase::Awarded)?;
        let objected = self.facts.get(&Event::ResultObjected);
        if objected.is_some() && objected > self.facts.get(&Event::ResultObjectionAnswered) {
            return Err(no(
                Code::WrongState,
                "对评标结果的异议尚未答复，不能定标。",
                "An objection to the result is not answered yet.",
            ));
        }
        Ok(())
    }

    /// TG-12: winner and losers are told once.
    ///
    /// # Errors
    /// `wrong-state`, `duplicate`.
    pub fn may_tell(&self) -> Result<&'a Award, Refusal> {
        let award = self.decided()?;
        match award.told {
            None => Ok(award),
            Some(_) => {
                Err(no(Code::Duplicate, "中标结果已经通知。", "Winner and losers have been told already."))
            }
        }
    }

    fn decided(&self) -> Result<&'a Award, Refusal> {
        self.award.ok_or_else(|| no(Code::WrongState, "尚未定标。", "The award is not decided yet."))
    }

    /// TG-13: a contract is drawn up once, after the award notice.
    ///
    /// # Errors
    /// `wrong-state`, `duplicate`.
    pub fn may_draw_contract(&self) -> Result<&'a Award, Refusal> {
        let award = self.decided()?;
        if self.contract.is_some() {
            return Err(no(Code::Duplicate, "合同已经拟定。", "The contract is drawn up already."));
        }
        match award.told {
            Some(_) => Ok(award),
            None => Err(no(Code::WrongState, "中标通知书尚未发出。", "The award notice is not out yet.")),
        }
    }

    /// The winner signs what the purchaser drew up.
    ///
    /// # Errors
    /// `wrong-state`, `duplicate`.
    pub fn may_sign(&self) -> Result<&'a Contract, Refusal> {
        let contract = self
            .contract
            .ok_or_else(|| no(Code::WrongState, "合同尚未拟定。", "The contract is not drawn up yet."))?;
        match contract.signature {
            None => Ok(contract),
            Some(_) => Err(no(Code::Duplicate, "合同已经签订。", "The contract is signed already.")),
        }
    }

    fn signed(&self) -> Result<&'a Contract, Refusal> {
        self.contract
            .filter(|contract| contract.signature.is_some())
            .ok_or_else(|| no(Code::WrongState, "合同尚未签订。", "The contract is not signed yet."))
    }

    /// A signed contract is published once.
    ///
    /// # Errors
    /// `wrong-state`, `duplicate`.
    pub fn may_publish_contract(&self) -> Result<&'a Contract, Refusal> {
        let contract = self.signed()?;
        match contract.publication {
            None => Ok(contract),
            Some(_) => Err(no(Code::Duplicate, "合同已经公告。", "The contract is published already.")),
        }
    }

    /// A signed contract is filed once.
    ///
    /// # Errors
    /// `wrong-state`, `duplicate`.
    pub fn may_file_contract(&self) -> Result<&'a Contract, Refusal> {
        let contract = self.signed()?;
        match contract.filing {
            None => Ok(contract),
            Some(_) => Err(no(Code::Duplicate, "合同已经备案。", "The contract is filed already.")),
        }
    }

    /// The written report is made once, where the procedure asks for one (招标投标法 art 47).
    ///
    /// # Errors
    /// `wrong-state`, `duplicate`.
    pub fn may_report(&self) -> Result<(), Refusal> {
        if !asks_for(self.procedure, Event::SupervisorReport) {
            return Err(no(
                Code::WrongState,
                "该采购方式不要求提交书面报告。",
                "This procedure asks for no written report.",
            ));
        }
        self.decided()?;
        if self.facts.contains_key(&Event::SupervisorReport) {
            return Err(no(Code::Duplicate, "书面报告已经提交。", "The written report is made already."));
        }
        Ok(())
    }

    /// Which returns of deposits an order to return them makes now; where none is due yet, the next one, so that the
    /// law itself says what it waits for.
    ///
    /// # Errors
    /// `duplicate` when all went back.
    pub fn returns(&self) -> Result<Vec<Event>, Refusal> {
        let open: Vec<Event> = RETURNS
            .into_iter()
            .filter(|event| asks_for(self.procedure, *event) && !self.facts.contains_key(event))
            .collect();
        let due: Vec<Event> = open
            .iter()
            .copied()
            .filter(|event| {
                self.procedure
                    .guards()
                    .filter(|(_, guard)| guard.to == *event)
                    .all(|(_, guard)| self.facts.contains_key(&guard.from))
            })
            .collect();
        match (due.is_empty(), open.first()) {
            (false, _) => Ok(due),
            (true, Some(next)) => Ok(vec![*next]),
            (true, None) => Err(no(Code::Duplicate, "保证金已经退还。", "The deposits went back already.")),
        }
    }
}

fn asks_for(procedure: &Procedure, event: Event) -> bool {
    procedure.guards().any(|(_, guard)| guard.to == event)
}

/// What the procedure still asks for before the files are closed (TG-14). Deposits count only where the document
/// asks for them.
pub fn left_to_do(procedure: &Procedure, facts: &Facts, asks_deposit: bool) -> Vec<Event> {
    CLOSING
        .into_iter()
        .filter(|event| asks_for(procedure, *event) && !facts.contains_key(event))
        .filter(|event| asks_deposit || !RETURNS.contains(event))
        .collect()
}

/// ENG-24: no more candidates than the procedure allows, and at least one.
///
/// # Errors
/// `law-refuses` with the rule, `wrong-state` without candidates.
pub fn few_enough(law: &Law, procedure: &Procedure, on: NaiveDate, candidates: usize) -> Result<(), Problem> {
    if candidates == 0 {
        return Err(no(Code::WrongState, "没有中标候选人。", "There is no candidate.").into());
    }
    let Some(key) = &procedure.maximum_candidates else { return Ok(()) };
    let (most, _) = law.number(key, on)?;
    if u32::try_from(candidates).is_ok_and(|candidates| candidates <= most) {
        return Ok(());
    }
    let detail = Say::new(
        format!("中标候选人不得超过{most}个，现为{candidates}个。"),
        format!("At most {most} candidates are lawful; there are {candidates}."),
    );
    Err(Refusal::new(Code::LawRefuses, detail).by_rule(law.ground(key, on)?).into())
}

/// ENG-28, GP-9: the award goes to the first candidate. Answers it.
///
/// # Errors
/// `not-first-candidate` with the rule, naming the first.
pub fn first_candidate<'c>(
    law: &Law,
    procedure: &Procedure,
    on: NaiveDate,
    candidates: &'c [Candidate],
    wanted: BidId,
) -> Result<&'c Candidate, Problem> {
    let first = candidates.iter().min_by_key(|candidate| candidate.rank);
    let first = first.ok_or_else(|| no(Code::WrongState, "没有中标候选人。", "There is no candidate."))?;
    if first.bid_id == wanted {
        return Ok(first);
    }
    let rule = if procedure.regime == Regime::Procurement { "GP-9/decision" } else { "ENG-28" };
    let detail = Say::new(
        format!("应当确定排名第一的中标候选人“{}”为中标人。", first.name.zh),
        format!("The award goes to the first candidate, {}.", first.name.en),
    );
    let refusal = Refusal::new(Code::NotFirstCandidate, detail).by_rule(law.ground(rule, on)?);
    Err(refusal.with("firstCandidate", serde_json::json!({"bidId": first.bid_id, "name": first.name})).into())
}

/// TG-13: a contract says what bid and document say. Answers its subject.
///
/// # Errors
/// `contract-differs` with the ground, or `law-refuses` for a bond above the cap, or 422 for the day of signing.
pub fn contract_fits(
    law: &Law,
    procedure: &Procedure,
    on: NaiveDate,
    (award, document): (&Award, &TenderDocument),
    asked: &NewContract,
    now: DateTime<Utc>,
) -> Result<String, Problem> {
    let ground = same_as_bid(law, procedure, on)?;
    let differs = |zh: &str, en: &str, wanted: serde_json::Value| {
        no(Code::ContractDiffers, zh, en).by_rule(ground.clone()).with("wanted", wanted)
    };
    if asked.amount != award.price {
        let wanted = serde_json::json!(award.price);
        return Err(
            differs("合同价款须为中标价。", "The contract price must be the winning price.", wanted).into()
        );
    }
    if asked.term_days != award.term_days {
        let wanted = serde_json::json!(award.term_days);
        return Err(differs("合同期限须与投标文件一致。", "The term must be the bid's.", wanted).into());
    }
    let scope = document.scope.trim();
    if asked.subject.as_deref().is_some_and(|subject| subject.trim() != scope) {
        let wanted = serde_json::json!(scope);
        return Err(
            differs("合同标的须与招标文件一致。", "The subject must be the document's.", wanted).into()
        );
    }
    bond_fits(law, procedure, on, document, asked)?;
    signing_day(award, asked.signed_on, now)?;
    Ok(scope.to_owned())
}

/// The article that binds the contract to bid and document is the one that times it (招标投标法 46, 政府采购法 46).
fn same_as_bid(law: &Law, procedure: &Procedure, on: NaiveDate) -> Result<LegalGround, Problem> {
    let timed = procedure.guards().find(|(_, guard)| guard.to == Event::ContractSigned);
    let (_, guard) = timed
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("procedure {} times no contract", procedure.id)))?;
    Ok(LegalGround { id: "TG-13".into(), ..law.ground(&guard.rule, on)? })
}

fn bond_fits(
    law: &Law,
    procedure: &Procedure,
    on: NaiveDate,
    document: &TenderDocument,
    asked: &NewContract,
) -> Result<(), Problem> {
    let Some(bond) = asked.performance_bond else { return Ok(()) };
    let Some(percent) = document.performance_bond_percent else {
        let ground = same_as_bid(law, procedure, on)?;
        let detail = Say::new("招标文件没有要求履约保证金。", "The document asks for no performance bond.");
        return Err(Refusal::new(Code::ContractDiffers, detail).by_rule(ground).into());
    };
    let amount = asked.amount.value();
    let (cap, ground) = law.lowest_cap(std::slice::from_ref(&procedure.performance_bond_cap), amount, on)?;
    let by_document = amount
        .checked_mul(percent.value())
        .map(|part| (part / Decimal::ONE_HUNDRED).round_dp_with_strategy(2, RoundingStrategy::ToZero));
    let most = by_document.map_or(cap, |most| most.min(cap));
    if bond.value() <= most {
        return Ok(());
    }
    let detail = Say::new(
        format!("履约保证金 {bond} 超过上限 {most:.2}。"),
        format!("The performance bond {bond} exceeds {most:.2}."),
    );
    let refusal = Refusal::new(Code::LawRefuses, detail).by_rule(ground);
    Err(refusal.with("most", serde_json::Value::String(format!("{most:.2}"))).into())
}

fn signing_day(award: &Award, day: NaiveDate, now: DateTime<Utc>) -> Result<(), Problem> {
    let first = award.told.map_or(award.decided_at, |told| told.at);
    if (hall_date(first)..=hall_date(now)).contains(&day) {
        return Ok(());
    }
    let detail = Say::new(
        "签订日期不得早于中标通知书发出之日，也不得晚于今日。",
        "The day of signing lies between the award notice and today.",
    );
    Err(Rejection::at("/signedOn", "out-of-range", detail).into())
}

/// The amount of a deposit: as recorded, else as the document asks.
///
/// # Errors
/// 422 when neither names one, or it is nothing.
pub fn deposit_amount(
    asked: Option<Money>,
    document: &TenderDocument,
    at: usize,
) -> Result<Money, Rejection> {
    match asked.or(document.deposit) {
        Some(amount) if amount.value() > Decimal::ZERO => Ok(amount),
        _ => {
            let detail = Say::new("须写明保证金数额。", "The amount of the deposit is needed.");
            Err(Rejection::at(format!("/items/{at}/amount"), "required", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{kernel::id::OrganisationId, platform::policy_file::PolicySource};

    fn law() -> Law {
        Law::load(&PolicySource::BuiltIn).unwrap()
    }

    fn on() -> NaiveDate {
        "2026-02-24".parse().unwrap()
    }

    fn facts(events: &[Event]) -> Facts {
        events.iter().map(|event| (*event, DateTime::<Utc>::UNIX_EPOCH)).collect()
    }

    fn candidate(rank: u32) -> Candidate {
        Candidate {
            rank,
            bid_id: BidId(Uuid::from_u128(rank.into())),
            bidder_id: OrganisationId(Uuid::from_u128(rank.into())),
            name: Say::new(format!("投标人{rank}"), format!("Bidder {rank}")),
            price: Money::yuan(Decimal::ONE).unwrap(),
            score: Some(Decimal::from(90)),
            term_days: 240,
            further: Vec::new(),
        }
    }

    fn standing<'a>(procedure: &'a Procedure, phase: TenderPhase, facts: &'a Facts) -> Standing<'a> {
        Standing { procedure, phase, facts, award: None, contract: None }
    }

    #[test]
    fn only_works_publish_candidates_and_at_most_three() {
        let law = law();
        let (works, goods) = (
            law.procedure("engineering-open", on()).unwrap(),
            law.procedure("procurement-open-goods", on()).unwrap(),
        );
        let none = Facts::new();
        assert!(standing(works, TenderPhase::Evaluated, &none).may_publish_candidates().is_ok());
        let refused = standing(goods, TenderPhase::Evaluated, &none).may_publish_candidates().unwrap_err();
        assert_eq!(refused.code, Code::WrongState);
        assert!(few_enough(&law, works, on(), 3).is_ok());
        let Err(Problem::Refusal(refused)) = few_enough(&law, works, on(), 4) else { panic!("4 candidates") };
        assert_eq!(refused.rule.unwrap().id, "ENG-24");
        assert!(few_enough(&law, works, on(), 0).is_err());
    }

    #[test]
    fn the_first_is_found_by_rank_and_any_other_is_refused_by_the_procedures_own_article() {
        let law = law();
        let list = [candidate(2), candidate(1), candidate(3)];
        for (procedure, rule, article) in
            [("engineering-open", "ENG-28", "55"), ("procurement-open-goods", "GP-9", "43")]
        {
            let procedure = law.procedure(procedure, on()).unwrap();
            let first = first_candidate(&law, procedure, on(), &list, candidate(1).bid_id).unwrap();
            assert_eq!(first.rank, 1);
            let refused = first_candidate(&law, procedure, on(), &list, candidate(2).bid_id);
            let Err(Problem::Refusal(refused)) = refused else { panic!("{refused:?}") };
            assert_eq!(refused.code, Code::NotFirstCandidate);
            assert!(refused.detail.zh.contains("投标人1"));
            let ground = refused.rule.unwrap();
            assert_eq!((ground.id.as_str(), ground.article.as_deref()), (rule, Some(article)));
        }
    }

    #[test]
    fn an_open_objection_holds_the_award_back_until_it_is_answered() {
        let law = law();
        let works = law.procedure("engineering-open", on()).unwrap();
        let mut known = facts(&[Event::ResultObjected]);
        assert!(standing(works, TenderPhase::Candidates, &known).may_decide().is_err());
        known.insert(Event::ResultObjectionAnswered, DateTime::<Utc>::UNIX_EPOCH);
        assert!(standing(works, TenderPhase::Candidates, &known).may_decide().is_ok());
        assert!(standing(works, TenderPhase::Opened, &known).may_decide().is_err());
    }

    #[test]
    fn deposits_go_back_when_the_event_they_wait_for_has_come() {
        let law = law();
        let works = law.procedure("engineering-open", on()).unwrap();
        let goods = law.procedure("procurement-open-goods", on()).unwrap();
        let returns = |procedure, events: &[Event]| {
            standing(procedure, TenderPhase::Awarded, &facts(events))
                .returns()
                .map_err(|refusal| refusal.code)
        };
        let (losers, winner) = (Event::LoserDepositsReturned, Event::WinnerDepositReturned);
        // Nothing is due: the next one is named, so that the law says what it waits for.
        assert_eq!(returns(works, &[Event::AwardNotice]), Ok(vec![Event::DepositsReturned]));
        assert_eq!(returns(goods, &[Event::AwardNotice]), Ok(vec![losers]));
        assert_eq!(returns(goods, &[Event::AwardNotice, losers, Event::ContractSigned]), Ok(vec![winner]));
        assert_eq!(returns(goods, &[Event::AwardNotice, Event::ContractSigned]), Ok(vec![losers, winner]));
        assert_eq!(returns(goods, &[Event::AwardNotice, losers, winner]), Err(Code::Duplicate));
    }

    #[test]
    fn the_files_close_when_the_procedure_asks_for_nothing_more() {
        let law = law();
        let works = law.procedure("engineering-open", on()).unwrap();
        let goods = law.procedure("procurement-open-goods", on()).unwrap();
        assert_eq!(
            left_to_do(works, &Facts::new(), true),
            [Event::SupervisorReport, Event::DepositsReturned]
        );
        assert_eq!(left_to_do(works, &facts(&[Event::SupervisorReport]), false), []);
        assert_eq!(left_to_do(goods, &Facts::new(), false), [Event::ContractPublished, Event::ContractFiled]);
    }
}
