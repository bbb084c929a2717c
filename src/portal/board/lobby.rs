//! 大厅屏: the lobby's screen, the openings of one day in large type. Public, and only of what a notice has announced.

use askama::Template;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Deserialize;

use super::{Assets, day_typed};
use crate::{
    kernel::{
        Problem, Rejection,
        time::{end_of_day, hall_date, hall_instant},
    },
    portal::{
        page::Frame,
        reader::Reader,
        view::{OpeningLine, Progress},
    },
    rooms::{
        Policy, Span,
        board::{self, LobbyOpening, Standing},
    },
    tenders::TenderPhase,
};

/// Days after the one shown whose first openings are announced below it.
const AHEAD: Days = Days::new(14);
/// How many of them.
const LINES: usize = 4;

/// Query of the page, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct LobbyQuery {
    /// A day; today where it is empty.
    on: String,
}

/// `/board/{centre}`
#[derive(Template)]
#[template(path = "board_lobby.html")]
struct LobbyPage<'a> {
    r: &'a Reader,
    f: Frame,
    a: Assets,
    centre: String,
    name: String,
    on: NaiveDate,
    now: DateTime<Utc>,
    openings: Vec<OpeningLine>,
    ahead: Vec<OpeningLine>,
}

impl LobbyPage<'_> {
    fn at(&self, part: &str) -> String {
        self.r.href(&format!("/board/{}{part}", self.centre))
    }

    /// Another day of the screen.
    fn turned(&self, days: i64) -> String {
        let step = Days::new(days.unsigned_abs());
        let on = if days < 0 { self.on.checked_sub_days(step) } else { self.on.checked_add_days(step) };
        self.at(&format!("?on={}", on.unwrap_or(self.on)))
    }
}

/// Renders the page.
pub(super) async fn page(
    conn: &mut AsyncPgConnection,
    reader: &Reader,
    policy: Policy<'_>,
    (centre, query): (&str, &LobbyQuery),
    now: DateTime<Utc>,
) -> Result<askama::Result<String>, Problem> {
    let on = day_typed(&query.on, reader)?.unwrap_or_else(|| hall_date(now));
    let last = on.checked_add_days(AHEAD).unwrap_or(on);
    let window = Span::new(hall_instant(on, NaiveTime::MIN), end_of_day(last));
    let found = board::lobby(conn, policy, centre, window).await?;
    let name = policy.jurisdiction.centre(centre).ok_or_else(Rejection::not_found)?.name.clone();
    let lines = found.into_iter().map(|opening| line(&opening, reader, now));
    let (openings, mut ahead): (Vec<_>, Vec<_>) = lines.partition(|line| hall_date(line.at) == on);
    ahead.retain(|line| line.state != Progress::Stopped);
    ahead.truncate(LINES);
    let page = LobbyPage {
        r: reader,
        f: Frame::new(),
        a: Assets::new(),
        centre: centre.to_owned(),
        name: reader.says(&name),
        on,
        now,
        openings,
        ahead,
    };
    Ok(page.render())
}

fn line(opening: &LobbyOpening, reader: &Reader, now: DateTime<Utc>) -> OpeningLine {
    OpeningLine {
        at: opening.slot.slot.during.from,
        title: opening.card.title.clone(),
        project: opening.card.project.to_string(),
        room: reader.says(&opening.room.name),
        state: progress(opening, now),
    }
}

/// How far an opening is: by the tender, and by what the control room notes of the room.
fn progress(opening: &LobbyOpening, now: DateTime<Utc>) -> Progress {
    use TenderPhase as P;
    match (opening.card.phase, opening.slot.standing()) {
        (P::Failed | P::Terminated, _) | (_, Standing::NoShow) => Progress::Stopped,
        (_, Standing::Released) => Progress::Done,
        (P::Opening, _) | (_, Standing::InUse | Standing::Overrun) => Progress::Now,
        (P::Draft | P::Published | P::Closed, _) if now < opening.slot.slot.during.from => Progress::Coming,
        (P::Draft | P::Published | P::Closed, _) => Progress::Now,
        _ => Progress::Done,
    }
}
