-- Experts 评审专家: the pool, random draws from it, and who sits on which committee.

CREATE TABLE experts (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT experts_account REFERENCES accounts (id)
        CONSTRAINT experts_account_once UNIQUE,
    -- 工作单位: by organisation where the hall knows it, always by name; recusal looks at both.
    unit_id uuid CONSTRAINT experts_unit REFERENCES organisations (id),
    unit_name text NOT NULL CONSTRAINT experts_unit_name_fits CHECK (length(unit_name) BETWEEN 1 AND 200),
    specialties text[] NOT NULL
        CONSTRAINT experts_has_specialty CHECK (cardinality(specialties) BETWEEN 1 AND 20),
    status text NOT NULL CONSTRAINT experts_status_known CHECK (status IN ('active', 'paused', 'removed')),
    enrolled_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT experts_version_counts CHECK (version >= 1)
);
CREATE INDEX experts_by_specialty ON experts USING gin (specialties);

-- One draw with everything needed to make it again: frozen pool, exclusions, seed.
CREATE TABLE draws (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT draws_tender REFERENCES tenders (id),
    centre_code text NOT NULL,
    state text NOT NULL CONSTRAINT draws_state_known CHECK (state IN ('requested', 'done', 'superseded')),
    slots jsonb NOT NULL CONSTRAINT draws_slots_list CHECK (jsonb_typeof(slots) = 'array'),
    avoid_units text[] NOT NULL,
    -- Substitutes drawn for each specialty (EX-10, a setting).
    reserves integer NOT NULL CONSTRAINT draws_reserves_counted CHECK (reserves >= 0),
    requested_at timestamptz NOT NULL,
    requested_by uuid NOT NULL,
    run_at timestamptz,
    run_by uuid,
    -- The beginning of the evaluation as planned when the draw was run (EX-4).
    evaluation_planned_at timestamptz,
    pool jsonb CONSTRAINT draws_pool_list CHECK (jsonb_typeof(pool) = 'array'),
    exclusions jsonb CONSTRAINT draws_exclusions_list CHECK (jsonb_typeof(exclusions) = 'array'),
    seed bytea CONSTRAINT draws_seed_is_32_bytes CHECK (octet_length(seed) = 32),
    version bigint NOT NULL DEFAULT 1 CONSTRAINT draws_version_counts CHECK (version >= 1),
    CONSTRAINT draws_done_is_whole
        CHECK ((state = 'done') = (run_at IS NOT NULL) AND (run_at IS NULL) = (run_by IS NULL)
               AND (run_at IS NULL) = (pool IS NULL) AND (run_at IS NULL) = (exclusions IS NULL)
               AND (run_at IS NULL) = (seed IS NULL) AND (run_at IS NULL) = (evaluation_planned_at IS NULL)),
    CONSTRAINT draws_run_after_request CHECK (run_at >= requested_at)
);
CREATE UNIQUE INDEX draws_one_waiting ON draws (tender_id) WHERE state = 'requested';
CREATE INDEX draws_by_tender ON draws (tender_id, requested_at);

-- What a draw gave: members and substitutes. Nobody but the expert concerned reads it before the result (EX-13).
CREATE TABLE committee_seats (
    id uuid PRIMARY KEY,
    draw_id uuid NOT NULL CONSTRAINT committee_seats_draw REFERENCES draws (id),
    tender_id uuid NOT NULL CONSTRAINT committee_seats_tender REFERENCES tenders (id),
    expert_id uuid NOT NULL CONSTRAINT committee_seats_expert REFERENCES experts (id),
    account_id uuid NOT NULL CONSTRAINT committee_seats_account REFERENCES accounts (id),
    specialty text NOT NULL,
    -- Place in the specialty's drawn order.
    rank integer NOT NULL CONSTRAINT committee_seats_rank_counts CHECK (rank >= 1),
    state text NOT NULL
        CONSTRAINT committee_seats_state_known CHECK (state IN ('reserve', 'called', 'checkedIn', 'replaced')),
    -- What doors, sheets and the report name instead of the person; a substitute takes over the number.
    number integer CONSTRAINT committee_seats_number_counts CHECK (number >= 1),
    checked_in_at timestamptz,
    replaced_at timestamptz,
    replaced_reason text,
    CONSTRAINT committee_seats_expert_once UNIQUE (tender_id, expert_id),
    CONSTRAINT committee_seats_reserve_has_no_number CHECK (state NOT IN ('called', 'checkedIn') OR number IS NOT NULL),
    CONSTRAINT committee_seats_checked_in_at CHECK (state <> 'checkedIn' OR checked_in_at IS NOT NULL),
    CONSTRAINT committee_seats_replaced_says_why
        CHECK ((state = 'replaced') = (replaced_at IS NOT NULL) AND (replaced_at IS NULL) = (replaced_reason IS NULL))
);
CREATE UNIQUE INDEX committee_seats_number_once ON committee_seats (tender_id, number)
    WHERE state IN ('called', 'checkedIn');
CREATE INDEX committee_seats_by_account ON committee_seats (account_id);
CREATE INDEX committee_seats_by_draw ON committee_seats (draw_id);

CALL audit('experts');
CALL audit('draws');
CALL audit('committee_seats');

GRANT SELECT, INSERT, UPDATE ON experts, draws, committee_seats TO tenderhall_app;
