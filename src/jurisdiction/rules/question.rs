//! What makes a question unusable: every fault at once, each with its place.

use chrono::NaiveDate;

use crate::{
    jurisdiction::{
        Jurisdiction,
        model::{
            CatalogueEdition, Category, Level, OUTSIDE_THE_CATALOGUE, Region, RegionKind, VenueQuestion,
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

pub(super) fn missing_figure(question: &VenueQuestion) -> Option<Wrong> {
    let missing = |pointer, say| Some(Wrong { pointer, word: "required", say });
    match question.category {
        Category::Engineering if question.investment.is_none() => missing(
            "/investment",
            Say::new(
                "工程类项目须填写批准的总投资。",
                "An engineering project needs its approved investment.",
            ),
        ),
        Category::Procurement if question.budget.is_none() => {
            missing("/budget", Say::new("采购类项目须填写预算金额。", "A purchase needs its budget."))
        }
        _ => None,
    }
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
