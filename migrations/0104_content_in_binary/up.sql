-- The content of a row for the record is the hash of the row as PostgreSQL sends it in binary, no longer of its jsonb text.
-- Every audited row is hashed twice, by the statement that writes it and by the check at the commit; this form costs less
-- than half, and unlike the text it is the same whatever time zone a session has set. Entries of before keep the form they
-- were written with: the check compares within one transaction, and whoever holds a row against an old entry uses the old one.
CREATE FUNCTION audit_content(written anyelement) RETURNS bytea LANGUAGE sql STABLE STRICT PARALLEL SAFE AS
    $$ SELECT sha256(record_send(written)) $$;
COMMENT ON COLUMN log_object.content IS 'SHA-256 of the row as record_send() gives it; before migration 0104, of the row as jsonb text.';

CREATE OR REPLACE FUNCTION audit_demands_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_table text := TG_TABLE_NAME;
    written bytea := audit_content(NEW);
    latest bytea;
BEGIN
    PERFORM 1 FROM log_object o
     WHERE o.xid = pg_current_xact_id() AND o.relation = of_table
       AND o.row_id = NEW.id AND o.content = written;
    IF FOUND THEN RETURN NULL; END IF;
    EXECUTE format('SELECT audit_content(t) FROM %I.%I t WHERE t.id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO latest USING NEW.id;
    IF latest IS DISTINCT FROM written THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'a change to % without its entry in the record', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_demands_entry';
END $$;
DROP FUNCTION audit_content(jsonb);
