//! What may be booked and decided. Pure: whoever calls brings the time, the calendar and the ground in law.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    jurisdiction::model::RoomKind,
    kernel::{
        Code, FieldError, LegalGround, Problem, Refusal, Rejection, Say,
        time::{end_of_day, hall_date, in_hall_zone},
    },
    law::{Calendar, Law},
    rooms::model::{Booking, BookingState, Hours, NewSlot, Span},
    tenders::TenderPhase,
};

/// Slots one booking may have.
pub const MOST_SLOTS: usize = 30;
/// Days a slot may last, and days ahead in which it must begin (settings that keep mistakes out).
const LONGEST_DAYS: i64 = 31;
const FURTHEST_DAYS: i64 = 400;

/// What the rules of a booking need to know of its tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenderFacts {
    /// Where it stands.
    pub phase: TenderPhase,
    /// Its deadline of bids.
    pub deadline: DateTime<Utc>,
}

/// Shape of a request: slots that end after they begin, of a bookable length, in the future.
///
/// # Errors
/// 422 with a pointer to every slot that is wrong.
pub fn check_request(slots: &[NewSlot], now: DateTime<Utc>) -> Result<(), Rejection> {
    if !(1..=MOST_SLOTS).contains(&slots.len()) {
        let detail = Say::new(
            format!("一次预约须含 1 至 {MOST_SLOTS} 个时段。"),
            format!("A booking has 1 to {MOST_SLOTS} slots."),
        );
        return Err(Rejection::at("/slots", "length", detail));
    }
    let mut errors = Vec::new();
    for (place, slot) in slots.iter().enumerate() {
        check_slot(place, slot, now, &mut errors);
    }
    if errors.is_empty() {
        return Ok(());
    }
    let detail = Say::new("预约时段无效，见 errors。", "Slots are not valid; see errors.");
    Err(Rejection { code: Code::InvalidRequest, detail, errors })
}

fn check_slot(place: usize, slot: &NewSlot, now: DateTime<Utc>, errors: &mut Vec<FieldError>) {
    let mut wrong = |member: &str, word: &str, detail: &str| {
        errors.push(FieldError::new(format!("/slots/{place}/{member}"), word, detail));
    };
    for (member, at) in [("from", slot.from), ("to", slot.to)] {
        if at.timestamp_subsec_nanos() != 0 {
            wrong(member, "precision", "须为整秒 / must be a whole second");
        }
    }
    if slot.from <= now {
        wrong("from", "past", "时段须在将来 / must lie in the future");
    } else if slot.from > now + TimeDelta::days(FURTHEST_DAYS) {
        wrong("from", "out-of-range", "最多提前 400 日 / at most 400 days ahead");
    } else if slot.to <= slot.from {
        wrong("to", "out-of-range", "结束须晚于开始 / must be later than from");
    } else if slot.to > slot.from + TimeDelta::days(LONGEST_DAYS) {
        wrong("to", "out-of-range", "最长 31 日 / at most 31 days after from");
    }
    if slot.capacity.is_some_and(|people| people < 1) {
        wrong("capacity", "out-of-range", "至少 1 人 / at least 1");
    }
}

/// The deadline a booking is for: the tender's, or for a postponement to come a later one.
///
/// # Errors
/// `wrong-state` when the tender has ended, `booking-unfit` for an earlier deadline or one of a draft.
pub fn deadline_for(asked: Option<DateTime<Utc>>, tender: TenderFacts) -> Result<DateTime<Utc>, Refusal> {
    if matches!(tender.phase, TenderPhase::Failed | TenderPhase::Terminated | TenderPhase::Concluded) {
        return Err(tender.phase.refuse(&Say::new("预约场地", "book rooms")));
    }
    match asked {
        Some(asked) if !stands(asked, tender) => {
            let deadline = in_hall_zone(tender.deadline);
            let detail = Say::new(
                format!("只能为现行截止时间（{deadline}）预约，或在公告后为更晚的新截止时间（延期）预约。"),
                format!(
                    "Rooms are booked for the deadline in force ({deadline}) or, once published, for a later one."
                ),
            );
            Err(Refusal::new(Code::BookingUnfit, detail).by_rule(Law::setting_ground("RM-8")))
        }
        asked => Ok(asked.unwrap_or(tender.deadline)),
    }
}

/// Whether a booking for `deadline` still has a sense: the deadline in force, or a later one to be published.
pub fn stands(deadline: DateTime<Utc>, tender: TenderFacts) -> bool {
    deadline == tender.deadline || (tender.phase == TenderPhase::Published && deadline > tender.deadline)
}

/// What the rules of time look at.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// Deadline of bids the slots are for.
    pub deadline: DateTime<Utc>,
    /// Ground of RM-2 in the law of the tender's regime.
    pub opening_ground: &'a LegalGround,
    /// The centre's hours.
    pub hours: Hours,
    /// Working days.
    pub calendar: &'a Calendar,
    /// End of the opening the tender has already booked for this deadline.
    pub booked_opening_end: Option<DateTime<Utc>>,
    /// Whether a supervising body books the complaint room (RM-19).
    pub complaint: bool,
}

/// RM-2, RM-12, RM-5, RM-13 and RM-19 over all slots of a request.
///
/// # Errors
/// `law-refuses` by 招标投标法 art 34 for an opening at another time than the deadline; `booking-unfit` by a setting;
/// 422 where the calendar of the year is not published.
pub fn check_times(slots: &[NewSlot], frame: Frame<'_>) -> Result<(), Problem> {
    let complaints = slots.iter().filter(|slot| slot.kind == RoomKind::Complaint).count();
    if complaints > 0 && !(frame.complaint && complaints == slots.len()) {
        let detail = Say::new(
            "投诉室由监督部门单独预约。",
            "The complaint room is booked by a supervising body, and by itself.",
        );
        return Err(unfit("RM-19", detail).into());
    }
    let openings: Vec<Span> = of_kind(slots, RoomKind::Opening);
    if openings.len() > 1 {
        let detail = Say::new("一次预约只能有一个开标时段。", "A booking has one opening slot.");
        return Err(unfit("RM-2", detail).into());
    }
    let opening = openings.first().copied();
    if let Some(opening) = opening {
        check_opening(opening, frame)?;
    }
    let evaluations = of_kind(slots, RoomKind::Evaluation);
    if evaluations.is_empty() {
        return Ok(());
    }
    let opening_end = opening.map(|span| span.to).or(frame.booked_opening_end);
    check_evaluations(&evaluations, opening_end)?;
    Ok(check_rest(&evaluations, &of_kind(slots, RoomKind::Rest))?)
}

fn of_kind(slots: &[NewSlot], kind: RoomKind) -> Vec<Span> {
    slots.iter().filter(|slot| slot.kind == kind).map(NewSlot::during).collect()
}

/// A refusal by a rule of the centre, which is never shown as law.
fn unfit(rule: &str, detail: Say) -> Refusal {
    Refusal::new(Code::BookingUnfit, detail).by_rule(Law::setting_ground(rule))
}

fn check_opening(opening: Span, frame: Frame<'_>) -> Result<(), Problem> {
    if opening.from != frame.deadline {
        let deadline = in_hall_zone(frame.deadline);
        let detail = Say::new(
            format!("开标须在投标截止时间的同一时间（{deadline}）进行。"),
            format!("The opening starts at the deadline of bids itself ({deadline})."),
        );
        let ground = LegalGround { earliest: Some(frame.deadline), ..frame.opening_ground.clone() };
        return Err(Refusal::new(Code::LawRefuses, detail).by_rule(ground).into());
    }
    let works = frame.calendar.works(hall_date(opening.from))?;
    if works && frame.hours.hold(opening) {
        return Ok(());
    }
    let (opens, closes) = (frame.hours.opens.format("%H:%M"), frame.hours.closes.format("%H:%M"));
    let detail = Say::new(
        format!("开标只在工作日 {opens} 至 {closes} 之间进行。"),
        format!("Openings take place on working days from {opens} to {closes}."),
    );
    Err(unfit("RM-12", detail).into())
}

/// RM-5: nothing is evaluated before the opening has ended.
fn check_evaluations(evaluations: &[Span], opening_end: Option<DateTime<Utc>>) -> Result<(), Refusal> {
    let Some(end) = opening_end else {
        let detail = Say::new(
            "请先预约开标室，或与评标室一并预约。",
            "Book the opening room first, or together with the evaluation room.",
        );
        return Err(unfit("RM-5", detail));
    };
    if evaluations.iter().all(|span| span.from >= end) {
        return Ok(());
    }
    let shown = in_hall_zone(end);
    let detail = Say::new(
        format!("评标时段不得早于开标时段结束（{shown}）。"),
        format!("The evaluation starts no earlier than the opening ends ({shown})."),
    );
    let ground = LegalGround { earliest: Some(end), ..Law::setting_ground("RM-5") };
    Err(Refusal::new(Code::BookingUnfit, detail).by_rule(ground))
}

/// RM-13: experts who go on the next day stay isolated, so every night in between has a rest room.
fn check_rest(evaluations: &[Span], rests: &[Span]) -> Result<(), Refusal> {
    let first = evaluations.iter().map(|span| span.from).min();
    let last = evaluations.iter().map(|span| span.to).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    let bare = hall_date(first)
        .iter_days()
        .map(end_of_day)
        .take_while(|midnight| *midnight < last)
        .find(|midnight| !rests.iter().any(|rest| rest.contains(*midnight)));
    let Some(midnight) = bare else { return Ok(()) };
    let shown = in_hall_zone(midnight);
    let detail = Say::new(
        format!("评标超过一日，须预约覆盖过夜时段（{shown}）的专家休息室。"),
        format!("The evaluation lasts over a day: book a rest room that covers the night ({shown})."),
    );
    Err(unfit("RM-13", detail))
}

/// A reason of 1 to 1000 characters.
///
/// # Errors
/// 422 that points to `/reason`.
pub fn check_reason(reason: &str) -> Result<String, Rejection> {
    let reason = reason.trim();
    if (1..=1000).contains(&reason.chars().count()) {
        return Ok(reason.to_owned());
    }
    Err(Rejection::at(
        "/reason",
        "length",
        Say::new("请说明理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters."),
    ))
}

fn expect_state(booking: &Booking, states: &[BookingState]) -> Result<(), Refusal> {
    if states.contains(&booking.state) {
        return Ok(());
    }
    let here = booking.state.name();
    let detail = Say::new(
        format!("该预约{}，不能再作此决定。", here.zh),
        format!("The booking is {}; this is no longer possible.", here.en),
    );
    Err(Refusal::new(Code::WrongState, detail).with("state", serde_json::json!(booking.state)))
}

fn not_begun(booking: &Booking, now: DateTime<Utc>) -> Result<(), Refusal> {
    if booking.begins().is_none_or(|begins| now < begins) {
        return Ok(());
    }
    let detail = Say::new("预约的首个时段已经开始。", "The first slot has begun.");
    Err(Refusal::new(Code::TooLate, detail))
}

/// Whether a request may be confirmed.
///
/// # Errors
/// `wrong-state` when it was decided or the tender has ended, `too-late` once it has begun, `law-refuses` when the
/// deadline has moved away from its opening slot (RM-2).
pub fn may_confirm(
    booking: &Booking,
    tender: TenderFacts,
    opening_ground: &LegalGround,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    expect_state(booking, &[BookingState::Requested])?;
    not_begun(booking, now)?;
    if matches!(tender.phase, TenderPhase::Failed | TenderPhase::Terminated | TenderPhase::Concluded) {
        return Err(tender.phase.refuse(&Say::new("确认场地", "confirm rooms")).into());
    }
    if booking.opening().is_none() || stands(booking.deadline, tender) {
        return Ok(());
    }
    let deadline = in_hall_zone(tender.deadline);
    let detail = Say::new(
        format!("投标截止时间已改为 {deadline}，与预约的开标时间不同。"),
        format!("The deadline of bids is now {deadline}, not the start of the booked opening."),
    );
    let ground = LegalGround { earliest: Some(tender.deadline), ..opening_ground.clone() };
    Err(Refusal::new(Code::LawRefuses, detail).by_rule(ground).into())
}

/// Whether a request may be rejected.
///
/// # Errors
/// `wrong-state` when it was decided before.
pub fn may_reject(booking: &Booking) -> Result<(), Problem> {
    Ok(expect_state(booking, &[BookingState::Requested])?)
}

/// Whether a booking may be given up. The place of an opening stands in the published document, so that it moves
/// only with the deadline, by a postponement.
///
/// # Errors
/// `wrong-state`, `too-late` once it has begun, `law-refuses` for the confirmed opening room of a published tender
/// that is not yet opened.
pub fn may_cancel(
    booking: &Booking,
    tender: TenderFacts,
    opening_ground: &LegalGround,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    expect_state(booking, &[BookingState::Requested, BookingState::Confirmed])?;
    not_begun(booking, now)?;
    if is_announced(booking, tender) {
        let detail = Say::new(
            "公告已载明开标地点，不能取消；请以延期公告变更。",
            "The notice names this place of opening; it moves only with the deadline, by a postponement.",
        );
        return Err(Refusal::new(Code::LawRefuses, detail).by_rule(opening_ground.clone()).into());
    }
    Ok(())
}

/// RM-9: the moment by which a party gives a booking up in time, the end of the last working day before its first
/// slot. `None` where the calendar does not tell, which is not held against anybody.
pub fn in_time_until(booking: &Booking, calendar: &Calendar) -> Option<DateTime<Utc>> {
    let mut day = hall_date(booking.begins()?);
    for _ in 0..LONGEST_DAYS {
        day = day.pred_opt()?;
        if calendar.works(day).ok()? {
            return Some(end_of_day(day));
        }
    }
    None
}

/// RM-9: whether giving up at `now` counts against the party.
pub fn is_late(booking: &Booking, tender: TenderFacts, calendar: &Calendar, now: DateTime<Utc>) -> bool {
    let ended = matches!(tender.phase, TenderPhase::Failed | TenderPhase::Terminated);
    booking.state == BookingState::Confirmed
        && !ended
        && in_time_until(booking, calendar).is_some_and(|until| now >= until)
}

/// RM-7: when a request made at `now` should have been answered: within one working day, the day of the request not
/// counted. `None` where the calendar does not reach.
pub fn answer_by(now: DateTime<Utc>, calendar: &Calendar) -> Option<DateTime<Utc>> {
    let next = hall_date(now).succ_opt()?;
    calendar.first_working_from(next).ok().map(end_of_day)
}

/// Whether a booking may be changed: by its parties before the centre's word is given, by the centre also afterwards.
///
/// # Errors
/// `wrong-state` once it is decided or used, `too-late` once it has begun.
pub fn may_change(booking: &Booking, party: bool, now: DateTime<Utc>) -> Result<(), Refusal> {
    if party && booking.state == BookingState::Confirmed {
        let detail = Say::new(
            "预约已确认，只能由中心变更，或取消后重新预约。",
            "The booking is confirmed: the centre changes it, or it is cancelled and made anew.",
        );
        return Err(Refusal::new(Code::WrongState, detail).with("state", serde_json::json!(booking.state)));
    }
    expect_state(booking, &[BookingState::Requested, BookingState::Confirmed])?;
    not_begun(booking, now)
}

/// RM-3: the place of an opening stands in the published document, so that a change leaves its room and start as they
/// are. Answers the slots with the room of such an opening named.
///
/// # Errors
/// `law-refuses` for another room or start, or without the opening.
pub fn keep_announced(
    booking: &Booking,
    slots: &[NewSlot],
    tender: TenderFacts,
    opening_ground: &LegalGround,
) -> Result<Vec<NewSlot>, Refusal> {
    let Some(opening) = booking.opening().filter(|_| is_announced(booking, tender)) else {
        return Ok(slots.to_vec());
    };
    let kept = |slot: &NewSlot| {
        slot.from == opening.during.from && slot.room_id.is_none_or(|room| room == opening.room)
    };
    let mut fixed = slots.to_vec();
    match fixed.iter_mut().find(|slot| slot.kind == RoomKind::Opening) {
        Some(slot) if kept(slot) => slot.room_id = Some(opening.room),
        _ => {
            let detail = Say::new(
                "公告已载明开标时间和地点，不能变更；请以延期公告变更。",
                "The notice names time and place of this opening; they move only by a postponement.",
            );
            return Err(Refusal::new(Code::LawRefuses, detail).by_rule(opening_ground.clone()));
        }
    }
    Ok(fixed)
}

/// Whether the published document names the booking's opening.
fn is_announced(booking: &Booking, tender: TenderFacts) -> bool {
    let announced = matches!(tender.phase, TenderPhase::Published | TenderPhase::Closed);
    let fixed = booking.state == BookingState::Confirmed && booking.opening().is_some();
    announced && fixed && booking.deadline == tender.deadline
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;
    use uuid::Uuid;

    use super::*;
    use crate::{
        kernel::id::{AccountId, BookingId, RoomId, TenderId},
        platform::policy_file::PolicySource,
        rooms::model::{Slot, Used},
    };

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-03-{text}:00+08:00")).unwrap().to_utc()
    }

    fn want(kind: RoomKind, from: &str, to: &str) -> NewSlot {
        NewSlot { kind, room_id: None, capacity: None, from: at(from), to: at(to) }
    }

    /// Code and rule of the refusal for slots of a tender with the deadline 2026-03-16 09:30.
    fn judged(slots: &[NewSlot], deadline: &str, booked_end: Option<&str>) -> Result<(), (Code, String)> {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let ground = law.ground("ENG-16", hall_date(at("16T09:30"))).unwrap();
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        let frame = Frame {
            deadline: at(deadline),
            opening_ground: &ground,
            hours: Hours { opens: time(8, 30), closes: time(17, 0) },
            calendar: law.calendar(),
            booked_opening_end: booked_end.map(at),
            complaint: false,
        };
        match check_times(slots, frame) {
            Ok(()) => Ok(()),
            Err(Problem::Refusal(refusal)) => {
                let rule = refusal.rule.unwrap();
                let legal = rule.source != "setting";
                assert_eq!(refusal.code == Code::LawRefuses, legal, "a setting is never shown as law");
                Err((refusal.code, rule.id))
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn by(rule: &str) -> Result<(), (Code, String)> {
        let code = if rule == "ENG-16" { Code::LawRefuses } else { Code::BookingUnfit };
        Err((code, rule.to_owned()))
    }

    #[test]
    fn an_opening_starts_at_the_deadline_on_a_working_day_within_hours() {
        use RoomKind::Opening;
        assert_eq!(judged(&[want(Opening, "16T09:30", "16T11:00")], "16T09:30", None), Ok(()));
        assert_eq!(judged(&[want(Opening, "16T09:31", "16T11:00")], "16T09:30", None), by("ENG-16"));
        assert_eq!(judged(&[want(Opening, "16T09:29", "16T11:00")], "16T09:30", None), by("ENG-16"));
        assert_eq!(judged(&[want(Opening, "16T15:30", "16T17:00")], "16T15:30", None), Ok(()));
        assert_eq!(judged(&[want(Opening, "16T15:30", "16T17:01")], "16T15:30", None), by("RM-12"));
        assert_eq!(judged(&[want(Opening, "16T08:29", "16T09:00")], "16T08:29", None), by("RM-12"));
        // 2026-03-21 is a Saturday.
        assert_eq!(judged(&[want(Opening, "21T09:30", "21T11:00")], "21T09:30", None), by("RM-12"));
        let two = [want(Opening, "16T09:30", "16T11:00"), want(Opening, "16T09:30", "16T12:00")];
        assert_eq!(judged(&two, "16T09:30", None), by("RM-2"));
        assert_eq!(
            judged(&[want(RoomKind::Complaint, "16T09:30", "16T11:00")], "16T09:30", None),
            by("RM-19")
        );
    }

    #[test]
    fn the_evaluation_waits_for_the_opening_and_sleeps_isolated() {
        use RoomKind::{Evaluation, Opening, Rest};
        let opening = want(Opening, "16T09:30", "16T11:00");
        let judge = |slots: &[NewSlot]| judged(slots, "16T09:30", None);
        assert_eq!(judge(&[opening, want(Evaluation, "16T11:00", "16T17:00")]), Ok(()));
        assert_eq!(judge(&[opening, want(Evaluation, "16T10:59", "16T17:00")]), by("RM-5"));
        assert_eq!(judge(&[want(Evaluation, "16T13:00", "16T17:00")]), by("RM-5"));
        let later = [want(Evaluation, "16T11:00", "16T17:00")];
        assert_eq!(judged(&later, "16T09:30", Some("16T11:00")), Ok(()));
        assert_eq!(judged(&later, "16T09:30", Some("16T11:01")), by("RM-5"));

        let two_days = want(Evaluation, "16T13:00", "17T17:00");
        assert_eq!(judge(&[opening, two_days]), by("RM-13"));
        let two_slots = [want(Evaluation, "16T13:00", "16T17:00"), want(Evaluation, "17T08:30", "17T12:00")];
        assert_eq!(judge(&[opening, two_slots[0], two_slots[1]]), by("RM-13"));
        assert_eq!(judge(&[opening, two_days, want(Rest, "16T17:00", "17T08:30")]), Ok(()));
        // One night of two is not enough; until midnight sharp is one day.
        let three_days = want(Evaluation, "16T13:00", "18T12:00");
        assert_eq!(judge(&[opening, three_days, want(Rest, "16T17:00", "17T08:30")]), by("RM-13"));
        assert_eq!(judge(&[opening, want(Evaluation, "16T13:00", "17T00:00")]), Ok(()));
    }

    fn booking(state: BookingState, from: &str) -> Booking {
        let during = Span::new(at(from), at(from) + TimeDelta::hours(1));
        Booking {
            id: BookingId(Uuid::nil()),
            tender: TenderId(Uuid::nil()),
            centre_code: "152500".into(),
            deadline: at(from),
            state,
            requested_by: AccountId(Uuid::nil()),
            requested_at: at("01T09:00"),
            decided_by: None,
            decided_at: None,
            reason: None,
            late: false,
            by_party: false,
            version: 1,
            organisation: None,
            answer_by: None,
            replaces: None,
            slots: vec![Slot {
                id: Uuid::nil(),
                room: RoomId(Uuid::nil()),
                kind: RoomKind::Opening,
                during,
                blocked: during,
                capacity: None,
                used: Used::default(),
            }],
        }
    }

    fn code(guard: Result<(), Problem>) -> Option<Code> {
        guard.err().map(|problem| problem.code())
    }

    #[test]
    fn decisions_follow_state_time_and_the_published_notice() {
        let ground = Law::setting_ground("test");
        let draft = TenderFacts { phase: TenderPhase::Draft, deadline: at("16T09:30") };
        let published = TenderFacts { phase: TenderPhase::Published, ..draft };
        let postponed = TenderFacts { deadline: at("18T09:30"), ..published };
        let requested = booking(BookingState::Requested, "16T09:30");
        let confirmed = booking(BookingState::Confirmed, "16T09:30");
        let now = at("10T09:00");

        assert_eq!(code(may_confirm(&requested, draft, &ground, now)), None);
        assert_eq!(code(may_confirm(&confirmed, draft, &ground, now)), Some(Code::WrongState));
        assert_eq!(code(may_confirm(&requested, draft, &ground, at("16T09:30"))), Some(Code::TooLate));
        assert_eq!(code(may_confirm(&requested, postponed, &ground, now)), Some(Code::LawRefuses));
        let next = booking(BookingState::Requested, "18T09:30");
        assert_eq!(code(may_confirm(&next, published, &ground, now)), None, "for a postponement to come");
        assert_eq!(code(may_confirm(&next, draft, &ground, now)), Some(Code::LawRefuses));

        assert_eq!(code(may_reject(&requested)), None);
        assert_eq!(code(may_reject(&confirmed)), Some(Code::WrongState));

        assert_eq!(code(may_cancel(&confirmed, draft, &ground, now)), None);
        assert_eq!(code(may_cancel(&confirmed, published, &ground, now)), Some(Code::LawRefuses));
        assert_eq!(code(may_cancel(&requested, published, &ground, now)), None);
        assert_eq!(code(may_cancel(&confirmed, postponed, &ground, now)), None, "the place has moved");
        assert_eq!(code(may_cancel(&confirmed, draft, &ground, at("16T09:30"))), Some(Code::TooLate));
        assert_eq!(
            code(may_cancel(&booking(BookingState::Rejected, "16T09:30"), draft, &ground, now)),
            Some(Code::WrongState)
        );
    }

    #[test]
    fn giving_up_counts_as_late_from_the_end_of_the_last_working_day_before() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        // Monday the 23rd: the last working day before is Friday the 20th.
        let confirmed = booking(BookingState::Confirmed, "23T09:30");
        assert_eq!(in_time_until(&confirmed, law.calendar()), Some(at("21T00:00")));
        let draft = TenderFacts { phase: TenderPhase::Draft, deadline: at("23T09:30") };
        let late = |tender, now| is_late(&confirmed, tender, law.calendar(), now);
        assert!(!late(draft, at("20T23:59")));
        assert!(late(draft, at("21T00:00")));
        assert!(!late(TenderFacts { phase: TenderPhase::Terminated, ..draft }, at("22T12:00")));
        let requested = booking(BookingState::Requested, "23T09:30");
        assert!(!is_late(&requested, draft, law.calendar(), at("22T12:00")));
    }

    #[test]
    fn every_slot_that_is_wrong_is_pointed_at() {
        let now = at("10T09:00");
        let ask = |slots: Vec<NewSlot>| match check_request(&slots, now) {
            Ok(()) => Vec::new(),
            Err(rejection) => rejection.errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>(),
        };
        let good = want(RoomKind::Draw, "16T09:30", "16T11:00");
        assert!(ask(vec![good]).is_empty());
        assert_eq!(ask(vec![]), ["/slots"]);
        assert_eq!(ask(vec![good; MOST_SLOTS + 1]), ["/slots"]);
        let past = want(RoomKind::Draw, "10T09:00", "10T10:00");
        let backwards = NewSlot { to: good.from, ..good };
        let split = NewSlot { from: good.from + TimeDelta::microseconds(1), ..good };
        let far = NewSlot {
            from: DateTime::<Utc>::MAX_UTC - TimeDelta::days(1),
            to: DateTime::<Utc>::MAX_UTC,
            ..good
        };
        assert_eq!(
            ask(vec![good, past, backwards, split]),
            ["/slots/1/from", "/slots/2/to", "/slots/3/from"]
        );
        assert!(ask(vec![far]).contains(&"/slots/0/from".to_owned()));
    }
}
