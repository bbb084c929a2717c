//! What a rule is: a number with its bound and unit, the article it stands on, and the days it is in force.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::kernel::{LegalGround, Say};

use super::counting::{Direction, Unit};

/// Which side of its number a rule leaves open (CNT-1, 民法典 1259).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Bound {
    /// 不少于、以上: the number is included.
    AtLeast,
    /// 不超过、以内: the number is included.
    AtMost,
    /// 超过: the number is excluded.
    MoreThan,
    /// 不满、不足: the number is excluded.
    LessThan,
    /// 为: neither more nor less.
    Exactly,
}

impl Bound {
    /// Whether the rule limits from below.
    pub fn is_floor(self) -> bool {
        matches!(self, Self::AtLeast | Self::MoreThan)
    }

    /// Whether the rule limits from above.
    pub fn is_ceiling(self) -> bool {
        matches!(self, Self::AtMost | Self::LessThan)
    }
}

/// How well the number and the article are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Mark {
    /// The text of the law was read.
    V,
    /// Read in a secondary source only.
    Vs,
    /// Known, the text was not at hand.
    K,
}

/// When an act that waits for a period may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reached {
    /// On the period's last day (自发出之日起至截止之日止).
    #[default]
    OnLastDay,
    /// Only once the period is over, at 24:00 of its last day (公示期、提供期限).
    AfterLastDay,
}

/// A length of time with its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Number of units.
    pub length: u32,
    /// What is counted.
    pub unit: Unit,
    /// Towards the future, or back from a day such as the deadline.
    pub direction: Direction,
    /// Which side is open.
    pub bound: Bound,
    /// For floors: when the act that waits may come.
    pub reached: Reached,
}

impl Period {
    /// The length the bound leaves as its nearest lawful value: "more than 3" needs 4, "less than 3" leaves 2.
    pub fn nearest(self) -> u32 {
        match self.bound {
            Bound::MoreThan => self.length.saturating_add(1),
            Bound::LessThan => self.length.saturating_sub(1),
            Bound::AtLeast | Bound::AtMost | Bound::Exactly => self.length,
        }
    }
}

/// A limit on an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// Per cent of a base, such as the estimate.
    Percent(u32),
    /// Yuan.
    Yuan(Decimal),
}

impl Cap {
    /// The highest amount the cap allows over `base`, rounded down to the fen.
    ///
    /// `None` where the base is too large to multiply.
    pub fn over(self, base: Decimal) -> Option<Decimal> {
        let highest = match self {
            Self::Percent(percent) => base.checked_mul(Decimal::from(percent))? / Decimal::ONE_HUNDRED,
            Self::Yuan(yuan) => yuan,
        };
        Some(highest.round_dp_with_strategy(2, RoundingStrategy::ToZero))
    }
}

/// What a rule says, apart from words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// A length of time.
    Period(Period),
    /// Clock hours.
    Hours(Bound, u32),
    /// A limit on money.
    Cap(Bound, Cap),
    /// A number of persons, bids, candidates.
    Count {
        /// Which side is open.
        bound: Bound,
        /// The number.
        n: u32,
        /// Whether only odd numbers are lawful.
        odd: bool,
    },
    /// A share of a whole, such as two thirds of a committee.
    Share {
        /// Which side is open.
        bound: Bound,
        /// Numerator.
        n: u32,
        /// Denominator, never 0.
        of: u32,
    },
    /// No number: the rule orders two events, or commands or forbids something.
    Statement,
}

/// The smallest whole number that is at least `n`/`of` of `whole`: 2/3 of 7 is 5 (EX-6).
pub fn share_of(n: u32, of: u32, whole: u32) -> u32 {
    let part = (u64::from(whole) * u64::from(n)).div_ceil(u64::from(of.max(1)));
    u32::try_from(part).unwrap_or(u32::MAX)
}

/// One rule of law in one of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Rule id, such as `ENG-25`; what refusals name.
    pub id: String,
    /// Which of several numbers under one id, such as `publicity`.
    pub part: Option<String>,
    /// Short name.
    pub name: Say,
    /// What is limited, in one word; rules with the same subject may not contradict each other.
    pub subject: String,
    /// The number.
    pub quantity: Quantity,
    /// The instrument, such as 招标投标法.
    pub source: String,
    /// The article, such as `24`.
    pub article: String,
    /// How well it is known.
    pub mark: Mark,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force; absent while in force.
    pub effective_to: Option<NaiveDate>,
    /// What it says, in short.
    pub text: Say,
}

impl Rule {
    /// What procedures and rooms call it: `ENG-4`, or `ENG-25/publicity`.
    pub fn key(&self) -> String {
        match &self.part {
            Some(part) => format!("{}/{part}", self.id),
            None => self.id.clone(),
        }
    }

    /// Whether it is in force on `on`.
    pub fn in_force(&self, on: NaiveDate) -> bool {
        self.effective_from <= on && self.effective_to.is_none_or(|last| on <= last)
    }

    /// The article, unless the text was not at hand.
    pub fn known_article(&self) -> Option<&str> {
        Some(self.article.as_str()).filter(|article| *article != NOT_AT_HAND)
    }

    /// What a refusal shows of it.
    pub fn ground(&self) -> LegalGround {
        LegalGround {
            id: self.id.clone(),
            source: self.source.clone(),
            article: self.known_article().map(str::to_owned),
            earliest: None,
        }
    }

    /// [`Self::ground`] with the lawful alternative.
    pub fn ground_until(&self, alternative: DateTime<Utc>) -> LegalGround {
        LegalGround { earliest: Some(alternative), ..self.ground() }
    }
}

/// Stands for the article of a rule whose text was not at hand.
pub(super) const NOT_AT_HAND: &str = "-";

/// Choices of the centre where no law fixes a value. They are never shown as law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = LawSettings)]
pub struct Settings {
    /// Whether the end of a calendar-day period moves over ordinary weekends too (CNT-3).
    pub roll_weekends: bool,
    /// When business hours end, for acts at a counter (CNT-7); absent, they end at 24:00 as on-line acts do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "17:30:00")]
    pub counter_closes: Option<NaiveTime>,
    /// Whether a bid deadline must lie on a working day (TG-3).
    pub deadline_on_working_day: bool,
    /// Minutes the bidders have to decrypt after the opening began.
    pub decryption_window_minutes: u32,
    /// How often the host may extend that window, with a reason.
    pub decryption_extensions: u32,
    /// Most minutes one extension adds.
    pub decryption_extension_minutes: u32,
    /// Calendar days a bid stays valid where the document says nothing.
    pub bid_validity_days: u32,
    /// Hours before the opening within which experts of works are drawn (EX-5).
    pub engineering_draw_window_hours: u32,
    /// Substitutes drawn with each committee (EX-10).
    pub draw_backups: u32,
    /// Candidates a report names where no law gives a number.
    pub report_candidates: u32,
    /// Minutes before a deadline in which an outage of the hall counts for a postponement by two people.
    pub outage_window_minutes: u32,
    /// Minutes that such an outage must exceed.
    pub outage_minutes: u32,
    /// Hours before the deadline until which another seal policy may follow one that a body has lost every key of.
    pub reseal_hours: u32,
    /// Years the files of works are kept (no law names a number).
    pub engineering_retention_years: u32,
    /// Most MiB that a document may allow for a sealed bid.
    pub max_bid_mebibytes: u32,
}
