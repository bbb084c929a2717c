-- Findings of supervising bodies on awards. They never change an award; they stand beside it for ever.

CREATE TABLE award_reviews (
    id uuid PRIMARY KEY,
    award_id uuid NOT NULL CONSTRAINT award_reviews_award REFERENCES awards (id),
    organisation_id uuid NOT NULL CONSTRAINT award_reviews_organisation REFERENCES organisations (id),
    account_id uuid NOT NULL CONSTRAINT award_reviews_account REFERENCES accounts (id),
    finding text NOT NULL CONSTRAINT award_reviews_finding_known CHECK (finding IN ('inOrder', 'question', 'irregular')),
    remark text NOT NULL CONSTRAINT award_reviews_remark_fits CHECK (length(remark) BETWEEN 1 AND 4000),
    made_at timestamptz NOT NULL
);
CREATE INDEX award_reviews_by_award ON award_reviews (award_id, made_at);

CALL audit('award_reviews');

GRANT SELECT, INSERT ON award_reviews TO tenderhall_app;
