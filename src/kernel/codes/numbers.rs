//! The numbers that a platform gives: 项目编号, 招标项目编号, 标段编号, 文件编号; and 投资项目统一代码, given elsewhere.
//!
//! Each holds the one before it, so that a document's number names its section, tender and platform.

use super::{Run, WrongCode, code_type, shaped};
use crate::kernel::Say;

const REGION: Run = Run::only(b"123456789", "1 至 9", "a digit from 1 to 9");

code_type! {
    /// The ten digits of a platform: six of its region and four of its own.
    PlatformId, "^[1-9][0-9]{9}$", "1525000001"
}

code_type! {
    /// 项目编号: `I`, platform and six digits.
    ProjectCode, "^I[1-9][0-9]{15}$", "I1525000001000001"
}

code_type! {
    /// 招标项目编号: `E`, platform and serial of the project, and three digits.
    TenderCode, "^E[1-9][0-9]{18}$", "E1525000001000001001"
}

code_type! {
    /// 标段(包)编号: that of the tender and three digits of the section.
    SectionCode, "^E[1-9][0-9]{21}$", "E1525000001000001001001"
}

code_type! {
    /// 文件编号: that of the section and three digits of the document.
    DocumentCode, "^E[1-9][0-9]{24}$", "E1525000001000001001001001"
}

code_type! {
    /// 投资项目统一代码: year, region, industry, type and serial, with hyphens.
    InvestmentCode, "^[12][0-9]{3}-[1-9][0-9]{5}-[0-9]{2}-[0-9]{2}-[0-9]{6}$", "2026-152527-48-01-000001"
}

impl PlatformId {
    fn check(text: &str) -> Result<(), WrongCode> {
        shaped(&Say::new("平台编号", "platform id"), text, &[REGION, Run::digits(9)])
    }
}

impl ProjectCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        let shape = [Run::only(b"I", "“I”", "\"I\""), REGION, Run::digits(15)];
        shaped(&Say::new("项目编号", "project code"), text, &shape)
    }

    /// The `serial`-th project of a platform.
    ///
    /// # Errors
    /// When the serial has more than six digits.
    pub fn of(platform: &PlatformId, serial: i64) -> Result<Self, WrongCode> {
        Self::try_from(format!("I{platform}{serial:06}"))
    }

    /// The `serial`-th tender project of this project.
    ///
    /// # Errors
    /// When the serial has more than three digits.
    pub fn tender(&self, serial: i64) -> Result<TenderCode, WrongCode> {
        let stem = self.0.trim_start_matches('I');
        TenderCode::try_from(format!("E{stem}{serial:03}"))
    }
}

fn of_tender(name: Say, text: &str, digits: usize) -> Result<(), WrongCode> {
    shaped(&name, text, &[Run::only(b"E", "“E”", "\"E\""), REGION, Run::digits(digits)])
}

impl TenderCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        of_tender(Say::new("招标项目编号", "tender project code"), text, 18)
    }

    /// The section of this number.
    ///
    /// # Errors
    /// When it has more than three digits.
    pub fn section(&self, no: i32) -> Result<SectionCode, WrongCode> {
        SectionCode::try_from(format!("{self}{no:03}"))
    }
}

impl SectionCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        of_tender(Say::new("标段编号", "section code"), text, 21)
    }

    /// The document of this number.
    ///
    /// # Errors
    /// When it has more than three digits.
    pub fn document(&self, no: i32) -> Result<DocumentCode, WrongCode> {
        DocumentCode::try_from(format!("{self}{no:03}"))
    }
}

impl DocumentCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        of_tender(Say::new("文件编号", "document code"), text, 24)
    }
}

impl InvestmentCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        const SHAPE: &[Run] = &[
            Run::only(b"12", "1 或 2", "1 or 2"),
            Run::digits(3),
            Run::hyphen(),
            REGION,
            Run::digits(5),
            Run::hyphen(),
            Run::digits(2),
            Run::hyphen(),
            Run::digits(2),
            Run::hyphen(),
            Run::digits(6),
        ];
        shaped(&Say::new("投资项目统一代码", "investment project code"), text, SHAPE)
    }
}
