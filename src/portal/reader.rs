//! The person who reads a page: language, links that keep it, and figures as that person writes them.

use actix_web::HttpRequest;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use rust_decimal::Decimal;

use super::words::Words;
use crate::kernel::{
    LegalGround, Say,
    say::Language,
    time::{ZONE, in_hall_zone},
};

/// What the frame of every page says about this hall.
#[derive(Debug, Clone)]
pub struct HallFacts {
    /// Name of the hall.
    pub name: Say,
    /// Whether the database is a sandbox: then every page says so.
    pub sandbox: bool,
}

/// Who reads, in which language, and where.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The words of the reader's language.
    pub w: &'static Words,
    /// The reader's language.
    pub language: Language,
    /// Facts of the hall for the frame.
    pub hall: HallFacts,
    /// The language was asked for in the address, so links carry it on.
    chosen: bool,
    /// Path and query of this page, without `lang`.
    here: String,
}

impl Reader {
    /// A reader from the request: `?lang=zh|en` first, then `Accept-Language`, then Chinese.
    pub fn of(request: &HttpRequest, hall: HallFacts) -> Self {
        let pairs: Vec<&str> = request.query_string().split('&').filter(|pair| !pair.is_empty()).collect();
        let chosen = pairs.iter().rev().find_map(|pair| match *pair {
            "lang=zh" => Some(Language::Zh),
            "lang=en" => Some(Language::En),
            _ => None,
        });
        let kept: Vec<&str> = pairs.into_iter().filter(|pair| !pair.starts_with("lang=")).collect();
        // An address of two slashes would leave the hall.
        let path = format!("/{}", request.path().trim_start_matches('/'));
        let here = if kept.is_empty() { path } else { format!("{path}?{}", kept.join("&")) };
        let accepted = request
            .headers()
            .get(actix_web::http::header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Self::new(chosen.unwrap_or_else(|| preferred(accepted)), chosen.is_some(), here, hall)
    }

    /// A reader by hand. `chosen` makes links carry the language; `here` is path and query without `lang`.
    pub fn new(language: Language, chosen: bool, here: String, hall: HallFacts) -> Self {
        Self { w: Words::of(language), language, hall, chosen, here }
    }

    /// The hall's name in the reader's language.
    pub fn hall_name(&self) -> &str {
        self.hall.name.in_language(self.language)
    }

    /// A sentence in the reader's language.
    pub fn says(&self, say: &Say) -> String {
        say.in_language(self.language).to_owned()
    }

    /// `zh` or `en` where forms must carry the chosen language on.
    pub fn carried(&self) -> Option<&'static str> {
        self.chosen.then_some(code(self.language))
    }

    /// A link inside the hall that keeps the chosen language.
    pub fn href(&self, to: &str) -> String {
        match self.carried() {
            Some(language) => with_parameter(to, "lang", language),
            None => to.to_owned(),
        }
    }

    /// The page of a notice.
    pub fn notice_href(&self, id: &str) -> String {
        self.href(&format!("/notices/{}", encoded(id)))
    }

    /// The page of a project.
    pub fn project_href(&self, id: &str) -> String {
        self.href(&format!("/projects/{}", encoded(id)))
    }

    /// The page of the law that judges a project.
    pub fn law_of_project_href(&self, id: &str) -> String {
        self.href(&format!("/projects/{}/law", encoded(id)))
    }

    /// Another page of the table that `parameter` turns, at the table itself.
    pub fn page_href(&self, parameter: &str, page: usize) -> String {
        format!("{}#{parameter}", self.here_with(parameter, &page.to_string()))
    }

    /// This page in the other language.
    pub fn other_href(&self) -> String {
        with_parameter(&self.here, "lang", code(other(self.language)))
    }

    /// The other language's tag, for `hreflang` and `lang`.
    pub fn other_tag(&self) -> &'static str {
        Words::of(other(self.language)).lang
    }

    /// This page with one query parameter set anew, for pagers.
    pub fn here_with(&self, name: &str, value: &str) -> String {
        self.href(&with_parameter(&self.without(name), name, value))
    }

    /// This page without the query parameter `name`, at the place `at`.
    pub fn cleared_href(&self, name: &str, at: &str) -> String {
        format!("{}#{at}", self.href(&self.without(name)))
    }

    /// A query parameter of this page as it stands in the address, for forms that must carry it on.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.here.split_once('?')?;
        query
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(own, _)| *own == name).map(|(_, value)| value))
    }

    /// Path and query of this page without the parameter `name`.
    fn without(&self, name: &str) -> String {
        let (path, query) = self.here.split_once('?').unwrap_or((&self.here, ""));
        let own = format!("{name}=");
        let kept: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&own)).collect();
        if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
    }

    /// `aria-current` of a navigation entry: the page itself, or a page below it.
    pub fn is_at(&self, path: &str) -> bool {
        let own = self.here.split('?').next().unwrap_or_default();
        own == path || (path != "/" && own.starts_with(path))
    }

    /// A day as the reader writes it: 2026年3月16日, or 16 March 2026.
    pub fn day(&self, date: &NaiveDate) -> String {
        match self.language {
            Language::Zh => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
            Language::En => format!("{} {} {}", date.day(), month_name(date.month()), date.year()),
        }
    }

    /// A month: 2月, February.
    pub fn month(&self, date: &NaiveDate) -> String {
        match self.language {
            Language::Zh => format!("{}月", date.month()),
            Language::En => month_name(date.month()).to_owned(),
        }
    }

    /// A day with its weekday.
    pub fn full_day(&self, date: &NaiveDate) -> String {
        match self.language {
            Language::Zh => format!("{}（{}）", self.day(date), self.weekday(date)),
            Language::En => format!("{}, {}", self.weekday(date), self.day(date)),
        }
    }

    /// The weekday, short: 周一, Mon.
    pub fn weekday(&self, date: &NaiveDate) -> &'static str {
        weekday_name(date.weekday(), self.language)
    }

    /// A moment to the minute on the hall's wall clock.
    pub fn moment(&self, at: &DateTime<Utc>) -> String {
        let local = at.with_timezone(&ZONE);
        match self.language {
            Language::Zh => format!("{} {}", self.day(&local.date_naive()), local.format("%H:%M")),
            Language::En => format!("{}, {}", self.day(&local.date_naive()), local.format("%H:%M")),
        }
    }

    /// The end of a period to the minute; midnight is 24:00 of the day before (rules CNT-7).
    pub fn end_moment(&self, at: &DateTime<Utc>) -> String {
        match whole_days_end(at) {
            Some(day) if self.language == Language::Zh => format!("{} 24:00", self.day(&day)),
            Some(day) => format!("{}, 24:00", self.day(&day)),
            None => self.moment(at),
        }
    }

    /// A moment for tables: 2026-03-16 09:30:40.
    pub fn stamp(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&ZONE).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Hours and minutes on the hall's wall clock.
    pub fn clock(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&ZONE).format("%H:%M").to_string()
    }

    /// The end of a span that began at `from`: the time alone when it is the same day.
    pub fn until(&self, from: &DateTime<Utc>, until: &DateTime<Utc>) -> String {
        let same = from.with_timezone(&ZONE).date_naive() == until.with_timezone(&ZONE).date_naive();
        if same { self.clock(until) } else { self.end_moment(until) }
    }

    /// The wall clock at the end of a period: midnight is 24:00.
    pub fn end_clock(&self, at: &DateTime<Utc>) -> String {
        whole_days_end(at).map_or_else(|| self.clock(at), |_| "24:00".to_owned())
    }

    /// Day of the month, two digits, for the date column of lists.
    pub fn day_number(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&ZONE).format("%d").to_string()
    }

    /// Month and day for a board: 3月16日, 16 March.
    pub fn month_day(&self, at: &DateTime<Utc>) -> String {
        let day = at.with_timezone(&ZONE).date_naive();
        match self.language {
            Language::Zh => format!("{}月{}日", day.month(), day.day()),
            Language::En => format!("{} {}", day.day(), month_name(day.month())),
        }
    }

    /// Year and month for the date column of lists.
    pub fn year_month(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&ZONE).format("%Y-%m").to_string()
    }

    /// RFC 3339 for `<time datetime>`.
    pub fn iso(&self, at: &DateTime<Utc>) -> String {
        in_hall_zone(*at)
    }

    /// An amount with its thousands set apart: every decimal kept, and two at the least.
    pub fn money(&self, amount: &Decimal) -> String {
        let mut amount = *amount;
        if amount.scale() < 2 {
            amount.rescale(2);
        }
        grouped(&amount.to_string())
    }

    /// The tag of a text that may be the data's own: Chinese wherever it has a Chinese letter.
    pub fn tongue(&self, text: &str) -> &'static str {
        let han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        if text.contains(han) { Words::of(Language::Zh).lang } else { self.w.lang }
    }

    /// Names in a row.
    pub fn listed(&self, names: &[&str]) -> String {
        names.join(match self.language {
            Language::Zh => "、",
            Language::En => ", ",
        })
    }

    /// A rule with its instrument and article: ENG-22 · 招标投标法实施条例第51条.
    pub fn ground(&self, ground: &LegalGround) -> String {
        let (rule, source) = (&ground.id, &ground.source);
        match (&ground.article, self.language) {
            (Some(article), Language::Zh) => format!("{rule} · {source}第{article}条"),
            (Some(article), Language::En) => format!("{rule} · {source}, art. {article}"),
            (None, _) => format!("{rule} · {source}"),
        }
    }

    /// A value of a notice as people write it: a moment of the clock, an amount, or the text as it is.
    pub fn value(&self, text: &str) -> String {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return self.end_moment(&at.to_utc());
        }
        // Long runs of digits are numbers of things, never amounts.
        match text.parse::<Decimal>() {
            Ok(_) if text.contains('.') || text.len() < 8 => grouped(text),
            _ => text.to_owned(),
        }
    }

    /// A count with its thousands set apart.
    pub fn number(&self, count: impl std::borrow::Borrow<usize>) -> String {
        grouped(&count.borrow().to_string())
    }

    /// How long until `deadline`, to the minute, as words; empty once it has passed.
    pub fn left(&self, now: &DateTime<Utc>, deadline: &DateTime<Utc>) -> String {
        let left = *deadline - *now;
        if left <= TimeDelta::zero() {
            return String::new();
        }
        let (days, hours, minutes) = (left.num_days(), left.num_hours() % 24, left.num_minutes() % 60);
        let w = self.w;
        format!("{days} {} {hours} {} {minutes} {}", w.days, w.hours, w.minutes)
    }
}

/// The day that ends at `at`, when `at` is midnight in the hall.
pub(super) fn whole_days_end(at: &DateTime<Utc>) -> Option<NaiveDate> {
    let local = at.with_timezone(&ZONE).naive_local();
    if local.time() == NaiveTime::MIN { local.date().pred_opt() } else { None }
}

/// Thousands set apart by commas in the whole part; sign and decimals kept.
pub fn grouped(plain: &str) -> String {
    let (whole, fraction) = plain.split_once('.').map_or((plain, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("\u{2212}", digits));
    let mut out = String::from(sign);
    let count = digits.len();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (count - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A sentence with the thousands of its amounts set apart. Identifiers, digests and short counts stay as they are.
pub fn grouped_within(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len() + 8);
    let mut word = String::new();
    for letter in sentence.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-') {
            word.push(letter);
        } else {
            out.push_str(&amount_or_word(&word));
            word.clear();
            out.push(letter);
        }
    }
    out.push_str(&amount_or_word(&word));
    out
}

fn amount_or_word(word: &str) -> String {
    let plain = word.trim_end_matches('.');
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() < 5 || whole.starts_with('0') || !digits(whole) || !digits(fraction) {
        return word.to_owned();
    }
    format!("{}{}", grouped(plain), word.strip_prefix(plain).unwrap_or_default())
}

/// Percent-encodes a value for a query (RFC 3986 unreserved letters stay).
pub fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn with_parameter(to: &str, name: &str, value: &str) -> String {
    let (address, fragment) = to.split_once('#').map_or((to, None), |(address, part)| (address, Some(part)));
    let joint = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|part| format!("#{part}")).unwrap_or_default();
    format!("{address}{joint}{name}={}{fragment}", encoded(value))
}

fn code(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}

fn other(language: Language) -> Language {
    match language {
        Language::Zh => Language::En,
        Language::En => Language::Zh,
    }
}

/// The language that `Accept-Language` (RFC 9110 §12.5.4) likes best of the two; Chinese when it names neither.
fn preferred(accepted: &str) -> Language {
    let mut best = (0_u16, Language::Zh);
    for part in accepted.split(',') {
        let mut pieces = part.split(';');
        let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let language = match tag.split('-').next() {
            Some("zh") => Language::Zh,
            Some("en") => Language::En,
            _ => continue,
        };
        let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")).map_or(1000, thousandths);
        if weight > best.0 {
            best = (weight, language);
        }
    }
    best.1
}

/// A quality value in thousandths; anything unreadable counts as nothing.
fn thousandths(text: &str) -> u16 {
    let Ok(value) = text.trim().parse::<Decimal>() else { return 0 };
    u16::try_from(value * Decimal::ONE_THOUSAND).map_or(0, |value| value.min(1000))
}

pub(super) fn month_name(month: u32) -> &'static str {
    match month {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

pub(super) fn weekday_name(day: Weekday, language: Language) -> &'static str {
    let (zh, en) = match day {
        Weekday::Mon => ("周一", "Mon"),
        Weekday::Tue => ("周二", "Tue"),
        Weekday::Wed => ("周三", "Wed"),
        Weekday::Thu => ("周四", "Thu"),
        Weekday::Fri => ("周五", "Fri"),
        Weekday::Sat => ("周六", "Sat"),
        Weekday::Sun => ("周日", "Sun"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(language: Language, chosen: bool, here: &str) -> Reader {
        let hall = HallFacts { name: Say::new("大厅", "Hall"), sandbox: false };
        Reader::new(language, chosen, here.to_owned(), hall)
    }

    #[test]
    fn accept_language_is_weighed_and_chinese_wins_when_unsaid() {
        for (accepted, expected) in [
            ("", Language::Zh),
            ("fr", Language::Zh),
            ("en", Language::En),
            ("en-GB,zh;q=0.9", Language::En),
            ("zh-CN,en;q=0.9", Language::Zh),
            ("en;q=0.2, zh-Hans;q=0.3", Language::Zh),
            ("en;q=0", Language::Zh),
            ("en;q=nan", Language::Zh),
            ("en;q=99999999999", Language::Zh),
        ] {
            assert_eq!(preferred(accepted), expected, "{accepted}");
        }
    }

    #[test]
    fn links_keep_a_chosen_language_and_only_that() {
        assert_eq!(reader(Language::En, false, "/").href("/notices"), "/notices");
        assert_eq!(reader(Language::En, true, "/").href("/notices?q=a#top"), "/notices?q=a&lang=en#top");
        assert_eq!(reader(Language::Zh, false, "/notices?q=a").other_href(), "/notices?q=a&lang=en");
        let paged = reader(Language::En, true, "/projects/1?record=2&rank=3").here_with("record", "4");
        assert_eq!(paged, "/projects/1?rank=3&record=4&lang=en");
    }

    #[test]
    fn a_search_within_a_page_keeps_its_lot_and_can_be_cleared() {
        let reader = reader(Language::En, true, "/projects/1?lot=2&find=a&record=3");
        assert_eq!(reader.parameter("lot"), Some("2"));
        assert_eq!(reader.parameter("lo"), None);
        assert_eq!(reader.cleared_href("find", "record"), "/projects/1?lot=2&record=3&lang=en#record");
    }

    #[test]
    fn an_address_of_two_slashes_stays_in_the_hall() {
        let request = actix_web::test::TestRequest::with_uri("http://hall//elsewhere.example/x?lang=zh&q=1")
            .to_http_request();
        let hall = HallFacts { name: Say::new("大厅", "Hall"), sandbox: false };
        assert_eq!(Reader::of(&request, hall).other_href(), "/elsewhere.example/x?q=1&lang=en");
    }

    #[test]
    fn figures_are_grouped_without_losing_a_digit() {
        assert_eq!(grouped("18376656.3363994"), "18,376,656.3363994");
        assert_eq!(grouped("-999"), "\u{2212}999");
        assert_eq!(grouped("27969270944.00"), "27,969,270,944.00");
        assert_eq!(grouped("0"), "0");
    }

    #[test]
    fn only_the_amounts_of_a_sentence_are_grouped() {
        for (plain, expected) in [
            (
                "B = 27969270944.00 ÷ 1522 = 18376656.3363994…",
                "B = 27,969,270,944.00 ÷ 1522 = 18,376,656.3363994…",
            ),
            ("投标人0116 (53919880.00)；有效1524个", "投标人0116 (53,919,880.00)；有效1524个"),
            ("above 19000000.00.", "above 19,000,000.00."),
            (
                "E1525270001 3c252d39-b6cd-40e1-9829-993012345678",
                "E1525270001 3c252d39-b6cd-40e1-9829-993012345678",
            ),
            ("0012345", "0012345"),
        ] {
            assert_eq!(grouped_within(plain), expected);
        }
    }

    #[test]
    fn values_of_notices_are_written_for_people() {
        let reader = reader(Language::Zh, false, "/");
        for (plain, expected) in [
            ("2026-03-16T09:30:00+08:00", "2026年3月16日 09:30"),
            ("2026-03-24T00:00:00+08:00", "2026年3月23日 24:00"),
            ("19000000.00", "19,000,000.00"),
            ("1528", "1,528"),
            ("911525279112345678", "911525279112345678"),
            ("第一开标室", "第一开标室"),
        ] {
            assert_eq!(reader.value(plain), expected);
        }
        assert_eq!(reader.money(&Decimal::from(950_000)), "950,000.00");
    }

    #[test]
    fn midnight_ends_the_day_before() {
        let at = crate::kernel::time::end_of_day(NaiveDate::from_ymd_opt(2026, 3, 23).unwrap());
        assert_eq!(reader(Language::Zh, false, "/").end_moment(&at), "2026年3月23日 24:00");
        assert_eq!(reader(Language::En, false, "/").end_moment(&at), "23 March 2026, 24:00");
    }
}
