-- A line of the opening record says of its bid what the bid's own row says: tender, bidder, part, number and time of receipt.
-- Three foreign keys said less, that there are such a tender, such a bidder and such a bid, and asked one by one for each of a
-- thousand rows; one question for all rows of a statement says more and costs a tenth. Bids are kept, and what these
-- columns of them say is too, so that what held once goes on to hold.
ALTER TABLE opened_bids
    DROP CONSTRAINT opened_bids_tender,
    DROP CONSTRAINT opened_bids_bidder,
    DROP CONSTRAINT opened_bids_bid;

CREATE FUNCTION opened_bids_tell_of_their_bids() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written w LEFT JOIN bids b ON b.id = w.bid_id
                WHERE (b.tender_id, b.bidder_id, b.part, b.seq, b.accepted_at)
                      IS DISTINCT FROM (w.tender_id, w.bidder_id, w.part, w.seq, w.received_at)) THEN
        RAISE EXCEPTION 'a line of the opening record tells otherwise than its bid'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'opened_bids_tell_of_their_bids';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER opened_bids_tell_of_their_bids AFTER INSERT ON opened_bids REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION opened_bids_tell_of_their_bids();
-- A trigger with a table of what was written is for one event.
CREATE TRIGGER opened_bids_still_tell_of_their_bids AFTER UPDATE ON opened_bids REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION opened_bids_tell_of_their_bids();

-- What is there already is asked the same, once.
DO $$ BEGIN
    IF EXISTS (SELECT FROM opened_bids w LEFT JOIN bids b ON b.id = w.bid_id
                WHERE (b.tender_id, b.bidder_id, b.part, b.seq, b.accepted_at)
                      IS DISTINCT FROM (w.tender_id, w.bidder_id, w.part, w.seq, w.received_at)) THEN
        RAISE EXCEPTION 'a line of the opening record tells otherwise than its bid'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'opened_bids_tell_of_their_bids';
    END IF;
END $$;
