ALTER FUNCTION audit_content(jsonb) IMMUTABLE;
CREATE OR REPLACE FUNCTION hall_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(h.held_at, clock_timestamp() + h.shift) FROM hall h
$$;
