//! 日历订阅: the bookings of a room, a centre or an organisation, as calendar programs read them.
//!
//! Owns `calendar_feeds`. A feed is read by a secret in its address and shows what the account that asked for it may
//! see on the day it is read: when the account loses its office, its feeds are gone.

pub mod calendar;
pub mod http;
mod store;

use chrono::{DateTime, Days, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    identity::{self, Action, Object, authorize},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{AccountId, OrganisationId, RoomId},
        say::Language,
    },
    ledger::{self, Entry},
    platform::{db::Tx, http::Reply},
    rooms::{case::signed_in, store as rooms},
};

/// How far a feed looks back and ahead.
const BEHIND: Days = Days::new(31);
const AHEAD: Days = Days::new(400);
/// Feeds one account may have at a time.
const MOST: usize = 50;

/// Whose bookings a feed shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = FeedScope)]
pub enum Scope {
    /// One room.
    Room(RoomId),
    /// All rooms of a centre, by its code.
    Centre(String),
    /// What an organisation has booked.
    Organisation(OrganisationId),
}

/// Body of `POST /api/v1/calendar-feeds`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFeed {
    /// Whose bookings.
    pub of: Scope,
    /// `zh` or `en`; absent means Chinese.
    #[serde(default)]
    pub language: FeedLanguage,
}

/// The language a feed is written in.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum FeedLanguage {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

impl From<FeedLanguage> for Language {
    fn from(language: FeedLanguage) -> Self {
        match language {
            FeedLanguage::Zh => Self::Zh,
            FeedLanguage::En => Self::En,
        }
    }
}

/// A feed as the hall keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Row.
    pub id: Uuid,
    /// Account that asked for it.
    pub account: AccountId,
    /// Whose bookings.
    pub of: Scope,
    /// Its language.
    pub language: FeedLanguage,
    /// When it was asked for.
    pub made_at: DateTime<Utc>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A feed as answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedView {
    /// Opaque id.
    pub id: Uuid,
    /// Whose bookings.
    pub of: Scope,
    /// Its language.
    pub language: FeedLanguage,
    /// When it was asked for.
    pub made_at: DateTime<Utc>,
    /// When it was ended; it answers 404 from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Address for a calendar program, with its secret. Told once, when the feed is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/calendars/8sVr…/rooms.ics")]
    pub path: Option<String>,
}

impl Feed {
    fn view(&self, path: Option<String>) -> FeedView {
        FeedView {
            id: self.id,
            of: self.of.clone(),
            language: self.language,
            made_at: self.made_at,
            ended_at: self.ended_at,
            path,
        }
    }
}

/// List of feeds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feeds {
    /// Newest first.
    pub items: Vec<FeedView>,
}

/// Whether the actor may follow such bookings.
async fn permit(conn: &mut AsyncPgConnection, actor: &Actor, of: &Scope) -> Result<(), Problem> {
    let centre = match of {
        Scope::Centre(code) => code.clone(),
        Scope::Room(room) => {
            let found = rooms::by_ids(conn, &[*room]).await?.pop();
            found.ok_or_else(|| unknown("/of/room"))?.centre_code
        }
        Scope::Organisation(organisation) => {
            let own = actor.organisation() == Some(*organisation);
            authorize(actor, Action::CalendarFollow, &Object::none().own(own))?;
            return match identity::kind_of(conn, *organisation).await? {
                Some(_) => Ok(()),
                None => Err(unknown("/of/organisation").into()),
            };
        }
    };
    if rooms::list(conn, Some(&centre)).await?.is_empty() {
        return Err(unknown("/of/centre").into());
    }
    authorize(actor, Action::CalendarFollow, &Object::none().at_centre(&centre))
}

fn unknown(pointer: &str) -> Rejection {
    Rejection::at(
        pointer,
        "unknown",
        Say::new("没有这样的场地、中心或单位。", "There is no such room, centre or organisation."),
    )
}

/// Makes a feed and tells its address, once.
///
/// # Errors
/// 401, 403; 422 for a room, centre or organisation that is not there; 409 with 50 feeds in use.
pub async fn make(tx: &mut Tx<'_>, actor: &Actor, new: &NewFeed) -> Result<FeedView, Problem> {
    let account = signed_in(actor)?;
    permit(tx.conn(), actor, &new.of).await?;
    let kept = store::of_account(tx.conn(), account.account).await?;
    if kept.iter().filter(|feed| feed.ended_at.is_none()).count() >= MOST {
        let detail = Say::new(
            format!("每个账户至多 {MOST} 个日历订阅，请先停用不再使用的。"),
            format!("An account has at most {MOST} feeds; end one that is not used any more."),
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let now = tx.hall_now().await?;
    let key = hex::encode(rand::random::<[u8; 24]>());
    let feed = Feed {
        id: Uuid::new_v4(),
        account: account.account,
        of: new.of.clone(),
        language: new.language,
        made_at: now,
        ended_at: None,
    };
    store::insert(tx, &feed, &hash(&key)).await?;
    let entry = Entry::new("calendarFeed.made").row("calendar_feeds", feed.id).facts(json!({"of": feed.of}));
    ledger::record(tx, actor, now, entry).await?;
    let path = format!("/calendars/{key}/rooms.ics");
    Ok(feed.view(Some(path)))
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// The caller's own feeds.
///
/// # Errors
/// 401 for the public.
pub async fn list(conn: &mut AsyncPgConnection, actor: &Actor) -> Result<Feeds, Problem> {
    let account = signed_in(actor)?;
    let feeds = store::of_account(conn, account.account).await?;
    Ok(Feeds { items: feeds.iter().map(|feed| feed.view(None)).collect() })
}

/// Ends one of the caller's own feeds; ending it again is nothing new.
///
/// # Errors
/// 404 for another's.
pub async fn end(tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let feed = store::lock(tx, id).await?.filter(|feed| feed.account == account.account);
    let mut feed = feed.ok_or_else(Rejection::not_found)?;
    if feed.ended_at.is_none() {
        let now = tx.hall_now().await?;
        feed.ended_at = Some(now);
        store::end(tx, id, now).await?;
        ledger::record(tx, actor, now, Entry::new("calendarFeed.ended").row("calendar_feeds", id)).await?;
    }
    Reply::ok(&feed.view(None))
}

/// The calendar behind a secret address.
///
/// # Errors
/// 404 for an unknown or ended key, and where its account may not see the bookings any more.
pub async fn read(conn: &mut AsyncPgConnection, key: &str, now: DateTime<Utc>) -> Result<String, Problem> {
    let feed = store::by_key(conn, &hash(key)).await?.filter(|feed| feed.ended_at.is_none());
    let feed = feed.ok_or_else(Rejection::not_found)?;
    let account = identity::account_actor(conn, feed.account).await?.ok_or_else(Rejection::not_found)?;
    match permit(conn, &Actor::Account(account), &feed.of).await {
        Err(Problem::Fault(fault)) => return Err(Problem::Fault(fault)),
        Err(_) => return Err(Rejection::not_found().into()),
        Ok(()) => {}
    }
    let visits = store::visits(conn, &feed.of, now - BEHIND, now + AHEAD).await?;
    Ok(calendar::write(&visits, feed.language.into(), now))
}
