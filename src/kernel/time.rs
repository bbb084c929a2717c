//! The two times of the hall.
//!
//! *Hall time* decides deadlines, periods, bookings and dates on records; it only ever comes from the
//! database's `hall_now()`. *Machine time* decides tokens, leases, retries and rate limits.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de::Error as _};

/// The business zone. China keeps one zone and no daylight saving.
pub const ZONE: Tz = chrono_tz::Asia::Shanghai;

/// Machine time. The one place that reads the machine's clock.
#[expect(clippy::disallowed_methods, reason = "the single door to the machine's clock")]
pub fn machine_now() -> DateTime<Utc> {
    Utc::now()
}

/// Whether the year has the four digits that RFC 3339 writes. chrono reads longer years, which PostgreSQL refuses.
pub fn is_writable(day: &impl Datelike) -> bool {
    (0..=9999).contains(&day.year())
}

/// Reads a day or an instant of a request: `deserialize_with` of every such member.
///
/// # Errors
/// For a text that is none, or whose year has not four digits.
pub fn read<'de, T: Deserialize<'de> + Datelike, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let read = T::deserialize(from)?;
    if is_writable(&read) { Ok(read) } else { Err(D::Error::custom("the year must have four digits")) }
}

/// Reads a day or an instant that may be absent; goes with `default`.
///
/// # Errors
/// As [`read`].
pub fn read_some<'de, T: Deserialize<'de> + Datelike, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let read = Option::<T>::deserialize(from)?;
    if read.as_ref().is_none_or(is_writable) {
        Ok(read)
    } else {
        Err(D::Error::custom("the year must have four digits"))
    }
}

/// The calendar day in the business zone on which `at` falls.
pub fn hall_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&ZONE).date_naive()
}

/// The instant at which `date` and `time` are read on a wall clock in the business zone.
pub fn hall_instant(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    match ZONE.from_local_datetime(&date.and_time(time)) {
        chrono::LocalResult::Single(at) | chrono::LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
        // The zone had summer time until 1991; a gap then moves forward by its hour.
        chrono::LocalResult::None => {
            Utc.from_utc_datetime(&(date.and_time(time) - chrono::TimeDelta::hours(8)))
        }
    }
}

/// 24:00 of `date`, that is 00:00 of the next day (rules CNT-7).
pub fn end_of_day(date: NaiveDate) -> DateTime<Utc> {
    hall_instant(date.succ_opt().unwrap_or(date), NaiveTime::MIN)
}

/// RFC 3339 with the business zone's offset, to the second: what people and records read.
pub fn in_hall_zone(at: DateTime<Utc>) -> String {
    at.with_timezone(&ZONE).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
