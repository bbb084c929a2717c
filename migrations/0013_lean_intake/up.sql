-- A bid is written in as few rows, index entries and look-ups as its guarantees need.

-- An envelope names its tender and its key: the same one again breaks `bids_key_once`.
ALTER TABLE bids DROP CONSTRAINT bids_envelope_once;

-- A ciphertext of a few pages stays with its row and needs no table of its own.
ALTER TABLE bid_ciphertexts SET (toast_tuple_target = 8160);

-- Tender and bidder of a receipt for a bid stand with the bid; only what never became one names them itself.
ALTER TABLE bid_receipts
    ALTER COLUMN tender_id DROP NOT NULL,
    ALTER COLUMN bidder_id DROP NOT NULL;
UPDATE bid_receipts SET tender_id = NULL, bidder_id = NULL WHERE bid_id IS NOT NULL;
ALTER TABLE bid_receipts
    ADD CONSTRAINT bid_receipts_place
        CHECK ((bid_id IS NULL) = (tender_id IS NOT NULL) AND (bid_id IS NULL) = (bidder_id IS NOT NULL));
DROP INDEX bid_receipts_by_bidder;

-- Entries are found by their transaction and row, never by the row alone.
DROP INDEX log_object_by_row;
