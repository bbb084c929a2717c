ALTER TABLE tender_intake DROP COLUMN seal_policy;
DROP INDEX seal_canaries_by_key;
-- Refused where a tender has a second policy: its bids cannot be opened by a program that knows of one.
ALTER TABLE seal_canaries
    DROP CONSTRAINT seal_canaries_policy,
    DROP CONSTRAINT seal_canaries_once,
    ADD CONSTRAINT seal_canaries_once UNIQUE (tender_id, key_id),
    ADD CONSTRAINT seal_canaries_one_policy CHECK (policy_no = 1);
ALTER TABLE seal_canaries DROP COLUMN policy_no;
