-- The content of a row for the record is the hash of the row as PostgreSQL sends it in binary, no longer of its jsonb text.
-- Every audited row is hashed twice, by the statement that writes it and by the check at the commit; this form costs less
-- than half, and unlike the text it is the same whatever time zone a session has set. It is that of a session in UTF8, so
-- the check takes no other.
--
-- audit_content(jsonb) stays: entries of before have its form (of to_jsonb of the row, in a session in UTC), and so has what
-- an instance of the version before writes while this one is already migrated; the check takes either.
CREATE FUNCTION audit_content(written anyelement) RETURNS bytea LANGUAGE sql STABLE STRICT PARALLEL SAFE AS
    $$ SELECT sha256(record_send(written)) $$;
COMMENT ON FUNCTION audit_content(anyelement) IS 'SHA-256 of a row, its columns in their order, for the record. Ask in a session whose client_encoding is UTF8.';
COMMENT ON FUNCTION audit_content(jsonb) IS 'The same of to_jsonb of the row, in time zone UTC: the form of entries from before migration 0104.';
COMMENT ON COLUMN log_object.content IS 'SHA-256 of the row as record_send() gives it; before migration 0104, of the row as jsonb text.';

CREATE OR REPLACE FUNCTION audit_demands_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_table text := TG_TABLE_NAME;
    written bytea := audit_content(NEW);
    latest bytea;
BEGIN
    IF pg_client_encoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'a change to % in another encoding than UTF8', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_demands_entry';
    END IF;
    PERFORM 1 FROM log_object o
     WHERE o.xid = pg_current_xact_id() AND o.relation = of_table
       AND o.row_id = NEW.id AND o.content = written;
    IF FOUND THEN RETURN NULL; END IF;
    EXECUTE format('SELECT audit_content(t) FROM %I.%I t WHERE t.id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO latest USING NEW.id;
    IF latest IS DISTINCT FROM written THEN RETURN NULL; END IF;
    PERFORM 1 FROM log_object o
     WHERE o.xid = pg_current_xact_id() AND o.relation = of_table
       AND o.row_id = NEW.id AND o.content = audit_content(to_jsonb(NEW));
    IF FOUND THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'a change to % without its entry in the record', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_demands_entry';
END $$;
