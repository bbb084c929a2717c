//! 使用率: how far the rooms of a centre are used in a month, rooms down and days across (RM-20, a setting).

use askama::Template;
use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::Assets;
use crate::{
    kernel::{
        Actor, Problem, Rejection, Say,
        say::Language,
        time::{hall_date, is_writable},
    },
    portal::{
        page::Frame,
        reader::{Reader, grouped},
    },
    rooms::{
        Policy,
        utilisation::{self, Day, Figures, RoomUse, Use, UtilisationQuery},
    },
};

/// Query of the page, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct HeatQuery {
    /// A month such as `2026-03`; this one where it is empty.
    month: String,
}

/// A cell of the map: its level for the eye, its number to read, its words to hear.
struct Cell {
    level: &'static str,
    number: String,
    title: String,
}

/// A room, or all of them.
struct Row {
    name: String,
    cells: Vec<Cell>,
    used: String,
    bookable: String,
    outside: String,
    share: Cell,
}

/// `/board/{centre}/use`
#[derive(Template)]
#[template(path = "board_use.html")]
struct UsePage<'a> {
    r: &'a Reader,
    f: Frame,
    a: Assets,
    centre: String,
    name: String,
    month: NaiveDate,
    today: NaiveDate,
    days: Vec<Day>,
    rows: Vec<Row>,
    all: Row,
}

impl UsePage<'_> {
    fn at(&self, part: &str) -> String {
        self.r.href(&format!("/board/{}/{part}", self.centre))
    }

    /// Another month.
    fn turned(&self, months: i32) -> String {
        let step = Months::new(months.unsigned_abs());
        let month = if months < 0 {
            self.month.checked_sub_months(step)
        } else {
            self.month.checked_add_months(step)
        };
        self.at(&format!("use?month={}", month.unwrap_or(self.month).format("%Y-%m")))
    }

    fn year_month(&self) -> String {
        match self.r.language {
            Language::Zh => format!("{}年{}", self.month.year(), self.r.month(&self.month)),
            Language::En => format!("{} {}", self.r.month(&self.month), self.month.year()),
        }
    }

    fn levels(&self) -> [(&'static str, &'static str); 6] {
        [
            ("0", "0%"),
            ("1", "1–24%"),
            ("2", "25–49%"),
            ("3", "50–74%"),
            ("4", "75–100%"),
            ("off", self.r.w.use_off),
        ]
    }
}

/// Renders the page for an operator of the centre or a supervising body.
pub(super) async fn page(
    conn: &mut AsyncPgConnection,
    (actor, reader): (&Actor, &Reader),
    policy: Policy<'_>,
    (centre, query): (&str, &HeatQuery),
    now: DateTime<Utc>,
) -> Result<askama::Result<String>, Problem> {
    let today = hall_date(now);
    let month = month_typed(&query.month, reader)?.unwrap_or_else(|| today.with_day(1).unwrap_or(today));
    let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
    let asked =
        UtilisationQuery { centre: centre.to_owned(), from: month, to: next.pred_opt().unwrap_or(month) };
    let Figures { rooms, days, uses } = utilisation::read(conn, actor, policy, &asked, now).await?;
    let name = policy.jurisdiction.centre(centre).ok_or_else(Rejection::not_found)?.name.clone();
    let all = together(&uses, days.len());
    let rows = rooms.iter().zip(&uses);
    let page = UsePage {
        r: reader,
        f: Frame::new(),
        a: Assets::new(),
        centre: centre.to_owned(),
        name: reader.says(&name),
        month,
        today,
        rows: rows.map(|(room, used)| row(reader.says(&room.name), &used.days, &days, reader)).collect(),
        all: row(reader.w.use_all.to_owned(), &all, &days, reader),
        days,
    };
    Ok(page.render())
}

fn month_typed(text: &str, reader: &Reader) -> Result<Option<NaiveDate>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = format!("{text}-01").parse::<NaiveDate>().ok().filter(is_writable);
    let say = Say::new(reader.w.use_month_shape, reader.w.use_month_shape);
    Ok(Some(read.ok_or_else(|| Rejection::at("?month", "invalid", say))?))
}

/// All rooms, day by day.
fn together(uses: &[RoomUse], days: usize) -> Vec<Use> {
    let of_day = |day: usize| uses.iter().filter_map(move |room| room.days.get(day)).copied();
    (0..days).map(|day| of_day(day).fold(Use::default(), Use::and)).collect()
}

fn row(name: String, uses: &[Use], days: &[Day], reader: &Reader) -> Row {
    let total = uses.iter().copied().fold(Use::default(), Use::and);
    let cells = uses.iter().zip(days).map(|(used, day)| cell(*used, Some(day.date), reader)).collect();
    let hours = |seconds| grouped(&utilisation::hours(seconds).to_string());
    Row {
        name,
        cells,
        used: hours(total.used),
        bookable: hours(total.bookable),
        outside: hours(total.outside),
        share: share(total, reader),
    }
}

/// The share of many days, to a tenth of a hundredth.
fn share(total: Use, reader: &Reader) -> Cell {
    let exact = total.share().map(|share| (share * Decimal::ONE_HUNDRED).round_dp(1));
    let number = exact.map_or_else(|| "–".to_owned(), |share| format!("{share:.1}%"));
    Cell { number, ..cell(total, None, reader) }
}

fn cell(used: Use, day: Option<NaiveDate>, reader: &Reader) -> Cell {
    let w = reader.w;
    let hours = |seconds| utilisation::hours(seconds);
    let day = day.map(|day| format!("{}{}", reader.full_day(&day), w.comma)).unwrap_or_default();
    match used.percent() {
        None => Cell { level: "off", number: "–".to_owned(), title: format!("{day}{}", w.use_off) },
        Some(percent) => Cell {
            level: match percent {
                0 => "0",
                1..=24 => "1",
                25..=49 => "2",
                50..=74 => "3",
                _ => "4",
            },
            number: percent.to_string(),
            title: format!("{day}{} / {} {}", hours(used.used), hours(used.bookable), w.use_hours),
        },
    }
}
