-- Opening 开标: the release window, the bidders' secrets, and what each bid turned out to be.

CREATE TABLE openings (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT openings_tender REFERENCES tenders (id),
    began_at timestamptz NOT NULL,
    -- Nothing is decrypted before this instant unless every bid can be opened.
    window_until timestamptz NOT NULL,
    extended_from timestamptz,
    extended_by uuid,
    extension_reason text,
    concluded_at timestamptz,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT openings_version_counts CHECK (version >= 1),
    CONSTRAINT openings_once UNIQUE (tender_id),
    CONSTRAINT openings_window_forward CHECK (window_until > began_at),
    CONSTRAINT openings_extension_whole
        CHECK ((extended_from IS NULL) = (extension_reason IS NULL) AND (extended_from IS NULL) = (extended_by IS NULL)
               AND (extended_from IS NULL OR window_until > extended_from)),
    CONSTRAINT openings_concluded_after_begin CHECK (concluded_at >= began_at)
);

-- The released secrets: after the opening each is the proof that its bid was opened rightly.
CREATE TABLE opening_shares (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT opening_shares_tender REFERENCES tenders (id),
    bid_id uuid NOT NULL CONSTRAINT opening_shares_bid REFERENCES bids (id),
    clause integer NOT NULL CONSTRAINT opening_shares_clause_counts CHECK (clause >= 0),
    member text NOT NULL,
    share text NOT NULL CONSTRAINT opening_shares_share_fits CHECK (length(share) BETWEEN 1 AND 4096),
    released_at timestamptz NOT NULL,
    released_by uuid NOT NULL,
    CONSTRAINT opening_shares_once UNIQUE (bid_id, clause, member)
);
CREATE INDEX opening_shares_by_tender ON opening_shares (tender_id);

CREATE TABLE opened_bids (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT opened_bids_tender REFERENCES tenders (id),
    bid_id uuid NOT NULL CONSTRAINT opened_bids_bid REFERENCES bids (id),
    bidder_id uuid NOT NULL CONSTRAINT opened_bids_bidder REFERENCES organisations (id),
    seq bigint NOT NULL,
    received_at timestamptz NOT NULL,
    released_at timestamptz,
    -- 'opened', or 'revoked' 撤销: not decrypted by the bidder's own fault (电子招标投标办法 art 31).
    outcome text NOT NULL CONSTRAINT opened_bids_outcome_known CHECK (outcome IN ('opened', 'revoked')),
    price numeric(16, 2) CONSTRAINT opened_bids_price_not_negative CHECK (price >= 0),
    form jsonb,
    files jsonb,
    failure text,
    CONSTRAINT opened_bids_once UNIQUE (bid_id),
    CONSTRAINT opened_bids_opened_is_known
        CHECK (outcome <> 'opened' OR (form IS NOT NULL AND released_at IS NOT NULL AND failure IS NULL)),
    CONSTRAINT opened_bids_revoked_says_why CHECK (outcome <> 'revoked' OR (failure IS NOT NULL AND price IS NULL))
);
CREATE INDEX opened_bids_by_tender ON opened_bids (tender_id, seq);

CALL audit('openings');
CALL audit('opening_shares');
CALL audit('opened_bids');

GRANT SELECT, INSERT, UPDATE ON openings TO tenderhall_app;
GRANT SELECT, INSERT ON opening_shares, opened_bids TO tenderhall_app;
