//! Editions of the catalogue 公共资源交易目录, with the counts they declare.

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;

use super::{check_count, read_period};
use crate::{
    jurisdiction::model::{CatalogueEdition, CatalogueItem, Category},
    kernel::Say,
    platform::policy_file::{PolicyError, PolicyFile},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CatalogueToml {
    edition: String,
    effective_from: Spanned<NaiveDate>,
    effective_to: Option<Spanned<NaiveDate>>,
    expect: ExpectToml,
    classes: Vec<ClassToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectToml {
    classes: Spanned<usize>,
    items: Spanned<usize>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassToml {
    class: Spanned<Category>,
    items: Vec<ItemToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemToml {
    code: Spanned<String>,
    zh: String,
    en: String,
    source: String,
}

pub(super) fn read_catalogue(files: &[PolicyFile]) -> Result<Vec<CatalogueEdition>, PolicyError> {
    let mut editions: Vec<CatalogueEdition> = Vec::new();
    for file in files {
        let raw: CatalogueToml = file.parse()?;
        let in_force = read_period(file, "effectiveTo", &raw.effective_from, raw.effective_to.as_ref())?;
        if let Some(other) = editions.iter().find(|other| other.in_force.overlaps(&in_force)) {
            return Err(file.error_at(
                raw.effective_from.span(),
                "effectiveFrom",
                format!("overlapping dates: edition {} is in force on some of these days", other.edition),
            ));
        }
        let items = read_items(file, &raw)?;
        editions.push(CatalogueEdition { edition: raw.edition, in_force, items });
    }
    Ok(editions)
}

fn read_items(file: &PolicyFile, raw: &CatalogueToml) -> Result<Vec<CatalogueItem>, PolicyError> {
    let mut items: Vec<CatalogueItem> = Vec::new();
    let mut classes: Vec<Category> = Vec::new();
    for (at, class) in raw.classes.iter().enumerate() {
        let category = *class.class.get_ref();
        if classes.contains(&category) {
            let message = format!("{category} is listed twice");
            return Err(file.error_at(class.class.span(), &format!("classes[{at}].class"), message));
        }
        classes.push(category);
        for (place, item) in class.items.iter().enumerate() {
            let code = item.code.get_ref();
            if items.iter().any(|other| other.code == *code) {
                let key = format!("classes[{at}].items[{place}].code");
                return Err(file.error_at(item.code.span(), &key, format!("{code} is listed twice")));
            }
            items.push(CatalogueItem {
                code: code.clone(),
                category,
                name: Say::new(&item.zh, &item.en),
                source: item.source.clone(),
            });
        }
    }
    check_count(file, "expect.classes", &raw.expect.classes, classes.len(), "classes")?;
    check_count(file, "expect.items", &raw.expect.items, items.len(), "items")?;
    Ok(items)
}
