//! Tables of codes with the edition of their standard.

use serde::Deserialize;
use toml::Spanned;

use crate::{
    jurisdiction::codes::{CodeTable, Currency, Quote, TradeClassEntry},
    kernel::{
        Category, Say,
        codes::{CurrencyCode, TradeClass},
    },
    platform::policy_file::{PolicyError, PolicyFile},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableToml<T> {
    standard: String,
    std_version: String,
    source: String,
    codes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassToml {
    code: Spanned<TradeClass>,
    category: Category,
    zh: String,
    en: String,
    #[serde(default)]
    other: bool,
    #[serde(default)]
    mineral: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CurrencyToml {
    code: Spanned<CurrencyCode>,
    number: Spanned<String>,
    quote: Quote,
    zh: String,
    en: String,
}

impl<T> TableToml<T> {
    fn made<U>(self, codes: Vec<U>) -> CodeTable<U> {
        let Self { standard, std_version, source, .. } = self;
        CodeTable { standard, std_version, source, codes }
    }
}

pub(super) fn read_classes(file: &PolicyFile) -> Result<CodeTable<TradeClassEntry>, PolicyError> {
    let raw: TableToml<ClassToml> = file.parse()?;
    let mut read: Vec<TradeClassEntry> = Vec::new();
    for (at, row) in raw.codes.iter().enumerate() {
        let code = row.code.get_ref();
        if read.iter().any(|one| one.code == *code) {
            let message = format!("{code} is listed twice");
            return Err(file.error_at(row.code.span(), &format!("codes[{at}].code"), message));
        }
        if row.other && read.iter().any(|one| one.other && one.category == row.category) {
            let message = format!("a second class stands for the rest of {}", row.category);
            return Err(file.error_at(row.code.span(), &format!("codes[{at}].other"), message));
        }
        read.push(TradeClassEntry {
            code: code.clone(),
            category: row.category,
            name: Say::new(&row.zh, &row.en),
            other: row.other,
            mineral: row.mineral,
        });
    }
    for category in [Category::Engineering, Category::Procurement, Category::LandMineral, Category::Property]
    {
        if !read.iter().any(|one| one.other && one.category == category) {
            return Err(
                file.error("codes", format!("no class with other = true stands for the rest of {category}"))
            );
        }
    }
    Ok(raw.made(read))
}

pub(super) fn read_currencies(file: &PolicyFile) -> Result<CodeTable<Currency>, PolicyError> {
    let raw: TableToml<CurrencyToml> = file.parse()?;
    let mut read: Vec<Currency> = Vec::new();
    for (at, row) in raw.codes.iter().enumerate() {
        let code = row.code.get_ref();
        if read.iter().any(|one| one.code == *code) {
            let message = format!("{code} is listed twice");
            return Err(file.error_at(row.code.span(), &format!("codes[{at}].code"), message));
        }
        let number = row.number.get_ref();
        if number.len() != 3 || !number.bytes().all(|digit| digit.is_ascii_digit()) {
            let key = format!("codes[{at}].number");
            return Err(file.error_at(row.number.span(), &key, "expected three digits"));
        }
        read.push(Currency {
            code: code.clone(),
            number: number.clone(),
            quote: row.quote,
            name: Say::new(&row.zh, &row.en),
        });
    }
    Ok(raw.made(read))
}
