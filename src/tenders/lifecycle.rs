//! The phases of a tender and the only ways between them. Pure.
//!
//! `draft → published → closed → opening → opened → evaluated → (candidates →) awarded → contracted → concluded`,
//! with `failed` (流标/废标) and `terminated` (终止) as ends. Purchases have no `candidates`: their procedure has no
//! publicity.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    identity::Phase,
    kernel::{Code, Refusal, Say},
};

/// Where a tender stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum TenderPhase {
    /// 草稿: the agency writes, the purchaser approves.
    Draft,
    /// 公告发布: the notice is out, bids come in under seal.
    Published,
    /// 截止: no bid comes in any more; nothing is known yet.
    Closed,
    /// 开标中: keys are being released.
    Opening,
    /// 已开标: the opening record is public.
    Opened,
    /// 评审完成: the report is signed.
    Evaluated,
    /// 候选人公示
    Candidates,
    /// 定标
    Awarded,
    /// 合同签订
    Contracted,
    /// 归档
    Concluded,
    /// 流标 / 废标
    Failed,
    /// 终止
    Terminated,
}

impl TenderPhase {
    /// Its name.
    pub fn name(self) -> Say {
        match self {
            Self::Draft => Say::new("草稿", "Draft"),
            Self::Published => Say::new("公告发布", "Published"),
            Self::Closed => Say::new("投标截止", "Closed"),
            Self::Opening => Say::new("开标中", "Opening"),
            Self::Opened => Say::new("已开标", "Opened"),
            Self::Evaluated => Say::new("评审完成", "Evaluated"),
            Self::Candidates => Say::new("候选人公示", "Candidates published"),
            Self::Awarded => Say::new("已定标", "Awarded"),
            Self::Contracted => Say::new("合同已签订", "Contract signed"),
            Self::Concluded => Say::new("已归档", "Concluded"),
            Self::Failed => Say::new("流标", "Failed"),
            Self::Terminated => Say::new("已终止", "Terminated"),
        }
    }

    /// The phase as `authorize` knows it, of an award that has been told; an end keeps what was public public. See
    /// [`Tender::authority`](crate::tenders::Tender::authority).
    pub(super) fn authority(self) -> Phase {
        match self {
            Self::Draft => Phase::Draft,
            Self::Published | Self::Terminated | Self::Failed => Phase::Published,
            Self::Closed => Phase::Closed,
            Self::Opening => Phase::Opening,
            Self::Opened => Phase::Opened,
            Self::Evaluated | Self::Candidates => Phase::Evaluated,
            Self::Awarded | Self::Contracted => Phase::Awarded,
            Self::Concluded => Phase::Concluded,
        }
    }

    /// Whether `next` may follow.
    pub fn leads_to(self, next: Self) -> bool {
        use TenderPhase as P;
        match (self, next) {
            (P::Draft, P::Published)
            | (P::Published, P::Closed)
            | (P::Closed, P::Opening)
            | (P::Opening, P::Opened)
            | (P::Opened, P::Evaluated)
            | (P::Evaluated, P::Candidates | P::Awarded)
            | (P::Candidates, P::Awarded)
            | (P::Awarded, P::Contracted)
            | (P::Contracted, P::Concluded) => true,
            // 流标: at the close for want of bids, or by the committee or the purchaser before the award.
            (P::Closed | P::Opening | P::Opened | P::Evaluated | P::Candidates, P::Failed) => true,
            // 终止: by the tenderee, before an award.
            (
                P::Draft | P::Published | P::Closed | P::Opening | P::Opened | P::Evaluated | P::Candidates,
                P::Terminated,
            ) => true,
            _ => false,
        }
    }

    /// The next phase, or why not.
    ///
    /// # Errors
    /// `wrong-state` naming both phases.
    pub fn to(self, next: Self) -> Result<Self, Refusal> {
        if self.leads_to(next) { Ok(next) } else { Err(self.refuse(&next.name())) }
    }

    /// The refusal of an act that this phase does not allow.
    pub fn refuse(self, wanted: &Say) -> Refusal {
        let here = self.name();
        Refusal::new(
            Code::WrongState,
            Say::new(
                format!("项目处于“{}”阶段，不能进行“{}”。", here.zh, wanted.zh),
                format!("The tender is in phase \"{}\"; \"{}\" is not possible.", here.en, wanted.en),
            ),
        )
        .with("phase", serde_json::json!(self))
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn ends_are_ends_and_nothing_is_skipped() {
        for from in TenderPhase::iter() {
            for to in TenderPhase::iter() {
                let forward = from.leads_to(to);
                if matches!(from, TenderPhase::Failed | TenderPhase::Terminated | TenderPhase::Concluded) {
                    assert!(!forward, "{from} → {to}");
                }
                if to == TenderPhase::Draft || from == to {
                    assert!(!forward, "{from} → {to}");
                }
            }
        }
        assert!(!TenderPhase::Published.leads_to(TenderPhase::Opening));
        assert!(!TenderPhase::Opened.leads_to(TenderPhase::Awarded));
    }
}
