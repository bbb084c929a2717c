-- A member puts right the marks of an objective factor on which the committee differs (令87 art 64): the sheet is signed
-- anew, the last one counts, and the earlier one stays as evidence.
ALTER TABLE score_sheets
    ADD COLUMN revision integer NOT NULL DEFAULT 1 CONSTRAINT score_sheets_revision_counts CHECK (revision >= 1),
    DROP CONSTRAINT score_sheets_once,
    DROP CONSTRAINT score_sheets_number_once,
    ADD CONSTRAINT score_sheets_once UNIQUE (tender_id, seat_id, revision),
    ADD CONSTRAINT score_sheets_number_once UNIQUE (tender_id, number, revision);
ALTER TABLE score_sheets ALTER COLUMN revision DROP DEFAULT;
