//! The three kinds of "no", never mixed.
//!
//! * [`Refusal`]: the law or the state of things says no (409 and kin). A legal one names rule, source and
//!   article, and the earliest lawful alternative where there is one. Refusals are logged.
//! * [`Rejection`]: the request cannot be used (400, 401, 403, 404, 412, 413, 422, 428, 429), with JSON pointers.
//! * [`Fault`]: the hall failed (500, 503). Its cause goes to the log of operations, never to the caller.
//!
//! How they look on the wire (RFC 9457) is `platform::http`'s matter; the codes stand here in one table.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::say::Say;

/// One row a code: variant, wire name, status, Chinese title, English title.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $zh:literal, $en:literal;)*) => {
        /// Every problem code of the service; the wire form is the kebab-case name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumIter)]
        pub enum Code {
            $($(#[$doc])* #[doc = $en] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// The wire name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status this code always travels with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The title in both languages.
            pub fn title(self) -> Say {
                match self { $(Self::$variant => Say::new($zh, $en),)* }
            }
        }

        // By hand: the derived schema does not see names that a macro hands to serde.
        impl utoipa::PartialSchema for Code {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some("Stable code of a problem; GET /api/v1/problems lists them with their titles."))
                    .enum_values(Some([$($name,)*]))
                    .into()
            }
        }

        impl utoipa::ToSchema for Code {}
    };
}

codes! {
    // The request itself.
    MalformedRequest = "malformed-request", 400, "请求格式错误", "The request is malformed";
    InvalidRequest = "invalid-request", 422, "请求内容无效", "The request has invalid content";
    Unauthenticated = "unauthenticated", 401, "未登录或凭证无效", "No valid credentials";
    InvalidGrant = "invalid-grant", 400, "授权无效", "The grant is not valid";
    PasswordChangeRequired = "password-change-required", 403, "须先修改初始密码", "The first password has to be changed";
    Forbidden = "forbidden", 403, "无权操作", "Not allowed for this role";
    NotFound = "not-found", 404, "未找到", "Not found";
    MethodNotAllowed = "method-not-allowed", 405, "方法不支持", "Method not allowed";
    NotAcceptable = "not-acceptable", 406, "无法提供所需格式", "Not acceptable";
    PayloadTooLarge = "payload-too-large", 413, "请求过大", "The request is too large";
    UnsupportedMediaType = "unsupported-media-type", 415, "媒体类型不支持", "Unsupported media type";
    TooManyRequests = "too-many-requests", 429, "请求过于频繁", "Too many requests";
    IdempotencyKeyMissing = "idempotency-key-missing", 400, "缺少幂等键", "Idempotency-Key is required";
    IdempotencyKeyInFlight = "idempotency-key-in-flight", 409, "同一幂等键正在处理", "A request with this key is in flight";
    IdempotencyKeyReused = "idempotency-key-reused", 422, "幂等键已用于其他请求", "The key was used for another request";
    PreconditionRequired = "precondition-required", 428, "需要 If-Match", "If-Match is required";
    PreconditionFailed = "precondition-failed", 412, "资源已被修改", "The resource has changed";
    // The hall's own state.
    Internal = "internal", 500, "系统错误", "Internal error";
    Unavailable = "unavailable", 503, "服务暂不可用", "Temporarily unavailable";
    SandboxOnly = "sandbox-only", 409, "仅限沙箱", "Only in a sandbox";
    // Law and states shared by several rooms.
    LawRefuses = "law-refuses", 409, "不符合法定要求", "The law does not allow this";
    WrongState = "wrong-state", 409, "当前状态不允许此操作", "Not possible in the present state";
    TooEarly = "too-early", 409, "尚未到法定时间", "Not yet";
    TooLate = "too-late", 409, "已过法定期限", "Too late";
    OneSideOnly = "one-side-only", 409, "同一项目只能有一种身份", "One person has one side per project";
    ListChanged = "list-changed", 409, "清单已有变化", "The list has changed since it was read";
    Duplicate = "duplicate", 409, "已存在", "Already exists";
    // tenders
    DocumentNotApproved = "document-not-approved", 409, "招标文件未经批准", "The document is not approved";
    OpeningRoomMissing = "opening-room-missing", 409, "没有已确认的开标室", "No confirmed opening room";
    SealKeysMissing = "seal-keys-missing", 409, "份额密钥不足", "Too few officers' keys to seal for";
    SealPolicyStands = "seal-policy-stands", 409, "现行密封策略仍然有效", "The seal policy stands";
    // bids
    BidLate = "bid-late", 409, "已过投标截止时间", "After the deadline for bids";
    BidRevision = "bid-revision", 409, "不是上一版投标的下一版", "Not the next revision of the standing bid";
    BidDuplicate = "bid-duplicate", 409, "密文或密钥与已收投标重复", "Ciphertext or key of a bid already taken in";
    BidSignature = "bid-signature", 422, "签名不成立", "The signature does not hold";
    BidSigner = "bid-signer", 422, "签名公钥未登记或不在有效期", "The signing key is not enrolled or not valid now";
    BidPayload = "bid-payload", 422, "密文与信封不符", "The ciphertext is not the envelope's";
    BidTarget = "bid-target", 422, "信封不属于本招标项目", "The envelope is for another tender or lot";
    BidBidder = "bid-bidder", 422, "信封不属于该投标人", "The envelope is another bidder's";
    BidPolicy = "bid-policy", 422, "信封与密封策略不符", "The envelope does not fit the seal policy";
    BidPolicyReplaced = "bid-policy-replaced", 409, "密封策略已更换，请重新密封", "A later seal policy is in force: seal anew";
    UploadQuota = "upload-quota", 409, "未提交的上传过多", "Too many uploads that serve no bid";
    UploadIncomplete = "upload-incomplete", 409, "上传尚未完整", "The upload is not whole yet";
    UploadWhole = "upload-whole", 409, "上传已完整，不再更改", "The upload is whole and does not change any more";
    UploadUsed = "upload-used", 409, "该上传已用于投标", "The upload serves a bid already";
    ContentDigest = "content-digest", 422, "内容摘要缺失或不符", "Content-Digest is missing or not that of the body";
    // opening
    WindowOver = "window-over", 409, "解密时间已结束", "The release window is over";
    SecretDoesNotFit = "secret-does-not-fit", 422, "密钥不符", "The secret is not this bid's";
    RecoveryNotOrdered = "recovery-not-ordered", 409, "未启用补救开启", "Recovery is not provided for";
    // awards
    NotFirstCandidate = "not-first-candidate", 409, "不是第一中标候选人", "Not the first candidate";
    ContractDiffers = "contract-differs", 409, "合同与投标或招标文件不一致", "The contract differs from bid or document";
    // identity
    RefreshRace = "refresh-race", 409, "刷新令牌刚被使用", "The refresh token was used a moment ago";
    // law
    CalendarUnavailable = "calendar-unavailable", 422, "该年度工作日历尚未公布", "No working-day calendar for that year";
    // experts
    DrawRoomMissing = "draw-room-missing", 409, "没有已确认的抽取室", "No confirmed draw room at this time";
    DrawUnwitnessed = "draw-unwitnessed", 409, "抽取在场人员不足", "Too few are present at the draw";
    PoolTooSmall = "pool-too-small", 409, "可抽取的专家不足", "Too few experts may be drawn";
    CommitteeIncomplete = "committee-incomplete", 409, "评审委员会未到齐", "The committee is not complete";
    // evaluation
    QualificationMissing = "qualification-missing", 409, "尚未进行资格审查", "Qualification is not reviewed yet";
    LowPriceOpen = "low-price-open", 409, "异常低价审查尚未结束", "The review of low prices is still open";
    ReportChanged = "report-changed", 409, "所签报告与现行报告不符", "This is not the report as it stands";
    SheetsUnfit = "sheets-unfit", 409, "评分表缺失、重复或不符", "Sheets are missing, surplus or unfit";
    ObjectiveScoresUnequal = "objective-scores-unequal", 409, "客观评审因素评分不一致", "Members differ on an objective factor";
    // rooms
    SlotTaken = "slot-taken", 409, "时段已被占用", "The slot is taken";
    BookingUnfit = "booking-unfit", 409, "不符合中心的场地安排规则", "Against the centre's rules for its rooms";
}

/// What is wrong with one place of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// RFC 6901 JSON pointer into the body, or `?name` for a query parameter, or a header's name.
    pub pointer: String,
    /// Stable word for machines, such as `required`, `unknown-field`, `invalid`.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

impl FieldError {
    /// Names the place, a stable word and a sentence.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// The rule a refusal stands on. Settings of the centre carry `source` "setting" and no article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LegalGround {
    /// Rule id, such as `ENG-4`.
    pub id: String,
    /// The instrument, such as 招标投标法.
    pub source: String,
    /// The article, such as `24`; absent for a setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The earliest (or, for an upper limit, latest) lawful alternative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<DateTime<Utc>>,
}

/// The law or the state of things says no.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Code of the table.
    pub code: Code,
    /// Why, in both languages.
    pub detail: Say,
    /// The rule, when the law is the reason (boxed: most refusals carry none).
    pub rule: Option<Box<LegalGround>>,
    /// Further members of the problem document, such as the blocking slot.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Refusal {
    /// A refusal by the state of things.
    pub fn new(code: Code, detail: Say) -> Self {
        Self { code, detail, rule: None, extra: serde_json::Map::new() }
    }

    /// Names the rule it stands on.
    #[must_use]
    pub fn by_rule(mut self, rule: LegalGround) -> Self {
        self.rule = Some(Box::new(rule));
        self
    }

    /// Adds a further member to the problem document.
    #[must_use]
    pub fn with(mut self, name: &str, value: serde_json::Value) -> Self {
        self.extra.insert(name.to_owned(), value);
        self
    }
}

/// The request cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// Code of the table.
    pub code: Code,
    /// Why, in both languages.
    pub detail: Say,
    /// Places that are wrong.
    pub errors: Vec<FieldError>,
}

impl Rejection {
    /// A rejection without a particular place.
    pub fn new(code: Code, detail: Say) -> Self {
        Self { code, detail, errors: Vec::new() }
    }

    /// 422 that points to one place of the body.
    pub fn at(pointer: impl Into<String>, word: &str, detail: Say) -> Self {
        let error = FieldError::new(pointer, word, format!("{} / {}", detail.zh, detail.en));
        Self { code: Code::InvalidRequest, detail, errors: vec![error] }
    }

    /// 404: absent, or not to be known to exist.
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            Say::new("没有这个资源，或您无权知道它的存在。", "There is no such resource for you."),
        )
    }

    /// 403: the resource may be known, the act is not this role's.
    pub fn forbidden() -> Self {
        Self::new(Code::Forbidden, Say::new("您的角色无权进行此操作。", "Your role may not do this."))
    }

    /// 401: no or no valid credentials.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, Say::new("请先登录。", "Please log in first."))
    }
}

/// What was written, without the space around it, where it has 1 to `most` characters.
///
/// # Errors
/// 422 that points to `pointer` and says how many.
pub fn fitting(text: &str, pointer: &str, most: usize) -> Result<String, Rejection> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    let detail = Say::new(format!("须为 1 至 {most} 字。"), format!("1 to {most} characters."));
    Err(Rejection::at(pointer, "length", detail))
}

/// The hall failed. The cause is for the operations log only.
#[derive(Debug)]
pub struct Fault {
    /// `internal` or `unavailable`.
    pub code: Code,
    /// What was being done and what went wrong; never shown.
    pub cause: anyhow::Error,
}

/// Any "no" of the hall.
#[derive(Debug)]
pub enum Problem {
    /// The law or the state says no.
    Refusal(Refusal),
    /// The request cannot be used.
    Rejection(Rejection),
    /// The hall failed.
    Fault(Fault),
}

impl Problem {
    /// The code of whichever kind.
    pub fn code(&self) -> Code {
        match self {
            Self::Refusal(refusal) => refusal.code,
            Self::Rejection(rejection) => rejection.code,
            Self::Fault(fault) => fault.code,
        }
    }

    /// An internal fault with its operation and cause.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::Fault(Fault { code: Code::Internal, cause: cause.into() })
    }

    /// A passing fault: the caller may try again.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        Self::Fault(Fault { code: Code::Unavailable, cause: cause.into() })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::Rejection(rejection)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<anyhow::Error> for Problem {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}
