-- The ground: the hall's clock, the record, scheduled work, outgoing post, and answers kept for retries.

-- Trusted extension: the exclusion constraints of rooms compare uuids and ranges together.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- ---------------------------------------------------------------- the hall and its clock
CREATE TABLE hall (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT hall_is_one_row CHECK (one),
    mode text NOT NULL CONSTRAINT hall_mode_known CHECK (mode IN ('production', 'sandbox')),
    shift interval NOT NULL DEFAULT interval '0',
    held_at timestamptz,
    founded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT hall_production_clock_is_real
        CHECK (mode = 'sandbox' OR (shift = interval '0' AND held_at IS NULL))
);
COMMENT ON TABLE hall IS 'One row: whether this database is a production hall or a sandbox, and the sandbox clock.';

CREATE FUNCTION hall_keeps_its_mode() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.mode <> OLD.mode OR NEW.founded_at <> OLD.founded_at THEN
        RAISE EXCEPTION 'a hall keeps the mode it was founded with'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hall_keeps_its_mode';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hall_keeps_its_mode BEFORE UPDATE OR DELETE ON hall
    FOR EACH ROW EXECUTE FUNCTION hall_keeps_its_mode();

-- Hall time. In a statement after a lock wait this reads the clock after the wait, not before it.
CREATE FUNCTION hall_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    $$ SELECT coalesce(h.held_at, clock_timestamp() + h.shift) FROM hall h $$;

-- ---------------------------------------------------------------- the record
-- Rows waiting for the log's sequencer: written in the transaction of the act they record.
CREATE TABLE log_pending (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL,
    act text NOT NULL,
    project_id uuid,
    tender_id uuid,
    -- Set on entries that tell of a bid: shown to nobody before the opening has begun.
    tells_of_bid boolean NOT NULL DEFAULT false,
    skeleton jsonb NOT NULL,
    body jsonb,
    salt bytea,
    leaf bytea NOT NULL CONSTRAINT log_pending_leaf_is_sha256 CHECK (octet_length(leaf) = 32),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT log_pending_body_with_salt CHECK ((body IS NULL) = (salt IS NULL))
);
COMMENT ON COLUMN log_pending.leaf IS 'SHA-256(0x00 || JCS(skeleton)); the skeleton commits to the body by SHA-256(salt || JCS(body)).';
CREATE INDEX log_pending_by_project ON log_pending (project_id, id);
CREATE INDEX log_pending_by_tender ON log_pending (tender_id, id);

-- Which row, with which content, an entry stands for. Content is the hash of the row as jsonb text.
CREATE TABLE log_object (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    relation text NOT NULL,
    row_id uuid NOT NULL,
    content bytea NOT NULL CONSTRAINT log_object_content_is_sha256 CHECK (octet_length(content) = 32),
    entry bigint NOT NULL CONSTRAINT log_object_entry REFERENCES log_pending (id),
    CONSTRAINT log_object_once PRIMARY KEY (xid, relation, row_id, content)
);
CREATE INDEX log_object_by_row ON log_object (row_id);

CREATE FUNCTION audit_content(content jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT sha256(convert_to(content::text, 'UTF8')) $$;

CREATE FUNCTION log_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is written once' USING ERRCODE = 'check_violation', CONSTRAINT = 'log_is_kept';
END $$;
CREATE TRIGGER log_pending_is_kept BEFORE UPDATE OR DELETE ON log_pending
    FOR EACH ROW EXECUTE FUNCTION log_is_kept();
CREATE TRIGGER log_pending_is_not_emptied BEFORE TRUNCATE ON log_pending EXECUTE FUNCTION log_is_kept();
CREATE TRIGGER log_object_is_kept BEFORE UPDATE OR DELETE ON log_object
    FOR EACH ROW EXECUTE FUNCTION log_is_kept();
CREATE TRIGGER log_object_is_not_emptied BEFORE TRUNCATE ON log_object EXECUTE FUNCTION log_is_kept();

-- Deferred to the commit: a changed row of an audited table must be named, with its content, by an entry of
-- the same transaction. A row changed twice is judged by its last content.
CREATE FUNCTION audit_demands_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written jsonb := to_jsonb(NEW);
    latest jsonb;
BEGIN
    PERFORM 1 FROM log_object o
     WHERE o.xid = pg_current_xact_id() AND o.relation = TG_TABLE_NAME
       AND o.row_id = NEW.id AND o.content = audit_content(written);
    IF FOUND THEN RETURN NULL; END IF;
    EXECUTE format('SELECT to_jsonb(t) FROM %I.%I t WHERE t.id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO latest USING NEW.id;
    IF latest IS DISTINCT FROM written THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'a change to % without its entry in the record', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_demands_entry';
END $$;

CREATE FUNCTION audited_rows_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audited_rows_stay';
END $$;

-- Puts a table under the record: every insert and update needs its entry, nothing is deleted.
CREATE PROCEDURE audit(relation regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER INSERT OR UPDATE ON %s DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION audit_demands_entry()', 'audit_entry', relation);
    EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %s FOR EACH ROW EXECUTE FUNCTION audited_rows_stay()',
                   'audit_stays', relation);
END $$;

-- ---------------------------------------------------------------- scheduled work
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    -- Hall time at which the act falls due; acts run in this order.
    due_at timestamptz NOT NULL,
    -- One job for one act, however often it is scheduled.
    key text NOT NULL CONSTRAINT jobs_key_unique UNIQUE,
    seq bigserial NOT NULL,
    -- Machine time before which a failed job is not tried again.
    retry_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT jobs_attempts_counted CHECK (attempts >= 0),
    failure text,
    done_at timestamptz
);
CREATE INDEX jobs_due ON jobs (due_at, seq) WHERE done_at IS NULL;

-- ---------------------------------------------------------------- outgoing post
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    recipient text NOT NULL CONSTRAINT outbox_recipient_short CHECK (length(recipient) <= 320),
    subject text NOT NULL,
    body text NOT NULL,
    about uuid,
    written_at timestamptz NOT NULL,
    retry_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT outbox_attempts_counted CHECK (attempts >= 0),
    failure text,
    sent_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (retry_at, id) WHERE sent_at IS NULL;

-- ---------------------------------------------------------------- answers kept for retries
CREATE TABLE idempotency (
    account_id uuid NOT NULL,
    key text NOT NULL CONSTRAINT idempotency_key_short CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CONSTRAINT idempotency_fingerprint_is_sha256 CHECK (octet_length(fingerprint) = 32),
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT idempotency_once PRIMARY KEY (account_id, key)
);

-- ---------------------------------------------------------------- what the application may do here
GRANT SELECT, INSERT ON hall, log_pending, log_object, jobs, outbox, idempotency TO tenderhall_app;
GRANT UPDATE (shift, held_at) ON hall TO tenderhall_app;
GRANT UPDATE (retry_at, attempts, failure, done_at, due_at) ON jobs TO tenderhall_app;
GRANT UPDATE (retry_at, attempts, failure, sent_at) ON outbox TO tenderhall_app;
GRANT DELETE ON idempotency TO tenderhall_app;
GRANT USAGE ON SEQUENCE log_pending_id_seq, jobs_seq_seq TO tenderhall_app;
