-- Bids 投标: sealed envelopes with their ciphertexts, and the signed receipts given for them.

CREATE TABLE bids (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT bids_tender REFERENCES tenders (id),
    lot text NOT NULL CONSTRAINT bids_lot_short CHECK (length(lot) BETWEEN 1 AND 64),
    part text NOT NULL CONSTRAINT bids_part_short CHECK (length(part) BETWEEN 1 AND 32),
    bidder_id uuid NOT NULL CONSTRAINT bids_bidder REFERENCES organisations (id),
    revision integer NOT NULL CONSTRAINT bids_revision_counts CHECK (revision >= 1),
    -- Digest of the envelope this one replaces.
    prev_sha256 bytea CONSTRAINT bids_prev_is_sha256 CHECK (octet_length(prev_sha256) = 32),
    envelope jsonb NOT NULL,
    envelope_sha256 bytea NOT NULL CONSTRAINT bids_envelope_once UNIQUE
        CONSTRAINT bids_envelope_is_sha256 CHECK (octet_length(envelope_sha256) = 32),
    payload_sha256 bytea NOT NULL CONSTRAINT bids_payload_is_sha256 CHECK (octet_length(payload_sha256) = 32),
    payload_size integer NOT NULL CONSTRAINT bids_payload_fits CHECK (payload_size BETWEEN 1 AND 1048576),
    bid_key text NOT NULL,
    nonce bytea NOT NULL CONSTRAINT bids_nonce_is_32_bytes CHECK (octet_length(nonce) = 32),
    -- Order of acceptance. Told after the close: before, it is the number of bids so far.
    seq bigint NOT NULL CONSTRAINT bids_seq_counts CHECK (seq >= 1),
    -- accepted 受理 | superseded by a later revision | withdrawn 撤回, before T | revoked 撤销, after T.
    state text NOT NULL CONSTRAINT bids_state_known CHECK (state IN ('accepted', 'superseded', 'withdrawn', 'revoked')),
    accepted_at timestamptz NOT NULL,
    submitted_by uuid NOT NULL,
    superseded_at timestamptz,
    withdrawn_at timestamptz,
    -- The bidder's signed note.
    withdrawal jsonb,
    revoked_at timestamptz,
    revoked_reason text CONSTRAINT bids_revoked_reason_fits CHECK (length(revoked_reason) BETWEEN 1 AND 1000),
    CONSTRAINT bids_seq_once UNIQUE (tender_id, seq),
    CONSTRAINT bids_revision_once UNIQUE (tender_id, lot, part, bidder_id, revision),
    -- Another's sealed bid handed in again is refused, whoever signs the envelope around it.
    CONSTRAINT bids_payload_once UNIQUE (tender_id, payload_sha256),
    CONSTRAINT bids_key_once UNIQUE (tender_id, bid_key),
    CONSTRAINT bids_first_has_no_prev CHECK ((revision = 1) = (prev_sha256 IS NULL)),
    CONSTRAINT bids_superseded_whole CHECK ((state = 'superseded') = (superseded_at IS NOT NULL)),
    CONSTRAINT bids_withdrawn_whole
        CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL) AND (withdrawn_at IS NULL) = (withdrawal IS NULL)),
    CONSTRAINT bids_revoked_whole
        CHECK ((state = 'revoked') = (revoked_at IS NOT NULL) AND (revoked_at IS NULL) = (revoked_reason IS NULL)),
    CONSTRAINT bids_time_goes_on CHECK (accepted_at <= coalesce(superseded_at, withdrawn_at, revoked_at, accepted_at))
);
-- One standing bid a bidder; what withdrawal and revocation ended does not stand.
CREATE UNIQUE INDEX bids_one_standing ON bids (tender_id, lot, part, bidder_id) WHERE state = 'accepted';
CREATE INDEX bids_by_bidder ON bids (bidder_id, accepted_at DESC, id DESC);

-- Unaudited: `bids.payload_sha256` pins the bytes.
CREATE TABLE bid_ciphertexts (
    bid_id uuid PRIMARY KEY CONSTRAINT bid_ciphertexts_bid REFERENCES bids (id),
    bytes bytea NOT NULL CONSTRAINT bid_ciphertexts_fit CHECK (octet_length(bytes) BETWEEN 1 AND 1048576)
);
-- Ciphertext does not compress.
ALTER TABLE bid_ciphertexts ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Unaudited: the text is signed and names the leaf of its entry in the record.
CREATE TABLE bid_receipts (
    id uuid PRIMARY KEY,
    bid_id uuid CONSTRAINT bid_receipts_bid REFERENCES bids (id),
    tender_id uuid NOT NULL CONSTRAINT bid_receipts_tender REFERENCES tenders (id),
    bidder_id uuid NOT NULL CONSTRAINT bid_receipts_bidder REFERENCES organisations (id),
    kind text NOT NULL CONSTRAINT bid_receipts_kind_known
        CHECK (kind IN ('ACCEPTED', 'WITHDRAWN', 'REFUSED_LATE', 'REFUSED_INVALID')),
    text text NOT NULL CONSTRAINT bid_receipts_text_fits CHECK (length(text) BETWEEN 1 AND 16384),
    given_at timestamptz NOT NULL,
    CONSTRAINT bid_receipts_outcome_has_bid CHECK (kind NOT IN ('ACCEPTED', 'WITHDRAWN') OR bid_id IS NOT NULL)
);
CREATE INDEX bid_receipts_by_bid ON bid_receipts (bid_id, given_at);
CREATE INDEX bid_receipts_by_bidder ON bid_receipts (bidder_id, given_at);

CALL audit('bids');

GRANT SELECT, INSERT ON bids, bid_ciphertexts, bid_receipts TO tenderhall_app;
GRANT UPDATE (state, superseded_at, withdrawn_at, withdrawal, revoked_at, revoked_reason) ON bids TO tenderhall_app;
