DROP TRIGGER opened_bids_tell_of_their_bids ON opened_bids;
DROP TRIGGER opened_bids_still_tell_of_their_bids ON opened_bids;
DROP FUNCTION opened_bids_tell_of_their_bids();
ALTER TABLE opened_bids
    ADD CONSTRAINT opened_bids_tender FOREIGN KEY (tender_id) REFERENCES tenders (id),
    ADD CONSTRAINT opened_bids_bidder FOREIGN KEY (bidder_id) REFERENCES organisations (id),
    ADD CONSTRAINT opened_bids_bid FOREIGN KEY (bid_id) REFERENCES bids (id);
