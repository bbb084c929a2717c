//! Guards of the opening. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    kernel::{Code, LegalGround, Problem, Refusal, Rejection, Say},
    law::{Law, Settings},
    opening::model::{ExtendWindow, Opening, Outcome, ReleaseShare},
    seal::{Policy, Word, policy::BIDDER, shares::Shut},
    tenders::TenderPhase,
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

/// Whether a secret may be released now.
///
/// # Errors
/// `wrong-state` before the opening and after the record, `window-over` after the window.
pub fn may_release(phase: TenderPhase, opening: &Opening, now: DateTime<Utc>) -> Result<(), Refusal> {
    if phase != TenderPhase::Opening || opening.concluded_at.is_some() {
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
        "招标文件未约定补救方案，监督机构也未决定补救开启；不得绕过投标人开启。",
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
