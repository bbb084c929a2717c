-- Editions of the law and years of the calendar: entered by the administrator, in force by the supervision office.
-- The texts stand here, so that every instance judges by the same and a project finds the edition it was frozen to.

CREATE TABLE law_changes (
    id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT law_changes_kind_known CHECK (kind IN ('edition', 'calendar')),
    -- The year of a calendar.
    year integer CONSTRAINT law_changes_year_in_range CHECK (year BETWEEN 1949 AND 9999),
    -- Path below the folder of policy → text.
    files jsonb NOT NULL CONSTRAINT law_changes_files_object CHECK (jsonb_typeof(files) = 'object'),
    digest bytea NOT NULL CONSTRAINT law_changes_digest_sha256 CHECK (length(digest) = 32),
    state text NOT NULL CONSTRAINT law_changes_state_known CHECK (state IN ('entered', 'adopted', 'refused')),
    entered_at timestamptz NOT NULL,
    -- Absent: it came with the program or its configuration at a start.
    entered_by uuid CONSTRAINT law_changes_entered_by REFERENCES accounts (id),
    decided_at timestamptz,
    decided_by uuid CONSTRAINT law_changes_decided_by REFERENCES accounts (id),
    reason text CONSTRAINT law_changes_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    -- Order of adoption. The highest of an edition, and of each year, is in force.
    adopted_no integer CONSTRAINT law_changes_adopted_once UNIQUE,
    CONSTRAINT law_changes_year_of_calendar CHECK ((kind = 'calendar') = (year IS NOT NULL)),
    CONSTRAINT law_changes_state_data CHECK (
        (state = 'entered') = (decided_at IS NULL)
        AND (state = 'adopted') = (adopted_no IS NOT NULL)
        AND (state <> 'refused' OR reason IS NOT NULL)
        AND (state = 'adopted' OR entered_by IS NOT NULL)),
    CONSTRAINT law_changes_two_people CHECK (
        (entered_by IS NULL AND decided_by IS NULL)
        OR decided_at IS NULL OR (decided_by IS NOT NULL AND decided_by <> entered_by))
);
CREATE INDEX law_changes_in_force ON law_changes (kind, year, adopted_no DESC) WHERE state = 'adopted';
CREATE INDEX law_changes_by_time ON law_changes (entered_at, id);

-- One row: the number of the last adoption. Who fixes a deadline holds it, so that no calendar changes under them.
CREATE TABLE law_in_force (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT law_in_force_one_row CHECK (one),
    adopted_no integer NOT NULL
);
INSERT INTO law_in_force (adopted_no) VALUES (0);

CREATE FUNCTION law_changes_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'entered'
       OR (NEW.id, NEW.kind, NEW.year, NEW.files, NEW.digest, NEW.entered_at, NEW.entered_by)
          IS DISTINCT FROM (OLD.id, OLD.kind, OLD.year, OLD.files, OLD.digest, OLD.entered_at, OLD.entered_by)
    THEN
        RAISE EXCEPTION 'a change of the law stays as it was entered and decided'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'law_changes_are_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER law_changes_are_kept BEFORE UPDATE OR DELETE ON law_changes
    FOR EACH ROW EXECUTE FUNCTION law_changes_are_kept();

CALL audit('law_changes');

-- The edition a project was frozen to by its first notice. Projects frozen before editions were kept have none and
-- stay with the first the hall has.
ALTER TABLE projects
    ADD COLUMN law_edition uuid CONSTRAINT projects_law_edition REFERENCES law_changes (id),
    ADD CONSTRAINT projects_edition_with_first_notice CHECK (law_edition IS NULL OR first_notice_on IS NOT NULL);

GRANT SELECT, INSERT, UPDATE ON law_changes TO tenderhall_app;
GRANT SELECT, UPDATE ON law_in_force TO tenderhall_app;
