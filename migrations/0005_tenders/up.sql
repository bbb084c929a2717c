-- Tenders 招标项目(标段): one procedure for one lot of a project, with its document, dates and phase.

CREATE TABLE tenders (
    id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT tenders_code_unique UNIQUE,
    project_id uuid NOT NULL CONSTRAINT tenders_project REFERENCES projects (id),
    lot_no integer NOT NULL,
    -- 招标次数: a failed tender is followed by the next round of the same lot.
    round integer NOT NULL DEFAULT 1 CONSTRAINT tenders_round_counts CHECK (round >= 1),
    centre_code text NOT NULL,
    title text NOT NULL CONSTRAINT tenders_title_fits CHECK (length(title) BETWEEN 2 AND 200),
    procedure_id text NOT NULL,
    -- The tender document as data, and the hash the purchaser approves.
    document jsonb NOT NULL,
    document_hash bytea NOT NULL CONSTRAINT tenders_hash_is_sha256 CHECK (octet_length(document_hash) = 32),
    approved_hash bytea,
    approved_by uuid,
    approved_at timestamptz,
    -- End of the period in which the document is offered.
    offered_until timestamptz NOT NULL,
    deadline timestamptz NOT NULL,
    phase text NOT NULL CONSTRAINT tenders_phase_known
        CHECK (phase IN ('draft', 'published', 'closed', 'opening', 'opened', 'evaluated', 'candidates', 'awarded',
                         'contracted', 'concluded', 'failed', 'terminated')),
    published_at timestamptz,
    -- Day whose law judges the tender: the day of its project's first notice.
    law_on date,
    closed_at timestamptz,
    -- Known to nobody before the opening begins: written by the close.
    bid_count integer CONSTRAINT tenders_bid_count_not_negative CHECK (bid_count >= 0),
    bid_root bytea,
    opening_began_at timestamptz,
    opened_at timestamptz,
    ended_reason text,
    ended_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT tenders_version_counts CHECK (version >= 1),
    CONSTRAINT tenders_lot FOREIGN KEY (project_id, lot_no) REFERENCES project_lots (project_id, no),
    CONSTRAINT tenders_round_once UNIQUE (project_id, lot_no, round),
    CONSTRAINT tenders_approval_whole
        CHECK ((approved_hash IS NULL) = (approved_by IS NULL) AND (approved_hash IS NULL) = (approved_at IS NULL)),
    CONSTRAINT tenders_published_is_approved
        CHECK (phase IN ('draft', 'terminated')
               OR (published_at IS NOT NULL AND law_on IS NOT NULL AND approved_hash = document_hash)),
    CONSTRAINT tenders_deadline_after_publication CHECK (published_at IS NULL OR deadline > published_at),
    CONSTRAINT tenders_offer_before_deadline CHECK (offered_until <= deadline),
    CONSTRAINT tenders_closed_has_count
        CHECK (phase NOT IN ('closed', 'opening', 'opened', 'evaluated', 'candidates', 'awarded', 'contracted', 'concluded')
               OR (closed_at IS NOT NULL AND bid_count IS NOT NULL AND bid_root IS NOT NULL)),
    CONSTRAINT tenders_not_closed_early CHECK (closed_at IS NULL OR closed_at >= deadline),
    CONSTRAINT tenders_opening_has_begun
        CHECK (phase NOT IN ('opening', 'opened', 'evaluated', 'candidates', 'awarded', 'contracted', 'concluded')
               OR opening_began_at IS NOT NULL),
    CONSTRAINT tenders_opened_at
        CHECK (phase NOT IN ('opened', 'evaluated', 'candidates', 'awarded', 'contracted', 'concluded')
               OR opened_at IS NOT NULL),
    CONSTRAINT tenders_end_has_reason
        CHECK ((phase IN ('failed', 'terminated')) = (ended_reason IS NOT NULL)
               AND (ended_reason IS NULL) = (ended_at IS NULL))
);
CREATE INDEX tenders_by_project ON tenders (project_id);
CREATE INDEX tenders_by_time ON tenders (created_at DESC, id DESC);
CREATE INDEX tenders_by_deadline ON tenders (deadline) WHERE phase = 'published';

-- The row that submissions of a lot lock. Unaudited, so that a submission moves nothing anybody can see.
CREATE TABLE tender_intake (
    tender_id uuid PRIMARY KEY CONSTRAINT tender_intake_tender REFERENCES tenders (id),
    last_at timestamptz NOT NULL,
    bid_n bigint NOT NULL DEFAULT 0 CONSTRAINT tender_intake_counts CHECK (bid_n >= 0)
);

-- 开标地点: places a confirmed booking has fixed for a deadline; written by the rooms.
CREATE TABLE tender_places (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT tender_places_tender REFERENCES tenders (id),
    booking_id uuid NOT NULL,
    room_code text NOT NULL,
    room_name jsonb NOT NULL,
    opens_at timestamptz NOT NULL,
    fixed_at timestamptz NOT NULL,
    given_up_at timestamptz,
    CONSTRAINT tender_places_once UNIQUE (tender_id, booking_id, room_code)
);

CREATE TABLE tender_clarifications (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT tender_clarifications_tender REFERENCES tenders (id),
    no integer NOT NULL CONSTRAINT tender_clarifications_number CHECK (no >= 1),
    text text NOT NULL CONSTRAINT tender_clarifications_text_fits CHECK (length(text) BETWEEN 1 AND 20000),
    affects_bids boolean NOT NULL,
    published_at timestamptz NOT NULL,
    published_by uuid NOT NULL,
    CONSTRAINT tender_clarifications_once UNIQUE (tender_id, no)
);

-- When what happened to a tender: the facts that the law's periods are counted from.
CREATE TABLE tender_events (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT tender_events_tender REFERENCES tenders (id),
    event text NOT NULL,
    at timestamptz NOT NULL,
    -- Rule of a duty that was fulfilled too late: recorded, not refused.
    late_rule text,
    CONSTRAINT tender_events_once UNIQUE (tender_id, event, at)
);

-- Serial part of 招标项目编号; gaps are harmless.
CREATE SEQUENCE tender_serials MAXVALUE 999999 CYCLE;

CALL audit('tender_events');
CALL audit('tenders');
CALL audit('tender_places');
CALL audit('tender_clarifications');

GRANT SELECT, INSERT, UPDATE ON tenders, tender_intake, tender_places TO tenderhall_app;
GRANT SELECT, INSERT ON tender_clarifications, tender_events TO tenderhall_app;
GRANT USAGE ON SEQUENCE tender_serials TO tenderhall_app;
