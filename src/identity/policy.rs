//! Who may do what: role × action × relation × phase, read from one reviewed file.
//!
//! Pure. `config/authorization.csv` is compiled in and parsed once, strictly; what it does not list is denied.
//! Among the rows that fit a caller, `deny` beats `allow`, `allow` beats `hide`, and `hide` answers 404 in place
//! of 403, for things whose existence is secret. Every caller is also one of the public.

use std::{collections::HashMap, sync::LazyLock};

use strum::IntoEnumIterator;

use crate::kernel::{
    Actor, Category, Code, Problem, Rejection, Role, actor::AccountActor, id::OrganisationId,
};

/// The reviewed file.
const FILE: &str = include_str!("../../config/authorization.csv");
/// Its name in messages.
const FILE_NAME: &str = "config/authorization.csv";
/// Its first line that is no comment.
const HEADER: &str = "action,role,relation,phaseFrom,phaseTo,effect,ground";

/// Every act of the hall that somebody must be allowed to do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[strum(serialize_all = "camelCase")]
pub enum Action {
    /// 进场登记
    ProjectRegister,
    /// Change amounts or lots before the first notice.
    ProjectAmend,
    /// Read a project with its venue decisions.
    ProjectRead,
    /// 形式审查: the centre's check of form.
    ProjectAccept,
    /// 委托代理: the purchaser alone chooses its agency (SOD-10).
    MandateGive,
    /// Write the document and the notice.
    TenderDraft,
    /// Read a tender.
    TenderRead,
    /// 采购人确认 over the hash of the frozen document.
    TenderApprove,
    /// 发布公告
    TenderPublish,
    /// 澄清修改
    TenderClarify,
    /// 延期
    TenderPostpone,
    /// 终止
    TenderTerminate,
    /// 场地预约
    BookingRequest,
    /// Read a booking.
    BookingRead,
    /// Confirm a booking.
    BookingConfirm,
    /// Reject a booking.
    BookingReject,
    /// Cancel a booking.
    BookingCancel,
    /// The list of rooms.
    RoomsRead,
    /// Which rooms are free when.
    RoomAvailability,
    /// 投标; the deadline is the lot's own guard, so that a late bid gets its signed refusal.
    BidSubmit,
    /// 撤回
    BidWithdraw,
    /// Read one's own bid.
    BidReadOwn,
    /// Read one's own receipt.
    ReceiptRead,
    /// Who bids and how many.
    BidsRead,
    /// Begin the opening as its host.
    OpeningStart,
    /// Follow the opening.
    OpeningRead,
    /// 解密: release a share of one's own bid.
    ShareRelease,
    /// Extend the release window, with a reason.
    OpeningExtend,
    /// End the opening as its host.
    OpeningConclude,
    /// 开标记录
    OpeningRecordRead,
    /// Record whether a bidder's deposit was paid.
    DepositRecord,
    /// Set the conditions of a draw of experts.
    DrawRequest,
    /// 抽取: run the draw at the venue, blind.
    DrawRun,
    /// Read a draw without names.
    DrawRead,
    /// Names of drawn experts.
    ExpertNamesRead,
    /// Begin the evaluation.
    EvaluationStart,
    /// Check in as a member of the committee.
    CommitteeCheckIn,
    /// 资格审查
    QualificationReview,
    /// Sign one's own sheet of scores.
    SheetSign,
    /// Reject a bid as the committee, with its ground.
    CommitteeReject,
    /// Let the system sum the sheets into the report.
    ReportMake,
    /// Hand the signed report to the purchaser.
    ReportDeliver,
    /// How far the committee is, without names or marks.
    EvaluationFollow,
    /// Everything of an evaluation but names, while it goes on.
    EvaluationOversee,
    /// Scores and ranking.
    EvaluationRead,
    /// Sign the report.
    ReportSign,
    /// 中标候选人公示
    CandidatesPublish,
    /// 定标
    AwardDecide,
    /// Tell the winner and every loser.
    AwardNotify,
    /// Read the award as published.
    AwardRead,
    /// 签订合同
    ContractSign,
    /// Read a contract that is not published.
    ContractRead,
    /// 合同公告
    ContractPublish,
    /// 合同备案
    ContractFile,
    /// Read recorded deposits.
    DepositsRead,
    /// 退还保证金
    DepositReturn,
    /// 招标投标情况书面报告
    WrittenReport,
    /// A supervising body's finding on an award.
    AwardReview,
    /// Everything that led to an award.
    AwardRecordRead,
    /// A project's entries of the record.
    HistoryRead,
    /// Published notices.
    NoticeRead,
    /// Organisations, accounts and their roles.
    AccountManage,
    /// Change one's own password.
    PasswordChange,
    /// Move the sandbox clock.
    SandboxClock,
    /// Enrol a signing key for one's own organisation.
    SigningKeyEnrol,
    /// Public signing keys of an organisation.
    SigningKeysRead,
}

/// Where a procedure stands, in the order of its life.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[strum(serialize_all = "camelCase")]
pub enum Phase {
    /// Not yet published. Also the phase of things that belong to no procedure.
    Draft,
    /// The first notice is out; bids are taken.
    Published,
    /// The deadline has passed; nothing is opened yet.
    Closed,
    /// The opening has begun.
    Opening,
    /// The opening record stands; evaluation goes on.
    Opened,
    /// The report is signed.
    Evaluated,
    /// The award is decided; the notice of its result is not out yet.
    Decided,
    /// The notice of the award's result is out.
    Awarded,
    /// Contract signed, or the procedure ended without one.
    Concluded,
}

/// What the caller is to the object.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[strum(serialize_all = "camelCase")]
pub enum Relation {
    /// The thing belongs to the caller (own bid, own organisation, own name).
    Own,
    /// The caller's organisation buys.
    Purchaser,
    /// The caller's organisation hosts: the mandated agency, or the purchaser where there is no mandate.
    Agency,
    /// The caller works for the centre where the project trades.
    Centre,
    /// The project lies within the supervising duty of the caller's role and region.
    Duty,
    /// The caller sits on the committee.
    Member,
    /// An account with none of these.
    Other,
    /// Anybody.
    Public,
}

/// Whose rights a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Grade {
    Public,
    Hall,
    Role(Role),
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "camelCase")]
enum Effect {
    Allow,
    Deny,
    Hide,
}

/// Who takes part in a project, as far as rights depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The purchaser or tenderee.
    pub purchaser: OrganisationId,
    /// The agency that holds its mandate, if any.
    pub agency: Option<OrganisationId>,
    /// The centre it trades at, such as `152500`; `None` while undecided or where none is required.
    pub centre_code: Option<String>,
    /// Region of the project, such as `152527`.
    pub region_code: String,
    /// Class of trade.
    pub category: Category,
}

/// The thing acted on, as far as rights depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// Parties of the project, when it belongs to one.
    pub parties: Option<&'a Parties>,
    /// Whether it belongs to the caller.
    pub own: bool,
    /// Whether the caller sits on its committee.
    pub member: bool,
    /// Where its procedure stands.
    pub phase: Phase,
}

impl<'a> Object<'a> {
    /// A thing outside all projects, or no thing at all.
    pub fn none() -> Self {
        Self { parties: None, own: false, member: false, phase: Phase::Draft }
    }

    /// A thing of a project.
    pub fn of(parties: &'a Parties, phase: Phase) -> Self {
        Self { parties: Some(parties), own: false, member: false, phase }
    }

    /// Says whether it belongs to the caller.
    #[must_use]
    pub fn own(mut self, own: bool) -> Self {
        self.own = own;
        self
    }

    /// Says whether the caller sits on its committee.
    #[must_use]
    pub fn member(mut self, member: bool) -> Self {
        self.member = member;
        self
    }
}

/// Authorises an act on a thing whose existence `read` decides: whoever may read it is forbidden an act that is not
/// theirs, and everyone else is told that there is nothing.
///
/// # Errors
/// As [`authorize`].
pub fn authorize_known(
    actor: &Actor,
    read: Action,
    action: Action,
    object: &Object<'_>,
) -> Result<(), Problem> {
    authorize(actor, read, object)?;
    authorize(actor, action, object).map_err(|problem| match problem.code() {
        Code::NotFound if *actor == Actor::Public => Rejection::unauthenticated().into(),
        Code::NotFound => Rejection::forbidden().into(),
        _ => problem,
    })
}

/// Decides by the matrix whether `actor` may do `action` on `object`. Who may not know that the object exists
/// gets 404; else an account gets 403 and a caller without a token 401.
///
/// # Errors
/// `not-found`, `forbidden` or `unauthenticated`, as above; a fault when the matrix itself is unusable.
pub fn authorize(actor: &Actor, action: Action, object: &Object<'_>) -> Result<(), Problem> {
    let matrix = MATRIX.as_ref().map_err(|error| Problem::internal(anyhow::anyhow!("{error}")))?;
    let effects: Vec<Effect> = standings(actor, object)
        .into_iter()
        .filter_map(|(grade, relation)| matrix.get(&(action, grade, relation, object.phase)).copied())
        .collect();
    if effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny) {
        return Ok(());
    }
    Err(if effects.contains(&Effect::Hide) {
        Rejection::not_found()
    } else if *actor == Actor::Public {
        Rejection::unauthenticated()
    } else {
        Rejection::forbidden()
    }
    .into())
}

/// Parses the compiled-in matrix, so that a start fails where a later request would.
///
/// # Errors
/// File, line and what is wrong there.
pub fn check_matrix() -> Result<(), String> {
    MATRIX.as_ref().map(drop).map_err(Clone::clone)
}

/// All (grade, relation) pairs in which the actor meets the object.
fn standings(actor: &Actor, object: &Object<'_>) -> Vec<(Grade, Relation)> {
    let mut found = vec![(Grade::Public, Relation::Public)];
    match actor {
        Actor::Public => {}
        Actor::Hall(_) => found.push((Grade::Hall, Relation::Public)),
        Actor::Account(account) => {
            for role in &account.roles {
                found.extend(
                    relations(account, *role, object).into_iter().map(|one| (Grade::Role(*role), one)),
                );
            }
        }
    }
    found
}

fn relations(account: &AccountActor, role: Role, object: &Object<'_>) -> Vec<Relation> {
    let mut found = Vec::new();
    if object.own {
        found.push(Relation::Own);
    }
    if object.member {
        found.push(Relation::Member);
    }
    if let Some(parties) = object.parties {
        if parties.purchaser == account.organisation {
            found.push(Relation::Purchaser);
        }
        if parties.agency.unwrap_or(parties.purchaser) == account.organisation {
            found.push(Relation::Agency);
        }
        if account.centre.is_some() && account.centre == parties.centre_code {
            found.push(Relation::Centre);
        }
        if account.region.as_deref().is_some_and(|region| oversees(role, region, parties)) {
            found.push(Relation::Duty);
        }
    }
    if found.is_empty() {
        found.push(Relation::Other);
    }
    found
}

/// Whether a project lies within the duty of a body of `region` that holds `role`.
pub(super) fn oversees(role: Role, region: &str, parties: &Parties) -> bool {
    reaches(region, &parties.region_code) && has_duty(role, parties.category)
}

/// Whether a body of `region` supervises in `place`: the same division, or one above it.
fn reaches(region: &str, place: &str) -> bool {
    place.starts_with(stem(region))
}

/// The digits that a division and all below it share (GB/T 2260 writes the levels as pairs of digits, with `00` for
/// "all below").
fn stem(region: &str) -> &str {
    region.strip_suffix("0000").or_else(|| region.strip_suffix("00")).unwrap_or(region)
}

/// What a supervising account may look into, for lists that the database filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// First digits of the codes of the regions it reaches.
    pub region_stem: String,
    /// Classes of trade it covers.
    pub categories: Vec<Category>,
}

impl Duty {
    /// The duty of an actor; `None` for whoever supervises nothing. Agrees with the relation `duty` of the matrix.
    pub fn of(actor: &Actor) -> Option<Self> {
        let account = actor.account()?;
        let categories: Vec<Category> = Category::iter()
            .filter(|category| account.roles.iter().any(|role| has_duty(*role, *category)))
            .collect();
        let region = account.region.as_deref().filter(|_| !categories.is_empty())?;
        Some(Self { region_stem: stem(region).to_owned(), categories })
    }
}

/// Whether the duty of a supervising role covers a class of trade (政府采购法 13; 招标投标法实施条例 4).
fn has_duty(role: Role, category: Category) -> bool {
    match role {
        Role::SupervisorFinance => category == Category::Procurement,
        Role::SupervisorIndustry => category != Category::Procurement,
        other => other.supervises(),
    }
}

type Matrix = HashMap<(Action, Grade, Relation, Phase), Effect>;

static MATRIX: LazyLock<Result<Matrix, String>> = LazyLock::new(|| parse(FILE));

/// Reads the file strictly: known words only, phases in order, no case listed twice, a ground on every row.
fn parse(text: &str) -> Result<Matrix, String> {
    let mut matrix = Matrix::new();
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    match lines.next() {
        Some((HEADER, _)) => {}
        _ => return Err(format!("{FILE_NAME}: the first line that is no comment must be {HEADER}")),
    }
    for (line, number) in lines {
        add_row(&mut matrix, line).map_err(|why| format!("{FILE_NAME}:{number}: {why}"))?;
    }
    Ok(matrix)
}

fn add_row(matrix: &mut Matrix, line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split(',').collect();
    let [action, roles, relations, from, to, effect, ground] = columns.as_slice() else {
        return Err(format!("expected 7 columns, found {}", columns.len()));
    };
    let action: Action = word("action", action)?;
    let (from, to): (Phase, Phase) = (word("phaseFrom", from)?, word("phaseTo", to)?);
    let effect: Effect = word("effect", effect)?;
    if from > to {
        return Err(format!("phaseFrom {from} comes after phaseTo {to}"));
    }
    if ground.is_empty() {
        return Err("ground is empty".into());
    }
    for role in roles.split('|') {
        for relation in relations.split('|') {
            let (grade, relation) = (grade(role)?, word::<Relation>("relation", relation)?);
            if (relation == Relation::Public) == matches!(grade, Grade::Role(_)) {
                return Err(format!("relation {relation} does not go with role {role}"));
            }
            for phase in Phase::iter().filter(|phase| (from..=to).contains(phase)) {
                if matrix.insert((action, grade, relation, phase), effect).is_some() {
                    return Err(format!("{action}, {role}, {relation} in {phase} is listed twice"));
                }
            }
        }
    }
    Ok(())
}

fn word<T: std::str::FromStr>(column: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{column} {text:?} is not known"))
}

fn grade(text: &str) -> Result<Grade, String> {
    match text {
        "public" => Ok(Grade::Public),
        "hall" => Ok(Grade::Hall),
        role => word("role", role).map(Grade::Role),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;
    use crate::kernel::{Code, OrganisationKind, id::AccountId};

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
        Parties {
            purchaser,
            agency,
            centre_code: Some("152500".into()),
            region_code: "152527".into(),
            category,
        }
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
                    let object =
                        Object { parties: case.parties.as_ref(), own: case.own, member: case.member, phase };
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
                let object =
                    Object { parties: case.parties.as_ref(), own: case.own, member: case.member, phase };
                let may = |action| authorize(&case.actor, action, &object).is_ok();
                if phase < Phase::Opening {
                    for action in [Action::BidsRead, Action::OpeningRead, Action::OpeningRecordRead] {
                        assert!(!may(action), "{:?} {action} in {phase}", case.pair);
                    }
                }
                let outside = ["public", "own", "other"].contains(&case.pair.1);
                if phase < Phase::Awarded && outside {
                    let action =
                        [Action::EvaluationRead, Action::AwardRead].into_iter().find(|one| may(*one));
                    assert_eq!(action, None, "{:?} in {phase}", case.pair);
                }
                if phase < Phase::Awarded && !case.own {
                    assert!(!may(Action::ExpertNamesRead), "{:?} in {phase}", case.pair);
                }
                if !case.own {
                    assert!(
                        !may(Action::BidReadOwn) && !may(Action::ReceiptRead),
                        "{:?} in {phase}",
                        case.pair
                    );
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
        let twice =
            "tenderRead,admin,own,draft,opened,allow,x\ntenderRead,admin,own|other,opened,opened,deny,x";
        assert!(with(twice).contains(":3: tenderRead, admin, own in opened is listed twice"));
        assert!(parse("").is_err());
    }
}
