//! What a new edition changes in where projects trade, in words, and for whom.
//!
//! A venue is decided by the table in force on the day, kept with the project and frozen by its first notice; so a
//! change meets what is registered or changed from then on.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use strum::IntoEnumIterator as _;

use super::{
    Jurisdiction,
    model::{CatalogueEdition, Centre, Measure, Period, Region, RoomKind, Threshold},
};
use crate::{kernel::Say, law::changes::Change};

/// Everything that `new` changes over `old`: thresholds, regions, catalogue, centres, in this order.
pub fn changes(old: &Jurisdiction, new: &Jurisdiction) -> Vec<Change> {
    let mut found = thresholds(&old.thresholds, &new.thresholds);
    found.extend(by_name(&old.regions, &new.regions, |region| region.code.to_string(), region_change));
    found.extend(by_name(&old.catalogue, &new.catalogue, |one| one.edition.clone(), catalogue_change));
    found.extend(by_name(&old.centres, &new.centres, |centre| centre.code.clone(), centre_change));
    found.extend(by_name(
        &old.classes.codes,
        &new.classes.codes,
        |class| class.code.to_string(),
        |_, _| altered(),
    ));
    let (old_money, new_money) = (&old.currencies.codes, &new.currencies.codes);
    found.extend(by_name(old_money, new_money, |currency| currency.code.to_string(), |_, _| altered()));
    if old.mineral_to_league != new.mineral_to_league {
        let (zh, en) = match new.mineral_to_league {
            true => (
                "此后登记的旗县级矿业权进入盟中心",
                "mineral rights of counties registered from then on: league centre",
            ),
            false => (
                "此后登记的旗县级矿业权按RT-8分流",
                "mineral rights of counties registered from then on: by RT-8",
            ),
        };
        found.push(Change::new("AMB-13", zh, en));
    }
    found
}

fn altered() -> Say {
    Say::new("名称或属性有改动", "name or properties altered")
}

fn measure_name(measure: Measure) -> Say {
    match measure {
        Measure::Investment => Say::new("总投资（元）", "investment (yuan)"),
        Measure::FloorArea => Say::new("建筑面积（平方米）", "floor area (m²)"),
        Measure::Budget => Say::new("采购预算（元）", "budget (yuan)"),
    }
}

fn during(period: &Period) -> String {
    let last = period.to.map_or_else(String::new, |day: NaiveDate| day.to_string());
    format!("{}…{last}", period.from)
}

/// A threshold is another one when its measure and first day are.
fn thresholds(old: &[Threshold], new: &[Threshold]) -> Vec<Change> {
    let same = |one: &Threshold, other: &Threshold| {
        one.measure == other.measure && one.in_force.from == other.in_force.from
    };
    let sentence = |one: &Threshold, zh: &str, en: &str| {
        let (name, period) = (measure_name(one.measure), during(&one.in_force));
        let at_least = one.at_least;
        Change::new(
            one.rule.as_ref(),
            format!("{zh}：{}不低于{at_least}，{period}；适用于此后登记或变更的项目", name.zh),
            format!(
                "{en}: {} at least {at_least}, {period}; for projects registered or changed from then on",
                name.en
            ),
        )
    };
    let gone = old.iter().filter(|one| !new.iter().any(|other| same(one, other)));
    let gone = gone.map(|one| sentence(one, "撤下", "taken away"));
    let now = new.iter().filter_map(|one| match old.iter().find(|other| same(one, other)) {
        None => Some(sentence(one, "新增", "added")),
        Some(before) if before == one => None,
        Some(before) => Some(sentence(
            one,
            &format!("原为{}（{}），改为", before.at_least, during(&before.in_force)),
            &format!("was {} ({}), becomes", before.at_least, during(&before.in_force)),
        )),
    });
    gone.chain(now).collect()
}

/// Things that are known by a name: taken away, added, or changed as `how` says.
fn by_name<T: PartialEq>(
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> String,
    how: impl Fn(&T, &T) -> Say,
) -> Vec<Change> {
    let names: BTreeSet<String> = old.iter().chain(new).map(&name).collect();
    let find = |list: &'_ [T], wanted: &str| list.iter().position(|one| name(one) == wanted);
    let change = |wanted: String| {
        let before = find(old, &wanted).and_then(|at| old.get(at));
        let after = find(new, &wanted).and_then(|at| new.get(at));
        match (before, after) {
            (Some(before), Some(after)) if before != after => {
                let says = how(before, after);
                Some(Change::new(wanted, says.zh, says.en))
            }
            (None, Some(_)) => Some(Change::new(wanted, "新增", "added")),
            (Some(_), None) => Some(Change::new(wanted, "撤下", "taken away")),
            _ => None,
        }
    };
    names.into_iter().filter_map(change).collect()
}

fn together(parts: Vec<Say>) -> Say {
    let zh: Vec<&str> = parts.iter().map(|part| part.zh.as_str()).collect();
    let en: Vec<&str> = parts.iter().map(|part| part.en.as_str()).collect();
    Say::new(zh.join("；"), en.join("; "))
}

fn region_change(old: &Region, new: &Region) -> Say {
    let codes =
        |region: &Region| region.neighbours.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let periods = |region: &Region| region.platform.iter().map(during).collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    if old.platform != new.platform {
        let (from, to) = (periods(old), periods(new));
        parts.push(Say::new(
            format!("自有平台的期间 {from} → {to}，此后登记的项目按此分流"),
            format!("own platform {from} → {to}: where projects registered from then on trade"),
        ));
    }
    if old.neighbours != new.neighbours {
        let (from, to) = (codes(old), codes(new));
        parts.push(Say::new(
            format!("就近中心的顺序 {from} → {to}"),
            format!("order of nearby centres {from} → {to}"),
        ));
    }
    if old.shares_league_centre != new.shares_league_centre {
        parts.push(Say::new("是否与盟中心合一", "whether it shares the league's centre"));
    }
    if (&old.name, old.kind, old.hall) != (&new.name, new.kind, new.hall) {
        parts.push(Say::new("名称、类别或大厅状况", "name, kind or state of its hall"));
    }
    together(parts)
}

fn catalogue_change(old: &CatalogueEdition, new: &CatalogueEdition) -> Say {
    let mut parts = Vec::new();
    if old.in_force != new.in_force {
        let (from, to) = (during(&old.in_force), during(&new.in_force));
        parts.push(Say::new(format!("施行期间 {from} → {to}"), format!("in force {from} → {to}")));
    }
    let lost = old.items.iter().filter(|item| new.item(&item.code).is_none()).count();
    let gained = new.items.iter().filter(|item| old.item(&item.code).is_none()).count();
    let altered = new.items.iter().filter(|item| old.item(&item.code).is_some_and(|other| other != *item));
    let altered = altered.count();
    if lost + gained + altered > 0 {
        parts.push(Say::new(
            format!("目录项新增{gained}、撤下{lost}、改动{altered}"),
            format!("items: {gained} added, {lost} taken away, {altered} altered"),
        ));
    }
    together(parts)
}

fn centre_change(old: &Centre, new: &Centre) -> Say {
    let mut parts = Vec::new();
    for kind in RoomKind::iter() {
        let (from, to) = (old.count(kind), new.count(kind));
        if from != to {
            parts.push(Say::new(
                format!("{kind} 场地 {from} → {to} 间"),
                format!("{kind} rooms {from} → {to}"),
            ));
        }
    }
    if (&old.platform, &old.uscc) != (&new.platform, &new.uscc) {
        parts.push(Say::new(
            "此后编号所用的平台编号或信用代码",
            "platform id or credit code of numbers given from then on",
        ));
    }
    if old.settings != new.settings {
        parts.push(Say::new("场地预约的设置", "settings of bookings"));
    }
    if old.access != new.access {
        parts.push(Say::new("门禁与录像的设置", "settings of doors and recordings"));
    }
    if parts.is_empty() {
        parts.push(Say::new("名称、地址或房间的资料", "name, address or particulars of rooms"));
    }
    together(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::policy_file::PolicySource;

    #[test]
    fn a_changed_threshold_says_from_what_to_what_and_for_whom() {
        let old = Jurisdiction::load(&PolicySource::BuiltIn).unwrap();
        assert!(changes(&old, &old).is_empty());
        let mut new = old.clone();
        let at = new.thresholds.iter().position(|one| one.measure == Measure::Budget).unwrap();
        new.thresholds[at].at_least = "4000000".parse().unwrap();
        let found = changes(&old, &new);
        assert_eq!((found.len(), found[0].about.as_str()), (1, "RT-3"));
        assert!(found[0].says.en.starts_with("was 5000000"), "{:?}", found[0]);
        assert!(found[0].says.en.contains("budget (yuan) at least 4000000"), "{:?}", found[0]);
    }

    #[test]
    fn regions_catalogue_and_centres_say_what_became_of_them() {
        let old = Jurisdiction::load(&PolicySource::BuiltIn).unwrap();
        let mut new = old.clone();
        let sonid = new.regions.iter().position(|region| region.code.to_string() == "152523").unwrap();
        new.regions[sonid].neighbours.reverse();
        new.catalogue[0].items.pop();
        new.centres[0].rooms.pop();
        let gone = new.centres.pop().unwrap().code;
        let says: Vec<(String, String)> =
            changes(&old, &new).into_iter().map(|one| (one.about, one.says.en)).collect();
        let of = |about: &str| says.iter().find(|one| one.0 == about).map(|one| one.1.as_str()).unwrap();
        assert_eq!(of("152523"), "order of nearby centres 152501 152522 → 152522 152501");
        assert!(says.iter().any(|one| one.1 == "items: 0 added, 1 taken away, 0 altered"), "{says:?}");
        assert!(of("152500").contains("rooms"), "{says:?}");
        assert_eq!(of(&gone), "taken away");
    }
}
