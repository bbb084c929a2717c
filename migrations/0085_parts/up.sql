-- Bids in parts 双信封: each part is a sealed bid of its own, and a tender's opening may have stages.

-- 'incomplete' 视为撤回: at the deadline a part of its bidder's bid was missing (电子招标投标办法 art 27).
ALTER TABLE bids
    ADD COLUMN incomplete_at timestamptz,
    DROP CONSTRAINT bids_state_known,
    DROP CONSTRAINT bids_time_goes_on,
    ADD CONSTRAINT bids_state_known
        CHECK (state IN ('accepted', 'superseded', 'withdrawn', 'incomplete', 'revoked')),
    ADD CONSTRAINT bids_incomplete_whole CHECK ((state = 'incomplete') = (incomplete_at IS NOT NULL)),
    ADD CONSTRAINT bids_time_goes_on
        CHECK (accepted_at <= coalesce(superseded_at, withdrawn_at, incomplete_at, revoked_at, accepted_at));
GRANT UPDATE (incomplete_at) ON bids TO tenderhall_app;

-- One row a stage; what is not divided has one.
ALTER TABLE openings
    ADD COLUMN stage integer NOT NULL DEFAULT 1 CONSTRAINT openings_stage_counts CHECK (stage >= 1),
    DROP CONSTRAINT openings_once,
    ADD CONSTRAINT openings_once UNIQUE (tender_id, stage);
-- A later stage begins only where the one before it has its record.
CREATE FUNCTION opening_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM openings o
      WHERE o.tender_id = NEW.tender_id AND o.stage = NEW.stage - 1 AND o.concluded_at IS NOT NULL;
    IF FOUND THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'a stage begins after the record of the one before it'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'opening_follows';
END $$;
CREATE TRIGGER opening_follows BEFORE INSERT ON openings FOR EACH ROW
    WHEN (NEW.stage > 1) EXECUTE FUNCTION opening_follows();

-- No share is kept for a stage that has not begun.
ALTER TABLE opening_shares ADD COLUMN stage integer NOT NULL DEFAULT 1;
ALTER TABLE opening_shares
    ALTER COLUMN stage DROP DEFAULT,
    ADD CONSTRAINT opening_shares_stage FOREIGN KEY (tender_id, stage) REFERENCES openings (tender_id, stage);

ALTER TABLE opened_bids
    ADD COLUMN part text NOT NULL DEFAULT 'whole'
        CONSTRAINT opened_bids_part_short CHECK (length(part) BETWEEN 1 AND 32),
    DROP CONSTRAINT opened_bids_outcome_known,
    -- 'sealed' 不予开启: of a bid that an earlier stage ended; written when its stage begins.
    ADD CONSTRAINT opened_bids_outcome_known CHECK (outcome IN ('opened', 'revoked', 'withdrawn', 'sealed')),
    ADD CONSTRAINT opened_bids_sealed_is_unread
        CHECK (outcome <> 'sealed' OR (form IS NULL AND files IS NULL AND clause IS NULL AND released_at IS NULL));
