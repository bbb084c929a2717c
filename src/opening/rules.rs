//! Guards of the opening. Pure.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    bids::{Outside, StandingBid},
    kernel::{
        Code, LegalGround, Problem, Refusal, Rejection, Say,
        id::{BidId, OrganisationId},
    },
    law::{Law, Settings},
    opening::model::{ExtendWindow, OpenedBid, Opening, Outcome, ReleaseShare},
    seal::{Policy, Word, policy::BIDDER, shares::Shut},
    tenders::{Part, Stages, TenderPhase},
};

/// What the worker may take to get to an opening that waits for nothing.
const AT_ONCE: TimeDelta = TimeDelta::minutes(1);

/// From when the release window is counted: the deadline, at which an opening begins. Where it had to wait, for a decision
/// over the clock or for the service itself, from the moment at which it can: before, nobody could release.
pub fn window_from(deadline: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    if now - deadline > AT_ONCE { now } else { deadline }
}

/// End of the release window of an opening that begins at `began_at`.
pub fn window_end(settings: &Settings, began_at: DateTime<Utc>) -> DateTime<Utc> {
    began_at + TimeDelta::minutes(i64::from(settings.decryption_window_minutes))
}

/// Whether a stage of an opening goes on: the first while the tender is opening, a later one while it is evaluated.
pub fn is_under_way(phase: TenderPhase, opening: &Opening) -> bool {
    let phase_fits =
        if opening.stage == 1 { phase == TenderPhase::Opening } else { phase == TenderPhase::Opened };
    phase_fits && opening.concluded_at.is_none()
}

/// Whether it is the turn of a part; a share of one whose stage has not begun is never taken.
///
/// # Errors
/// `too-early` before its stage, `wrong-state` after it.
pub fn in_turn(stages: &Stages, opening: &Opening, part: Part) -> Result<(), Refusal> {
    match stages.stage_of(part).map(|stage| stage.cmp(&opening.stage)) {
        Some(Ordering::Equal) => Ok(()),
        Some(Ordering::Greater) => {
            let detail = Say::new(
                format!("{}所在的开启阶段尚未开始，不接收其份额。", part.zh()),
                format!(
                    "The stage in which the part \"{part}\" opens has not begun; no share of it is taken."
                ),
            );
            Err(Refusal::new(Code::TooEarly, detail))
        }
        Some(Ordering::Less) | None => {
            let detail = Say::new("该部分的开启阶段已结束。", "The stage in which this part opens is over.");
            Err(Refusal::new(Code::WrongState, detail))
        }
    }
}

/// The refusal of a share of a part that stays sealed.
pub fn stays_sealed() -> Refusal {
    let detail = Say::new(
        "该投标在前一阶段已终止，其后续部分不予开启。",
        "An earlier stage ended this bid; its later parts stay sealed.",
    );
    Refusal::new(Code::WrongState, detail)
}

/// The bids that open in a stage, each as its parts, in the order of receipt. What stays sealed is not among them.
pub fn due<'b>(standing: &'b [Outside], parts: &[Part], sealed: &HashSet<BidId>) -> Vec<Vec<&'b Outside>> {
    let mut places: HashMap<OrganisationId, usize> = HashMap::new();
    let mut bids: Vec<Vec<&Outside>> = Vec::new();
    for bid in standing.iter().filter(|bid| parts.contains(&bid.part) && !sealed.contains(&bid.id)) {
        let place = *places.entry(bid.bidder).or_insert(bids.len());
        match bids.get_mut(place) {
            Some(others) => others.push(bid),
            None => bids.push(vec![bid]),
        }
    }
    bids
}

/// What became of each bid: the gravest that became of one of its parts.
pub fn fates(lines: &[OpenedBid]) -> HashMap<OrganisationId, Outcome> {
    let mut fates = HashMap::new();
    for line in lines {
        let fate = fates.entry(line.bidder).or_insert(line.outcome);
        *fate = line.outcome.max(*fate);
    }
    fates
}

/// What each bid says with all its parts that are told of. It goes by id, number and time of its first part.
pub fn whole(lines: Vec<OpenedBid>, stages: &Stages) -> Vec<OpenedBid> {
    let first = stages.parts().next();
    let (mut bids, mut later): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|line| Some(line.part) == first);
    later.sort_by_key(|line| stages.parts().position(|part| part == line.part));
    let places: HashMap<OrganisationId, usize> =
        bids.iter().enumerate().map(|(at, bid)| (bid.bidder, at)).collect();
    for line in later {
        if let Some(bid) = places.get(&line.bidder).and_then(|at| bids.get_mut(*at)) {
            bid.join(line);
        }
    }
    bids
}

/// Why the later parts of a bid stay sealed that an earlier stage ended.
pub fn ended_before(state: &StandingBid) -> String {
    let why = state.revoked_reason.as_deref().unwrap_or_default();
    format!("前一阶段未能开启，不予开启 / an earlier part was not opened, and this one stays sealed: {why}")
}

/// Why the later parts of a bid stay sealed that did not pass.
pub fn did_not_pass(why: &Say) -> String {
    format!("前一阶段评审未通过，不予开启：{} / did not pass, and stays sealed: {}", why.zh, why.en)
}

/// Whether a secret may be released now.
///
/// # Errors
/// `wrong-state` before the opening and after the record, `window-over` after the window.
pub fn may_release(phase: TenderPhase, opening: &Opening, now: DateTime<Utc>) -> Result<(), Refusal> {
    if !is_under_way(phase, opening) {
        return Err(phase.refuse(&Say::new("解密", "release a secret")));
    }
    if now < opening.window_until {
        return Ok(());
    }
    let detail = Say::new("解密时间已结束。", "The time for releasing secrets is over.");
    Err(Refusal::new(Code::WindowOver, detail).by_rule(Law::setting_ground("decryptionWindowMinutes")))
}

/// The clause of the policy that a share is for.
///
/// # Errors
/// 422 that points to clause or member.
pub fn clause_of<'p>(policy: &'p Policy, asked: &ReleaseShare) -> Result<&'p [Word], Rejection> {
    let clause = usize::try_from(asked.clause).ok().and_then(|at| policy.clauses.get(at));
    let Some(clause) = clause else {
        let detail = Say::new("密封策略没有该条款。", "The seal policy has no such clause.");
        return Err(Rejection::at("/clause", "unknown", detail));
    };
    if clause.iter().any(|member| member.as_str() == asked.member) {
        return Ok(clause);
    }
    let detail = Say::new("该条款没有此成员。", "The clause has no such member.");
    Err(Rejection::at("/member", "unknown", detail))
}

/// Whether a clause opens bids without their bidders.
pub fn is_recovery(clause: &[Word]) -> bool {
    !clause.iter().any(|member| member.as_str() == BIDDER)
}

/// The refusal of a share that would open a bid without its bidder where neither the document has the remedy nor the
/// supervision office has ordered it.
pub fn no_recovery() -> Refusal {
    let ground = LegalGround {
        id: "O20 31".into(),
        source: "电子招标投标办法".into(),
        article: Some("31".into()),
        earliest: None,
    };
    let detail = Say::new(
        "招标文件未约定补救方案，监督部门也未决定补救开启；不得绕过投标人开启。",
        "The document has no remedy and the supervision office has ordered none: nobody opens past the bidder.",
    );
    Refusal::new(Code::RecoveryNotOrdered, detail).by_rule(ground)
}

/// The refusal of a recovery where the bidders alone hold their secrets.
pub fn bidders_alone() -> Refusal {
    let detail = Say::new(
        "该项目的密钥仅由投标人持有，无补救开启。",
        "The bidders alone hold the secrets of these bids: there is no recovery.",
    );
    Refusal::new(Code::WrongState, detail)
}

/// Why each clause of a policy did not open a bid, in the policy's order.
pub type Failures<'p> = Vec<(&'p [Word], Shut)>;

/// Whose fault it is that a bid was not opened (电子招标投标办法 art 31): its bidder's, unless the bidder released its
/// share of some clause whose other members did not release theirs.
pub fn at_fault(failures: &Failures<'_>) -> Outcome {
    let left_alone = failures.iter().any(|(clause, shut)| match shut {
        Shut::Absent(absent) => {
            !is_recovery(clause) && !absent.iter().any(|member| member.as_str() == BIDDER)
        }
        Shut::Unfit => false,
    });
    if left_alone { Outcome::Withdrawn } else { Outcome::Revoked }
}

/// Why a bid was not opened, naming who was missing or did not fit.
pub fn failure(failures: &Failures<'_>) -> String {
    if let [([only], Shut::Absent(_))] = failures.as_slice()
        && only.as_str() == BIDDER
    {
        return "投标人未在规定时间内解密 / not released by the bidder within the window".to_owned();
    }
    let names = |members: &[Word]| members.iter().map(Word::as_str).collect::<Vec<_>>().join(" + ");
    let said = failures.iter().map(|(clause, shut)| match shut {
        Shut::Absent(absent) => {
            let (clause, absent) = (names(clause), names(absent));
            format!("{clause}：{absent} 未释放份额 / {absent} released nothing")
        }
        Shut::Unfit => {
            let clause = names(clause);
            format!("{clause}：份额与该投标不符 / together the shares are not the bid's key")
        }
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Whether the host may move the window to `asked.until` (a setting: once, by a bounded time, with a reason).
///
/// # Errors
/// 409 when it was extended before or is over, 422 for a time that does not fit.
pub fn may_extend(
    settings: &Settings,
    phase: TenderPhase,
    opening: &Opening,
    asked: &ExtendWindow,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    may_release(phase, opening, now)?;
    if opening.extension.is_some() || settings.decryption_extensions == 0 {
        let detail = Say::new("解密时间只能延长一次。", "The window can be extended once only.");
        let ground = Law::setting_ground("decryptionExtensions");
        return Err(Refusal::new(Code::WrongState, detail).by_rule(ground).into());
    }
    let most = opening.window_until + TimeDelta::minutes(i64::from(settings.decryption_extension_minutes));
    if asked.until <= opening.window_until || asked.until > most {
        let detail = Say::new(
            format!("延长后的时间须晚于 {}，且不晚于 {most}。", opening.window_until),
            format!("The new end must be after {} and not after {most}.", opening.window_until),
        );
        return Err(Rejection::at("/until", "out-of-range", detail).into());
    }
    if !(1..=1000).contains(&asked.reason.trim().chars().count()) {
        let detail = Say::new("请说明延长理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
        return Err(Rejection::at("/reason", "length", detail).into());
    }
    Ok(())
}

/// Why an opening with fewer bids than the law asks does not take place (招标投标法 art 28, 财政部令87 art 41).
pub fn too_few(received: usize, needed: u32, ground: &LegalGround) -> Say {
    let article = ground.article.as_deref().unwrap_or_default();
    Say::new(
        format!(
            "投标人少于 {needed} 个（{received} 个），不得开标（《{}》第{article}条）；投标文件未拆封。",
            ground.source
        ),
        format!(
            "Fewer than {needed} bids ({received}): no opening ({}, art. {article}); the bids stay sealed.",
            ground.source
        ),
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{kernel::id::TenderId, opening::model::Extension, platform::policy_file::PolicySource};

    fn opening(extended: bool) -> Opening {
        let began_at: DateTime<Utc> = "2026-03-16T01:30:00Z".parse().unwrap();
        let until = began_at + TimeDelta::minutes(30);
        let extension = Extension { from: until, by: Uuid::nil(), reason: "x".into() };
        Opening {
            id: Uuid::nil(),
            tender: TenderId(Uuid::nil()),
            stage: 1,
            began_at,
            window_until: if extended { until + TimeDelta::minutes(10) } else { until },
            extension: extended.then_some(extension),
            concluded_at: None,
            benchmark_draw: None,
            version: 1,
        }
    }

    #[test]
    fn an_opening_that_had_to_wait_has_its_whole_window() {
        let deadline = opening(false).began_at;
        let minute = deadline + TimeDelta::minutes(1);
        assert_eq!(window_from(deadline, minute), deadline, "the worker's own seconds");
        let later = minute + TimeDelta::seconds(1);
        assert_eq!(window_from(deadline, later), later);
    }

    #[test]
    fn the_window_is_half_open() {
        let opening = opening(false);
        let last = opening.window_until - TimeDelta::microseconds(1);
        assert!(may_release(TenderPhase::Opening, &opening, last).is_ok());
        let over = may_release(TenderPhase::Opening, &opening, opening.window_until).unwrap_err();
        assert_eq!(over.code, Code::WindowOver);
        assert!(may_release(TenderPhase::Closed, &opening, last).is_err());
    }

    fn line(bid: u128, bidder: u128, part: Part, outcome: Outcome, price: Option<&str>) -> OpenedBid {
        let price = price.map(|text| serde_json::json!({"amount": text, "currency": "CNY"}));
        OpenedBid {
            bid: BidId(Uuid::from_u128(bid)),
            bidder: OrganisationId(Uuid::from_u128(bidder)),
            part,
            seq: i64::try_from(bid).unwrap(),
            received_at: "2026-03-16T01:00:00Z".parse().unwrap(),
            released_at: None,
            outcome,
            price: price.map(|price| serde_json::from_value(price).unwrap()),
            form: Some(serde_json::json!({"part": part, part.to_string(): true})),
            files: Some(serde_json::json!([part])),
            clause: None,
            recovery: None,
            failure: None,
        }
    }

    #[test]
    fn a_part_opens_in_its_stage_and_in_no_other() {
        let stages = Stages::new(Some(&[vec![Part::Technical], vec![Part::Price]]));
        let mut stage = opening(false);
        assert!(in_turn(&stages, &stage, Part::Technical).is_ok());
        assert_eq!(in_turn(&stages, &stage, Part::Price).unwrap_err().code, Code::TooEarly);
        assert_eq!(in_turn(&stages, &stage, Part::Whole).unwrap_err().code, Code::WrongState);
        assert!(is_under_way(TenderPhase::Opening, &stage) && !is_under_way(TenderPhase::Opened, &stage));
        stage.stage = 2;
        assert!(in_turn(&stages, &stage, Part::Price).is_ok());
        assert_eq!(in_turn(&stages, &stage, Part::Technical).unwrap_err().code, Code::WrongState);
        assert!(!is_under_way(TenderPhase::Opening, &stage) && is_under_way(TenderPhase::Opened, &stage));
        stage.concluded_at = Some(stage.began_at);
        assert!(!is_under_way(TenderPhase::Opened, &stage));
        let whole = Stages::new(None);
        assert!(in_turn(&whole, &opening(false), Part::Whole).is_ok());
    }

    #[test]
    fn a_bid_is_what_its_parts_say_together() {
        use Outcome::{Opened, Revoked, Sealed};
        let stages = Stages::new(Some(&[vec![Part::Qualification, Part::Technical], vec![Part::Price]]));
        let lines = vec![
            line(1, 7, Part::Price, Opened, Some("12.00")),
            line(2, 7, Part::Technical, Opened, None),
            line(3, 7, Part::Qualification, Opened, None),
            line(4, 8, Part::Qualification, Opened, None),
            line(5, 8, Part::Technical, Opened, None),
            line(6, 8, Part::Price, Sealed, None),
            line(7, 9, Part::Qualification, Opened, None),
            line(8, 9, Part::Technical, Revoked, None),
        ];
        let fates = fates(&lines);
        assert_eq!(fates.get(&lines[0].bidder), Some(&Opened));
        assert_eq!(fates.get(&lines[3].bidder), Some(&Sealed));
        assert_eq!(fates.get(&lines[6].bidder), Some(&Revoked));
        let bids = whole(lines, &stages);
        let told: Vec<_> = bids.iter().map(|bid| (bid.seq, bid.outcome, bid.price.is_some())).collect();
        assert_eq!(told, [(3, Opened, true), (4, Opened, false), (7, Revoked, false)]);
        let form = serde_json::json!({"part": "qualification", "qualification": true, "technical": true, "price": true});
        assert_eq!(bids[0].form, Some(form));
        assert_eq!(bids[0].files, Some(serde_json::json!(["qualification", "technical", "price"])));
        let undivided =
            vec![line(1, 7, Part::Whole, Opened, Some("1.00")), line(2, 8, Part::Whole, Revoked, None)];
        assert_eq!(whole(undivided.clone(), &Stages::new(None)), undivided);
    }

    #[test]
    fn a_bid_is_withdrawn_where_its_bidder_was_left_alone_and_revoked_else() {
        let words =
            |names: &[&str]| -> Vec<Word> { names.iter().map(|name| name.parse().unwrap()).collect() };
        let (one, two) = (words(&["bidder", "agency"]), words(&["bidder", "centre"]));
        let three = words(&["agency", "centre", "supervisor"]);
        let absent = |names: &[&str]| Shut::Absent(words(names));
        let judged = |first: Shut, second: Shut| {
            at_fault(&vec![
                (one.as_slice(), first),
                (two.as_slice(), second),
                (three.as_slice(), absent(&["centre"])),
            ])
        };
        assert_eq!(judged(absent(&["bidder"]), absent(&["bidder"])), Outcome::Revoked);
        assert_eq!(judged(absent(&["bidder", "agency"]), absent(&["bidder", "centre"])), Outcome::Revoked);
        assert_eq!(judged(absent(&["agency"]), absent(&["centre"])), Outcome::Withdrawn);
        assert_eq!(judged(Shut::Unfit, absent(&["centre"])), Outcome::Withdrawn);
        assert_eq!(judged(Shut::Unfit, absent(&["bidder"])), Outcome::Revoked);
        assert_eq!(judged(Shut::Unfit, Shut::Unfit), Outcome::Revoked);
        let said = failure(&vec![(one.as_slice(), absent(&["agency"])), (two.as_slice(), Shut::Unfit)]);
        assert!(said.contains("bidder + agency") && said.contains("agency released nothing"), "{said}");
        assert!(said.contains("bidder + centre：份额与该投标不符"), "{said}");
    }

    #[test]
    fn the_window_is_extended_once_and_within_bounds() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let ask = |opening: &Opening, minutes| {
            let until = opening.window_until + TimeDelta::minutes(minutes);
            let asked = ExtendWindow { until, reason: "网络拥堵".into() };
            may_extend(law.settings(), TenderPhase::Opening, opening, &asked, opening.began_at)
        };
        assert!(ask(&opening(false), 10).is_ok());
        assert!(ask(&opening(false), 0).is_err());
        assert!(ask(&opening(false), 31).is_err());
        assert!(ask(&opening(true), 5).is_err());
    }
}
