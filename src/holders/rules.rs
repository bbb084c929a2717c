//! What must hold of holders. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::{
    holders::model::{Body, Canary, Health, Light, PolicyState},
    kernel::{Code, LegalGround, Refusal, Say, time::in_hall_zone},
    seal::Policy,
};

/// Persons with a key that every body needs: one lost key must not keep a bid shut.
pub const LEAST_PERSONS: usize = 2;

/// How long before the deadline every officer has to have proved to read.
pub const CANARY_LEAD: TimeDelta = TimeDelta::hours(24);

/// Whether every body has enough officers for a policy to be made of them.
///
/// # Errors
/// `seal-keys-missing`, naming the bodies.
pub fn complete(bodies: &[Body]) -> Result<(), Refusal> {
    let short: Vec<&Body> = bodies.iter().filter(|body| body.persons < LEAST_PERSONS).collect();
    if short.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = short.iter().map(|body| body.member).collect();
    let names = names.join(", ");
    let detail = Say::new(
        format!("密封策略的每个持有单位须有至少 {LEAST_PERSONS} 名经办人登记份额密钥：{names} 不足。"),
        format!(
            "Every body of the seal policy needs keys of at least {LEAST_PERSONS} officers; too few: {names}."
        ),
    );
    let missing: Vec<_> = short
        .iter()
        .map(|body| {
            json!({"member": body.member, "organisationId": body.organisation, "officers": body.persons,
                "needed": LEAST_PERSONS})
        })
        .collect();
    let ground = LegalGround { id: "SEAL-2".into(), source: "hall".into(), article: None, earliest: None };
    Err(Refusal::new(Code::SealKeysMissing, detail).by_rule(ground).with("missing", json!(missing)))
}

/// How a policy stands while these of its recipients are not revoked.
pub fn health(policy: &Policy, usable: &BTreeSet<String>) -> Health {
    let is_lost = |keys: &[String]| !keys.iter().any(|key| usable.contains(key));
    let lost: BTreeSet<String> = policy
        .members
        .iter()
        .filter(|(_, member)| is_lost(&member.recipients))
        .map(|(name, _)| name.to_string())
        .collect();
    let works = policy.clauses.iter().any(|clause| !clause.iter().any(|name| lost.contains(name.as_str())));
    let state = match (lost.is_empty(), works) {
        (true, _) => PolicyState::Whole,
        (false, true) => PolicyState::Weakened,
        (false, false) => PolicyState::Broken,
    };
    Health { state, lost }
}

/// Whether another policy may follow this one: a body has lost every key, and bidders and officers have the time that the
/// centre gives them.
///
/// # Errors
/// `seal-policy-stands` while every body can read; `too-late`, with the deadline that would leave the time.
pub fn may_follow(
    health: &Health,
    hours: u32,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    if health.state == PolicyState::Whole {
        let detail = Say::new(
            "每个持有单位都还有可用的份额密钥，现行密封策略继续有效。",
            "Every body still has a key that reads: the seal policy stands.",
        );
        return Err(Refusal::new(Code::SealPolicyStands, detail));
    }
    let needed = now + TimeDelta::hours(i64::from(hours));
    if needed <= deadline {
        return Ok(());
    }
    let detail = Say::new(
        format!(
            "距截止不足 {hours} 小时，投标人来不及重新密封；请先将截止时间延至 {} 或更晚。",
            in_hall_zone(needed)
        ),
        format!(
            "Fewer than {hours} hours are left, too few to seal anew; first postpone the deadline to {} or later.",
            in_hall_zone(needed)
        ),
    );
    let ground =
        LegalGround { id: "SEAL-3".into(), source: "hall".into(), article: None, earliest: Some(needed) };
    Err(Refusal::new(Code::TooLate, detail).by_rule(ground))
}

/// When every officer of a tender has to have proved to read.
pub fn due_at(deadline: DateTime<Utc>) -> DateTime<Utc> {
    deadline - CANARY_LEAD
}

/// The light of a tender's officers.
pub fn light(canaries: &[Canary], deadline: DateTime<Utc>, now: DateTime<Utc>) -> Light {
    let proved = |one: &Canary| one.proved_at.is_some() && !one.revoked;
    if canaries.iter().all(proved) {
        Light::Green
    } else if now < due_at(deadline) {
        Light::Waiting
    } else {
        Light::Red
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{kernel::id::AccountId, seal::policy::BODIES};

    fn canary(proved: bool, revoked: bool) -> Canary {
        Canary {
            id: Uuid::nil(),
            key: Uuid::nil(),
            officer: AccountId(Uuid::nil()),
            member: "agency".into(),
            canary: Vec::new(),
            answer_sha256: Vec::new(),
            proved_at: proved.then_some(DateTime::UNIX_EPOCH),
            revoked,
        }
    }

    #[test]
    fn the_light_turns_red_a_day_before_the_deadline() {
        let deadline = DateTime::from_timestamp(1_773_624_600, 0).unwrap();
        let (last, due) = (due_at(deadline) - TimeDelta::microseconds(1), due_at(deadline));
        let all = [canary(true, false), canary(true, false)];
        assert_eq!(light(&all, deadline, due), Light::Green);
        for one in [canary(false, false), canary(true, true)] {
            let some = [canary(true, false), one];
            assert_eq!(light(&some, deadline, last), Light::Waiting);
            assert_eq!(light(&some, deadline, due), Light::Red);
        }
    }

    fn recipients() -> [Vec<String>; 3] {
        let key = || age::x25519::Identity::generate().to_public().to_string();
        [vec![key(), key()], vec![key(), key()], vec![key(), key()]]
    }

    #[test]
    fn a_policy_is_worth_what_its_clauses_still_open() {
        let keys = recipients();
        let word = |text: &str| text.parse().unwrap();
        let policy = Policy::shared(word("T-1"), word("1"), 1, keys.clone()).unwrap();
        // One key of each body is lost at most, unless the body is named.
        let state = |gone: &[&str]| {
            let left = BODIES.iter().zip(&keys).filter(|(body, _)| !gone.contains(body));
            let usable = left.map(|(_, keys)| keys[1].clone()).collect();
            let health = health(policy.policy(), &usable);
            assert_eq!(health.lost, gone.iter().map(|body| (*body).to_owned()).collect());
            health.state
        };
        assert_eq!(state(&[]), PolicyState::Whole);
        for body in BODIES {
            assert_eq!(state(&[body]), PolicyState::Weakened, "{body}");
        }
        // The supervision office is in no clause with the bidder.
        assert_eq!(state(&["agency", "supervisor"]), PolicyState::Weakened);
        assert_eq!(state(&["agency", "centre"]), PolicyState::Broken);
        assert_eq!(state(&BODIES), PolicyState::Broken);
    }

    #[test]
    fn another_policy_follows_a_loss_while_there_is_time() {
        let deadline = DateTime::from_timestamp(1_773_624_600, 0).unwrap();
        let last = deadline - TimeDelta::hours(48);
        let late = last + TimeDelta::microseconds(1);
        let of = |state| Health { state, lost: BTreeSet::new() };
        for lost in [PolicyState::Weakened, PolicyState::Broken] {
            assert_eq!(may_follow(&of(lost), 48, deadline, last), Ok(()));
            let refused = may_follow(&of(lost), 48, deadline, late).unwrap_err();
            assert_eq!(refused.code, Code::TooLate);
            assert_eq!(refused.rule.unwrap().earliest, Some(deadline + TimeDelta::microseconds(1)));
        }
        let stands = may_follow(&of(PolicyState::Whole), 48, deadline, last).unwrap_err();
        assert_eq!(stands.code, Code::SealPolicyStands);
    }

    #[test]
    fn every_body_needs_two_persons() {
        let body = |persons| Body { member: "centre", organisation: None, keys: Vec::new(), persons };
        assert!(complete(&[body(2), body(3)]).is_ok());
        let refused = complete(&[body(2), body(1)]).unwrap_err();
        assert_eq!(refused.code, Code::SealKeysMissing);
        assert_eq!(refused.extra["missing"][0]["officers"], 1);
        assert_eq!(refused.rule.unwrap().id, "SEAL-2");
    }
}
