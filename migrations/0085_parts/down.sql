ALTER TABLE opened_bids
    DROP CONSTRAINT opened_bids_sealed_is_unread,
    DROP CONSTRAINT opened_bids_outcome_known,
    DROP COLUMN part,
    ADD CONSTRAINT opened_bids_outcome_known CHECK (outcome IN ('opened', 'revoked', 'withdrawn'));
ALTER TABLE opening_shares DROP CONSTRAINT opening_shares_stage, DROP COLUMN stage;
DROP TRIGGER opening_follows ON openings;
DROP FUNCTION opening_follows;
ALTER TABLE openings
    DROP CONSTRAINT openings_once,
    DROP COLUMN stage,
    ADD CONSTRAINT openings_once UNIQUE (tender_id);
ALTER TABLE bids
    DROP CONSTRAINT bids_time_goes_on,
    DROP CONSTRAINT bids_incomplete_whole,
    DROP CONSTRAINT bids_state_known,
    DROP COLUMN incomplete_at,
    ADD CONSTRAINT bids_state_known CHECK (state IN ('accepted', 'superseded', 'withdrawn', 'revoked')),
    ADD CONSTRAINT bids_time_goes_on
        CHECK (accepted_at <= coalesce(superseded_at, withdrawn_at, revoked_at, accepted_at));
