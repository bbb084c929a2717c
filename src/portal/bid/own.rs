//! 本单位投标: what stands of the caller's bid, part by part, and what the page is good for.
//!
//! A bid that is not divided is the case of one part.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    bids::{self, BidState, model::BidLine},
    holders::{self, Policies, PolicyState},
    kernel::{Actor, Problem, id::BidId},
    opening,
    portal::reader::Reader,
    seal::Digest,
    tenders::{Part, Stages, Tender, TenderPhase},
};

/// Newest revisions, of all parts together, among which the last of each is looked for.
const REVISIONS: i64 = 1000;

/// What the page is good for at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Bids are taken in.
    Open,
    /// The deadline has passed, and the caller's part waits for its key.
    Opening,
    /// The caller's part opens in a later stage, and nothing of it is taken before.
    Later,
    /// The caller's bid did not pass the stage before, and this part is never opened.
    Sealed,
    /// None of these.
    Over,
}

/// The caller's last revision of a part.
#[derive(Debug, Clone)]
pub struct OwnBid {
    /// Id of the bid.
    pub id: String,
    /// Revision.
    pub revision: u32,
    /// What became of it, in words.
    pub state: &'static str,
    /// Whether it stands.
    pub stands: bool,
    /// When it was taken in.
    pub at: DateTime<Utc>,
    /// Digest of its envelope, in hex.
    pub digest: String,
    /// What follows from its being sealed for a policy that another has followed.
    pub earlier: Option<&'static str>,
}

/// A part of a divided bid, as the page lists it.
#[derive(Debug, Clone)]
pub struct PartLine {
    /// The part.
    pub part: Part,
    /// Its name.
    pub name: &'static str,
    /// Its page.
    pub href: String,
    /// Whether the page is for it.
    pub current: bool,
    /// Whether it is in.
    pub stands: bool,
    /// What became of its last revision, in words.
    pub state: &'static str,
}

/// Everything the caller's organisation has handed in for a tender.
#[derive(Debug)]
pub struct OwnBids {
    stages: Stages,
    phase: TenderPhase,
    open: bool,
    /// The stage of the opening that goes on or was last, and whether its record is made.
    stage: (u32, bool),
    lines: Vec<BidLine>,
    /// Parts of anybody's that stay sealed for ever.
    sealed: HashSet<BidId>,
}

/// Whether bids are taken in.
pub(super) fn is_open(tender: &Tender, now: DateTime<Utc>) -> bool {
    tender.phase == TenderPhase::Published && now < tender.deadline
}

impl OwnBids {
    pub(super) async fn of(
        conn: &mut AsyncPgConnection,
        actor: &Actor,
        tender: &Tender,
        open: bool,
    ) -> Result<Self, Problem> {
        let lines = bids::service::list(conn, actor, Some(tender.id), None, REVISIONS).await?;
        let opening = opening::find(conn, tender.id).await?;
        // Between the deadline and the first job of the opening its first stage is the one that comes.
        let stage = opening.map_or((1, false), |stage| (stage.stage, stage.concluded_at.is_some()));
        let sealed = opening::store::sealed(conn, tender.id).await?;
        Ok(Self { stages: tender.document.stages(), phase: tender.phase, open, stage, lines, sealed })
    }

    /// The part asked for, or the one with which there is something to do; none for a part that these bids do not have.
    pub(super) fn part(&self, asked: Option<Part>) -> Option<Part> {
        let to_do = |part: &Part| match self.standing(*part) {
            Standing::Open => !self.stands(*part),
            standing => standing == Standing::Opening,
        };
        match asked {
            Some(asked) => self.stages.parts().find(|part| *part == asked),
            None => self.stages.parts().find(to_do).or_else(|| self.stages.parts().next()),
        }
    }

    /// Its last revision. By number: two may have been taken in at the same moment.
    fn line(&self, part: Part) -> Option<&BidLine> {
        let of_part = self.lines.iter().filter(|line| line.part == part.as_ref());
        of_part.max_by_key(|line| line.revision)
    }

    fn stands(&self, part: Part) -> bool {
        self.line(part).is_some_and(|line| line.state == BidState::Accepted)
    }

    /// Whether it is the first of the parts, whose form says what is said once.
    pub(super) fn is_first(&self, part: Part) -> bool {
        self.stages.parts().next() == Some(part)
    }

    /// What the page is good for, for one part.
    pub(super) fn standing(&self, part: Part) -> Standing {
        if self.open {
            return Standing::Open;
        }
        let (stage, concluded) = self.stage;
        let (opens, waits) = match self.phase {
            TenderPhase::Published | TenderPhase::Closed | TenderPhase::Opening => (true, true),
            // A later stage begins and goes on while the tender stays opened.
            TenderPhase::Opened => (!concluded, true),
            _ => (false, false),
        };
        if self.line(part).is_some_and(|line| self.sealed.contains(&line.id)) {
            return Standing::Sealed;
        }
        match self.stages.stage_of(part).filter(|_| self.stands(part)) {
            Some(own) if own == stage && opens => Standing::Opening,
            Some(own) if own > stage && waits => Standing::Later,
            _ => Standing::Over,
        }
    }

    /// The parts of a divided bid; none where it is not divided.
    pub(super) fn lines(&self, reader: &Reader, current: Part) -> Vec<PartLine> {
        if !self.stages.divides() {
            return Vec::new();
        }
        let line = |part: Part| PartLine {
            part,
            name: part_said(reader, part),
            href: reader.here_with("part", part.as_ref()),
            current: part == current,
            stands: self.stands(part),
            state: self.line(part).map_or(reader.w.bid_part_none, |line| state_said(reader, line.state)),
        };
        self.stages.parts().map(line).collect()
    }

    /// The parts that are not in, in words.
    pub(super) fn missing(&self, reader: &Reader) -> String {
        let missing = self.stages.parts().filter(|part| !self.stands(*part));
        let names: Vec<_> = missing.map(|part| part_said(reader, part)).collect();
        reader.listed(&names)
    }

    /// The last revision of a part, as the page shows it.
    pub(super) async fn last(
        &self,
        conn: &mut AsyncPgConnection,
        reader: &Reader,
        actor: &Actor,
        part: Part,
        policies: &Policies,
    ) -> Result<Option<OwnBid>, Problem> {
        let Some(last) = self.line(part) else { return Ok(None) };
        let bid = bids::service::read(conn, actor, last.id).await?;
        let stands = bid.state == BidState::Accepted;
        let sealed_for = policies.judging(bid.envelope.policy_digest);
        let is_earlier = sealed_for.policy.digest() != policies.current().policy.digest();
        let earlier = if self.open && stands && is_earlier {
            Some(match holders::health(conn, sealed_for).await?.state {
                PolicyState::Broken => reader.w.bid_own_lost,
                _ => reader.w.bid_own_earlier,
            })
        } else {
            None
        };
        Ok(Some(OwnBid {
            id: bid.id.to_string(),
            revision: bid.revision,
            state: state_said(reader, bid.state),
            stands,
            at: bid.accepted_at,
            digest: Digest::from(bid.envelope_digest).to_string(),
            earlier,
        }))
    }
}

fn state_said(reader: &Reader, state: BidState) -> &'static str {
    match state {
        BidState::Accepted => reader.w.bid_state_accepted,
        BidState::Superseded => reader.w.bid_state_superseded,
        BidState::Withdrawn => reader.w.bid_state_withdrawn,
        BidState::Incomplete => reader.w.bid_state_incomplete,
        BidState::Revoked => reader.w.bid_state_revoked,
    }
}

fn part_said(reader: &Reader, part: Part) -> &'static str {
    match part {
        Part::Whole => reader.w.bid_files,
        Part::Qualification => reader.w.bid_part_qualification,
        Part::Technical => reader.w.bid_part_technical,
        Part::Price => reader.w.bid_part_price,
    }
}
