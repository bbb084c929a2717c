//! Parts of a bid 双信封, and the stages in which they open. Pure.
//!
//! A bid that is not divided has one part and one stage, and goes the same way as any other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{FieldError, Problem},
    law::Regime,
    seal::Word,
};

/// A part of a bid, sealed in an envelope of its own.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
#[schema(as = BidPart)]
pub enum Part {
    /// All of a bid that is not divided; a document never names it.
    #[default]
    Whole,
    /// 资格部分
    Qualification,
    /// 技术部分
    Technical,
    /// 报价部分
    Price,
}

impl Part {
    /// Whether the price of the bid is read from this part; what others state of a price counts for nothing.
    pub fn states_price(self) -> bool {
        matches!(self, Self::Whole | Self::Price)
    }

    /// Its name in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Whole => "投标文件",
            Self::Qualification => "资格部分",
            Self::Technical => "技术部分",
            Self::Price => "报价部分",
        }
    }

    /// The part of that name.
    ///
    /// # Errors
    /// A name that no document has, which is a fault.
    pub fn of(word: &Word) -> Result<Self, Problem> {
        word.as_str().parse().map_err(|_| Problem::internal(anyhow::anyhow!("a bid of the part {word}")))
    }
}

/// The parts of a tender's bids by the stage in which they open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages(Vec<Vec<Part>>);

impl Stages {
    /// The stages a document names, or the one of bids that are not divided.
    pub fn new(named: Option<&[Vec<Part>]>) -> Self {
        Self(named.map_or_else(|| vec![vec![Part::Whole]], <[_]>::to_vec))
    }

    /// Every part in the order in which parts open; the first one gives the bid its number in evaluation and award.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.0.iter().flatten().copied()
    }

    /// Whether a bid is more than one envelope.
    pub fn divides(&self) -> bool {
        self.parts().count() > 1
    }

    /// The parts of a stage, 1 for the first.
    pub fn of(&self, stage: u32) -> &[Part] {
        let at = usize::try_from(stage).ok().and_then(|stage| stage.checked_sub(1));
        at.and_then(|at| self.0.get(at)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The stage in which a part opens; none for one that these bids do not have.
    pub fn stage_of(&self, part: Part) -> Option<u32> {
        (1..).zip(&self.0).find(|(_, parts)| parts.contains(&part)).map(|(stage, _)| stage)
    }

    /// Whether nothing opens after this stage.
    pub fn ends_with(&self, stage: u32) -> bool {
        self.of(stage.saturating_add(1)).is_empty()
    }

    /// Parts that are not among `there`.
    pub fn missing(&self, there: &[Part]) -> Vec<Part> {
        self.parts().filter(|part| !there.contains(part)).collect()
    }

    /// The parts as the seal policy names them.
    ///
    /// # Errors
    /// Never for the words used here.
    pub fn words(&self) -> Result<Vec<Word>, Problem> {
        let word = |part: Part| part.as_ref().parse::<Word>();
        self.parts()
            .map(word)
            .collect::<Result<_, _>>()
            .map_err(|why| Problem::internal(anyhow::anyhow!(why)))
    }
}

/// What is wrong with the stages that a document names: two, the second of them the price alone.
///
/// The committee signs its sheets once, between the two; a purchase reads its prices out at the opening (财政部令87 art 41).
pub(super) fn check(named: &[Vec<Part>], regime: Regime) -> Vec<FieldError> {
    let place = "/document/stages";
    let mut errors = Vec::new();
    let mut refuse = |at: String, code: &str, detail: &str| errors.push(FieldError::new(at, code, detail));
    if regime == Regime::Procurement {
        refuse(
            place.to_owned(),
            "contradiction",
            "政府采购开标时宣布投标价格，不得分阶段开启（财政部令第87号第四十一条） / \
             prices of a government purchase are read out at its opening (财政部令87 art 41)",
        );
    }
    let [first, last] = named else {
        refuse(place.to_owned(), "length", "须为两个阶段 / two stages are needed");
        return errors;
    };
    if first.is_empty() {
        refuse(format!("{place}/0"), "length", "先开启的阶段不得为空 / the first stage has no part");
    }
    for (at, part) in first.iter().enumerate() {
        let again = first.iter().take(at).any(|other| other == part);
        if again || part.states_price() {
            refuse(
                format!("{place}/0/{at}"),
                "invalid",
                "先开启的只能是资格部分、技术部分，各一次 / qualification and technical open first, each once",
            );
        }
    }
    if last.as_slice() != [Part::Price] {
        refuse(format!("{place}/1"), "invalid", "最后阶段只能是报价部分 / the price alone opens last");
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(named: &[&[Part]]) -> Vec<String> {
        let named: Vec<Vec<Part>> = named.iter().map(|parts| parts.to_vec()).collect();
        check(&named, Regime::Tendering).into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn the_price_opens_last_and_alone() {
        use Part::{Price, Qualification, Technical, Whole};
        assert!(wrong(&[&[Qualification, Technical], &[Price]]).is_empty());
        assert!(wrong(&[&[Technical], &[Price]]).is_empty());
        assert_eq!(wrong(&[&[Price]]), ["/document/stages"]);
        assert_eq!(wrong(&[&[Qualification], &[Technical], &[Price]]), ["/document/stages"]);
        assert_eq!(wrong(&[&[], &[Price]]), ["/document/stages/0"]);
        assert_eq!(wrong(&[&[Price], &[Technical]]), ["/document/stages/0/0", "/document/stages/1"]);
        assert_eq!(wrong(&[&[Technical, Technical], &[Price]]), ["/document/stages/0/1"]);
        assert_eq!(wrong(&[&[Whole], &[Price]]), ["/document/stages/0/0"]);
        assert_eq!(wrong(&[&[Technical], &[Qualification, Price]]), ["/document/stages/1"]);
        let purchase = check(&[vec![Technical], vec![Price]], Regime::Procurement);
        assert_eq!(purchase.len(), 1);
    }

    #[test]
    fn what_is_not_divided_is_one_stage_with_one_part() {
        let whole = Stages::new(None);
        assert!(!whole.divides() && whole.ends_with(1));
        assert_eq!((whole.of(1), whole.of(2)), ([Part::Whole].as_slice(), [].as_slice()));
        let divided = Stages::new(Some(&[vec![Part::Qualification, Part::Technical], vec![Part::Price]]));
        assert!(divided.divides() && !divided.ends_with(1) && divided.ends_with(2));
        assert_eq!(divided.stage_of(Part::Price), Some(2));
        assert_eq!(divided.stage_of(Part::Whole), None);
        assert_eq!(divided.missing(&[Part::Technical]), [Part::Qualification, Part::Price]);
    }
}
