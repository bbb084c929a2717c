ALTER TABLE opened_bids
    DROP CONSTRAINT opened_bids_recovery_has_clause,
    DROP CONSTRAINT opened_bids_shut_says_why,
    DROP CONSTRAINT opened_bids_outcome_known,
    DROP COLUMN recovery,
    DROP COLUMN clause,
    ADD CONSTRAINT opened_bids_outcome_known CHECK (outcome IN ('opened', 'revoked')),
    ADD CONSTRAINT opened_bids_revoked_says_why
        CHECK (outcome <> 'revoked' OR (failure IS NOT NULL AND price IS NULL));
DROP TABLE opening_recoveries;
DROP INDEX opening_shares_completed_once;
ALTER TABLE opening_shares
    DROP COLUMN n,
    DROP COLUMN completes,
    DROP CONSTRAINT opening_shares_once,
    DROP CONSTRAINT opening_shares_share_fits,
    ADD CONSTRAINT opening_shares_share_fits CHECK (length(share) BETWEEN 1 AND 4096),
    ADD CONSTRAINT opening_shares_once UNIQUE (bid_id, clause, member);
