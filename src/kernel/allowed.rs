//! What a caller may do next with a resource, until when, and why not.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Code, Problem};

/// One act on a resource as its caller stands to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedAction {
    /// Name of the act, such as `publish`.
    pub action: String,
    /// Whether it would be let through now, as far as can be told beforehand.
    pub allowed: bool,
    /// Lawful moment from which it is possible, if that is what stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<DateTime<Utc>>,
    /// Moment by which it must be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
    /// Why it is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Rule behind the reason or the deadline, such as `ENG-25`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl AllowedAction {
    /// From what a guard answers.
    pub fn from_guard(action: &str, guard: &Result<(), Problem>) -> Self {
        let rule = match guard {
            Err(Problem::Refusal(refusal)) => refusal.rule.as_deref(),
            _ => None,
        };
        Self {
            action: action.to_owned(),
            allowed: guard.is_ok(),
            earliest: rule.and_then(|rule| rule.earliest),
            deadline: None,
            reason: guard.as_ref().err().map(Problem::code),
            rule: rule.map(|rule| rule.id.clone()),
        }
    }

    /// Adds the moment by which the act must be done and the rule that says so.
    #[must_use]
    pub fn until(mut self, deadline: DateTime<Utc>, rule: &str) -> Self {
        self.deadline = Some(deadline);
        self.rule.get_or_insert_with(|| rule.to_owned());
        self
    }
}
