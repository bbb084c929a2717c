//! What is published and written of a seal policy: that a body has lost every key, and that another policy follows. Pure.

use crate::{
    holders::Health,
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
}

impl Loss<'_> {
    /// What is still opened by whom, or that nothing is.
    fn consequence(&self) -> Say {
        let policy = self.policy.policy();
        let works = |clause: &&Vec<Word>| !clause.iter().any(|name| self.health.lost.contains(name.as_str()));
        let left: Vec<Say> = policy.clauses.iter().filter(works).map(|clause| together(clause)).collect();
        match left.into_iter().reduce(|all, one| {
            Say::new(format!("{}；或{}", all.zh, one.zh), format!("{}; or {}", all.en, one.en))
        }) {
            Some(left) => Say::new(
                format!("已递交的投标仍可由{}开启", left.zh),
                format!("bids can still be opened by {}", left.en),
            ),
            None => Say::new(
                "现行策略已无法开启任何投标，须另定密封策略",
                "no bid can be opened by this policy any more; another has to be settled",
            ),
        }
    }
}

/// A body by its name in a policy.
fn member_said(name: &str) -> Say {
    match name {
        BIDDER => Say::new("投标人", "the bidder"),
        AGENCY => {
            Say::new("代理机构（或自行组织的招标人）", "the agency (or the purchaser that hosts itself)")
        }
        CENTRE => Say::new("交易中心", "the centre"),
        SUPERVISOR => Say::new("监督机构", "the supervision office"),
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
    vec![
        Section::new("密封策略减弱", "The seal policy is weakened")
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
    broken: bool,
    reason: &str,
) -> Vec<Section> {
    let change = Section::new("密封策略变更", "Change of the seal policy")
        .fact("招标编号", "Tender code", &tender.code)
        .fact("策略序号", "Policy number", policy.policy().policy_no)
        .fact("原策略摘要", "Digest of the policy before", before)
        .fact("理由", "Reason", reason)
        .fact("投标截止时间（不变）", "Deadline (unchanged)", in_hall_zone(tender.deadline))
        .paragraph(anew(broken));
    vec![change, sealing(tender, policy)]
}

/// What a policy that follows another means for bidders.
fn anew(broken: bool) -> Say {
    if broken {
        return Say::new(
            "自本公告发布起，递交的投标须按新策略密封。此前按原策略密封的投标已无法开启，\
             请在截止时间前按新策略重新密封并递交（版本号加一）。",
            "From now on bids are sealed for the new policy. Bids sealed before cannot be opened any more: seal anew for \
             the new policy and hand in the next revision before the deadline.",
        );
    }
    Say::new(
        "自本公告发布起，递交的投标须按新策略密封。此前按原策略密封并已收的投标仍然有效，按原策略中尚可用的条款开启；\
         投标人可以（不是必须）在截止时间前按新策略重新密封并递交（版本号加一）。",
        "From now on bids are sealed for the new policy. Bids taken in before stand, and open by the clauses of their own \
         policy that are left; their bidders may, and need not, seal anew and hand in the next revision before the deadline.",
    )
}

/// Subject and text of the letter on the loss of a body's keys.
pub fn loss_letter(tender: &Tender, loss: &Loss<'_>) -> (Say, Say) {
    let (member, consequence) = (member_said(loss.member), loss.consequence());
    let subject = Say::new(
        format!("{}：密封策略减弱", tender.title),
        format!("{}: the seal policy is weakened", tender.title),
    );
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
pub fn policy_letter(tender: &Tender, broken: bool) -> (Say, Say) {
    let subject =
        Say::new(format!("{}：密封策略变更", tender.title), format!("{}: another seal policy", tender.title));
    let (anew, until) = (anew(broken), in_hall_zone(tender.deadline));
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
