CREATE INDEX log_object_by_row ON log_object (row_id);

ALTER TABLE bid_receipts DROP CONSTRAINT bid_receipts_place;
UPDATE bid_receipts r SET tender_id = b.tender_id, bidder_id = b.bidder_id FROM bids b WHERE b.id = r.bid_id;
ALTER TABLE bid_receipts
    ALTER COLUMN tender_id SET NOT NULL,
    ALTER COLUMN bidder_id SET NOT NULL;
CREATE INDEX bid_receipts_by_bidder ON bid_receipts (bidder_id, given_at);

ALTER TABLE bid_ciphertexts RESET (toast_tuple_target);

ALTER TABLE bids ADD CONSTRAINT bids_envelope_once UNIQUE (envelope_sha256);
