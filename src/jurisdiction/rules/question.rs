//! What makes a question unusable: every fault at once, each with its place.

use chrono::NaiveDate;

use crate::{
    jurisdiction::{
        Jurisdiction,
        model::{
            CatalogueEdition, Category, ChosenPlace, Level, OUTSIDE_THE_CATALOGUE, Region, RegionKind, Test,
            VenueQuestion,
        },
    },
    kernel::{Code, FieldError, Rejection, Say},
};

/// Longest code of a catalogue item that is looked up, in characters.
const ITEM_CODE_LENGTH: usize = 64;

pub(super) struct Wrong {
    pointer: &'static str,
    word: &'static str,
    say: Say,
}

pub(super) fn wrong_region(question: &VenueQuestion, region: Option<&Region>) -> Option<Wrong> {
    let code = &question.region_code;
    let Some(region) = region else {
        return Some(Wrong {
            pointer: "/regionCode",
            word: "unknown",
            say: Say::new(
                format!("本平台未收录行政区划代码{code}。"),
                format!("The hall serves no region {code}."),
            ),
        });
    };
    (question.level == Level::County && region.kind == RegionKind::League).then(|| Wrong {
        pointer: "/level",
        word: "contradiction",
        say: Say::new(
            format!("{code}是盟本级代码，不能用于旗县级项目。"),
            format!("{code} is the league itself and no region of a county project."),
        ),
    })
}

impl Wrong {
    pub(super) fn new(pointer: &'static str, word: &'static str, say: Say) -> Self {
        Self { pointer, word, say }
    }
}

/// A class that the table does not know or another category's; and, where the setting sends mineral rights to the
/// league, a project of land and minerals that does not say which of the two it is.
pub(super) fn wrong_class(jurisdiction: &Jurisdiction, question: &VenueQuestion) -> Option<Wrong> {
    let Some(code) = &question.industry_code else {
        let needed = question.category == Category::LandMineral
            && question.level == Level::County
            && jurisdiction.mineral_to_league();
        let say = Say::new("须注明是土地还是矿业权。", "Say whether it is land or mineral rights.");
        return needed.then(|| Wrong::new("/industryCode", "required", say));
    };
    let table = jurisdiction.classes();
    let (standard, version) = (&table.standard, &table.std_version);
    match jurisdiction.class(code) {
        Some(class) if class.category == question.category => None,
        Some(class) => {
            let (listed, asked) = (class.category.name(), question.category.name());
            let zh = format!("分类{code}属于{}，不属于{}。", listed.zh, asked.zh);
            let en = format!("{code} is a class of {}, not {}.", listed.en, asked.en);
            Some(Wrong::new("/industryCode", "contradiction", Say::new(zh, en)))
        }
        None => {
            let known: Vec<&str> = table
                .codes
                .iter()
                .filter(|class| class.category == question.category)
                .map(|class| class.code.as_str())
                .collect();
            let known = known.join(", ");
            let zh = format!("{standard}（{version}）没有分类{code}；本类有 {known}。");
            let en = format!("{standard} ({version}) has no class {code}; of this category it has {known}.");
            Some(Wrong::new("/industryCode", "unknown", Say::new(zh, en)))
        }
    }
}

/// A choice without a reason, or one that the rules leave no room for; and a regime where there is none to choose.
pub(super) fn wrong_choice(question: &VenueQuestion) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if let Some(choice) = &question.voluntary {
        if !(1..=1000).contains(&choice.reason.trim().chars().count()) {
            let say =
                Say::new("请说明自愿进场的理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
            wrong.push(Wrong::new("/voluntary/reason", "length", say));
        }
        let inside = question.catalogue_item.as_deref() != Some(OUTSIDE_THE_CATALOGUE);
        if choice.at == ChosenPlace::Region && inside {
            let say = Say::new(
                "目录内项目按规则进场，只能自愿选择盟中心。",
                "A project in the catalogue goes where the rules say; only the league's centre can be chosen.",
            );
            wrong.push(Wrong::new("/voluntary/at", "contradiction", say));
        }
    }
    if question.regime.is_some() && question.test() == Test::None {
        let say = Say::new(
            "只有工程的采购才区分招标投标法和政府采购法。",
            "Only works and purchases are under the law of tendering or of procurement.",
        );
        wrong.push(Wrong::new("/regime", "contradiction", say));
    }
    wrong
}

/// A code that the edition does not know is a slip until the registration says otherwise: taking it for a project
/// outside the catalogue would let a typing error free a project of its centre.
pub(super) fn wrong_item(question: &VenueQuestion, catalogue: &CatalogueEdition) -> Option<Wrong> {
    let code = question.catalogue_item.as_deref().filter(|code| *code != OUTSIDE_THE_CATALOGUE)?;
    let (word, say) = match catalogue.item(code) {
        Some(item) if item.category == question.category => return None,
        Some(item) => {
            let (listed, asked) = (item.category.name(), question.category.name());
            let zh = format!("目录项{code}属于{}，不属于{}。", listed.zh, asked.zh);
            ("contradiction", Say::new(zh, format!("{code} is an item of {}, not {}.", listed.en, asked.en)))
        }
        None if code.trim().is_empty()
            || code.chars().count() > ITEM_CODE_LENGTH
            || code.chars().any(char::is_control) =>
        {
            let zh = format!("目录项代码须为1至{ITEM_CODE_LENGTH}个可见字符。");
            ("invalid", Say::new(zh, format!("Expected 1 to {ITEM_CODE_LENGTH} visible characters.")))
        }
        None => {
            let edition = &catalogue.edition;
            let zh = format!(
                "公共资源交易目录（{edition}版）没有“{code}”这一项；确属目录以外的，请填 {OUTSIDE_THE_CATALOGUE}。"
            );
            let en = format!(
                "The catalogue (edition {edition}) has no item \"{code}\"; \
                 where the project is outside it, say {OUTSIDE_THE_CATALOGUE}."
            );
            ("unknown", Say::new(zh, en))
        }
    };
    Some(Wrong { pointer: "/catalogueItem", word, say })
}

pub(super) fn catalogue_on(jurisdiction: &Jurisdiction, date: NaiveDate) -> Option<&CatalogueEdition> {
    if date < jurisdiction.effective_from() { None } else { jurisdiction.catalogue_on(date) }
}

pub(super) fn outside_the_table(jurisdiction: &Jurisdiction, date: NaiveDate) -> Wrong {
    let first = jurisdiction.effective_from();
    Wrong {
        pointer: "/acceptedOn",
        word: "out-of-range",
        say: Say::new(
            format!("{date}没有施行中的进场规则或交易目录；规则自{first}起施行。"),
            format!("No routing table and catalogue in force on {date}; the table begins on {first}."),
        ),
    }
}

pub(super) fn rejection(wrong: Vec<Wrong>) -> Rejection {
    let mut sentences = wrong.iter().map(|one| one.say.clone());
    let detail = match (sentences.next(), sentences.next()) {
        (Some(only), None) => only,
        _ => Say::new("请求中有多处内容无效。", "Several members of the request are not usable."),
    };
    let errors = wrong
        .into_iter()
        .map(|one| FieldError::new(one.pointer, one.word, format!("{} / {}", one.say.zh, one.say.en)))
        .collect();
    Rejection { code: Code::InvalidRequest, detail, errors }
}
