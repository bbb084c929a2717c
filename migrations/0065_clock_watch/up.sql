-- The watch over the machine clocks 时钟监测. Hall time of a sandbox is moved by hand and is not watched here: what is
-- compared is clock_timestamp() of the primary, the wall clock of each instance, and the time since its machine started.

CREATE TABLE clock_ticks (
    -- Order of writing: times cannot give it, since they are what is in doubt.
    n bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT clock_ticks_pkey PRIMARY KEY,
    instance uuid NOT NULL,
    -- The start of its machine, and how long ago it was (CLOCK_BOOTTIME): comparable within one start only.
    boot uuid NOT NULL,
    boot_us bigint NOT NULL CONSTRAINT clock_ticks_boot_counts CHECK (boot_us >= 0),
    database_at timestamptz NOT NULL,
    hall_at timestamptz NOT NULL,
    instance_at timestamptz NOT NULL,
    -- How long the reading took: its times are no surer than that.
    round_trip_us bigint NOT NULL CONSTRAINT clock_ticks_round_trip_counts CHECK (round_trip_us >= 0),
    -- What the instance's machine says of its own error; absent where it says nothing.
    error_us bigint CONSTRAINT clock_ticks_error_counts CHECK (error_us >= 0),
    -- The instance stops in good order.
    farewell boolean NOT NULL
);
CREATE INDEX clock_ticks_by_boot ON clock_ticks (boot, n);
CREATE INDEX clock_ticks_by_database_at ON clock_ticks (database_at);
CREATE INDEX clock_ticks_by_hall_at ON clock_ticks (hall_at);

-- 时钟存疑: while one is open, no bid is refused for it and nothing closes or opens by itself.
CREATE TABLE clock_suspicions (
    id uuid PRIMARY KEY,
    -- Hall time, as of every record; the clock it comes from is in doubt.
    raised_at timestamptz NOT NULL,
    -- What was seen, each piece with its figures.
    evidence jsonb NOT NULL
        CONSTRAINT clock_suspicions_evidence_seen CHECK (jsonb_typeof(evidence) = 'array' AND evidence <> '[]'),
    decided_at timestamptz,
    decided_by uuid CONSTRAINT clock_suspicions_decided_by REFERENCES accounts (id),
    reason text CONSTRAINT clock_suspicions_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    -- Tenders whose deadlines the decision moved.
    moved uuid[] NOT NULL DEFAULT '{}',
    -- The watch begins anew with the tick after this one.
    decided_tick bigint,
    CONSTRAINT clock_suspicions_decision_whole CHECK (
        (decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (reason IS NULL)
        AND (decided_at IS NULL) = (decided_tick IS NULL)),
    CONSTRAINT clock_suspicions_moved_by_decision CHECK (decided_at IS NOT NULL OR moved = '{}')
);
CREATE UNIQUE INDEX clock_suspicions_one_open ON clock_suspicions ((decided_at IS NULL)) WHERE decided_at IS NULL;

CALL audit('clock_suspicions');

GRANT SELECT, INSERT, DELETE ON clock_ticks TO tenderhall_app;
GRANT SELECT, INSERT ON clock_suspicions TO tenderhall_app;
GRANT UPDATE (decided_at, decided_by, reason, moved, decided_tick) ON clock_suspicions TO tenderhall_app;
