//! The draws among equals, laid open so that a reader can make them again from the page alone.

use super::{
    reader::Reader,
    results::name_of,
    view::{Drawn, DrawnLot},
};
use crate::{
    evaluation::model::{ReportView, TieDraw},
    kernel::Seed,
};

/// Every draw of the report, with the number that each bid drew.
pub(super) fn drawn(reader: &Reader, told: &ReportView) -> Vec<Drawn> {
    told.report.tie_draws.iter().map(|draw| one(reader, told, draw)).collect()
}

fn one(reader: &Reader, told: &ReportView, draw: &TieDraw) -> Drawn {
    // A seed that cannot be read shows itself: then there is no number to compare.
    let seed = hex::decode(&draw.seed).ok().and_then(|bytes| bytes.try_into().ok()).map(Seed);
    let lots: Vec<DrawnLot> = draw
        .drawn
        .iter()
        .zip(draw.rank..)
        .map(|(bid, place)| {
            let ranked = told.report.ranked.iter().find(|ranked| ranked.bid == *bid);
            DrawnLot {
                place,
                bidder: ranked.map(|ranked| name_of(&told.bidders, ranked.bidder)).unwrap_or_default(),
                bid: bid.to_string(),
                number: seed.map(|seed| hex::encode(seed.place(&bid.to_string()))).unwrap_or_default(),
            }
        })
        .collect();
    let first = lots.first().map(|lot| lot.bid.clone()).unwrap_or_default();
    Drawn {
        rank: draw.rank,
        seed: draw.seed.clone(),
        report: told.report_hash.clone(),
        made: reader.stamp(&told.made_at),
        command: format!("printf %s {first} | openssl dgst -sha256 -mac HMAC -macopt hexkey:{}", draw.seed),
        lots,
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Seed;

    /// RFC 4231 test case 1 has a key of 20 bytes; HMAC pads with zeros, so the seed may carry them itself.
    #[test]
    fn a_number_is_the_hmac_that_any_tool_computes() {
        let mut key = [0_u8; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            hex::encode(Seed(key).place("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
