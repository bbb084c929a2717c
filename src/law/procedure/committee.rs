//! How many sit on a committee, and how many of them are experts.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Procedure;
use crate::{
    kernel::{Code, LegalGround, Refusal, Say},
    law::{
        book::{Law, LawGap, not_that},
        model::{Cap, share_of},
    },
};

/// What the law asks of a committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committee {
    /// Least number of members.
    pub minimum: u32,
    /// Whether the number must be odd.
    pub odd: bool,
    /// Share of experts, numerator and denominator.
    pub experts: (u32, u32),
    /// The rule for the number.
    pub size_ground: LegalGround,
    /// The rule for the share.
    pub experts_ground: LegalGround,
}

impl Committee {
    /// The least number of experts among `members`.
    pub fn experts_among(&self, members: u32) -> u32 {
        share_of(self.experts.0, self.experts.1, members)
    }

    /// Judges a committee by its numbers.
    ///
    /// # Errors
    /// `law-refuses` with the rule that is broken.
    pub fn check(&self, members: u32, experts: u32) -> Result<(), Refusal> {
        let minimum = self.minimum;
        if members < minimum || (self.odd && members.is_multiple_of(2)) {
            let detail = Say::new(
                format!("评审委员会须为{minimum}人以上单数，现为{members}人。"),
                format!("The committee needs an odd number of at least {minimum}; it has {members}."),
            );
            return Err(Refusal::new(Code::LawRefuses, detail).by_rule(self.size_ground.clone()));
        }
        let needed = self.experts_among(members);
        if experts < needed || experts > members {
            let detail = Say::new(
                format!("{members}人的委员会须有评审专家至少{needed}人，现为{experts}人。"),
                format!("A committee of {members} needs at least {needed} experts; it has {experts}."),
            );
            return Err(Refusal::new(Code::LawRefuses, detail).by_rule(self.experts_ground.clone()));
        }
        Ok(())
    }
}

impl Law {
    /// What the procedure asks of a committee; `large` forces the number for complex purchases or those of high
    /// social impact, `budget` decides by amount.
    ///
    /// # Errors
    /// A rule that is not in force or no number: a mistake of configuration.
    pub fn committee(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        budget: Option<Decimal>,
        large: bool,
    ) -> Result<Committee, LawGap> {
        let rules = &procedure.committee;
        let over = match (&rules.large_from, budget) {
            (Some(key), Some(budget)) => match self.cap(key, on)? {
                Cap::Yuan(from) => budget >= from,
                Cap::Percent(_) => return Err(not_that(key, "amount")),
            },
            _ => false,
        };
        let size = rules.large.as_ref().filter(|_| large || over).unwrap_or(&rules.size);
        let (minimum, odd) = self.number(size, on)?;
        Ok(Committee {
            minimum,
            odd,
            experts: self.share(&rules.experts, on)?,
            size_ground: self.ground(size, on)?,
            experts_ground: self.ground(&rules.experts, on)?,
        })
    }
}
