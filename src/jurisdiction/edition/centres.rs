//! Centres with their rooms and hours.

use std::ops::Range;

use chrono::NaiveTime;
use serde::Deserialize;
use strum::IntoEnumIterator;
use toml::Spanned;

use super::check_count;
use crate::{
    jurisdiction::model::{AccessSettings, Centre, OverrunSetting, Region, Room, RoomKind, RoomSettings},
    kernel::{RegionCode, Say, Uscc, codes::PlatformId},
    platform::policy_file::{PolicyError, PolicyFile},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CentreToml {
    code: Spanned<String>,
    region: Spanned<RegionCode>,
    platform: Spanned<PlatformId>,
    uscc: Spanned<Uscc>,
    zh: String,
    en: String,
    address_zh: String,
    address_en: String,
    rooms: SettingsToml,
    #[serde(default)]
    access: AccessToml,
    inventory: InventoryToml,
    room: Vec<RoomToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsToml {
    auto_confirm: bool,
    setup_minutes: u16,
    cleanup_minutes: u16,
    opens: Spanned<String>,
    closes: Spanned<String>,
    // Keys younger than kept editions, which are read as they were written.
    #[serde(default)]
    overrun: OverrunSetting,
    #[serde(default = "half_an_hour")]
    overrun_minutes: Spanned<u16>,
    #[serde(default = "half_an_hour")]
    no_show_minutes: Spanned<u16>,
    #[serde(default = "one_room")]
    reserved_opening: Spanned<u16>,
    #[serde(default = "one_room")]
    reserved_evaluation: Spanned<u16>,
}

fn half_an_hour() -> Spanned<u16> {
    Spanned::new(0..0, 30)
}

fn one_room() -> Spanned<u16> {
    Spanned::new(0..0, 1)
}

/// Editions from before there were doors have no such part: what they do not say is as here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AccessToml {
    door_lead_minutes: Spanned<u16>,
    recording_gap_seconds: Spanned<u16>,
}

impl Default for AccessToml {
    fn default() -> Self {
        Self { door_lead_minutes: Spanned::new(0..0, 30), recording_gap_seconds: Spanned::new(0..0, 60) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InventoryToml {
    source: String,
    opening: Spanned<usize>,
    evaluation: Spanned<usize>,
    draw: Spanned<usize>,
    rest: Spanned<usize>,
    control: Spanned<usize>,
    storage: Spanned<usize>,
    complaint: Spanned<usize>,
}

impl InventoryToml {
    fn of(&self, kind: RoomKind) -> &Spanned<usize> {
        match kind {
            RoomKind::Opening => &self.opening,
            RoomKind::Evaluation => &self.evaluation,
            RoomKind::Draw => &self.draw,
            RoomKind::Rest => &self.rest,
            RoomKind::Control => &self.control,
            RoomKind::Storage => &self.storage,
            RoomKind::Complaint => &self.complaint,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomToml {
    code: Spanned<String>,
    kind: RoomKind,
    zh: String,
    en: String,
    capacity: Spanned<u16>,
}

pub(super) fn read_centres(files: &[PolicyFile], regions: &[Region]) -> Result<Vec<Centre>, PolicyError> {
    let mut centres: Vec<Centre> = Vec::new();
    for file in files {
        let raw: CentreToml = file.parse()?;
        let (code, region) = (raw.code.get_ref(), raw.region.get_ref());
        if !regions.iter().any(|known| known.code == *region) {
            let message = format!("unknown region {region}: regions.toml has no such code");
            return Err(file.error_at(raw.region.span(), "region", message));
        }
        if let Some(other) = centres.iter().find(|other| other.region == *region) {
            let message = format!("a second centre in region {region} beside {}", other.code);
            return Err(file.error_at(raw.region.span(), "region", message));
        }
        if code.is_empty() || centres.iter().any(|other| other.code == *code) {
            let message = format!("\"{code}\" is empty or the code of another centre");
            return Err(file.error_at(raw.code.span(), "code", message));
        }
        let (platform, uscc) = read_identity(file, &raw, &centres)?;
        let rooms = read_rooms(file, &raw)?;
        centres.push(Centre {
            code: code.clone(),
            region: region.clone(),
            platform,
            uscc,
            name: Say::new(&raw.zh, &raw.en),
            address: Say::new(&raw.address_zh, &raw.address_en),
            settings: read_settings(file, &raw.rooms, &rooms)?,
            access: read_access(file, &raw.access)?,
            rooms,
            source: raw.inventory.source,
        });
    }
    Ok(centres)
}

/// Two centres with one number would give the same codes to different projects.
fn read_identity(
    file: &PolicyFile,
    raw: &CentreToml,
    others: &[Centre],
) -> Result<(PlatformId, Uscc), PolicyError> {
    let (platform, uscc) = (raw.platform.get_ref(), raw.uscc.get_ref());
    if let Some(other) = others.iter().find(|other| other.platform == *platform) {
        let message = format!("{platform} is the platform of {} already", other.code);
        return Err(file.error_at(raw.platform.span(), "platform", message));
    }
    if let Some(other) = others.iter().find(|other| other.uscc == *uscc) {
        let message = format!("{uscc} is the credit code of {} already", other.code);
        return Err(file.error_at(raw.uscc.span(), "uscc", message));
    }
    Ok((platform.clone(), uscc.clone()))
}

fn read_settings(file: &PolicyFile, raw: &SettingsToml, rooms: &[Room]) -> Result<RoomSettings, PolicyError> {
    let opens = read_hour(file, "rooms.opens", raw.opens.get_ref(), raw.opens.span())?;
    let closes = read_hour(file, "rooms.closes", raw.closes.get_ref(), raw.closes.span())?;
    if closes <= opens {
        return Err(file.error_at(raw.closes.span(), "rooms.closes", "must be later than rooms.opens"));
    }
    if *raw.overrun_minutes.get_ref() == 0 {
        let span = raw.overrun_minutes.span();
        return Err(file.error_at(span, "rooms.overrun_minutes", "must be a minute at least"));
    }
    for (kind, key, reserved) in [
        (RoomKind::Opening, "rooms.reserved_opening", &raw.reserved_opening),
        (RoomKind::Evaluation, "rooms.reserved_evaluation", &raw.reserved_evaluation),
    ] {
        let count = rooms.iter().filter(|room| room.kind == kind).count();
        if usize::from(*reserved.get_ref()) >= count.max(1) && *reserved.get_ref() != 0 {
            let message = format!("must leave a room to everybody: the centre has {count}");
            return Err(file.error_at(reserved.span(), key, message));
        }
    }
    Ok(RoomSettings {
        overrun: raw.overrun,
        overrun_minutes: *raw.overrun_minutes.get_ref(),
        no_show_minutes: *raw.no_show_minutes.get_ref(),
        reserved_opening: *raw.reserved_opening.get_ref(),
        reserved_evaluation: *raw.reserved_evaluation.get_ref(),
        auto_confirm: raw.auto_confirm,
        setup_minutes: raw.setup_minutes,
        cleanup_minutes: raw.cleanup_minutes,
        opens,
        closes,
    })
}

fn read_access(file: &PolicyFile, raw: &AccessToml) -> Result<AccessSettings, PolicyError> {
    let (lead, gap) = (&raw.door_lead_minutes, &raw.recording_gap_seconds);
    if *lead.get_ref() > 240 {
        return Err(file.error_at(lead.span(), "access.door_lead_minutes", "must be at most 240"));
    }
    if !(10..=3600).contains(gap.get_ref()) {
        return Err(file.error_at(
            gap.span(),
            "access.recording_gap_seconds",
            "must lie between 10 and 3600",
        ));
    }
    Ok(AccessSettings { door_lead_minutes: *lead.get_ref(), recording_gap_seconds: *gap.get_ref() })
}

fn read_hour(file: &PolicyFile, key: &str, text: &str, span: Range<usize>) -> Result<NaiveTime, PolicyError> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| file.error_at(span, key, "expected hours and minutes, such as \"08:30\""))
}

fn read_rooms(file: &PolicyFile, raw: &CentreToml) -> Result<Vec<Room>, PolicyError> {
    let mut rooms: Vec<Room> = Vec::new();
    for (at, row) in raw.room.iter().enumerate() {
        let code = row.code.get_ref();
        if rooms.iter().any(|other| other.code == *code) {
            return Err(file.error_at(
                row.code.span(),
                &format!("room[{at}].code"),
                format!("{code} is listed twice"),
            ));
        }
        if *row.capacity.get_ref() == 0 {
            return Err(file.error_at(
                row.capacity.span(),
                &format!("room[{at}].capacity"),
                "a room holds at least one person",
            ));
        }
        rooms.push(Room {
            code: code.clone(),
            kind: row.kind,
            name: Say::new(&row.zh, &row.en),
            capacity: *row.capacity.get_ref(),
        });
    }
    for kind in RoomKind::iter() {
        let found = rooms.iter().filter(|room| room.kind == kind).count();
        check_count(file, &format!("inventory.{kind}"), raw.inventory.of(kind), found, "rooms")?;
    }
    Ok(rooms)
}
