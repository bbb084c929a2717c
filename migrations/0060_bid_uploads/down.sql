DROP TABLE bid_chunks, bid_uploads;
DROP FUNCTION bid_chunks_stay, bid_uploads_stay;
ALTER TABLE bids
    DROP CONSTRAINT bids_payload_fits,
    ADD CONSTRAINT bids_payload_fits CHECK (payload_size BETWEEN 1 AND 1048576);
