//! The use of rooms (RM-6): which slot is taken into use 启用, given back 释放 or found missed 未到场, and when. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    identity::Action,
    jurisdiction::model::RoomSettings,
    kernel::{Code, LegalGround, Problem, Refusal, Rejection, Say},
    law::Law,
    rooms::model::{Booking, Slot, Span, Usage},
};

/// What the operator notes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// 启用: people are in.
    Begin,
    /// 释放: the room is empty again.
    Release,
    /// 未到场: nobody came.
    NoShow,
}

impl Act {
    pub(super) fn action(self) -> Action {
        match self {
            Self::Begin => Action::BookingBegin,
            Self::Release => Action::BookingRelease,
            Self::NoShow => Action::BookingNoShow,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Begin => "booking.begun",
            Self::Release => "booking.released",
            Self::NoShow => "booking.missed",
        }
    }

    /// Whether a slot that stands so can be meant.
    fn fits(self, usage: Usage) -> bool {
        match self {
            Self::Begin | Self::NoShow => usage == Usage::Planned,
            Self::Release => usage.goes_on(),
        }
    }

    /// Notes the act on a slot.
    pub(super) fn note(self, slot: &mut Slot, now: DateTime<Utc>) {
        match self {
            Self::Begin => slot.used.begun_at = Some(now),
            Self::Release => slot.used.ended_at = Some(now),
            Self::NoShow => {
                slot.used.ended_at = Some(now);
                slot.used.no_show = true;
            }
        }
    }
}

/// The place in the booking of the slot meant by `no`, or of the first for which the act is possible.
///
/// # Errors
/// 422 for a slot the booking does not have; `wrong-state`, `too-early` from the time for setting up or after the
/// grace for those who are late, `too-late` when the slot is over.
pub fn choose(
    booking: &Booking,
    act: Act,
    no: Option<usize>,
    settings: &RoomSettings,
    now: DateTime<Utc>,
) -> Result<usize, Problem> {
    if let Some(no) = no {
        let found = no.checked_sub(1).and_then(|place| Some((place, booking.slots.get(place)?)));
        let (place, slot) = found.ok_or_else(|| {
            let detail = Say::new("该预约没有这个时段。", "The booking has no such slot.");
            Rejection::at("?slot", "unknown", detail)
        })?;
        return may(booking, slot, act, settings, now).map(|()| place).map_err(Problem::from);
    }
    let mut fitting: Vec<(usize, &Slot)> =
        booking.slots.iter().enumerate().filter(|(_, slot)| act.fits(slot.usage())).collect();
    fitting.sort_by_key(|(_, slot)| slot.during.from);
    let mut first_no = None;
    for (place, slot) in fitting {
        match may(booking, slot, act, settings, now) {
            Ok(()) => return Ok(place),
            Err(no) => first_no.get_or_insert(no),
        };
    }
    Err(first_no.unwrap_or_else(|| wrong_state(booking)).into())
}

fn may(
    booking: &Booking,
    slot: &Slot,
    act: Act,
    settings: &RoomSettings,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    if !booking.state.firm() || !act.fits(slot.usage()) {
        return Err(wrong_state(booking));
    }
    match act {
        Act::Release => Ok(()),
        Act::Begin if now >= slot.during.to => {
            let detail = Say::new("该时段已经结束。", "The slot is over.");
            Err(Refusal::new(Code::TooLate, detail))
        }
        Act::Begin => not_before(slot.blocked.from, now),
        Act::NoShow => {
            let grace = TimeDelta::minutes(settings.no_show_minutes.into());
            not_before(slot.during.from + grace, now)
        }
    }
}

fn wrong_state(booking: &Booking) -> Refusal {
    let here = booking.state.name();
    let detail = Say::new(
        format!("该预约{}，没有可作此操作的时段。", here.zh),
        format!("The booking is {}; it has no slot for this.", here.en),
    );
    Refusal::new(Code::WrongState, detail).with("state", serde_json::json!(booking.state))
}

fn not_before(earliest: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
    if now >= earliest {
        return Ok(());
    }
    let detail = Say::new("尚未到该时段。", "It is too early for this slot.");
    let ground = LegalGround { earliest: Some(earliest), ..Law::setting_ground("RM-6") };
    Err(Refusal::new(Code::TooEarly, detail).by_rule(ground))
}

/// Until when a slot that runs over keeps others out, cleaning included: `minutes` more from `now`, but never into the
/// next slot, whose time `next` is.
pub fn lengthened(
    slot: &Slot,
    cleanup: TimeDelta,
    minutes: u16,
    now: DateTime<Utc>,
    next: Option<Span>,
) -> Span {
    let wanted = now + TimeDelta::minutes(minutes.into()) + cleanup;
    let free = next.map_or(wanted, |next| wanted.min(next.from));
    Span::new(slot.blocked.from, slot.blocked.to.max(free))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;
    use uuid::Uuid;

    use super::*;
    use crate::{
        jurisdiction::model::{OverrunSetting, RoomKind},
        kernel::id::{AccountId, BookingId, RoomId, TenderId},
        rooms::model::{BookingState, Used},
    };

    const SETTINGS: RoomSettings = RoomSettings {
        auto_confirm: false,
        setup_minutes: 30,
        cleanup_minutes: 15,
        opens: NaiveTime::MIN,
        closes: NaiveTime::MIN,
        overrun: OverrunSetting::Warn,
        overrun_minutes: 30,
        no_show_minutes: 30,
        reserved_opening: 1,
        reserved_evaluation: 1,
    };

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-03-{text}:00+08:00")).unwrap().to_utc()
    }

    fn slot(kind: RoomKind, from: &str, to: &str) -> Slot {
        let during = Span::new(at(from), at(to));
        Slot {
            id: Uuid::new_v4(),
            room: RoomId(Uuid::nil()),
            kind,
            during,
            blocked: during.widened(TimeDelta::minutes(30), TimeDelta::minutes(15)),
            capacity: None,
            used: Used::default(),
        }
    }

    fn booking() -> Booking {
        Booking {
            id: BookingId(Uuid::nil()),
            tender: TenderId(Uuid::nil()),
            centre_code: "152500".into(),
            deadline: at("16T09:30"),
            state: BookingState::Confirmed,
            requested_by: AccountId(Uuid::nil()),
            requested_at: at("01T09:00"),
            decided_by: None,
            decided_at: Some(at("01T10:00")),
            reason: None,
            late: false,
            by_party: false,
            version: 1,
            organisation: None,
            answer_by: None,
            replaces: None,
            slots: vec![
                slot(RoomKind::Evaluation, "16T11:00", "16T17:00"),
                slot(RoomKind::Opening, "16T09:30", "16T11:00"),
            ],
        }
    }

    fn chosen(booking: &Booking, act: Act, no: Option<usize>, now: &str) -> Result<usize, Code> {
        choose(booking, act, no, &SETTINGS, at(now)).map_err(|problem| problem.code())
    }

    #[test]
    fn rm_6_a_slot_begins_from_its_setting_up_to_its_end_and_is_missed_only_after_the_grace() {
        let booking = booking();
        assert_eq!(chosen(&booking, Act::Begin, None, "16T08:59"), Err(Code::TooEarly));
        assert_eq!(
            chosen(&booking, Act::Begin, None, "16T09:00"),
            Ok(1),
            "the earlier, not the first asked for"
        );
        assert_eq!(chosen(&booking, Act::Begin, Some(1), "16T09:00"), Err(Code::TooEarly));
        assert_eq!(chosen(&booking, Act::Begin, Some(2), "16T11:00"), Err(Code::TooLate));
        assert_eq!(chosen(&booking, Act::Begin, None, "16T11:00"), Ok(0));
        assert_eq!(chosen(&booking, Act::NoShow, None, "16T09:59"), Err(Code::TooEarly));
        assert_eq!(chosen(&booking, Act::NoShow, None, "16T10:00"), Ok(1));
        assert_eq!(chosen(&booking, Act::Release, None, "16T10:00"), Err(Code::WrongState));
        assert_eq!(chosen(&booking, Act::Begin, Some(3), "16T10:00"), Err(Code::InvalidRequest));
        assert_eq!(chosen(&booking, Act::Begin, Some(0), "16T10:00"), Err(Code::InvalidRequest));
        let requested = Booking { state: BookingState::Requested, ..booking };
        assert_eq!(chosen(&requested, Act::Begin, None, "16T09:30"), Err(Code::WrongState));
    }

    #[test]
    fn rm_6_a_booking_stands_where_its_slots_stand() {
        let mut booking = booking();
        let mut step = |act: Act, place: usize, now: &str| {
            act.note(&mut booking.slots[place], at(now));
            booking.state = booking.standing();
            booking.state
        };
        assert_eq!(step(Act::Begin, 1, "16T09:30"), BookingState::InUse);
        assert_eq!(step(Act::Release, 1, "16T10:40"), BookingState::Confirmed);
        assert_eq!(step(Act::Begin, 0, "16T11:00"), BookingState::InUse);
        booking.slots[0].used.overran_at = Some(at("16T17:00"));
        assert_eq!(booking.standing(), BookingState::Overrun);
        Act::Release.note(&mut booking.slots[0], at("16T18:00"));
        assert_eq!(booking.standing(), BookingState::Released);
        assert_eq!(booking.slots[0].used.overran_at, Some(at("16T17:00")), "what ran over is still told");
        for slot in &mut booking.slots {
            slot.used = Used { ended_at: Some(at("16T18:00")), no_show: true, ..Used::default() };
        }
        assert_eq!(booking.standing(), BookingState::NoShow);
    }

    #[test]
    fn an_overrun_takes_what_is_free_and_never_the_next_users_time() {
        let slot = slot(RoomKind::Evaluation, "16T11:00", "16T17:00");
        let cleanup = TimeDelta::minutes(15);
        let until = |now: &str, next: Option<&str>| {
            let next = next.map(|from| Span::new(at(from), at("16T23:00")));
            lengthened(&slot, cleanup, 30, at(now), next).to
        };
        assert_eq!(until("16T17:00", None), at("16T17:45"));
        assert_eq!(until("16T17:00", Some("16T17:30")), at("16T17:30"));
        assert_eq!(until("16T17:00", Some("16T17:15")), at("16T17:15"), "nothing is left to take");
        assert_eq!(until("16T16:00", None), at("16T17:15"), "it never grows shorter");
    }
}
