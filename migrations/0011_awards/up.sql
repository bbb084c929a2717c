-- From the report to the archive: candidates, award, contract, written report and deposits.

-- 中标候选人公示: what was published, and until when anybody may object.
CREATE TABLE candidate_lists (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT candidate_lists_tender REFERENCES tenders (id),
    notice_id uuid NOT NULL CONSTRAINT candidate_lists_notice REFERENCES notices (id),
    report_hash bytea NOT NULL CONSTRAINT candidate_lists_hash_is_sha256 CHECK (octet_length(report_hash) = 32),
    candidates jsonb NOT NULL CONSTRAINT candidate_lists_not_empty
        CHECK (jsonb_typeof(candidates) = 'array' AND jsonb_array_length(candidates) >= 1),
    published_by uuid NOT NULL,
    published_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT candidate_lists_once UNIQUE (tender_id),
    CONSTRAINT candidate_lists_period_forward CHECK (ends_at > published_at)
);

CREATE TABLE awards (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT awards_tender REFERENCES tenders (id),
    project_id uuid NOT NULL CONSTRAINT awards_project REFERENCES projects (id),
    centre_code text NOT NULL,
    region_code text NOT NULL,
    category text NOT NULL,
    bid_id uuid NOT NULL CONSTRAINT awards_bid REFERENCES bids (id),
    winner_id uuid NOT NULL CONSTRAINT awards_winner REFERENCES organisations (id),
    price numeric(16, 2) NOT NULL CONSTRAINT awards_price_not_negative CHECK (price >= 0),
    -- 工期 / 交货期 in calendar days, as the bid offers it.
    term_days integer NOT NULL CONSTRAINT awards_term_counts CHECK (term_days >= 1),
    reason text CONSTRAINT awards_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    -- Winner and losers are told in one act (招标投标法 art 45).
    result_notice_id uuid CONSTRAINT awards_result_notice REFERENCES notices (id),
    notified_by uuid,
    notified_at timestamptz,
    loser_letters integer CONSTRAINT awards_letters_not_negative CHECK (loser_letters >= 0),
    version bigint NOT NULL DEFAULT 1 CONSTRAINT awards_version_counts CHECK (version >= 1),
    CONSTRAINT awards_once UNIQUE (tender_id),
    CONSTRAINT awards_told_as_a_whole
        CHECK ((notified_at IS NULL) = (notified_by IS NULL) AND (notified_at IS NULL) = (result_notice_id IS NULL)
               AND (notified_at IS NULL) = (loser_letters IS NULL)),
    CONSTRAINT awards_told_after_decision CHECK (notified_at >= decided_at)
);
CREATE INDEX awards_by_time ON awards (decided_at DESC, id DESC);

CREATE TABLE contracts (
    id uuid PRIMARY KEY,
    award_id uuid NOT NULL CONSTRAINT contracts_award REFERENCES awards (id),
    tender_id uuid NOT NULL CONSTRAINT contracts_tender REFERENCES tenders (id),
    subject text NOT NULL CONSTRAINT contracts_subject_fits CHECK (length(subject) BETWEEN 1 AND 20000),
    amount numeric(16, 2) NOT NULL CONSTRAINT contracts_amount_not_negative CHECK (amount >= 0),
    term_days integer NOT NULL CONSTRAINT contracts_term_counts CHECK (term_days >= 1),
    performance_bond numeric(16, 2)
        CONSTRAINT contracts_bond_within_amount CHECK (performance_bond >= 0 AND performance_bond <= amount),
    -- The purchaser signs first, on this day; the contract stands once the winner has signed too.
    signed_on date NOT NULL,
    drawn_by uuid NOT NULL,
    drawn_at timestamptz NOT NULL,
    signed_by uuid,
    signed_at timestamptz,
    published_at timestamptz,
    notice_id uuid CONSTRAINT contracts_notice REFERENCES notices (id),
    filed_by uuid,
    filed_at timestamptz,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT contracts_version_counts CHECK (version >= 1),
    CONSTRAINT contracts_once UNIQUE (award_id),
    CONSTRAINT contracts_signature_whole CHECK ((signed_at IS NULL) = (signed_by IS NULL)),
    CONSTRAINT contracts_signed_after_draft CHECK (signed_at >= drawn_at),
    CONSTRAINT contracts_publication_whole CHECK ((published_at IS NULL) = (notice_id IS NULL)),
    CONSTRAINT contracts_filing_whole CHECK ((filed_at IS NULL) = (filed_by IS NULL)),
    CONSTRAINT contracts_public_once_signed
        CHECK (signed_at IS NOT NULL OR (published_at IS NULL AND filed_at IS NULL))
);
CREATE INDEX contracts_by_tender ON contracts (tender_id);

-- 招标投标情况书面报告 to the supervising bodies.
CREATE TABLE written_reports (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT written_reports_tender REFERENCES tenders (id),
    summary text NOT NULL CONSTRAINT written_reports_summary_fits CHECK (length(summary) BETWEEN 1 AND 20000),
    made_by uuid NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT written_reports_once UNIQUE (tender_id)
);

-- 投标保证金: recorded by the host, not judged by the hall.
CREATE TABLE deposits (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT deposits_tender REFERENCES tenders (id),
    bidder_id uuid NOT NULL CONSTRAINT deposits_bidder REFERENCES organisations (id),
    kind text NOT NULL CONSTRAINT deposits_kind_known CHECK (kind IN ('guarantee', 'cash')),
    amount numeric(16, 2) NOT NULL CONSTRAINT deposits_amount_positive CHECK (amount > 0),
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    returned_at timestamptz,
    CONSTRAINT deposits_once UNIQUE (tender_id, bidder_id),
    CONSTRAINT deposits_returned_after_record CHECK (returned_at >= recorded_at)
);
CREATE INDEX deposits_by_time ON deposits (tender_id, recorded_at DESC, id DESC);

CALL audit('candidate_lists');
CALL audit('awards');
CALL audit('contracts');
CALL audit('written_reports');
CALL audit('deposits');

GRANT SELECT, INSERT ON candidate_lists, awards, contracts, written_reports, deposits TO tenderhall_app;
GRANT UPDATE (result_notice_id, notified_by, notified_at, loser_letters, version) ON awards TO tenderhall_app;
GRANT UPDATE (signed_by, signed_at, published_at, notice_id, filed_by, filed_at, version) ON contracts TO tenderhall_app;
GRANT UPDATE (returned_at) ON deposits TO tenderhall_app;
