-- Opening by clauses: shares of several members, recovery without the bidder, and what each bid was opened by.

-- Of several shares of one member for one clause the last counts; earlier ones stay as evidence. What completes a
-- clause to the bid's own key ends it: nothing is taken for it any more.
ALTER TABLE opening_shares
    DROP CONSTRAINT opening_shares_once,
    DROP CONSTRAINT opening_shares_share_fits,
    ADD CONSTRAINT opening_shares_share_fits CHECK (length(share) BETWEEN 1 AND 128),
    ADD CONSTRAINT opening_shares_once UNIQUE (bid_id, clause, member, share),
    ADD COLUMN completes boolean NOT NULL DEFAULT true,
    ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE opening_shares ALTER COLUMN completes DROP DEFAULT;
CREATE UNIQUE INDEX opening_shares_completed_once ON opening_shares (bid_id, clause) WHERE completes;

-- 补救开启: bids that agency, centre and supervision office may open without their bidder, by order of the last.
CREATE TABLE opening_recoveries (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT opening_recoveries_tender REFERENCES tenders (id),
    bid_id uuid NOT NULL CONSTRAINT opening_recoveries_once UNIQUE
        CONSTRAINT opening_recoveries_bid REFERENCES bids (id),
    reason text NOT NULL CONSTRAINT opening_recoveries_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    ordered_by uuid NOT NULL CONSTRAINT opening_recoveries_account REFERENCES accounts (id),
    ordered_at timestamptz NOT NULL
);
CREATE INDEX opening_recoveries_by_tender ON opening_recoveries (tender_id);

ALTER TABLE opened_bids
    ADD COLUMN clause integer CONSTRAINT opened_bids_clause_counts CHECK (clause >= 0),
    -- Why it was opened without its bidder.
    ADD COLUMN recovery text CONSTRAINT opened_bids_recovery_fits CHECK (length(recovery) BETWEEN 1 AND 2000),
    DROP CONSTRAINT opened_bids_outcome_known,
    DROP CONSTRAINT opened_bids_revoked_says_why,
    -- 'withdrawn' 视为撤回: not decrypted by others' fault (电子招标投标办法 art 31).
    ADD CONSTRAINT opened_bids_outcome_known CHECK (outcome IN ('opened', 'revoked', 'withdrawn')),
    ADD CONSTRAINT opened_bids_shut_says_why
        CHECK (outcome = 'opened' OR (failure IS NOT NULL AND price IS NULL AND recovery IS NULL)),
    ADD CONSTRAINT opened_bids_recovery_has_clause CHECK (recovery IS NULL OR clause IS NOT NULL);

CALL audit('opening_recoveries');

GRANT SELECT, INSERT ON opening_recoveries TO tenderhall_app;
