COMMENT ON FUNCTION audit_content(jsonb) IS NULL;
COMMENT ON COLUMN log_object.content IS NULL;

CREATE OR REPLACE FUNCTION audit_demands_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_table text := TG_TABLE_NAME;
    written jsonb := to_jsonb(NEW);
    latest jsonb;
BEGIN
    PERFORM 1 FROM log_object o
     WHERE o.xid = pg_current_xact_id() AND o.relation = of_table
       AND o.row_id = NEW.id AND o.content = audit_content(written);
    IF FOUND THEN RETURN NULL; END IF;
    EXECUTE format('SELECT to_jsonb(t) FROM %I.%I t WHERE t.id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO latest USING NEW.id;
    IF latest IS DISTINCT FROM written THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'a change to % without its entry in the record', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_demands_entry';
END $$;
DROP FUNCTION audit_content(anyelement);
