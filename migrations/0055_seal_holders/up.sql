-- Holders of shares 持有人: officers' keys, the seal policies made of them, and the canaries by which officers prove
-- that they can still read.

CREATE TABLE seal_keys (
    id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL CONSTRAINT seal_keys_organisation REFERENCES organisations (id),
    -- The officer.
    account_id uuid NOT NULL CONSTRAINT seal_keys_account REFERENCES accounts (id),
    recipient text NOT NULL CONSTRAINT seal_keys_recipient_once UNIQUE
        CONSTRAINT seal_keys_recipient_is_age CHECK (recipient ~ '^age1[02-9ac-hj-np-z]{58}$'),
    -- As it was signed by a key of the organisation.
    enrolment jsonb NOT NULL,
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by uuid,
    revoked_reason text CONSTRAINT seal_keys_reason_fits CHECK (length(revoked_reason) BETWEEN 1 AND 1000),
    CONSTRAINT seal_keys_revoked_whole CHECK
        ((revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_reason IS NULL)),
    CONSTRAINT seal_keys_revoked_after CHECK (revoked_at >= enrolled_at)
);
CREATE INDEX seal_keys_by_organisation ON seal_keys (organisation_id, enrolled_at, id);

-- Of tenders whose bids are shared out; where the bidder alone holds the secret, the policy is made of ids alone.
CREATE TABLE seal_policies (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT seal_policies_tender REFERENCES tenders (id),
    policy_no integer NOT NULL CONSTRAINT seal_policies_number_counts CHECK (policy_no >= 1),
    document jsonb NOT NULL,
    digest bytea NOT NULL CONSTRAINT seal_policies_digest_is_sha256 CHECK (octet_length(digest) = 32),
    -- Which organisation is which member.
    holders jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT seal_policies_once UNIQUE (tender_id, policy_no)
);

CREATE TABLE seal_canaries (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT seal_canaries_tender REFERENCES tenders (id),
    key_id uuid NOT NULL CONSTRAINT seal_canaries_key REFERENCES seal_keys (id),
    member text NOT NULL,
    -- An age file to this key alone, and what must come out of it.
    canary bytea NOT NULL,
    answer_sha256 bytea NOT NULL CONSTRAINT seal_canaries_answer_is_sha256 CHECK (octet_length(answer_sha256) = 32),
    made_at timestamptz NOT NULL,
    proved_at timestamptz CONSTRAINT seal_canaries_proved_after CHECK (proved_at >= made_at),
    CONSTRAINT seal_canaries_once UNIQUE (tender_id, key_id)
);

CALL audit('seal_keys');
CALL audit('seal_policies');
CALL audit('seal_canaries');

GRANT SELECT, INSERT ON seal_keys, seal_policies, seal_canaries TO tenderhall_app;
GRANT UPDATE (revoked_at, revoked_by, revoked_reason) ON seal_keys TO tenderhall_app;
GRANT UPDATE (proved_at) ON seal_canaries TO tenderhall_app;
