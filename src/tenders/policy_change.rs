//! What is published and written of a seal policy: that a body has lost every key, and that another policy follows. Pure.

use crate::{
    holders::{Health, PolicyState},
    kernel::{Say, time::in_hall_zone},
    notices::Section,
    seal::{
        CheckedPolicy, Digest, Word,
        policy::{AGENCY, BIDDER, CENTRE, SUPERVISOR},
    },
    tenders::{model::Tender, publication::sealing},
};

/// A body that has no key left in a policy.
pub struct Loss<'a> {
    /// The policy.
    pub policy: &'a CheckedPolicy,
    /// How it stands.
    pub health: &'a Health,
    /// The body, by its name in the policy.
    pub member: &'a str,
    /// The policy that bids are sealed for by now, where that is another one and opens them.
    pub present: Option<u32>,
}

impl Loss<'_> {
    /// What is said above it: that the policy is weakened, or that it opens nothing.
    fn heading(&self) -> Say {
        match self.health.state {
            PolicyState::Broken => Say::new("密封策略失效", "The seal policy opens nothing any more"),
            PolicyState::Whole | PolicyState::Weakened => {
                Say::new("密封策略减弱", "The seal policy is weakened")
            }
        }
    }

    /// By whom bids that were sealed for the policy are still opened, or what has to be done where nobody opens them.
    fn consequence(&self) -> Say {
        let policy = self.policy.policy();
        let no = policy.policy_no;
        let works = |clause: &&Vec<Word>| !clause.iter().any(|name| self.health.lost.contains(name.as_str()));
        let left: Vec<Say> = policy.clauses.iter().filter(works).map(|clause| together(clause)).collect();
        let left = left.into_iter().reduce(|all, one| {
            Say::new(format!("{}；或{}", all.zh, one.zh), format!("{}; or {}", all.en, one.en))
        });
        match (left, self.present) {
            (Some(left), _) => Say::new(
                format!("按第 {no} 号策略密封的投标仍可由{}开启", left.zh),
                format!("bids sealed for policy No {no} can still be opened by {}", left.en),
            ),
            (None, Some(present)) => Say::new(
                format!("按第 {no} 号策略密封的投标已无法开启，须按现行策略（第 {present} 号）重新密封"),
                format!(
                    "bids sealed for policy No {no} cannot be opened any more: they have to be sealed anew for the \
                     present one, No {present}"
                ),
            ),
            (None, None) => Say::new(
                format!("按第 {no} 号策略密封的投标已无法开启，须另定密封策略"),
                format!(
                    "bids sealed for policy No {no} cannot be opened any more; another policy has to be settled"
                ),
            ),
        }
    }
}

/// What the policies that came before a new one are worth, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worth {
    /// Those by which nothing opens any more.
    pub broken: Vec<u32>,
    /// Those by which something does.
    pub standing: Vec<u32>,
}

impl Worth {
    /// Of policies by their numbers, and whether each is broken.
    pub fn of(policies: impl Iterator<Item = (u32, bool)>) -> Self {
        let mut worth = Self::default();
        for (no, broken) in policies {
            if broken { &mut worth.broken } else { &mut worth.standing }.push(no);
        }
        worth
    }
}

/// `1、2`, `1, 2`
fn numbers(policies: &[u32]) -> Say {
    let said: Vec<String> = policies.iter().map(u32::to_string).collect();
    Say::new(said.join("、"), said.join(", "))
}

/// A body by its name in a policy.
fn member_said(name: &str) -> Say {
    match name {
        BIDDER => Say::new("投标人", "the bidder"),
        AGENCY => {
            Say::new("代理机构（或自行组织的招标人）", "the agency (or the purchaser that hosts itself)")
        }
        CENTRE => Say::new("交易中心", "the centre"),
        SUPERVISOR => Say::new("监督部门", "the supervision office"),
        other => Say::new(other, other),
    }
}

/// `投标人与交易中心`, `the bidder and the centre`
fn together(clause: &[Word]) -> Say {
    let said = clause.iter().map(|name| member_said(name.as_str()));
    said.reduce(|all, one| Say::new(format!("{}与{}", all.zh, one.zh), format!("{} and {}", all.en, one.en)))
        .unwrap_or_default()
}

/// Text of the loss of a body's keys.
pub fn loss_notice(tender: &Tender, loss: &Loss<'_>) -> Vec<Section> {
    let heading = loss.heading();
    vec![
        Section::new(&heading.zh, &heading.en)
            .fact("招标编号", "Tender code", &tender.code)
            .fact("策略序号", "Policy number", loss.policy.policy().policy_no)
            .fact("策略摘要（SHA-256）", "Policy digest (SHA-256)", loss.policy.digest())
            .say("已无可用密钥的单位", "Body without a key", member_said(loss.member))
            .say("影响", "What follows", loss.consequence()),
    ]
}

/// Text of a policy that follows another.
pub fn policy_notice(
    tender: &Tender,
    policy: &CheckedPolicy,
    before: Digest,
    worth: &Worth,
    reason: &str,
) -> Vec<Section> {
    let change = Section::new("密封策略变更", "Change of the seal policy")
        .fact("招标编号", "Tender code", &tender.code)
        .fact("策略序号", "Policy number", policy.policy().policy_no)
        .fact("原策略摘要", "Digest of the policy before", before)
        .fact("理由", "Reason", reason)
        .fact("投标截止时间（不变）", "Deadline (unchanged)", in_hall_zone(tender.deadline))
        .paragraph(anew(worth));
    vec![change, sealing(tender, policy)]
}

/// What a policy that follows others means for bidders, by the policy that a bid was sealed for.
fn anew(worth: &Worth) -> Say {
    let mut said = Say::new(
        "自本公告发布起，递交的投标须按新策略密封。",
        "From now on bids are sealed for the new policy.",
    );
    let mut add = |zh: String, en: String| {
        said = Say::new(format!("{}{zh}", said.zh), format!("{} {en}", said.en));
    };
    if !worth.broken.is_empty() {
        let no = numbers(&worth.broken);
        add(
            format!(
                "此前按第 {} 号策略密封的投标已无法开启，请在截止时间前按新策略重新密封并递交（版本号加一）。",
                no.zh
            ),
            format!(
                "Bids sealed for policy No {} cannot be opened any more: seal anew for the new policy and hand in the next \
                 revision before the deadline.",
                no.en
            ),
        );
    }
    if !worth.standing.is_empty() {
        let no = numbers(&worth.standing);
        add(
            format!(
                "此前按第 {} 号策略密封并已收的投标仍然有效，按该策略中尚可用的条款开启；\
                 投标人可以（不是必须）在截止时间前按新策略重新密封并递交（版本号加一）。",
                no.zh
            ),
            format!(
                "Bids sealed for policy No {} and taken in stand, and open by the clauses of that policy that are left; \
                 their bidders may, and need not, seal anew and hand in the next revision before the deadline.",
                no.en
            ),
        );
    }
    said
}

/// Subject and text of the letter on the loss of a body's keys.
pub fn loss_letter(tender: &Tender, loss: &Loss<'_>) -> (Say, Say) {
    let (member, consequence) = (member_said(loss.member), loss.consequence());
    let heading = loss.heading();
    let subject =
        Say::new(format!("{}：{}", tender.title, heading.zh), format!("{}: {}", tender.title, heading.en));
    let body = Say::new(
        format!(
            "招标项目 {}：{}已无可用的份额密钥；{}。详见公告。本函发给本交易系统的全部投标人。",
            tender.code, member.zh, consequence.zh
        ),
        format!(
            "Tender {}: {} has no key left to read shares with; {}. See the notice. This letter goes to every bidder of the \
             hall.",
            tender.code, member.en, consequence.en
        ),
    );
    (subject, body)
}

/// Subject and text of the letter on a policy that follows another.
pub fn policy_letter(tender: &Tender, worth: &Worth) -> (Say, Say) {
    let subject =
        Say::new(format!("{}：密封策略变更", tender.title), format!("{}: another seal policy", tender.title));
    let (anew, until) = (anew(worth), in_hall_zone(tender.deadline));
    let body = Say::new(
        format!(
            "招标项目 {}：{}截止时间 {until}。新策略的摘要见公告。本函发给本交易系统的全部投标人。",
            tender.code, anew.zh
        ),
        format!(
            "Tender {}: {} The deadline is {until}. The notice has the digest of the new policy. This letter goes to every \
             bidder of the hall.",
            tender.code, anew.en
        ),
    );
    (subject, body)
}
