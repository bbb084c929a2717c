-- Evaluation 评审: what was found, what each member signed, and the report.

-- 资格审查 by the purchaser or its agency, where the procedure gives it to them (财政部令87 art 44).
CREATE TABLE qualification_reviews (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT qualification_reviews_tender REFERENCES tenders (id)
        CONSTRAINT qualification_reviews_once UNIQUE,
    verdicts jsonb NOT NULL CONSTRAINT qualification_reviews_list CHECK (jsonb_typeof(verdicts) = 'array'),
    reviewed_at timestamptz NOT NULL,
    reviewed_by uuid NOT NULL
);

CREATE TABLE evaluations (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT evaluations_tender REFERENCES tenders (id)
        CONSTRAINT evaluations_once UNIQUE,
    started_at timestamptz NOT NULL,
    started_by uuid NOT NULL,
    -- Members, all checked in; the number is fixed from the start on.
    members integer NOT NULL CONSTRAINT evaluations_members_counted CHECK (members >= 1),
    -- Bids that take no part from the start on, with grounds: by price and by qualification.
    screening jsonb NOT NULL CONSTRAINT evaluations_screening_list CHECK (jsonb_typeof(screening) = 'array'),
    -- What the abnormally-low check found, with its numbers; made when the last sheet is signed.
    low_price jsonb CONSTRAINT evaluations_low_price_object CHECK (jsonb_typeof(low_price) = 'object'),
    report jsonb,
    report_hash bytea CONSTRAINT evaluations_report_hash_is_sha256 CHECK (octet_length(report_hash) = 32),
    reported_at timestamptz,
    signed_at timestamptz,
    delivered_at timestamptz,
    -- Rule of a delivery that came too late: recorded, not refused.
    delivered_late text,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT evaluations_version_counts CHECK (version >= 1),
    CONSTRAINT evaluations_report_whole
        CHECK ((report IS NULL) = (report_hash IS NULL) AND (report IS NULL) = (reported_at IS NULL)),
    CONSTRAINT evaluations_reported_is_checked CHECK (report IS NULL OR low_price IS NOT NULL),
    CONSTRAINT evaluations_signed_after_report CHECK (signed_at IS NULL OR signed_at >= reported_at),
    CONSTRAINT evaluations_signed_is_reported CHECK (signed_at IS NULL OR report IS NOT NULL),
    CONSTRAINT evaluations_delivered_is_signed CHECK (delivered_at IS NULL OR signed_at IS NOT NULL),
    CONSTRAINT evaluations_late_is_delivered CHECK (delivered_late IS NULL OR delivered_at IS NOT NULL)
);
CREATE FUNCTION evaluation_report_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a report stays as it was made'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'evaluation_report_is_kept';
END $$;
CREATE TRIGGER evaluation_report_is_kept BEFORE UPDATE ON evaluations FOR EACH ROW
    WHEN (OLD.report IS NOT NULL AND (OLD.report IS DISTINCT FROM NEW.report
                                      OR OLD.report_hash IS DISTINCT FROM NEW.report_hash))
    EXECUTE FUNCTION evaluation_report_is_kept();

CREATE TABLE score_sheets (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT score_sheets_evaluation REFERENCES evaluations (tender_id),
    seat_id uuid NOT NULL CONSTRAINT score_sheets_seat REFERENCES committee_seats (id),
    number integer NOT NULL CONSTRAINT score_sheets_number_counts CHECK (number >= 1),
    sheet jsonb NOT NULL CONSTRAINT score_sheets_sheet_object CHECK (jsonb_typeof(sheet) = 'object'),
    sheet_hash bytea NOT NULL CONSTRAINT score_sheets_hash_is_sha256 CHECK (octet_length(sheet_hash) = 32),
    signed_at timestamptz NOT NULL,
    CONSTRAINT score_sheets_once UNIQUE (tender_id, seat_id),
    CONSTRAINT score_sheets_number_once UNIQUE (tender_id, number)
);

-- Each member's vote on an explanation of an abnormally low price.
CREATE TABLE low_price_votes (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT low_price_votes_evaluation REFERENCES evaluations (tender_id),
    bid_id uuid NOT NULL CONSTRAINT low_price_votes_bid REFERENCES bids (id),
    seat_id uuid NOT NULL CONSTRAINT low_price_votes_seat REFERENCES committee_seats (id),
    number integer NOT NULL CONSTRAINT low_price_votes_number_counts CHECK (number >= 1),
    accepted boolean NOT NULL,
    reason text NOT NULL CONSTRAINT low_price_votes_reason_fits CHECK (length(reason) BETWEEN 1 AND 4000),
    voted_at timestamptz NOT NULL,
    CONSTRAINT low_price_votes_once UNIQUE (bid_id, seat_id)
);
CREATE INDEX low_price_votes_by_tender ON low_price_votes (tender_id);

CREATE TABLE report_signatures (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT report_signatures_evaluation REFERENCES evaluations (tender_id),
    seat_id uuid NOT NULL CONSTRAINT report_signatures_seat REFERENCES committee_seats (id),
    number integer NOT NULL CONSTRAINT report_signatures_number_counts CHECK (number >= 1),
    report_hash bytea NOT NULL CONSTRAINT report_signatures_hash_is_sha256 CHECK (octet_length(report_hash) = 32),
    dissent text CONSTRAINT report_signatures_dissent_fits CHECK (length(dissent) BETWEEN 1 AND 4000),
    signed_at timestamptz NOT NULL,
    CONSTRAINT report_signatures_once UNIQUE (tender_id, seat_id)
);

CALL audit('qualification_reviews');
CALL audit('evaluations');
CALL audit('score_sheets');
CALL audit('low_price_votes');
CALL audit('report_signatures');

GRANT SELECT, INSERT ON qualification_reviews, score_sheets, low_price_votes, report_signatures TO tenderhall_app;
GRANT SELECT, INSERT, UPDATE ON evaluations TO tenderhall_app;
