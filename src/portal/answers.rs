//! The calculators' answers: a venue decision and a count of days, laid open for reading.
//!
//! Pure. The decisions are those of `jurisdiction` and `law`; here they only become rows and words.

use chrono::NaiveDate;

use super::{
    question::{DeadlineQuestion, VenueQuestion},
    reader::{Reader, grouped},
    view::{Choice, Comparison, CountedDay, DayRole, DeadlineView, VenueScope, VenueView, Verdict},
};
use crate::{
    jurisdiction::{
        Jurisdiction,
        model::{Level, Measure, RouteRule, Scope, VenueDecision},
        rules::in_yuan,
    },
    kernel::{Problem, Say, money::Amount, time::hall_date},
    law::{
        Counted, Direction, Law, Place, Unit,
        counting::{CountedDay as LawDay, Why},
    },
};

/// Every region one can ask about, the league last, since most questions are a county's.
pub fn region_choices(hall: &Jurisdiction, reader: &Reader) -> Vec<Choice> {
    let league = hall.league();
    let counties = hall.regions().iter().filter(|region| region.code != league.code);
    counties
        .chain([league])
        .map(|region| Choice::new(region.code.as_str(), region.name.in_language(reader.language)))
        .collect()
}

/// Every foreign currency with a published parity.
pub fn currency_choices(hall: &Jurisdiction, reader: &Reader) -> Vec<Choice> {
    let named = |name: &Say| name.in_language(reader.language).to_owned();
    let all = hall.currencies().codes.iter();
    all.map(|one| Choice::new(one.code.to_string(), format!("{} {}", one.code, named(&one.name)))).collect()
}

/// A venue decision with its comparisons; `on` is the day whose table was used.
pub fn venue_view(
    hall: &Jurisdiction,
    question: &VenueQuestion,
    decision: &VenueDecision,
    on: NaiveDate,
    reader: &Reader,
) -> VenueView {
    let centre = decision.centre_code.as_deref().and_then(|code| hall.centre(code));
    let mut comparisons = thresholds(hall, question, decision, on, reader);
    comparisons.extend(decision.fired.iter().filter_map(|rule| {
        Some(Comparison {
            rule: rule.to_string(),
            what: in_words(*rule, reader)?.to_owned(),
            left: String::new(),
            sign: String::new(),
            right: String::new(),
            verdict: Verdict::Holds,
            source: reader.w.routing_table.to_owned(),
        })
    }));
    VenueView {
        scope: match decision.scope {
            Scope::League => VenueScope::League,
            Scope::Own => VenueScope::Own,
            Scope::Nearby => VenueScope::Nearby,
            Scope::NotRequired => VenueScope::NotRequired,
        },
        centre: centre.map(|centre| centre.name.in_language(reader.language).to_owned()).unwrap_or_default(),
        rule: decision.rule_id.to_string(),
        comparisons,
        reasons: decision.reasons.iter().map(|say| say.in_language(reader.language).to_owned()).collect(),
        table_version: decision.table_version.clone(),
        decided: None,
    }
}

/// The comparisons with a figure: those that level and category ask for, held or not.
fn thresholds(
    hall: &Jurisdiction,
    question: &VenueQuestion,
    decision: &VenueDecision,
    on: NaiveDate,
    reader: &Reader,
) -> Vec<Comparison> {
    if question.level == Level::League || decision.rule_id == RouteRule::Rt9 {
        return Vec::new();
    }
    let w = reader.w;
    let measures = question.test().measures();
    measures
        .iter()
        .filter_map(|measure| {
            let threshold = hall.threshold(*measure, on)?;
            let converted = question.foreign.as_ref().filter(|_| Some(measure) == measures.first());
            let converted = converted.and_then(|foreign| in_yuan(hall, foreign).ok()).map(Amount::value);
            let own = converted.or_else(|| question.own_figure(*measure));
            let figure = own.map(|own| own + question.added_by_phases(*measure));
            let what = match measure {
                Measure::Investment => w.measure_investment,
                Measure::FloorArea => w.measure_floor_area,
                Measure::Budget => w.measure_budget,
            };
            Some(Comparison {
                rule: threshold.rule.to_string(),
                what: what.to_owned(),
                left: figure.map_or_else(|| "—".to_owned(), |figure| grouped(&format!("{figure:.2}"))),
                sign: "≥".to_owned(),
                right: grouped(&format!("{:.2}", threshold.at_least)),
                verdict: match figure {
                    None => Verdict::NotAsked,
                    Some(_) if decision.fired.contains(&threshold.rule) => Verdict::Holds,
                    Some(_) => Verdict::Fails,
                },
                source: threshold.source.clone(),
            })
        })
        .collect()
}

/// A rule without a figure, in words; `None` for the three that compare one.
fn in_words(rule: RouteRule, reader: &Reader) -> Option<&'static str> {
    let w = reader.w;
    match rule {
        RouteRule::Rt1 | RouteRule::Rt2 | RouteRule::Rt3 => None,
        RouteRule::Rt4 => Some(w.rule_rt4),
        RouteRule::Rt5 => Some(w.rule_rt5),
        RouteRule::Rt6 => Some(w.rule_rt6),
        RouteRule::Rt7 => Some(w.rule_rt7),
        RouteRule::Rt8 => Some(w.rule_rt8),
        RouteRule::Rt9 => Some(w.rule_rt9),
        RouteRule::Rt10 => Some(w.rule_rt10),
        RouteRule::Amb7 => Some(w.rule_amb7),
        RouteRule::Amb8 => Some(w.rule_amb8),
        RouteRule::Amb13 => Some(w.rule_amb13),
    }
}

/// Counts the days asked for and lays them out by date.
///
/// # Errors
/// `calendar-unavailable` for a year without calendar; `invalid-request` for a length that cannot be counted.
pub fn deadline_view(
    law: &Law,
    question: &DeadlineQuestion,
    reader: &Reader,
) -> Result<DeadlineView, Problem> {
    let length = u32::try_from(question.length).unwrap_or(u32::MAX);
    let counted = law.count(question.from, length, question.unit, question.direction)?;
    let forward = question.direction == Direction::Forward;
    let w = reader.w;
    let mut reasons = vec![w.count_start];
    reasons.push(match (question.unit, forward) {
        (Unit::WorkingDay, _) => w.count_working,
        (_, true) => w.count_roll,
        (_, false) => w.count_backward,
    });
    let counter = question.place == Place::Counter;
    if counter {
        reasons.push(w.count_counter);
    } else if forward {
        reasons.push(w.count_end);
    }
    let ends_at = law.end_of(&counted, question.direction, question.place)?;
    Ok(DeadlineView {
        forward,
        // A counter that is closed on the last day was open last, or is open first, on another.
        ends_on: if counter { hall_date(ends_at) } else { counted.ends_on },
        ends_at: (forward || counter).then_some(ends_at),
        days: days(&counted, question.unit, reader),
        reasons: reasons.into_iter().map(ToOwned::to_owned).collect(),
    })
}

/// The days by date, each with its number in the order of the count.
fn days(counted: &Counted, unit: Unit, reader: &Reader) -> Vec<CountedDay> {
    let mut number = 0;
    let mut days: Vec<CountedDay> = counted
        .counted
        .iter()
        .map(|day| {
            number += u32::from(day.counts && day.why != Why::RolledTo);
            CountedDay {
                date: day.date,
                role: role(day, number, counted.ends_on, unit),
                note: noted(day, reader),
            }
        })
        .collect();
    days.sort_by_key(|day| day.date);
    days
}

fn role(day: &LawDay, number: u32, ends_on: NaiveDate, unit: Unit) -> DayRole {
    match day.why {
        Why::StartDay => DayRole::Start,
        Why::RolledTo => DayRole::End(None),
        _ if day.date == ends_on => DayRole::End(Some(number)),
        _ if day.counts => DayRole::Counted(number),
        _ if unit == Unit::WorkingDay => DayRole::Skipped,
        _ => DayRole::Rolled,
    }
}

/// The note worth a place in a small cell: holidays by name, weekend days that are worked.
fn noted(day: &LawDay, reader: &Reader) -> Option<String> {
    match day.why {
        Why::Holiday => Some(holiday(day.note.in_language(reader.language)).to_owned()),
        Why::MakeUpWorkDay => Some(reader.w.day_make_up.to_owned()),
        _ => None,
    }
}

/// The holiday's name out of a note such as `holiday (National Day)`; the whole note when it names none.
fn holiday(note: &str) -> &str {
    let named = note.split_once(['（', '(']).map(|(_, rest)| rest.trim_end_matches(['）', ')']));
    named.unwrap_or(note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        jurisdiction::rules::decide,
        kernel::say::Language,
        platform::policy_file::PolicySource,
        portal::{question::CalculatorForm, sample},
    };

    fn form(category: &str, amount: &str) -> CalculatorForm {
        CalculatorForm {
            region: "152527".into(),
            category: category.into(),
            investment: amount.into(),
            budget: amount.into(),
            investment_unit: "wan".into(),
            budget_unit: "wan".into(),
            ..CalculatorForm::default()
        }
    }

    fn venue(form: &CalculatorForm) -> VenueView {
        let reader = sample::reader(Language::Zh, "/calculators");
        let hall = Jurisdiction::load(&PolicySource::BuiltIn).unwrap();
        let question = form.venue(reader.w).unwrap();
        let today = "2026-02-09".parse().unwrap();
        let decision = decide(&hall, &question, today).unwrap();
        venue_view(&hall, &question, &decision, today, &reader)
    }

    fn count(from: &str, length: &str, unit: &str, direction: &str) -> DeadlineView {
        let reader = sample::reader(Language::Zh, "/calculators");
        let form = CalculatorForm {
            from: from.into(),
            length: length.into(),
            unit: unit.into(),
            direction: direction.into(),
            ..CalculatorForm::default()
        };
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        deadline_view(&law, &form.deadline(reader.w).unwrap(), &reader).unwrap()
    }

    #[test]
    fn row_ten_of_the_boundary_tests_goes_to_the_league() {
        let view = venue(&form("engineering", "2000"));
        assert_eq!((view.scope, view.rule.as_str()), (VenueScope::League, "RT-1"));
        let first = &view.comparisons[0];
        assert_eq!((first.left.as_str(), first.right.as_str()), ("20,000,000.00", "20,000,000.00"));
        assert_eq!(first.verdict, Verdict::Holds);
        assert_eq!(view.comparisons[1].verdict, Verdict::NotAsked, "no floor area is not zero floor area");
    }

    #[test]
    fn a_fen_below_stays_at_home_and_says_so() {
        let view = venue(&form("engineering", "1999.999999"));
        assert_eq!((view.scope, view.rule.as_str()), (VenueScope::Own, "RT-6"));
        assert_eq!(view.comparisons[0].verdict, Verdict::Fails);
        assert_eq!(view.comparisons.last().unwrap().rule, "RT-6");
    }

    #[test]
    fn working_days_are_numbered_around_a_holiday() {
        let view = count("2026-04-30", "3", "workingDay", "forward");
        assert_eq!(view.ends_on.to_string(), "2026-05-08");
        assert_eq!(view.days.first().unwrap().role, DayRole::Start);
        assert_eq!(view.days.last().unwrap().role, DayRole::End(Some(3)));
        let skipped = view.days.iter().filter(|day| day.role == DayRole::Skipped).count();
        assert_eq!(skipped, 5, "1 to 5 May");
        assert_eq!(view.days[1].note.as_deref(), Some("劳动节"), "the holiday is named");
    }

    #[test]
    fn an_end_that_rolls_is_shown_rolling() {
        let view = count("2026-03-11", "3", "calendarDay", "forward");
        assert_eq!(view.ends_on.to_string(), "2026-03-16");
        let roles: Vec<DayRole> = view.days.iter().map(|day| day.role).collect();
        assert_eq!(roles.first(), Some(&DayRole::Start));
        assert_eq!(roles.last(), Some(&DayRole::End(None)));
        assert_eq!(view.days.len(), 6, "every day from the 11th to the 16th: {roles:?}");
    }

    #[test]
    fn a_backward_count_is_laid_out_by_date() {
        let view = count("2026-03-20", "15", "calendarDay", "backward");
        assert_eq!((view.ends_on.to_string().as_str(), view.ends_at), ("2026-03-05", None));
        assert_eq!(view.days.first().unwrap().role, DayRole::End(Some(15)));
        assert_eq!(view.days.last().unwrap().role, DayRole::Start);
    }
}
