DROP TABLE report_signatures, low_price_votes, score_sheets, evaluations, qualification_reviews;
DROP FUNCTION evaluation_report_is_kept;
