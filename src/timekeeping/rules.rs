//! What ticks say of the clock, and of times the hall was away. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{kernel::Say, platform::settings::Clock as ClockSettings};

/// By how much a clock may be off, and how long nobody may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rest between two ticks of an instance.
    pub tick: TimeDelta,
    /// Most that the database's clock may differ or jump.
    pub drift: TimeDelta,
    /// Longest time without a tick.
    pub silence: TimeDelta,
}

impl From<&ClockSettings> for Limits {
    fn from(settings: &ClockSettings) -> Self {
        let seconds = |count: u64| TimeDelta::seconds(i64::try_from(count).unwrap_or(i64::from(i32::MAX)));
        let drift = i64::try_from(settings.drift_milliseconds).unwrap_or(i64::from(i32::MAX));
        Self {
            tick: seconds(settings.tick_seconds),
            drift: TimeDelta::milliseconds(drift),
            silence: seconds(settings.silence_seconds),
        }
    }
}

impl Limits {
    /// For how long the tick of an instance stands for it.
    pub fn fresh(&self) -> TimeDelta {
        self.tick * 3
    }
}

/// The clocks as one instance has read them at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The database's wall clock, which is the hall's.
    pub database_at: DateTime<Utc>,
    /// Hall time.
    pub hall_at: DateTime<Utc>,
    /// Whether hall time stands still, as only a sandbox's can.
    pub held: bool,
    /// The instance's wall clock, half-way between question and answer.
    pub instance_at: DateTime<Utc>,
    /// The start of the instance's machine.
    pub boot: Uuid,
    /// Microseconds since.
    pub boot_us: i64,
    /// Microseconds from question to answer.
    pub round_trip_us: i64,
}

impl Reading {
    /// Microseconds by which the database is ahead of the instance.
    pub fn skew_us(&self) -> i64 {
        micros(self.database_at - self.instance_at)
    }
}

/// A tick, as far as the next reading is held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// The start of the instance's machine.
    pub boot: Uuid,
    /// Microseconds since.
    pub boot_us: i64,
    /// The database's wall clock.
    pub database_at: DateTime<Utc>,
    /// Hall time.
    pub hall_at: DateTime<Utc>,
    /// Microseconds the reading took.
    pub round_trip_us: i64,
    /// Whether the instance stopped then, in good order.
    pub farewell: bool,
}

/// Everything a reading is held against: ticks since the last decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The latest time the database's clock has shown.
    pub high_water: Option<DateTime<Utc>>,
    /// The last tick of any instance.
    pub last: Option<Past>,
    /// The first tick of this start of this machine.
    pub anchor: Option<Past>,
    /// Skews of the other instances' fresh ticks, in microseconds.
    pub others: Vec<i64>,
}

/// One thing that casts doubt on the clock, with its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[schema(as = ClockEvidence)]
pub enum Evidence {
    /// 漂移: the database's clock differs from the median of the instances'.
    #[serde(rename_all = "camelCase")]
    Drift {
        /// Milliseconds it is ahead of the median.
        ahead_ms: i64,
        /// How many instances were compared.
        instances: usize,
    },
    /// 回拨: the database's clock shows less than it has shown, or gained less than the time since a machine's start.
    #[serde(rename_all = "camelCase")]
    Backward {
        /// Milliseconds it went back.
        by_ms: i64,
        /// What it had shown.
        had_shown: DateTime<Utc>,
        /// What it showed then.
        shows: DateTime<Utc>,
    },
    /// 前跳: the database's clock gained more than the time since a machine's start.
    #[serde(rename_all = "camelCase")]
    Forward {
        /// Milliseconds it gained too much.
        by_ms: i64,
        /// What it had shown.
        had_shown: DateTime<Utc>,
        /// What it showed then.
        shows: DateTime<Utc>,
    },
    /// 心跳中断: no instance has written a tick, and none had said that it stops.
    #[serde(rename_all = "camelCase")]
    Silence {
        /// Seconds without a tick.
        seconds: i64,
        /// The database's time at the last tick.
        since: DateTime<Utc>,
        /// Whether the time since the machine's start vouches for the length.
        vouched: bool,
    },
}

impl Evidence {
    /// The evidence in a sentence without its end.
    pub fn say(&self) -> Say {
        match self {
            Self::Drift { ahead_ms, .. } => Say::new(
                format!("数据库时钟与各实例中位数相差 {ahead_ms} 毫秒"),
                format!("the database's clock differs by {ahead_ms} ms from the median of the instances"),
            ),
            Self::Backward { by_ms, .. } => Say::new(
                format!("数据库时钟回拨 {by_ms} 毫秒"),
                format!("the database's clock went back by {by_ms} ms"),
            ),
            Self::Forward { by_ms, .. } => Say::new(
                format!("数据库时钟前跳 {by_ms} 毫秒"),
                format!("the database's clock jumped ahead by {by_ms} ms"),
            ),
            Self::Silence { seconds, .. } => Say::new(
                format!("时钟心跳中断 {seconds} 秒"),
                format!("no tick of the clock for {seconds} seconds"),
            ),
        }
    }
}

fn micros(delta: TimeDelta) -> i64 {
    delta.num_microseconds().unwrap_or(if delta < TimeDelta::zero() { i64::MIN } else { i64::MAX })
}

/// The median of the skews, the reading's own among them, in microseconds.
pub fn median_us(reading: &Reading, known: &Known) -> i64 {
    let mut skews = known.others.clone();
    skews.push(reading.skew_us());
    skews.sort_unstable();
    let upper = skews.len() / 2;
    let at = |place: usize| skews.get(place).copied().unwrap_or_default();
    if skews.len() % 2 == 1 {
        return at(upper);
    }
    // Halves first: two skews at the ends of the range must not overflow.
    at(upper) / 2 + at(upper.saturating_sub(1)) / 2
}

/// Whether the database's clock stands apart from the instances' at this moment. Unlike a jump this does not pass.
pub fn drift(limits: &Limits, reading: &Reading, known: &Known) -> Option<Evidence> {
    let ahead = median_us(reading, known);
    let most = micros(limits.drift).saturating_add(reading.round_trip_us / 2);
    let instances = known.others.len() + 1;
    (ahead.saturating_abs() > most).then_some(Evidence::Drift { ahead_ms: ahead / 1000, instances })
}

/// Everything that casts doubt on a reading.
pub fn judge(limits: &Limits, reading: &Reading, known: &Known) -> Vec<Evidence> {
    let unsure = known.anchor.map_or(0, |anchor| anchor.round_trip_us).saturating_add(reading.round_trip_us);
    let most = micros(limits.drift).saturating_add(unsure);
    let mut found: Vec<Evidence> = drift(limits, reading, known).into_iter().collect();
    let shows = reading.database_at;
    let gained = known.anchor.filter(|anchor| anchor.boot == reading.boot).map(|anchor| {
        let real = reading.boot_us.saturating_sub(anchor.boot_us);
        (micros(shows - anchor.database_at).saturating_sub(real), anchor.database_at)
    });
    if let Some((gained, had_shown)) = gained.filter(|(gained, _)| *gained > most) {
        found.push(Evidence::Forward { by_ms: gained / 1000, had_shown, shows });
    }
    // The high-water mark also tells of a step back that came while no machine of this start was looking.
    let below = known.high_water.map(|mark| (micros(mark - shows), mark));
    let lost = gained.map(|(gained, had_shown)| (gained.saturating_neg(), had_shown));
    let back = [below, lost].into_iter().flatten().max_by_key(|(by, _)| *by);
    if let Some((by, had_shown)) = back.filter(|(by, _)| *by > most) {
        found.push(Evidence::Backward { by_ms: by / 1000, had_shown, shows });
    }
    found.extend(silence(limits, reading, known));
    found
}

fn silence(limits: &Limits, reading: &Reading, known: &Known) -> Option<Evidence> {
    // Where hall time stands still no hour can have come unseen: an interrupted sandbox goes on without a decision.
    let last = known.last.filter(|last| !last.farewell && !reading.held)?;
    let vouched = last.boot == reading.boot;
    let away = between(&last, reading.boot, reading.boot_us, reading.database_at);
    (away > micros(limits.silence)).then_some(Evidence::Silence {
        seconds: away / 1_000_000,
        since: last.database_at,
        vouched,
    })
}

/// Microseconds from a tick to a later moment: by the time since the machine's start where both are of the same, so that
/// a jump of the wall clock is no silence.
fn between(earlier: &Past, boot: Uuid, boot_us: i64, database_at: DateTime<Utc>) -> i64 {
    if earlier.boot == boot {
        boot_us.saturating_sub(earlier.boot_us)
    } else {
        micros(database_at - earlier.database_at)
    }
}

/// A time in which no instance wrote a tick: service or database were away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outage {
    /// Hall time of the last tick before.
    pub from: DateTime<Utc>,
    /// Hall time of the first tick after.
    pub until: DateTime<Utc>,
    /// Its length in seconds by the machines' clocks.
    pub seconds: i64,
    /// Whether the service had been stopped in good order.
    pub announced: bool,
}

/// Outages longer than `level` of which more than `level` lies between `from` and `until`, from ticks in the order of
/// their writing.
pub fn outages(
    ticks: &[Past],
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    level: TimeDelta,
) -> Vec<Outage> {
    let mut found = Vec::new();
    for (before, after) in ticks.iter().zip(ticks.iter().skip(1)) {
        let away = between(before, after.boot, after.boot_us, after.database_at);
        let within = after.hall_at.min(until) - before.hall_at.max(from);
        // A clock moved by hand leaps over hours while no time passes.
        if away.min(micros(within)) > micros(level) {
            found.push(Outage {
                from: before.hall_at,
                until: after.hall_at,
                seconds: away / 1_000_000,
                announced: before.farewell,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + seconds, 0).unwrap()
    }

    fn limits() -> Limits {
        Limits::from(&ClockSettings::default())
    }

    /// The database shows `database`, the instance `instance`, and its machine runs for `boot` seconds.
    fn reading(database: i64, instance: i64, boot: i64) -> Reading {
        Reading {
            database_at: at(database),
            hall_at: at(database),
            held: false,
            instance_at: at(instance),
            boot: BOOT,
            boot_us: boot * 1_000_000,
            round_trip_us: 400,
        }
    }

    fn past(boot: Uuid, database: i64, since: i64) -> Past {
        Past {
            boot,
            boot_us: since * 1_000_000,
            database_at: at(database),
            hall_at: at(database),
            round_trip_us: 400,
            farewell: false,
        }
    }

    fn known(past: Past) -> Known {
        Known { high_water: Some(past.database_at), last: Some(past), anchor: Some(past), others: Vec::new() }
    }

    #[test]
    fn a_clock_in_step_with_all_others_is_sound() {
        let known = Known { others: vec![300_000, -1_900_000], ..known(past(BOOT, 0, 100)) };
        assert_eq!(judge(&limits(), &reading(10, 10, 110), &known), []);
        assert_eq!(judge(&limits(), &reading(10, 10, 110), &Known::default()), [], "the first tick of all");
        assert_eq!(judge(&limits(), &reading(12, 10, 110), &known), [], "two seconds are the limit itself");
    }

    #[test]
    fn drift_is_from_the_median_and_one_wrong_instance_of_three_is_no_drift() {
        let found = judge(&limits(), &reading(13, 10, 110), &Known::default());
        assert_eq!(found, [Evidence::Drift { ahead_ms: 3000, instances: 1 }]);
        let known = Known { others: vec![0, 100], ..Known::default() };
        assert_eq!(judge(&limits(), &reading(3600, 10, 110), &known), []);
        let known = Known { others: vec![-5_000_000], ..Known::default() };
        let found = judge(&limits(), &reading(10, 10, 110), &known);
        assert_eq!(found, [Evidence::Drift { ahead_ms: -2500, instances: 2 }]);
    }

    #[test]
    fn a_jump_shows_against_the_time_since_the_start_even_if_all_walls_jump_together() {
        let known = known(past(BOOT, 0, 100));
        let forward = judge(&limits(), &reading(3610, 3610, 110), &known);
        let jumped = Evidence::Forward { by_ms: 3_600_000, had_shown: at(0), shows: at(3610) };
        assert_eq!(forward, [jumped], "and it is no silence");
        let back = judge(&limits(), &reading(-3590, -3590, 110), &known);
        assert_eq!(back, [Evidence::Backward { by_ms: 3_600_000, had_shown: at(0), shows: at(-3590) }]);
        // Small steps add up: they are measured from the first tick.
        assert_eq!(judge(&limits(), &reading(5_003, 5_003, 5_100), &known).len(), 1 + 1);
    }

    #[test]
    fn a_step_back_while_nobody_looked_shows_against_the_high_water_mark() {
        let known = Known { anchor: None, ..known(past(OTHER, 100, 9_000)) };
        let found = judge(&limits(), &reading(40, 40, 5), &known);
        assert_eq!(found, [Evidence::Backward { by_ms: 60_000, had_shown: at(100), shows: at(40) }]);
    }

    #[test]
    fn ticks_that_stop_are_a_silence_unless_it_was_said() {
        let last = past(BOOT, 0, 100);
        assert_eq!(judge(&limits(), &reading(120, 120, 220), &known(last)), []);
        let found = judge(&limits(), &reading(121, 121, 221), &known(last));
        assert_eq!(found, [Evidence::Silence { seconds: 121, since: at(0), vouched: true }]);
        let held = Reading { held: true, ..reading(121, 121, 221) };
        assert_eq!(judge(&limits(), &held, &known(last)), [], "hall time stands still");
        let stopped = Past { farewell: true, ..last };
        assert_eq!(judge(&limits(), &reading(9_000, 9_000, 9_100), &known(stopped)), []);
        let elsewhere = Known { anchor: None, ..known(past(OTHER, 0, 100)) };
        let found = judge(&limits(), &reading(500, 500, 7), &elsewhere);
        assert_eq!(found, [Evidence::Silence { seconds: 500, since: at(0), vouched: false }]);
    }

    #[test]
    fn an_outage_counts_by_what_of_it_lies_before_the_deadline() {
        let level = TimeDelta::minutes(5);
        // The deadline is at 3600; the hour before it begins at 0.
        let hour = (at(0), at(3600));
        let found = |ticks: &[Past]| outages(ticks, hour, level);
        let gap = [past(BOOT, 600, 600), past(BOOT, 901, 901)];
        assert_eq!(found(&gap), [Outage { from: at(600), until: at(901), seconds: 301, announced: false }]);
        assert_eq!(
            found(&[past(BOOT, 600, 600), past(BOOT, 900, 900)]),
            [],
            "five minutes are the level itself"
        );
        assert_eq!(found(&[past(BOOT, -900, 0), past(BOOT, 300, 1200)]), [], "before the hour");
        assert_eq!(found(&[past(BOOT, 3300, 0), past(BOOT, 9000, 5700)]), [], "after the deadline");
        assert_eq!(found(&[past(BOOT, 3000, 0), past(OTHER, 9000, 5700)]).len(), 1, "over the deadline");
        assert_eq!(found(&[past(BOOT, 600, 600), past(BOOT, 2600, 601)]), [], "a clock moved by hand");
    }
}
