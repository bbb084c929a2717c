-- The verifiable log: a tree by RFC 6962 over the leaves of the record, its signed checkpoints and the witnesses'
-- cosignatures. Rows are only ever inserted, by whichever instance holds the sequencer's lock.

-- Logs follow one another: a database restored from a copy older than what was published must not go on with its
-- log, since it would contradict it. The next one begins with the last checkpoint known of the one before.
CREATE TABLE log_book (
    log smallint PRIMARY KEY CONSTRAINT log_book_counts CHECK (log >= 1),
    origin text NOT NULL CONSTRAINT log_book_origin_unique UNIQUE,
    -- The note of the last known checkpoint of the log before, and why it ended.
    succeeds text,
    reason text,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT log_book_succession CHECK ((log = 1) = (succeeds IS NULL) AND (log = 1) = (reason IS NULL))
);

CREATE TABLE log_leaf (
    log smallint NOT NULL,
    idx bigint NOT NULL CONSTRAINT log_leaf_from_zero CHECK (idx >= 0),
    -- Names a row of log_pending. No foreign key: it would lock, and so write, every entry once more.
    pending_id bigint CONSTRAINT log_leaf_entry_once UNIQUE,
    -- Set on padding, whose leaf is made of it.
    nonce bytea CONSTRAINT log_leaf_nonce_size CHECK (octet_length(nonce) = 32),
    leaf bytea NOT NULL CONSTRAINT log_leaf_is_sha256 CHECK (octet_length(leaf) = 32),
    PRIMARY KEY (log, idx),
    -- Neither stands at the head of a log that succeeds another.
    CONSTRAINT log_leaf_of_one CHECK (num_nonnulls(pending_id, nonce) = CASE WHEN log > 1 AND idx = 0 THEN 0 ELSE 1 END)
);
CREATE INDEX log_leaf_by_leaf ON log_leaf USING hash (leaf);

CREATE TABLE log_hash (
    log smallint NOT NULL,
    idx bigint NOT NULL CONSTRAINT log_hash_from_zero CHECK (idx >= 0),
    hash bytea NOT NULL CONSTRAINT log_hash_is_sha256 CHECK (octet_length(hash) = 32),
    PRIMARY KEY (log, idx)
);
COMMENT ON TABLE log_hash IS 'Hashes of complete subtrees; each follows the leaf that completes it.';

CREATE TABLE log_checkpoint (
    log smallint NOT NULL CONSTRAINT log_checkpoint_log REFERENCES log_book (log),
    size bigint NOT NULL CONSTRAINT log_checkpoint_by_eights CHECK (size >= 0 AND size % 8 = 0),
    root bytea NOT NULL CONSTRAINT log_checkpoint_root_is_sha256 CHECK (octet_length(root) = 32),
    note text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size)
);

CREATE TABLE log_cosig (
    log smallint NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    -- The time the witness has signed.
    at timestamptz NOT NULL,
    CONSTRAINT log_cosig_checkpoint FOREIGN KEY (log, size) REFERENCES log_checkpoint (log, size),
    PRIMARY KEY (log, size, witness, at)
);
CREATE INDEX log_cosig_newest ON log_cosig (witness, at DESC);

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['log_book', 'log_leaf', 'log_hash', 'log_checkpoint', 'log_cosig'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION log_is_kept()',
                       kept || '_is_kept', kept);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION log_is_kept()',
                       kept || '_is_not_emptied', kept);
    END LOOP;
END $$;

-- Personal data stands only in an entry's body. Who owns the tables may take body and salt away together; what the
-- tree commits to stays.
CREATE FUNCTION log_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.body IS NULL AND NEW.salt IS NULL
       AND to_jsonb(NEW) - ARRAY['body', 'salt'] = to_jsonb(OLD) - ARRAY['body', 'salt'] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the record is written once' USING ERRCODE = 'check_violation', CONSTRAINT = 'log_is_kept';
END $$;
DROP TRIGGER log_pending_is_kept ON log_pending;
CREATE TRIGGER log_pending_is_kept BEFORE UPDATE OR DELETE ON log_pending
    FOR EACH ROW EXECUTE FUNCTION log_entry_is_kept();

GRANT SELECT, INSERT ON log_book, log_leaf, log_hash, log_checkpoint, log_cosig TO tenderhall_app;
