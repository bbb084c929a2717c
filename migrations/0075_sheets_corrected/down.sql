ALTER TABLE score_sheets
    DROP CONSTRAINT score_sheets_once,
    DROP CONSTRAINT score_sheets_number_once,
    ADD CONSTRAINT score_sheets_once UNIQUE (tender_id, seat_id),
    ADD CONSTRAINT score_sheets_number_once UNIQUE (tender_id, number),
    DROP COLUMN revision;
