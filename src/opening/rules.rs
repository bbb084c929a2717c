//! Guards of the opening. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    kernel::{Code, LegalGround, Problem, Refusal, Rejection, Say},
    law::{Law, Settings},
    opening::model::{ExtendWindow, Opening, ReleaseShare},
    tenders::TenderPhase,
};

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

/// A share of the only clause is the bidder's, and is the secret itself.
///
/// # Errors
/// 422 that points to clause or member.
pub fn check_share(asked: &ReleaseShare) -> Result<(), Rejection> {
    if asked.clause != 0 {
        let detail = Say::new("该投标只有条款 0。", "This bid has clause 0 only.");
        return Err(Rejection::at("/clause", "unknown", detail));
    }
    if asked.member != crate::bids::seal::policy::BIDDER {
        let detail = Say::new("条款 0 只有成员 bidder。", "Clause 0 has the member bidder only.");
        return Err(Rejection::at("/member", "unknown", detail));
    }
    Ok(())
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
    fn the_window_is_half_open() {
        let opening = opening(false);
        let last = opening.window_until - TimeDelta::microseconds(1);
        assert!(may_release(TenderPhase::Opening, &opening, last).is_ok());
        let over = may_release(TenderPhase::Opening, &opening, opening.window_until).unwrap_err();
        assert_eq!(over.code, Code::WindowOver);
        assert!(may_release(TenderPhase::Closed, &opening, last).is_err());
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
