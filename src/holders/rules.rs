//! What must hold of holders. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::{
    holders::model::{Body, Canary, Light},
    kernel::{Code, LegalGround, Refusal, Say},
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
    use crate::kernel::id::AccountId;

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
