-- A further seal policy of a tender, where a body has lost every key of the one before.

-- Officers prove anew for each policy, with the keys they keep too.
ALTER TABLE seal_canaries ADD COLUMN policy_no integer NOT NULL DEFAULT 1;
ALTER TABLE seal_canaries
    ALTER COLUMN policy_no DROP DEFAULT,
    DROP CONSTRAINT seal_canaries_once,
    ADD CONSTRAINT seal_canaries_once UNIQUE (tender_id, policy_no, key_id),
    ADD CONSTRAINT seal_canaries_policy
        FOREIGN KEY (tender_id, policy_no) REFERENCES seal_policies (tender_id, policy_no);
-- By a key that was lost its tenders are found.
CREATE INDEX seal_canaries_by_key ON seal_canaries (key_id);

-- The policy that bids must be sealed for, where it is not the first: read behind the lock that submissions take.
ALTER TABLE tender_intake
    ADD COLUMN seal_policy bytea CONSTRAINT tender_intake_policy_is_sha256 CHECK (octet_length(seal_policy) = 32);
