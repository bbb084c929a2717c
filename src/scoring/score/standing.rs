//! Who takes part and who goes forward: rejected offers, one brand as one bidder, the last of a framework eliminated.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rust_decimal::Decimal;

use super::{Exclusion, Offer, Outcome, Scored};
use crate::{
    kernel::Say,
    scoring::{
        arithmetic::{self, TooLarge},
        method::{FrameworkEntry, Marks, Method, MethodText},
        numbers::Numbers,
        ranking::{Contender, TieGroup, rank},
        workings::{tell_ceiling, tell_left_out},
    },
};

type Excluded = Vec<(String, Exclusion)>;

/// Parts the offers that take no part from the others, and tells why.
pub(super) fn sift<'a>(
    method: &Method,
    offers: &'a [Offer],
    workings: &mut Vec<Say>,
) -> (Vec<&'a Offer>, Excluded) {
    let ceiling = method.ceiling();
    let (refused, effective): (Vec<&Offer>, Vec<&Offer>) =
        offers.iter().partition(|offer| offer.correction_refused);
    tell_left_out("不确认修正后的报价，投标无效", "Corrected price not confirmed: void", &refused, workings);
    let mut excluded = named(&refused, Exclusion::CorrectionRefused);
    let (above, effective): (Vec<&Offer>, Vec<&Offer>) =
        effective.into_iter().partition(|offer| offer.is_above(ceiling));
    tell_ceiling(method, offers.len() - refused.len(), &above, workings);
    excluded.extend(named(&above, Exclusion::AboveCeiling));
    let (low, effective): (Vec<&Offer>, Vec<&Offer>) =
        effective.into_iter().partition(|offer| offer.below_cost);
    tell_left_out("经认定低于成本，否决", "Found below cost and rejected", &low, workings);
    excluded.extend(named(&low, Exclusion::BelowCost));
    let (dear, mut effective): (Vec<&Offer>, Vec<&Offer>) =
        effective.into_iter().partition(|offer| offer.is_above(offer.agreement_price));
    tell_left_out("高于本供应商协议价，无效", "Above the supplier's own agreement price", &dear, workings);
    excluded.extend(named(&dear, Exclusion::AboveAgreement));
    if matches!(method.text(), MethodText::GpLowestPrice(_)) {
        let (out, rest) = cheapest_of_each_brand(effective);
        tell_left_out("同品牌产品，非最低报价，不参加评标", "Not the cheapest of its brand", &out, workings);
        excluded.extend(named(&out, Exclusion::SameBrand));
        effective = rest;
    }
    (effective, excluded)
}

fn named(offers: &[&Offer], why: Exclusion) -> Excluded {
    offers.iter().map(|offer| (offer.id.clone(), why)).collect()
}

fn brand(offer: &Offer) -> Option<&str> {
    offer.brand.as_deref().map(str::trim)
}

/// Those that another offer of their brand undercuts, and the rest.
fn cheapest_of_each_brand(effective: Vec<&Offer>) -> (Vec<&Offer>, Vec<&Offer>) {
    let mut cheapest: HashMap<&str, Decimal> = HashMap::new();
    for offer in &effective {
        let Some(brand) = brand(offer) else { continue };
        let price = offer.price.value();
        cheapest.entry(brand).and_modify(|least| *least = price.min(*least)).or_insert(price);
    }
    effective.into_iter().partition(|offer| {
        let least = brand(offer).and_then(|brand| cheapest.get(brand));
        least.is_some_and(|least| offer.price.value() > *least)
    })
}

/// Bidders the law counts: offers of one brand are one.
pub(super) fn bidders(effective: &[&Offer]) -> usize {
    let brands: BTreeSet<&str> = effective.iter().filter_map(|offer| brand(offer)).collect();
    brands.len() + effective.iter().filter(|offer| offer.brand.is_none()).count()
}

/// Orders the contenders; of one brand only the best goes forward where offers are scored (令87 art 31), and equals
/// among the best await a draw together.
pub(super) fn ordered(
    method: &Method,
    effective: &[&Offer],
    contenders: Vec<Contender>,
    excluded: &mut Excluded,
    workings: &mut Vec<Say>,
) -> Vec<TieGroup> {
    let brands: BTreeMap<&str, &str> =
        effective.iter().filter_map(|offer| Some((offer.id.as_str(), brand(offer)?))).collect();
    if !method.scores() || brands.is_empty() {
        return rank(contenders);
    }
    let of = |contender: &Contender| brands.get(contender.id.as_str()).copied();
    let mut best: HashMap<&str, [Decimal; 3]> = HashMap::new();
    for contender in &contenders {
        let Some(brand) = of(contender) else { continue };
        let merits = contender.merits;
        best.entry(brand).and_modify(|most| *most = merits.max(*most)).or_insert(merits);
    }
    let (behind, forward): (Vec<Contender>, Vec<Contender>) = contenders.into_iter().partition(|contender| {
        let most = of(contender).and_then(|brand| best.get(brand));
        most.is_some_and(|most| contender.merits < *most)
    });
    let behind: HashSet<&str> = behind.iter().map(|contender| contender.id.as_str()).collect();
    let out: Vec<&Offer> =
        effective.iter().filter(|offer| behind.contains(offer.id.as_str())).copied().collect();
    tell_left_out(
        "同品牌产品按一家计算，得分较低，不作为中标候选人",
        "One brand counts as one bidder; lower score, no candidate",
        &out,
        workings,
    );
    excluded.extend(named(&out, Exclusion::SameBrand));
    rank(forward)
}

/// `max(least, ⌈share × n⌉)` of `n` (令110 art 27).
fn eliminated(share: Decimal, least: usize, n: usize) -> Result<usize, TooLarge> {
    let part = arithmetic::times(Decimal::from(n), share)?;
    let whole = arithmetic::times(part, Decimal::new(1, 2))?.ceil();
    Ok(usize::try_from(whole).map_err(|_| TooLarge)?.max(least))
}

/// Marks who enters a framework agreement; equals on both sides of the line await a draw.
pub(super) fn enter(
    entry: &FrameworkEntry,
    numbers: Numbers,
    groups: &[TieGroup],
    ranked: &mut [Scored],
    workings: &mut Vec<Say>,
) -> Result<Outcome, TooLarge> {
    let n = ranked.len();
    if n == 0 {
        return Ok(Outcome::NoEffectiveOffer);
    }
    if n < numbers.least {
        tell_too_few(n, numbers.least, workings);
        return Ok(Outcome::TooFew);
    }
    let share = entry.eliminated_percent.map_or(Decimal::ZERO, Marks::value);
    let least = numbers.least_eliminated;
    let out = eliminated(share, least, n)?;
    let places = n.saturating_sub(out);
    let formula = format!("max({least}, ⌈{share}% × {n}⌉) = {out}");
    workings.push(Say::new(
        format!("淘汰 {formula}，入围{places}家"),
        format!("Eliminated {formula}; {places} enter"),
    ));
    let crosses = |group: &TieGroup| group.rank <= places && group.rank + group.ids.len() - 1 > places;
    let open = groups.iter().find(|group| crosses(group)).map(|group| group.rank);
    for scored in ranked {
        scored.entered = (open != Some(scored.rank)).then_some(scored.rank <= places);
    }
    Ok(if open.is_some() { Outcome::DrawNeeded } else { Outcome::Ranked })
}

/// What the order means: enough bidders, and no tie among the places that matter.
pub(super) fn outcome(
    numbers: Numbers,
    groups: &[TieGroup],
    bidders: usize,
    workings: &mut Vec<Say>,
) -> Outcome {
    let Numbers { candidates, least, .. } = numbers;
    match bidders {
        0 => Outcome::NoEffectiveOffer,
        few if few < least => {
            tell_too_few(few, least, workings);
            Outcome::TooFew
        }
        _ if groups.iter().any(|group| group.rank <= candidates && group.ids.len() > 1) => {
            Outcome::DrawNeeded
        }
        _ => Outcome::Ranked,
    }
}

fn tell_too_few(few: usize, least: usize, workings: &mut Vec<Say>) {
    workings.push(Say::new(
        format!("有效报价{few}家 < {least}家"),
        format!("{few} bidders with an effective offer < {least}"),
    ));
}
