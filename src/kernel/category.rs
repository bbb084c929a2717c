//! The four classes of the catalogue 公共资源交易目录.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::say::Say;

/// Class of what is traded.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Category {
    /// 工程类
    Engineering,
    /// 采购类: government procurement.
    Procurement,
    /// 土地和矿产类
    LandMineral,
    /// 国有(集体)产权类
    Property,
}

impl Category {
    /// The class's name.
    pub fn name(self) -> Say {
        match self {
            Self::Engineering => Say::new("工程类", "engineering"),
            Self::Procurement => Say::new("采购类", "government procurement"),
            Self::LandMineral => Say::new("土地和矿产类", "land and mineral rights"),
            Self::Property => Say::new("国有（集体）产权类", "property rights"),
        }
    }
}
