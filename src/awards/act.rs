//! The shape every act of this room has: lock the tender, judge the time, note the event, close the files when
//! nothing is left to do, and record all of it in one entry.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    awards::{
        model::{Award, Contract},
        rules::{Standing, left_to_do},
        store,
    },
    identity::{Action, Object, Side, authorize, claim_side},
    kernel::{
        Actor, Problem,
        id::{OrganisationId, TenderId},
        time::hall_date,
    },
    law::{Event, Lawbook},
    ledger::{self, Entry, Subject},
    platform::db::Tx,
    tenders::{self, Setting, Tender, TenderPhase},
};

/// One act on a tender between report and archive, in progress.
pub(super) struct Act {
    /// The tender, its row held.
    pub tender: Tender,
    /// Where it stands in the law.
    pub setting: Setting,
    /// Hall time, read after the lock.
    pub now: DateTime<Utc>,
    /// The award so far.
    pub award: Option<Award>,
    /// The contract so far.
    pub contract: Option<Contract>,
    entry: Entry,
    moved: bool,
}

impl Act {
    /// Locks and loads; `name` is the act in the record.
    pub async fn begin(
        tx: &mut Tx<'_>,
        law: &Lawbook,
        id: TenderId,
        name: &'static str,
    ) -> Result<Self, Problem> {
        let tender = tenders::lock(tx, id).await?;
        let now = tx.hall_now().await?;
        let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
        let award = store::award_of(tx.conn(), id).await?;
        let contract = store::contract_of(tx.conn(), id).await?;
        let entry = Entry::new(name).project(tender.project).tender(id);
        Ok(Self { tender, setting, now, award, contract, entry, moved: false })
    }

    /// Whether `actor` may do `action`; takes the actor's side in the project (SOD-1).
    pub async fn authorise(&self, tx: &mut Tx<'_>, actor: &Actor, action: Action) -> Result<(), Problem> {
        tenders::permit(actor, action, &self.setting.project, &self.tender)?;
        self.take_side(tx, actor).await
    }

    /// Whether `actor` may do `action` as the winner `owner`; takes the actor's side in the project (SOD-1).
    pub async fn authorise_own(
        &self,
        tx: &mut Tx<'_>,
        actor: &Actor,
        action: Action,
        owner: Option<OrganisationId>,
    ) -> Result<(), Problem> {
        let parties = self.setting.project.parties();
        let object = Object::of(&parties, self.tender.authority());
        authorize(actor, Action::TenderRead, &object)?;
        let own = owner.is_some() && actor.organisation() == owner;
        authorize(actor, action, &object.own(own))?;
        if !own {
            return Err(crate::kernel::Rejection::forbidden().into());
        }
        self.take_side(tx, actor).await
    }

    async fn take_side(&self, tx: &mut Tx<'_>, actor: &Actor) -> Result<(), Problem> {
        let Some(account) = actor.account() else { return Ok(()) };
        match account.roles.first().copied().and_then(Side::of) {
            Some(side) => claim_side(tx, self.tender.project, account.account, side).await,
            None => Ok(()),
        }
    }

    /// Where the tender stands.
    pub fn standing(&self) -> Standing<'_> {
        Standing {
            procedure: &self.setting.procedure,
            phase: self.tender.phase,
            facts: &self.setting.facts,
            award: self.award.as_ref(),
            contract: self.contract.as_ref(),
        }
    }

    /// Judges whether `event` may come now, and notes it; a duty fulfilled late is noted with its rule.
    pub async fn note(&mut self, tx: &mut Tx<'_>, event: Event) -> Result<(), Problem> {
        let late = self.setting.permit(event, self.now)?;
        let row = tenders::note(tx, &self.tender, event, self.now, late.as_ref()).await?;
        self.row("tender_events", row);
        self.setting.facts.insert(event, self.now);
        self.tender.untold &= event != Event::ResultPublished;
        Ok(())
    }

    /// Notes the first lawful time of `event`, the end of a period that begins with this act, where the procedure
    /// names one.
    pub async fn plan(&mut self, tx: &mut Tx<'_>, event: Event) -> Result<Option<DateTime<Utc>>, Problem> {
        let Setting { law, procedure, on, facts, .. } = &self.setting;
        let Some((at, _)) = law.bounds(procedure, *on, event, facts)?.earliest else { return Ok(None) };
        let row = tenders::note(tx, &self.tender, event, at, None).await?;
        self.row("tender_events", row);
        self.setting.facts.insert(event, at);
        Ok(Some(at))
    }

    /// The last day on which `event` is lawful, where the procedure names one.
    pub fn last_day(&self, event: Event) -> Result<Option<NaiveDate>, Problem> {
        let Setting { law, procedure, on, facts, .. } = &self.setting;
        let latest = law.bounds(procedure, *on, event, facts)?.latest;
        Ok(latest.map(|(until, ..)| hall_date(until - TimeDelta::microseconds(1))))
    }

    /// Moves the tender on.
    pub async fn advance(&mut self, tx: &mut Tx<'_>, next: TenderPhase) -> Result<(), Problem> {
        self.moved = true;
        tenders::advance(tx, &mut self.tender, next).await
    }

    /// Names a changed row in the entry.
    pub fn row(&mut self, relation: &'static str, row: Uuid) {
        self.entry.subjects.push(Subject { relation, row, content: None });
    }

    /// Keeps facts beside the rows.
    pub fn facts(&mut self, facts: Value) {
        self.entry.facts = facts;
    }

    /// Keeps the actor's reason.
    pub fn because(&mut self, reason: Option<String>) {
        self.entry.reason = reason;
    }

    /// Closes the files when nothing is left to do (TG-14) and records the act. Answers the tender as it now is.
    pub async fn finish(mut self, tx: &mut Tx<'_>, actor: &Actor) -> Result<Tender, Problem> {
        let Setting { procedure, facts, .. } = &self.setting;
        let asks_deposit = self.tender.document.deposit.is_some();
        if self.tender.phase == TenderPhase::Contracted
            && left_to_do(procedure, facts, asks_deposit).is_empty()
        {
            self.advance(tx, TenderPhase::Concluded).await?;
        }
        if self.moved {
            let tender = self.tender.id.0;
            self.row("tenders", tender);
        }
        ledger::record(tx, actor, self.now, self.entry).await?;
        Ok(self.tender)
    }
}
