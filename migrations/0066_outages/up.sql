-- 故障延期: the hall itself was away before a deadline. Nobody's silence moves it; the centre's operator proposes and the
-- supervision office, another person, decides.
CREATE TABLE outage_postponements (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT outage_postponements_tender REFERENCES tenders (id),
    -- The deadline that is to be moved, and the one in its place.
    deadline_from timestamptz NOT NULL,
    deadline_to timestamptz NOT NULL CONSTRAINT outage_postponements_later CHECK (deadline_to > deadline_from),
    reason text NOT NULL CONSTRAINT outage_postponements_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    -- The outages as the ticks told them when it was proposed.
    evidence jsonb NOT NULL CONSTRAINT outage_postponements_evidence_seen
        CHECK (jsonb_typeof(evidence) = 'array' AND evidence <> '[]'),
    -- Slots in the place of the booked ones, where the operator names them.
    slots jsonb,
    state text NOT NULL
        CONSTRAINT outage_postponements_state_known CHECK (state IN ('proposed', 'confirmed', 'refused')),
    proposed_by uuid NOT NULL CONSTRAINT outage_postponements_proposed_by REFERENCES accounts (id),
    proposed_at timestamptz NOT NULL,
    decided_by uuid CONSTRAINT outage_postponements_decided_by REFERENCES accounts (id),
    decided_at timestamptz,
    decision text CONSTRAINT outage_postponements_decision_fits CHECK (length(decision) BETWEEN 1 AND 1000),
    CONSTRAINT outage_postponements_state_data CHECK (
        (state = 'proposed') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)
        AND (decided_at IS NULL) = (decision IS NULL)),
    CONSTRAINT outage_postponements_two_people CHECK (decided_by <> proposed_by)
);
CREATE UNIQUE INDEX outage_postponements_one_open ON outage_postponements (tender_id) WHERE state = 'proposed';
CREATE INDEX outage_postponements_by_tender ON outage_postponements (tender_id, proposed_at);

CALL audit('outage_postponements');

GRANT SELECT, INSERT ON outage_postponements TO tenderhall_app;
GRANT UPDATE (state, decided_by, decided_at, decision) ON outage_postponements TO tenderhall_app;
