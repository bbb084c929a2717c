//! What can be wrong with a sealed bid: one named flaw for each mismatch, so that no caller has to guess.

use crate::kernel::Say;

/// One row a flaw: variant, stable word, pointer into the document, Chinese, English.
macro_rules! flaws {
    ($($variant:ident = $name:literal, $pointer:literal, $zh:literal, $en:literal;)*) => {
        /// The one thing that is wrong; every mismatch has its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumIter)]
        pub enum Flaw {
            $(#[doc = $en] $variant,)*
        }

        impl Flaw {
            /// Stable word for machines.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// RFC 6901 pointer into the document at fault; empty when it is the whole.
            pub fn pointer(self) -> &'static str {
                match self { $(Self::$variant => $pointer,)* }
            }

            /// The sentence for people.
            pub fn say(self) -> Say {
                match self { $(Self::$variant => Say::new($zh, $en),)* }
            }
        }
    };
}

flaws! {
    // Any document.
    Malformed = "malformed", "", "文件格式不符", "The document does not have its format";
    NotCanonical = "not-canonical", "", "不是规范化 JSON（RFC 8785）", "Not canonical JSON (RFC 8785)";
    TooLarge = "too-large", "", "文件超出大小上限", "The document is over its size limit";
    Algorithm = "algorithm", "/sig/alg", "不支持的签名算法", "The signature algorithm is not served";
    PublicKey = "public-key", "/sig/key", "不是有效的 Ed25519 公钥", "Not a valid Ed25519 public key";
    Signature = "signature", "/sig/value", "签名不成立", "The signature does not hold";
    Signer = "signer", "/sig/key", "签名公钥与预期不符", "Signed with another key than expected";
    // Policy.
    Members = "members", "/members", "密封策略的持有人有误", "The policy's members are wrong";
    Parts = "parts", "/parts", "密封策略的组成部分有误", "The policy's parts are wrong";
    Clauses = "clauses", "/clauses", "密封策略的开启条款有误", "The policy's clauses are wrong";
    Limit = "limit", "/max_part_bytes", "密封策略的大小上限有误", "The policy's size limit is wrong";
    OwnRecipient = "own-recipient", "/clauses", "该策略须投标人自持密钥份额的公钥",
        "The policy needs a key for the bidder's own shares";
    // Envelope against what it is for.
    Tender = "tender", "/tender", "不是本招标项目的信封", "The envelope is for another tender";
    Lot = "lot", "/lot", "不是本标段的信封", "The envelope is for another lot";
    Part = "part", "/part", "密封策略没有这一组成部分", "The policy has no such part";
    Bidder = "bidder", "/bidder", "信封不属于该投标人", "The envelope is another bidder's";
    PolicyDigest = "policy-digest", "/policy_digest", "密封策略摘要不符", "The policy digest is not the tender's";
    Revision = "revision", "/revision", "版本号不是上一版加一", "The revision is not the last plus one";
    Prev = "prev", "/prev", "未指向上一版信封", "prev does not name the last envelope";
    Nonce = "nonce", "/nonce", "随机数与上一版重复", "The nonce is that of the last revision";
    BidKey = "bid-key", "/bid_key", "bid_key 不是有效的 age 公钥", "bid_key is not a valid age recipient";
    BidKeyReused = "bid-key-reused", "/bid_key", "bid_key 与上一版重复", "The bid_key is that of the last revision";
    Shares = "shares", "/shares", "密钥份额与策略条款不符", "The shares are not those of the clauses";
    PayloadSize = "payload-size", "/payload/size", "密文长度与信封不符", "The ciphertext has another size";
    PayloadHash = "payload-hash", "/payload/sha256", "密文摘要与信封不符", "The ciphertext has another hash";
    PayloadTooLarge = "payload-too-large", "/payload/size", "密文超出上限", "The ciphertext is over the limit";
    PayloadFormat = "payload-format", "/payload", "密文不是 age 文件", "The ciphertext is not an age file";
    // Withdrawal.
    Bid = "bid", "/bid", "撤回书指向另一份投标", "The withdrawal names another bid";
    EnvelopeDigest = "envelope-digest", "/envelope", "撤回书指向另一信封", "The withdrawal names another envelope";
    // Opening.
    Secret = "secret", "", "不是 age 私钥", "Not an age secret key";
    KeyMismatch = "key-mismatch", "/bid_key", "私钥与 bid_key 不配对", "The secret is not that of bid_key";
    ReleasedShare = "released-share", "/share", "不是 74 字节份额的 Base64", "Not the base64 of a share of 74 bytes";
    Decryption = "decryption", "/payload", "密文无法解密", "The ciphertext does not decrypt";
    Encryption = "encryption", "/payload", "加密失败", "Encryption failed";
    Magic = "magic", "", "明文缺少 THALLBD1 标识", "The plaintext does not begin with THALLBD1";
    Truncated = "truncated", "", "明文不完整", "The plaintext ends early";
    TrailingBytes = "trailing-bytes", "", "明文末尾有多余字节", "Bytes are left after the plaintext";
    Padding = "padding", "/pad", "填充不全为零", "The padding is not all zero";
    PaddedLength = "padded-length", "/pad", "明文长度不是 Padmé 长度", "The length is not a Padmé length";
    FileName = "file-name", "/files", "文件名不合规定或重复", "A file name is not allowed or repeats";
    FileCount = "file-count", "/files", "文件过多", "Too many files";
    FileHash = "file-hash", "/files", "文件摘要不符", "A file has another hash";
    Form = "form", "/form", "投标表单有误", "The form is wrong";
    ManifestMismatch = "manifest-mismatch", "", "清单与信封不一致", "The manifest is not that of the envelope";
    // Officers' keys.
    Recipient = "recipient", "/recipient", "不是有效的 age 公钥", "Not a valid age recipient";
    // Receipt.
    BodyCommit = "body-commit", "/bodyCommit", "日志正文与承诺值不符", "The log entry's body is not the one committed to";
    NoteKey = "note-key", "", "不是有效的回执公钥", "Not a valid note key";
    NoteSigner = "note-signer", "", "没有该公钥的签名", "No signature by the given key";
}

impl Flaw {
    /// The flaw with what was seen.
    pub fn because(self, detail: impl std::fmt::Display) -> SealError {
        SealError { flaw: self, detail: detail.to_string() }
    }
}

/// A flaw and, where it helps, what was seen. The detail never holds content of a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealError {
    /// Which.
    pub flaw: Flaw,
    /// What was seen; may be empty.
    pub detail: String,
}

impl From<Flaw> for SealError {
    fn from(flaw: Flaw) -> Self {
        Self { flaw, detail: String::new() }
    }
}

impl std::fmt::Display for SealError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = self.flaw.say();
        write!(out, "{} / {} [{}]", said.zh, said.en, self.flaw.name())?;
        if self.detail.is_empty() { Ok(()) } else { write!(out, ": {}", self.detail) }
    }
}

impl std::error::Error for SealError {}

/// Refuses with `flaw` unless `holds`.
pub(super) fn ensure(holds: bool, flaw: Flaw) -> Result<(), SealError> {
    if holds { Ok(()) } else { Err(flaw.into()) }
}
