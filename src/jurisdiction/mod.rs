//! Where a project must trade: catalogue, regions, centres and thresholds lead to one centre.
//!
//! Owns the policy files `regions.toml`, `routing.toml`, `catalogue/*.toml`, `centres/*.toml` and `codes/*.toml`,
//! and the one pure function [`rules::decide`] over them. Owns no table; must not read a clock or a project, and of the
//! database only which edition is in force ([`in_force`]): whoever keeps a decision keeps the
//! [`model::VenueDecision`] it was given.
//!
//! Law: the routing rule of Xilingol League as the article of People's Daily Online of 2015-05-21 quotes it
//! (RT-1…RT-10); 以上 includes the number (民法典 art 1259).
//!
//! Invariants after [`Jurisdiction::load`]:
//! * every region named by a neighbour list or a centre exists, and there is exactly one league;
//! * every region that ever has a platform has a centre; at most one centre stands in a region;
//! * of each threshold at most one is in force on any day;
//! * the catalogue and every centre have exactly the numbers of items and rooms they declare.

pub mod changes;
pub mod codes;
pub mod edition;
pub mod http;
pub mod in_force;
pub mod model;
pub mod rules;

pub use in_force::Jurisdictions;
pub use model::{Level, RoomKind, VenueDecision, VenueQuestion};
pub use rules::decide;

use chrono::NaiveDate;
use codes::{CodeTable, Currency, TradeClassEntry};
use model::{CatalogueEdition, Centre, Measure, Region, Room, Threshold};

use crate::{
    kernel::{
        Category, RegionCode,
        codes::{CurrencyCode, TradeClass},
    },
    platform::policy_file::BuiltInFile,
};

/// The edition compiled into the program: Xilingol League.
pub const BUILT_IN: &[BuiltInFile] = &[
    ("regions.toml", include_str!("../../config/regions.toml")),
    ("routing.toml", include_str!("../../config/routing.toml")),
    ("codes/trade-classes.toml", include_str!("../../config/codes/trade-classes.toml")),
    ("codes/currencies.toml", include_str!("../../config/codes/currencies.toml")),
    ("catalogue/2014.toml", include_str!("../../config/catalogue/2014.toml")),
    ("centres/152500.toml", include_str!("../../config/centres/152500.toml")),
    ("centres/152501.toml", include_str!("../../config/centres/152501.toml")),
    ("centres/152522.toml", include_str!("../../config/centres/152522.toml")),
    ("centres/152526.toml", include_str!("../../config/centres/152526.toml")),
    ("centres/152527.toml", include_str!("../../config/centres/152527.toml")),
    ("centres/152571.toml", include_str!("../../config/centres/152571.toml")),
];

/// The validated routing policy of one league. Cheap to share behind an `Arc`; another edition is another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jurisdiction {
    table_version: String,
    effective_from: NaiveDate,
    league: Region,
    league_centre: Centre,
    regions: Vec<Region>,
    thresholds: Vec<Threshold>,
    catalogue: Vec<CatalogueEdition>,
    centres: Vec<Centre>,
    region_standard: (String, String),
    mineral_to_league: bool,
    classes: CodeTable<TradeClassEntry>,
    currencies: CodeTable<Currency>,
}

impl Jurisdiction {
    /// Version of the routing table with a digest over the files that decide, so that an edited table never
    /// passes under the old name (RT-11). Example: `2014.1-5f0c2a9e`.
    pub fn table_version(&self) -> &str {
        &self.table_version
    }

    /// First day for whose projects the table may be asked.
    pub fn effective_from(&self) -> NaiveDate {
        self.effective_from
    }

    /// All regions in the order of the file, the league among them.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The region with this code, if the hall serves it.
    pub fn region(&self, code: &RegionCode) -> Option<&Region> {
        self.regions.iter().find(|region| region.code == *code)
    }

    /// The league itself 盟本级.
    pub fn league(&self) -> &Region {
        &self.league
    }

    /// The league's centre, where RT-1…RT-5 lead.
    pub fn league_centre(&self) -> &Centre {
        &self.league_centre
    }

    /// All centres, sorted by file name.
    pub fn centres(&self) -> &[Centre] {
        &self.centres
    }

    /// The centre with this code, such as `152500`.
    pub fn centre(&self, code: &str) -> Option<&Centre> {
        self.centres.iter().find(|centre| centre.code == code)
    }

    /// The centre that serves a region as its own: the one that stands there, or the league's for a region
    /// that shares it (RT-5). Says nothing about a date: see [`Region::has_platform_on`].
    pub fn centre_of_region(&self, code: &RegionCode) -> Option<&Centre> {
        if self.region(code)?.shares_league_centre {
            return Some(&self.league_centre);
        }
        self.centres.iter().find(|centre| centre.region == *code)
    }

    /// The rooms of a centre in the order of its file; empty for an unknown centre.
    pub fn rooms_of(&self, centre_code: &str) -> &[Room] {
        self.centre(centre_code).map_or(&[], |centre| &centre.rooms)
    }

    /// The threshold on `measure` in force on `date`.
    pub fn threshold(&self, measure: Measure, date: NaiveDate) -> Option<&Threshold> {
        self.thresholds.iter().find(|one| one.measure == measure && one.in_force.contains(date))
    }

    /// The catalogue edition in force on `date`.
    pub fn catalogue_on(&self, date: NaiveDate) -> Option<&CatalogueEdition> {
        self.catalogue.iter().find(|edition| edition.in_force.contains(date))
    }

    /// Name and edition of the standard of the regions' codes.
    pub fn region_standard(&self) -> (&str, &str) {
        (&self.region_standard.0, &self.region_standard.1)
    }

    /// AMB-13, a setting: whether mineral rights of counties trade at the league's centre.
    pub fn mineral_to_league(&self) -> bool {
        self.mineral_to_league
    }

    /// The table of 公共资源交易分类.
    pub fn classes(&self) -> &CodeTable<TradeClassEntry> {
        &self.classes
    }

    /// The class with this code.
    pub fn class(&self, code: &TradeClass) -> Option<&TradeClassEntry> {
        self.classes.codes.iter().find(|class| class.code == *code)
    }

    /// The class that stands for a project of a category that names none.
    pub fn other_class(&self, category: Category) -> Option<&TradeClassEntry> {
        self.classes.codes.iter().find(|class| class.other && class.category == category)
    }

    /// Currencies with a published parity.
    pub fn currencies(&self) -> &CodeTable<Currency> {
        &self.currencies
    }

    /// The currency with this code.
    pub fn currency(&self, code: &CurrencyCode) -> Option<&Currency> {
        self.currencies.codes.iter().find(|currency| currency.code == *code)
    }
}
