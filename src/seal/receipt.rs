//! The receipt 回执: a signed note that the hall took, ended or refused a bid at one instant.
//!
//! It is a promise that the named leaf will stand in the log; a receipt whose leaf is missing there is evidence
//! against the operator. Given only after COMMIT. The order number is not in it: before the close it would tell
//! how many have bid.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, SealError, ensure};
use super::note::{NoteKey, NoteSigner};
use super::wire::{Digest, IdText, TaggedDigest, Word};
use crate::kernel::note::KeyName;

/// First line of every receipt.
pub const HEADER: &str = "tenderhall-bid-receipt/v1";

/// What became of the bid.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Taken in before the deadline.
    Accepted,
    /// 撤回 before the deadline.
    Withdrawn,
    /// At or after the deadline (招标投标法 article 28).
    RefusedLate,
    /// Not usable, though signed and in time.
    RefusedInvalid,
}

/// Everything a receipt states. A value that does not exist is `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Outcome.
    pub verdict: Verdict,
    /// Tender.
    pub tender: IdText,
    /// Lot.
    pub lot: IdText,
    /// Part.
    pub part: Word,
    /// Bidder.
    pub bidder: IdText,
    /// Bid id; none for a refusal.
    pub bid: Option<IdText>,
    /// Revision of the envelope.
    pub revision: u32,
    /// Digest of the envelope it replaces; none for revision 1.
    pub prev: Option<Digest>,
    /// Digest of the envelope taken in, ended or refused.
    pub envelope: Digest,
    /// SHA-256 of its ciphertext.
    pub payload: Digest,
    /// Bytes of its ciphertext.
    pub size: u64,
    /// Hall time of the decision, to the microsecond.
    pub time: DateTime<Utc>,
    /// Name of the clock that told it.
    pub clock: IdText,
    /// Milliseconds this clock was off at the last measurement; none until it is measured.
    pub skew_ms: Option<i32>,
    /// The log.
    pub log: KeyName,
    /// The leaf that will stand in it.
    pub leaf: Digest,
}

/// Name of the receipt key of a centre: `tenderhall.<centre>/receipt1`.
///
/// # Errors
/// [`Flaw::NoteKey`] if the centre's code cannot be part of a name.
pub fn receipt_key_name(centre: &str) -> Result<KeyName, SealError> {
    format!("tenderhall.{centre}/receipt1").parse().map_err(|cause| Flaw::NoteKey.because(cause))
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

impl Receipt {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let Self { verdict, tender, lot, part, bidder, revision, size, clock, log, leaf, .. } = self;
        let (bid, prev) = (or_dash(self.bid.as_ref()), or_dash(self.prev.map(TaggedDigest::from)));
        let envelope = TaggedDigest::from(self.envelope);
        let payload = TaggedDigest::from(self.payload);
        let time = self.time.format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let skew = self.skew_ms.map_or_else(|| "unknown".into(), |skew| skew.to_string());
        format!(
            "{HEADER}\nresult {verdict}\ntender {tender} lot {lot} part {part}\nbidder {bidder}\n\
             bid {bid} revision {revision} prev {prev}\nenvelope {envelope}\npayload {payload} size {size}\n\
             time {time} clock {clock} skew_ms {skew}\nlog {log} leaf {leaf}\n"
        )
    }

    /// Reads the text of a receipt; any other spelling of the same values is refused.
    ///
    /// # Errors
    /// [`Flaw::Malformed`].
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut lines = Lines(text.split('\n'));
        ensure(lines.0.next() == Some(HEADER), Flaw::Malformed)?;
        let [verdict] = lines.next(["result"])?;
        let [tender, lot, part] = lines.next(["tender", "lot", "part"])?;
        let [bidder] = lines.next(["bidder"])?;
        let [bid, revision, prev] = lines.next(["bid", "revision", "prev"])?;
        let [envelope] = lines.next(["envelope"])?;
        let [payload, size] = lines.next(["payload", "size"])?;
        let [time, clock, skew] = lines.next(["time", "clock", "skew_ms"])?;
        let [log, leaf] = lines.next(["log", "leaf"])?;
        let tagged = |text: &str| read::<TaggedDigest>(text).map(Digest::from);
        let receipt = Self {
            verdict: read(verdict)?,
            tender: read(tender)?,
            lot: read(lot)?,
            part: read(part)?,
            bidder: read(bidder)?,
            bid: if bid == "-" { None } else { Some(read(bid)?) },
            revision: read(revision)?,
            prev: if prev == "-" { None } else { Some(tagged(prev)?) },
            envelope: tagged(envelope)?,
            payload: tagged(payload)?,
            size: read(size)?,
            time: read(time)?,
            clock: read(clock)?,
            skew_ms: if skew == "unknown" { None } else { Some(read(skew)?) },
            log: read(log)?,
            leaf: read(leaf)?,
        };
        ensure(receipt.text() == text, Flaw::Malformed)?;
        Ok(receipt)
    }

    /// The signed note to hand out after COMMIT.
    pub fn sign(&self, signer: &NoteSigner) -> String {
        signer.sign(&self.text())
    }

    /// Checks the note's signature by `key` and reads the receipt.
    ///
    /// # Errors
    /// Those of [`NoteKey::verify`] and [`Receipt::parse`].
    pub fn verify(note: &str, key: &NoteKey) -> Result<Self, SealError> {
        Self::parse(key.verify(note)?)
    }
}

fn read<T: FromStr>(text: &str) -> Result<T, SealError> {
    text.parse().map_err(|_| Flaw::Malformed.into())
}

/// Lines of `label value label value …`.
struct Lines<'a>(std::str::Split<'a, char>);

impl<'a> Lines<'a> {
    fn next<const N: usize>(&mut self, labels: [&str; N]) -> Result<[&'a str; N], SealError> {
        let mut words = self.0.next().ok_or(Flaw::Malformed)?.split(' ');
        let mut values = [""; N];
        for (label, value) in labels.iter().zip(&mut values) {
            ensure(words.next() == Some(label), Flaw::Malformed)?;
            *value = words.next().ok_or(Flaw::Malformed)?;
        }
        ensure(words.next().is_none(), Flaw::Malformed)?;
        Ok(values)
    }
}
