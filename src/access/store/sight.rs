//! What a door asks the database: the whole sight of whoever stands before it, in one statement.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::{
    access::{
        porter::Question,
        rules::{Behind, Booked},
    },
    experts::SeatState,
    identity::Parties,
    kernel::{
        OrganisationKind, Problem, Role,
        actor::AccountActor,
        id::{AccountId, OrganisationId},
    },
    platform::{db::unreadable, statement::statement},
    rooms::Span,
};

/// What one statement sees for one door: the key, the person, what is booked, the seat and the locker. Every part is
/// found by its own index, so that the cost does not grow with the tables.
///
/// Of the slots around the door the first counts: while a room is used or cleaned nobody comes in for the next slot. Slots
/// of a room never overlap, so the first by its end is the first. It is looked for as far ahead as any centre's lead time
/// may reach; the rules hold it against the centre's own. A slot that runs over lasts as long as its room is kept for it.
pub const LOOK: &str = "
    SELECT q.place, clock.now, clock.law, k.id AS device, k.centre_code, k.room_kind, k.area,
           a.id AS account, a.login, a.organisation_id, o.kind AS organisation_kind, o.region_code,
           o.centre_code AS works_at,
           ARRAY(SELECT r.role FROM account_roles r WHERE r.account_id = a.id AND r.ended_at IS NULL) AS roles,
           slot.booking_id, slot.from_at, slot.to_at, slot.blocked_from, slot.blocked_to,
           t.deadline, p.purchaser_id, p.agency_id, p.centre_code AS project_centre,
           p.region_code AS project_region, p.category,
           seat.state AS seat,
           (SELECT true FROM locker_deposits l WHERE l.seat_id = seat.id AND l.returned_at IS NULL) IS TRUE AS deposited
      FROM (SELECT hall_now() AS now, (SELECT adopted_no FROM law_in_force) AS law) AS clock
     CROSS JOIN unnest($1::int4[], $2::bytea[], $3::bytea[], $4::uuid[]) AS q (place, key, pass, account)
      JOIN access_keys k ON k.key_sha256 = q.key AND k.kind = 'door' AND k.revoked_at IS NULL
      LEFT JOIN access_passes v ON v.token_sha256 = q.pass AND v.ended_at IS NULL AND v.expires_at > clock.now
      LEFT JOIN accounts a ON a.id = coalesce(q.account, v.account_id) AND a.disabled_at IS NULL
      LEFT JOIN organisations o ON o.id = a.organisation_id
      LEFT JOIN LATERAL (
           (SELECT s.booking_id, b.tender_id, lower(s.during) AS from_at,
                   CASE WHEN s.overran_at IS NULL THEN upper(s.during) ELSE upper(s.blocked) END AS to_at,
                   lower(s.blocked) AS blocked_from, upper(s.blocked) AS blocked_to
              FROM booking_slots s JOIN bookings b ON b.id = s.booking_id AND b.state <> 'requested'
             WHERE s.live AND s.ended_at IS NULL AND s.room_id = k.room_id
               AND upper(s.blocked) > clock.now AND lower(s.blocked) <= clock.now + interval '4 hours'
             ORDER BY upper(s.blocked) LIMIT 1)
            UNION ALL
           (SELECT s.booking_id, b.tender_id, lower(s.during),
                   CASE WHEN s.overran_at IS NULL THEN upper(s.during) ELSE upper(s.blocked) END,
                   lower(s.blocked), upper(s.blocked)
              FROM committee_seats c
              JOIN bookings b ON b.tender_id = c.tender_id AND b.live AND b.state <> 'requested'
                             AND b.centre_code = k.centre_code
              JOIN booking_slots s ON s.booking_id = b.id AND s.kind IN ('evaluation', 'rest')
             WHERE (k.area = 'evaluation' OR k.room_kind = 'storage') AND s.ended_at IS NULL
               AND c.account_id = a.id AND c.state IN ('called', 'checkedIn')
               AND CASE WHEN s.overran_at IS NULL THEN s.during ELSE s.blocked END
                   && tstzrange(clock.now, clock.now + interval '4 hours', '[]')
             ORDER BY lower(s.during) LIMIT 1)
             LIMIT 1) AS slot ON true
      LEFT JOIN tenders t ON t.id = slot.tender_id
      LEFT JOIN projects p ON p.id = t.project_id
      LEFT JOIN committee_seats seat ON seat.tender_id = slot.tender_id AND seat.account_id = a.id
                                    AND seat.state IN ('called', 'checkedIn')";

/// What is seen for one door.
#[derive(Debug)]
pub struct Sight {
    /// Which of the questions.
    pub place: usize,
    /// Hall time.
    pub now: DateTime<Utc>,
    /// Which edition of law and settings is in force.
    pub law: i32,
    /// The door.
    pub device: Uuid,
    /// Its centre.
    pub centre: String,
    /// Where it leads.
    pub behind: Behind,
    /// Who stands there.
    pub person: Option<AccountActor>,
    /// The booking of the slot.
    pub booking: Option<Uuid>,
    /// The slot.
    pub booked: Option<Booked>,
    /// The person's seat.
    pub seat: Option<SeatState>,
    /// Whether belongings are deposited for it.
    pub deposited: bool,
}

#[derive(QueryableByName)]
struct SightRow {
    #[diesel(sql_type = sql_types::Integer)]
    place: i32,
    #[diesel(sql_type = sql_types::Timestamptz)]
    now: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Integer)]
    law: i32,
    #[diesel(sql_type = sql_types::Uuid)]
    device: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    centre_code: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    room_kind: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    area: Option<String>,
    #[diesel(embed)]
    person: PersonRow,
    #[diesel(embed)]
    booked: BookedRow,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    seat: Option<String>,
    #[diesel(sql_type = sql_types::Bool)]
    deposited: bool,
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    account: Option<AccountId>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    login: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    organisation_id: Option<OrganisationId>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    organisation_kind: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    region_code: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    works_at: Option<String>,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    roles: Vec<String>,
}

impl PersonRow {
    fn person(self) -> Result<Option<AccountActor>, Problem> {
        let (Some(account), Some(login), Some(organisation), Some(kind)) =
            (self.account, self.login, self.organisation_id, self.organisation_kind)
        else {
            return Ok(None);
        };
        let roles: Result<Vec<Role>, _> = self.roles.iter().map(|role| role.parse()).collect();
        let mut roles = roles.map_err(unreadable("account_roles.role"))?;
        roles.sort();
        let kind: OrganisationKind = kind.parse().map_err(unreadable("organisations.kind"))?;
        let centre = if roles.contains(&Role::Operator) { self.works_at } else { None };
        let region = self.region_code;
        Ok(Some(AccountActor { account, login, organisation, kind, centre, region, roles }))
    }
}

#[derive(QueryableByName)]
struct BookedRow {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    booking_id: Option<Uuid>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    from_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    to_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    blocked_from: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    blocked_to: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    deadline: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    purchaser_id: Option<OrganisationId>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    agency_id: Option<OrganisationId>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    project_centre: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    project_region: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    category: Option<String>,
}

impl BookedRow {
    fn booked(self) -> Result<Option<Booked>, Problem> {
        let times = (self.from_at, self.to_at, self.blocked_from, self.blocked_to);
        let (Some(from), Some(to), Some(blocked_from), Some(blocked_to)) = times else { return Ok(None) };
        let project = (self.deadline, self.purchaser_id, self.project_region, self.category);
        let (Some(deadline), Some(purchaser), Some(region_code), Some(category)) = project else {
            return Ok(None);
        };
        let parties = Parties {
            purchaser,
            agency: self.agency_id,
            centre_code: self.project_centre,
            region_code,
            category: category.parse().map_err(unreadable("projects.category"))?,
        };
        let (during, blocked) = (Span::new(from, to), Span::new(blocked_from, blocked_to));
        Ok(Some(Booked { during, blocked, deadline, parties }))
    }
}

impl TryFrom<SightRow> for Sight {
    type Error = Problem;

    fn try_from(row: SightRow) -> Result<Self, Problem> {
        let behind = Behind::of(row.room_kind.as_deref(), row.area.as_deref());
        Ok(Self {
            place: usize::try_from(row.place).map_err(Problem::internal)?,
            now: row.now,
            law: row.law,
            device: row.device,
            centre: row.centre_code,
            behind: behind.ok_or_else(|| unreadable("access_keys")("neither room nor area"))?,
            person: row.person.person()?,
            booking: row.booked.booking_id,
            booked: row.booked.booked()?,
            seat: row
                .seat
                .map(|seat| seat.parse().map_err(unreadable("committee_seats.state")))
                .transpose()?,
            deposited: row.deposited,
        })
    }
}

/// Looks for all questions at once; a key that is no door's is not in the answer.
///
/// # Errors
/// When the database is away.
pub async fn look(conn: &mut AsyncPgConnection, questions: &[Question]) -> Result<Vec<Sight>, Problem> {
    let places: Vec<i32> = (0_i32..).take(questions.len()).collect();
    let rows: Vec<SightRow> = statement(LOOK)
        .bind::<sql_types::Array<sql_types::Integer>, _>(places)
        .bind::<sql_types::Array<sql_types::Binary>, _>(
            questions.iter().map(|one| one.key.as_slice()).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Binary>>, _>(
            questions.iter().map(|one| one.pass.as_ref().map(<[u8; 32]>::as_slice)).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
            questions.iter().map(|one| one.account).collect::<Vec<_>>(),
        )
        .get_results(conn)
        .await?;
    rows.into_iter().map(Sight::try_from).collect()
}
