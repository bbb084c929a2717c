//! Pure decisions of an upload: how it is cut, what a chunk must be, when nothing more is taken.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::{
    bids::{
        rules::Gate,
        uploads::model::{Progress, Upload, UploadState, UploadView},
    },
    kernel::{Code, FieldError, Problem, Refusal, Rejection, Say},
    seal::{CheckedPolicy, Flaw, Word, envelope::AGE_INTRO},
};

/// Bytes of every chunk but the last: 8 MiB.
pub const CHUNK: u64 = 8 * 1024 * 1024;
/// Uploads of one bidder for one tender that serve no bid yet; `bid_uploads_quota` says the same.
pub const OPEN_UPLOADS: i32 = 4;
/// Days after the deadline for which an upload that serves no bid is kept, so that a bidder who disputes a late
/// submission can still show what had come.
const KEPT: TimeDelta = TimeDelta::days(7);

/// Number of chunks of `size` bytes.
pub fn chunks(size: u64) -> u32 {
    u32::try_from(size.div_ceil(CHUNK)).unwrap_or(u32::MAX)
}

/// Bytes of chunk `n` of `size` bytes; none where there is no such chunk.
pub fn length_of(size: u64, n: u32) -> Option<u64> {
    let before = u64::from(n).checked_mul(CHUNK)?;
    Some(size.checked_sub(before).filter(|rest| *rest > 0)?.min(CHUNK))
}

/// When an upload that serves no bid is removed.
pub fn removed_at(deadline: DateTime<Utc>) -> DateTime<Utc> {
    deadline + KEPT
}

/// The part an upload is for: the one that is named, or the only one there is.
///
/// # Errors
/// 422 for a part that the policy does not have, 413 for more than it allows.
pub fn may_begin(policy: &CheckedPolicy, size: u64, part: Option<&Word>) -> Result<Word, Problem> {
    let rules = policy.policy();
    let part = match (part, rules.parts.as_slice()) {
        (Some(part), parts) if parts.contains(part) => part.clone(),
        (None, [only]) => only.clone(),
        _ => return Err(Rejection::at("/part", Flaw::Part.name(), Flaw::Part.say()).into()),
    };
    if size == 0 {
        let detail = Say::new("size 须为 1 以上。", "size must be 1 or more.");
        return Err(Rejection::at("/size", "out-of-range", detail).into());
    }
    if size > rules.max_part_bytes {
        let most = rules.max_part_bytes;
        let detail = Say::new(
            format!("密文不得超过密封策略的上限 {most} 字节。"),
            format!("The seal policy allows a ciphertext of at most {most} bytes."),
        );
        let error = FieldError::new("/size", "out-of-range", detail.en.clone());
        return Err(Rejection { code: Code::PayloadTooLarge, detail, errors: vec![error] }.into());
    }
    Ok(part)
}

/// The refusal of an upload beyond the quota.
pub fn too_many() -> Refusal {
    let detail = Say::new(
        format!("本单位对该招标项目已有 {OPEN_UPLOADS} 个未提交的上传；请续传或删除其一。"),
        format!(
            "There are {OPEN_UPLOADS} uploads of yours for this tender that serve no bid: go on with one, or delete it."
        ),
    );
    Refusal::new(Code::UploadQuota, detail).with("most", json!(OPEN_UPLOADS))
}

/// Chunks are taken before the deadline only: afterwards nothing can become a bid any more.
///
/// # Errors
/// `too-late`, or the state of a tender that takes no bids.
pub fn still_open(gate: Gate) -> Result<(), Refusal> {
    match gate {
        Gate::Open => Ok(()),
        Gate::Late => {
            let detail = Say::new(
                "已到投标截止时间，不再接收上传。",
                "The deadline has been reached: uploads are not taken any more.",
            );
            Err(Refusal::new(Code::TooLate, detail))
        }
        Gate::Shut(phase) => Err(phase.refuse(&Say::new("上传", "upload"))),
    }
}

/// The refusal of other bytes for a chunk of an upload that has been hashed.
pub fn whole() -> Refusal {
    let detail = Say::new("上传已完整并已计算摘要，不再更改。", "The upload is whole and hashed, and stays.");
    Refusal::new(Code::UploadWhole, detail)
}

/// The refusal of an upload that serves a bid, or another bid.
pub fn used() -> Refusal {
    let detail = Say::new("该上传已用于一份投标。", "The upload serves a bid already.");
    Refusal::new(Code::UploadUsed, detail)
}

/// The refusal of a submission whose upload has chunks missing.
pub fn incomplete(missing: &[u32]) -> Refusal {
    let detail = Say::new("上传尚未完整，请补齐 missing 所列分块。", "Chunks are missing; see missing.");
    Refusal::new(Code::UploadIncomplete, detail).with("missing", json!(missing))
}

/// Bytes that chunk `n` of an upload must have.
///
/// # Errors
/// 404 where it has no such chunk.
pub fn wanted(upload: &Upload, n: u32) -> Result<u64, Rejection> {
    length_of(upload.size, n).ok_or_else(|| {
        let last = chunks(upload.size).saturating_sub(1);
        let detail = Say::new(
            format!("没有该分块；编号为 0 至 {last}。"),
            format!("There is no such chunk; they are numbered 0 to {last}."),
        );
        Rejection::new(Code::NotFound, detail)
    })
}

/// What came must be the chunk that was to come.
///
/// # Errors
/// 422 naming the header that is not true, or a first chunk that begins no age file.
pub fn fits(n: u32, wanted: u64, bytes: &[u8], stated: [u8; 32], found: [u8; 32]) -> Result<(), Rejection> {
    if u64::try_from(bytes.len()) != Ok(wanted) {
        let detail = Say::new(
            format!("该分块须为 {wanted} 字节，收到 {} 字节。", bytes.len()),
            format!("This chunk has {wanted} bytes; {} came.", bytes.len()),
        );
        return Err(Rejection::at("Content-Length", "length", detail));
    }
    if stated != found {
        let detail = Say::new("内容与 Content-Digest 不符。", "The body is not that of its Content-Digest.");
        return Err(undigested("digest", detail));
    }
    if n == 0 && !bytes.starts_with(AGE_INTRO.get(..bytes.len().min(AGE_INTRO.len())).unwrap_or(AGE_INTRO)) {
        let mut rejection = Rejection::at("", Flaw::PayloadFormat.name(), Flaw::PayloadFormat.say());
        rejection.code = Code::BidPayload;
        return Err(rejection);
    }
    Ok(())
}

/// The SHA-256 that a `Content-Digest` states (RFC 9530); other algorithms may stand beside it.
///
/// # Errors
/// 422 where it is missing or cannot be read.
pub fn stated_digest(header: Option<&str>) -> Result<[u8; 32], Rejection> {
    let members = header.unwrap_or_default().split(',').map(str::trim);
    let stated = members.filter_map(|member| member.strip_prefix("sha-256=:")?.strip_suffix(':')).next();
    stated.and_then(|text| STANDARD.decode(text).ok()?.try_into().ok()).ok_or_else(|| {
        let detail = Say::new(
            "须带 Content-Digest: sha-256=:…:（RFC 9530）。",
            "Content-Digest: sha-256=:…: (RFC 9530) is needed.",
        );
        undigested("required", detail)
    })
}

fn undigested(word: &str, detail: Say) -> Rejection {
    let mut rejection = Rejection::at("Content-Digest", word, detail);
    rejection.code = Code::ContentDigest;
    rejection
}

/// A digest as `Repr-Digest` writes it.
pub fn digest_field(sha256: [u8; 32]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256))
}

/// Numbers as ranges, such as `0-3,7`.
pub fn ranges(numbers: &[u32]) -> String {
    let follows = |one: &u32, next: &u32| one.checked_add(1) == Some(*next);
    let runs = numbers.chunk_by(follows).filter_map(|run| match (run.first()?, run.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// An upload as its bidder reads it.
pub fn view(upload: &Upload, missing: Vec<u32>) -> UploadView {
    let (state, sha256, whole_at, bid_id) = match upload.progress {
        Progress::Receiving => (UploadState::Receiving, None, None, None),
        Progress::Whole { sha256, at } => (UploadState::Whole, Some(sha256), Some(at), None),
        Progress::Submitted { sha256, at, bid } => {
            (UploadState::Submitted, Some(sha256), Some(at), Some(bid))
        }
    };
    UploadView {
        id: upload.id,
        tender_id: upload.tender,
        part: upload.part.clone(),
        size: upload.size,
        chunk_size: CHUNK,
        chunks: chunks(upload.size),
        state,
        missing,
        sha256,
        begun_at: upload.begun_at,
        whole_at,
        bid_id,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_digest_is_read_as_rfc_9530_writes_it() {
        let sha256 = [7; 32];
        let field = digest_field(sha256);
        for good in [field.clone(), format!("sha-512=:AAAA:, {field}"), format!(" {field} ,x=1")] {
            assert_eq!(stated_digest(Some(&good)).unwrap(), sha256, "{good}");
        }
        let base64 = STANDARD.encode(sha256);
        for bad in ["", "sha-256", "sha-256=AAAA", "sha-256=:AAAA:", &base64, &format!("sha-512=:{base64}:")]
        {
            assert_eq!(stated_digest(Some(bad)).unwrap_err().code, Code::ContentDigest, "{bad}");
        }
        assert_eq!(stated_digest(None).unwrap_err().code, Code::ContentDigest);
    }

    #[test]
    fn ranges_are_short() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[3]), "3");
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
    }

    proptest! {
        #[test]
        fn the_chunks_are_the_whole(size in 1_u64..1 << 30) {
            let lengths: Vec<u64> = (0..chunks(size)).map_while(|n| length_of(size, n)).collect();
            prop_assert_eq!(lengths.len(), usize::try_from(chunks(size)).unwrap());
            prop_assert_eq!(lengths.iter().sum::<u64>(), size);
            prop_assert!(lengths.iter().rev().skip(1).all(|length| *length == CHUNK));
            prop_assert_eq!(length_of(size, chunks(size)), None);
        }
    }
}
