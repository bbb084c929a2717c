//! Lists by keyset: `{"items":[…],"next":…}` with an opaque cursor that stays right while rows are added.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{Rejection, Say, time::is_writable};

/// Rows a page holds when the caller names no number, and at most.
pub const DEFAULT_ROWS: i64 = 20;
/// Upper bound of `limit`.
pub const MOST_ROWS: i64 = 200;

/// Query parameters of every list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Cursor from `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// The last row of the page before: its time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Time the list is ordered by, newest first.
    pub at: DateTime<Utc>,
    /// Id that breaks equal times.
    pub id: Uuid,
}

impl Cursor {
    /// The opaque text.
    pub fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}|{}", self.at.timestamp_micros(), self.id))
    }

    fn parse(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, id) = plain.split_once('|')?;
        let at = DateTime::from_timestamp_micros(at.parse().ok()?).filter(is_writable)?;
        Some(Self { at, id: id.parse().ok()? })
    }
}

impl PageQuery {
    /// The checked cursor and number of rows.
    ///
    /// # Errors
    /// 422 for a cursor the hall did not make or a number out of range.
    pub fn checked(&self) -> Result<(Option<Cursor>, i64), Rejection> {
        let limit = self.limit.unwrap_or(DEFAULT_ROWS);
        if !(1..=MOST_ROWS).contains(&limit) {
            let detail = Say::new("limit 须为 1 至 200。", "limit must be 1 to 200.");
            return Err(Rejection::at("?limit", "out-of-range", detail));
        }
        let cursor = match self.cursor.as_deref() {
            None => None,
            Some(text) => Some(Cursor::parse(text).ok_or_else(|| {
                Rejection::at("?cursor", "invalid", Say::new("游标无效。", "The cursor is not valid."))
            })?),
        };
        Ok((cursor, limit))
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// Rows, newest first.
    pub items: Vec<T>,
    /// Cursor of the next page; absent on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` rows; the extra row only tells that a next page exists.
    pub fn from_rows(mut rows: Vec<T>, limit: i64, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(|row| cursor_of(row).text()) } else { None };
        Self { items: rows, next }
    }

    /// Value of the `Link` header (RFC 8288); empty on the last page.
    pub fn link(&self, path: &str) -> String {
        self.next.as_ref().map(|cursor| format!("<{path}?cursor={cursor}>; rel=\"next\"")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_made_up_one_does_not() {
        let cursor =
            Cursor { at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(), id: Uuid::nil() };
        assert_eq!(Cursor::parse(&cursor.text()), Some(cursor));
        for at in [i64::MIN / 2, i64::MAX / 2] {
            let far = URL_SAFE_NO_PAD.encode(format!("{at}|{}", Uuid::nil()));
            assert_eq!(Cursor::parse(&far), None, "a year PostgreSQL cannot hold: {at}");
        }
        let query = PageQuery { cursor: Some("bm9uc2Vuc2U".into()), limit: None };
        assert!(query.checked().is_err());
        assert!(PageQuery { cursor: None, limit: Some(0) }.checked().is_err());
    }
}
