//! The procedures of the built-in law, judged by their guards.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::*;
use crate::{
    kernel::{Code, Problem, Refusal},
    law::{Bound, Law, Quantity},
    platform::policy_file::PolicySource,
};

fn law() -> Law {
    Law::load(&PolicySource::BuiltIn).unwrap()
}

fn on() -> NaiveDate {
    "2026-02-24".parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00+08:00").parse().unwrap()
}

fn facts(known: &[(Event, &str)]) -> Facts {
    known.iter().map(|(event, text)| (*event, at(text))).collect()
}

fn refusal(problem: Problem) -> Refusal {
    let Problem::Refusal(refusal) = problem else { panic!("{problem:?}") };
    refusal
}

#[test]
fn the_parks_timeline_comes_from_data() {
    let law = law();
    let open = law.procedure("engineering-open", on()).unwrap();
    let known = facts(&[
        (Event::DocumentsIssued, "2026-02-24T09:00"),
        (Event::Deadline, "2026-03-16T09:30"),
        (Event::ReportReceived, "2026-03-17T16:00"),
        (Event::CandidatesPublished, "2026-03-18T10:00"),
        (Event::AwardDecided, "2026-03-24T09:00"),
        (Event::AwardNotice, "2026-03-24T09:00"),
    ]);
    let days: Vec<_> = law
        .timeline(open, on(), &known)
        .unwrap()
        .into_iter()
        .map(|stone| (stone.event, stone.rule.id, stone.earliest_on, stone.latest_on))
        .collect();
    let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
    for (event, rule, earliest, latest) in [
        (Event::Deadline, "ENG-4", day("2026-03-16"), None),
        (Event::DocumentsObjected, "ENG-8", None, day("2026-03-06")),
        (Event::ClarificationPublished, "ENG-7", None, day("2026-03-01")),
        (Event::Opened, "ENG-16", day("2026-03-16"), None),
        (Event::CandidatesPublished, "ENG-25", None, day("2026-03-20")),
        (Event::AwardDecided, "ENG-25", day("2026-03-24"), None),
        (Event::SupervisorReport, "ENG-33", None, day("2026-04-08")),
        (Event::ContractSigned, "ENG-30", None, day("2026-04-23")),
        (Event::DepositsReturned, "ENG-32", None, None),
    ] {
        assert!(days.contains(&(event, rule.to_owned(), earliest, latest)), "{event}: {days:#?}");
    }
}

#[test]
fn the_purchases_duties_count_working_days() {
    let law = law();
    let open = law.procedure("procurement-open-goods", on()).unwrap();
    let known =
        facts(&[(Event::ContractSigned, "2026-04-30T10:00"), (Event::AwardDecided, "2026-12-31T09:00")]);
    let stones = law.timeline(open, on(), &known).unwrap();
    let of = |event| stones.iter().find(|stone| stone.event == event).unwrap();
    assert_eq!(of(Event::ContractPublished).latest_on, "2026-05-07".parse().ok());
    assert_eq!(of(Event::ContractFiled).latest_on, "2026-05-13".parse().ok());
    assert_eq!(of(Event::ResultPublished).calendar_missing, Some(2027));
    assert!(of(Event::AwardDecided).latest_on.is_none());
}

#[test]
fn a_deadline_one_day_short_names_rule_article_and_earliest() {
    let law = law();
    let open = law.procedure("engineering-open", on()).unwrap();
    let known = facts(&[(Event::DocumentsIssued, "2026-02-24T09:00")]);
    let judge = |time: &str| law.permit(open, on(), Event::Deadline, at(time), &known);
    assert_eq!(judge("2026-03-16T00:00").unwrap(), None);
    let short = refusal(judge("2026-03-15T23:59").unwrap_err());
    let rule = short.rule.unwrap();
    assert_eq!(short.code, Code::LawRefuses);
    assert_eq!(
        (rule.id.as_str(), rule.source.as_str(), rule.article.as_deref()),
        ("ENG-4", "招标投标法", Some("24"))
    );
    assert_eq!(rule.earliest, Some(at("2026-03-16T00:00")));
    assert!(short.detail.en.contains("Earliest: 2026-03-16"), "{}", short.detail.en);
}

#[test]
fn a_deadline_on_a_weekend_is_refused_by_the_setting_not_by_law() {
    let law = law();
    let open = law.procedure("engineering-open", on()).unwrap();
    let known = facts(&[(Event::DocumentsIssued, "2026-02-24T09:00")]);
    let weekend =
        refusal(law.permit(open, on(), Event::Deadline, at("2026-03-21T09:30"), &known).unwrap_err());
    let rule = weekend.rule.unwrap();
    assert_eq!((rule.source.as_str(), rule.article), ("setting", None));
    assert_eq!(rule.earliest, Some(at("2026-03-23T00:00")));
}

#[test]
fn the_award_waits_for_the_end_of_publicity() {
    let law = law();
    let open = law.procedure("engineering-open", on()).unwrap();
    let award = |time: &str, known: &Facts| law.permit(open, on(), Event::AwardDecided, at(time), known);
    let known = facts(&[(Event::CandidatesPublished, "2026-03-18T10:00")]);
    let early = refusal(award("2026-03-23T23:59", &known).unwrap_err());
    assert_eq!((early.code, early.rule.unwrap().earliest), (Code::TooEarly, Some(at("2026-03-24T00:00"))));
    assert_eq!(award("2026-03-24T00:00", &known).unwrap(), None);
    let unpublished = refusal(award("2026-03-24T00:00", &Facts::new()).unwrap_err());
    assert_eq!(unpublished.code, Code::WrongState);
    assert_eq!(unpublished.extra["missing"], "candidatesPublished");
}

#[test]
fn a_late_right_is_lost_and_a_late_duty_is_recorded() {
    let law = law();
    let open = law.procedure("engineering-open", on()).unwrap();
    let known = facts(&[(Event::Deadline, "2026-03-20T09:30"), (Event::AwardNotice, "2026-01-20T09:00")]);
    let judge = |event, time: &str| law.permit(open, on(), event, at(time), &known);
    assert_eq!(judge(Event::DocumentsObjected, "2026-03-10T23:59").unwrap(), None);
    let late = refusal(judge(Event::DocumentsObjected, "2026-03-11T00:00").unwrap_err());
    assert_eq!((late.code, late.rule.unwrap().id), (Code::TooLate, "ENG-8".to_owned()));
    assert!(late.detail.en.contains("The last day was 2026-03-10"), "{}", late.detail.en);
    assert_eq!(judge(Event::ContractSigned, "2026-02-24T23:59").unwrap(), None);
    let recorded = judge(Event::ContractSigned, "2026-02-25T00:00").unwrap().unwrap();
    assert_eq!((recorded.id, recorded.earliest), ("ENG-30".to_owned(), Some(at("2026-02-25T00:00"))));
}

#[test]
fn a_late_clarification_moves_the_deadline_to_a_working_day() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    // 15 days after 2026-03-06 is Saturday the 21st.
    assert_eq!(law().deadline_after("ENG-7", day("2026-03-06"), on()).unwrap(), day("2026-03-23"));
    assert!(law().deadline_after("ENG-4", day("2026-03-06"), on()).is_err());
}

#[test]
fn a_draw_comes_at_most_two_working_days_before_the_evaluation() {
    let law = law();
    let open = law.procedure("procurement-open-goods", on()).unwrap();
    let known = facts(&[(Event::EvaluationStarted, "2026-03-16T10:00")]);
    let judge = |time: &str| law.permit(open, on(), Event::CommitteeDrawn, at(time), &known);
    assert_eq!(judge("2026-03-12T00:00").unwrap(), None);
    assert_eq!(refusal(judge("2026-03-11T23:59").unwrap_err()).rule.unwrap().id, "EX-4");
}

#[test]
fn committees_are_judged_by_number_parity_and_share() {
    let law = law();
    let works = law.procedure("engineering-open", on()).unwrap();
    let goods = law.procedure("procurement-open-goods", on()).unwrap();
    let works = law.committee(works, on(), None, false).unwrap();
    for (members, experts) in [(3, 2), (5, 4), (7, 5), (9, 6), (11, 8)] {
        assert_eq!(works.experts_among(members), experts);
    }
    assert_eq!(works.check(5, 4), Ok(()));
    assert_eq!(works.check(5, 3).unwrap_err().rule.unwrap().id, "ENG-19");
    assert!(works.check(6, 6).is_err() && works.check(3, 3).is_err() && works.check(5, 6).is_err());
    let by = |budget: &str| law.committee(goods, on(), budget.parse().ok(), false).unwrap().minimum;
    assert_eq!((by("9999999.99"), by("10000000.00")), (5, 7));
    assert_eq!(law.committee(goods, on(), None, true).unwrap().minimum, 7);
}

#[test]
fn caps_round_down_to_the_fen() {
    let law = law();
    let works = law.procedure("engineering-open", on()).unwrap();
    let deposit = |base: &str| {
        let (most, ground) = law.lowest_cap(&works.deposit_caps, base.parse().unwrap(), on()).unwrap();
        (most.to_string(), ground.id)
    };
    assert_eq!(deposit("20000000.00"), ("400000.00".into(), "ENG-9".into()));
    assert_eq!(deposit("30000000.00"), ("600000.00".into(), "ENG-9".into()));
    assert_eq!(deposit("40000000.00"), ("800000.00".into(), "ENG-9".into()));
    assert_eq!(deposit("50000000.00"), ("800000.00".into(), "ENG-10".into()));
    let most = |key: &str, base: &str| law.cap(key, on()).unwrap().over(base.parse().unwrap()).unwrap();
    assert_eq!(most("GP-6", "500000").to_string(), "10000");
    assert_eq!(most("ENG-31", "1234567.89").to_string(), "123456.78");
}

/// EX C9b: a floor cut to 90 % of the appraisal needs nobody's consent, a fen less does.
#[test]
fn a_floor_may_be_cut_to_nine_tenths_of_the_appraisal() {
    let law = law();
    let rule = law.rule("SOA-5/consent", on()).unwrap();
    let Quantity::Cap(Bound::AtLeast, share) = rule.quantity else { panic!("{:?}", rule.quantity) };
    let least = share.over("10000000.00".parse().unwrap()).unwrap();
    let needs_consent = |floor: &str| floor.parse::<Decimal>().unwrap() < least;
    assert_eq!((needs_consent("9000000.00"), needs_consent("8999999.99")), (false, true));
}

#[test]
fn a_ground_may_be_named_by_id_alone() {
    let law = law();
    let article = |key: &str| law.ground(key, on()).unwrap().article.unwrap();
    assert_eq!(
        (article("GP-1"), article("GPB-7"), article("ENG-25")),
        ("12".into(), "39".into(), "54".into())
    );
    assert!(law.ground("ENG-99", on()).is_err());
    assert!(law.rule("ENG-25", on()).is_err(), "a number has to be named by its part");
}

#[test]
fn steps_follow_each_other_as_the_file_says() {
    let law = law();
    let works = law.procedure("engineering-open", on()).unwrap();
    assert_eq!(works.next(State::Draft), [State::Registered]);
    assert_eq!(works.next(State::DocumentsOffered), [State::Clarifying, State::Closed]);
    assert_eq!(works.next(State::Clarifying), [State::DocumentsOffered, State::Closed]);
    assert_eq!(works.next(State::Reported), [State::CandidatesPublished]);
    assert!(works.next(State::Archived).is_empty());
    let goods = law.procedure("procurement-open-goods", on()).unwrap();
    assert_eq!(goods.next(State::Reported), [State::Awarded]);
    assert_eq!(goods.next(State::Opened), [State::QualificationReviewed]);
    assert!(law.procedure("engineering-open", "2012-01-01".parse().unwrap()).is_err());
}
