//! The whole, as its users meet it.

use std::collections::{HashMap, HashSet};

use strum::IntoEnumIterator;
use uuid::Uuid;

use super::{
    Action, Object, Parties, Phase, authorize,
    matrix::{FILE, HEADER, parse},
};
use crate::kernel::{
    Actor, Category, Code, OrganisationKind, Role,
    actor::AccountActor,
    id::{AccountId, OrganisationId},
};

const MINE: OrganisationId = OrganisationId(Uuid::from_u128(1));
const THEIRS: OrganisationId = OrganisationId(Uuid::from_u128(2));
const AGENT: OrganisationId = OrganisationId(Uuid::from_u128(3));

/// One standing of a caller with one role, built so that only this relation holds.
struct Case {
    actor: Actor,
    parties: Option<Parties>,
    own: bool,
    member: bool,
    pair: (String, &'static str),
}

fn account(role: Role) -> AccountActor {
    AccountActor {
        account: AccountId(Uuid::from_u128(9)),
        login: "somebody".into(),
        organisation: MINE,
        kind: OrganisationKind::Enterprise,
        centre: None,
        region: None,
        roles: vec![role],
    }
}

fn parties(purchaser: OrganisationId, agency: Option<OrganisationId>, category: Category) -> Parties {
    Parties { purchaser, agency, centre_code: Some("152500".into()), region_code: "152527".into(), category }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |actor, parties, own, member, role: &str, relation| {
        cases.push(Case { actor, parties, own, member, pair: (role.to_owned(), relation) });
    };
    let foreign = |category| Some(parties(THEIRS, Some(AGENT), category));
    let works = Category::Engineering;
    add(Actor::Public, foreign(works), false, false, "public", "public");
    add(Actor::Hall("job"), foreign(works), false, false, "hall", "public");
    for role in Role::iter() {
        let plain = account(role);
        let actor = || Actor::Account(plain.clone());
        let name = role.as_ref();
        add(actor(), foreign(works), true, false, name, "own");
        add(actor(), foreign(works), false, true, name, "member");
        add(actor(), Some(parties(MINE, Some(AGENT), works)), false, false, name, "purchaser");
        add(actor(), Some(parties(THEIRS, Some(MINE), works)), false, false, name, "agency");
        add(actor(), foreign(works), false, false, name, "other");
        add(actor(), None, false, false, name, "other");
        let centre = AccountActor { centre: Some("152500".into()), ..plain.clone() };
        add(Actor::Account(centre), foreign(works), false, false, name, "centre");
        for category in Category::iter() {
            let league = Actor::Account(AccountActor { region: Some("152500".into()), ..plain.clone() });
            let banner = Actor::Account(AccountActor { region: Some("152527".into()), ..plain.clone() });
            let abroad = Actor::Account(AccountActor { region: Some("152522".into()), ..plain.clone() });
            let within = match (role.supervises(), role) {
                (false, _) => "other",
                (_, Role::SupervisorFinance) if category != Category::Procurement => "other",
                (_, Role::SupervisorIndustry) if category == Category::Procurement => "other",
                _ => "duty",
            };
            add(league, foreign(category), false, false, name, within);
            add(banner, foreign(category), false, false, name, within);
            add(abroad, foreign(category), false, false, name, "other");
        }
    }
    cases
}

/// The file read by other code than the one under test: every listed case with its effect.
fn listed() -> HashMap<(String, String, String, String), String> {
    let phases: Vec<String> = Phase::iter().map(|phase| phase.to_string()).collect();
    let place = |name: &str| phases.iter().position(|phase| phase == name).unwrap();
    let mut listed = HashMap::new();
    for line in FILE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        for role in columns[1].split('|') {
            for relation in columns[2].split('|') {
                for phase in &phases[place(columns[3])..=place(columns[4])] {
                    let key = (columns[0].into(), role.into(), relation.into(), phase.clone());
                    listed.insert(key, columns[5].to_owned());
                }
            }
        }
    }
    listed
}

#[test]
fn what_the_file_lists_is_allowed_and_everything_else_is_not() {
    let listed = listed();
    let mut met = HashSet::new();
    for case in cases() {
        for action in Action::iter() {
            for phase in Phase::iter() {
                let key = |role: &str, relation: &str| {
                    (action.to_string(), role.to_owned(), relation.to_owned(), phase.to_string())
                };
                let own = key(&case.pair.0, case.pair.1);
                let effects = [listed.get(&own), listed.get(&key("public", "public"))];
                let says = |word: &str| effects.iter().flatten().any(|effect| effect.as_str() == word);
                let wanted = match () {
                    () if says("deny") && says("hide") => Some(Code::NotFound),
                    () if says("deny") => Some(Code::Forbidden),
                    () if says("allow") => None,
                    () if says("hide") => Some(Code::NotFound),
                    () if case.actor == Actor::Public => Some(Code::Unauthenticated),
                    () => Some(Code::Forbidden),
                };
                let object = Object {
                    parties: case.parties.as_ref(),
                    centre: None,
                    own: case.own,
                    member: case.member,
                    phase,
                };
                let found = authorize(&case.actor, action, &object).err().map(|problem| problem.code());
                assert_eq!(found, wanted, "{own:?}");
                met.insert(own);
            }
        }
    }
    let unmet: Vec<_> = listed.keys().filter(|key| !met.contains(*key)).collect();
    assert!(unmet.is_empty(), "rows that no caller can meet: {unmet:?}");
}

#[test]
fn nobody_learns_of_bids_before_the_opening_nor_of_experts_before_the_award() {
    for case in cases() {
        for phase in Phase::iter() {
            let object = Object {
                parties: case.parties.as_ref(),
                centre: None,
                own: case.own,
                member: case.member,
                phase,
            };
            let may = |action| authorize(&case.actor, action, &object).is_ok();
            if phase < Phase::Opening {
                for action in [Action::BidsRead, Action::OpeningRead, Action::OpeningRecordRead] {
                    assert!(!may(action), "{:?} {action} in {phase}", case.pair);
                }
            }
            let outside = ["public", "own", "other"].contains(&case.pair.1);
            if phase < Phase::Awarded && outside {
                let action = [Action::EvaluationRead, Action::AwardRead].into_iter().find(|one| may(*one));
                assert_eq!(action, None, "{:?} in {phase}", case.pair);
            }
            if phase < Phase::Awarded && !case.own {
                assert!(!may(Action::ExpertNamesRead), "{:?} in {phase}", case.pair);
            }
            if !case.own {
                assert!(!may(Action::BidReadOwn) && !may(Action::ReceiptRead), "{:?} in {phase}", case.pair);
            }
        }
    }
}

#[test]
fn a_purchaser_without_an_agency_hosts_itself() {
    let alone = parties(MINE, None, Category::Engineering);
    let helped = parties(MINE, Some(AGENT), Category::Engineering);
    let actor = Actor::Account(account(Role::Purchaser));
    assert!(authorize(&actor, Action::TenderPublish, &Object::of(&alone, Phase::Draft)).is_ok());
    assert!(authorize(&actor, Action::TenderPublish, &Object::of(&helped, Phase::Draft)).is_err());
}

#[test]
fn a_file_with_a_mistake_is_refused_with_its_line() {
    let with = |row: &str| parse(&format!("{HEADER}\n{row}\n")).unwrap_err();
    assert!(with("tenderRead,public,public,draft,draft,allow").contains(":2: expected 7 columns"));
    assert!(with("tenderread,public,public,draft,draft,allow,x").contains("action \"tenderread\""));
    assert!(with("tenderRead,judge,own,draft,draft,allow,x").contains("role \"judge\""));
    assert!(with("tenderRead,public,own,draft,draft,allow,x").contains("does not go with"));
    assert!(with("tenderRead,admin,own,opened,draft,allow,x").contains("comes after"));
    assert!(with("tenderRead,admin,own,draft,draft,perhaps,x").contains("effect"));
    assert!(with("tenderRead,admin,own,draft,draft,allow,").contains("ground"));
    let twice = "tenderRead,admin,own,draft,opened,allow,x\ntenderRead,admin,own|other,opened,opened,deny,x";
    assert!(with(twice).contains(":3: tenderRead, admin, own in opened is listed twice"));
    assert!(parse("").is_err());
}
