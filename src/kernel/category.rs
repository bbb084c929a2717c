//! The four classes of trade a hall serves.

use serde::{Deserialize, Serialize};

/// Class of a project; decides its law, its procedures and who supervises it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
    strum::AsRefStr, strum::EnumString, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Category {
    /// 工程建设
    Engineering,
    /// 政府采购
    Procurement,
    /// 土地使用权和矿业权
    LandMineral,
    /// 国有、集体产权
    Property,
}
