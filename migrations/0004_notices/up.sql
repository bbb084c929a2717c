-- Statutory publications 公告公示: what was published stays as it was published.

CREATE TABLE notices (
    id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT notices_kind_known
        CHECK (kind IN ('tenderNotice', 'clarification', 'postponement', 'termination', 'failure', 'openingRecord',
                        'candidates', 'awardResult', 'contract')),
    project_id uuid NOT NULL CONSTRAINT notices_project REFERENCES projects (id),
    tender_id uuid,
    centre_code text NOT NULL,
    region_code text NOT NULL,
    category text NOT NULL,
    title jsonb NOT NULL,
    sections jsonb NOT NULL CONSTRAINT notices_sections_list CHECK (jsonb_typeof(sections) = 'array'),
    published_at timestamptz NOT NULL,
    -- End of the publicity or notice period, where the law gives one.
    period_ends_at timestamptz,
    -- Bigrams of title and text, computed by the program: two-character words are found by an index.
    grams text[] NOT NULL,
    CONSTRAINT notices_period_after_publication CHECK (period_ends_at > published_at)
);
CREATE INDEX notices_by_time ON notices (published_at DESC, id DESC);
CREATE INDEX notices_by_tender ON notices (tender_id, published_at);
CREATE INDEX notices_by_project ON notices (project_id, published_at);
CREATE INDEX notices_by_words ON notices USING gin (grams);

CREATE FUNCTION notices_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a notice stays as it was published'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'notices_are_kept';
END $$;
CREATE TRIGGER notices_are_kept BEFORE UPDATE OR DELETE ON notices
    FOR EACH ROW EXECUTE FUNCTION notices_are_kept();

CALL audit('notices');
GRANT SELECT, INSERT ON notices TO tenderhall_app;
