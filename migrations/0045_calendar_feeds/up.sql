-- Calendar feeds 日历订阅, and the bell by which every instance learns that a floor has changed.

-- A calendar program cannot sign in: the address holds a secret, kept as its hash, and shows what the account that
-- asked for it may see on the day it is read.
CREATE TABLE calendar_feeds (
    id uuid PRIMARY KEY,
    key_sha256 bytea NOT NULL CONSTRAINT calendar_feeds_key_unique UNIQUE
        CONSTRAINT calendar_feeds_key_is_sha256 CHECK (octet_length(key_sha256) = 32),
    account_id uuid NOT NULL CONSTRAINT calendar_feeds_account REFERENCES accounts (id),
    -- One room, a centre with all its rooms, or what one organisation has booked.
    room_id uuid CONSTRAINT calendar_feeds_room REFERENCES rooms (id),
    centre_code text CONSTRAINT calendar_feeds_centre_shape CHECK (centre_code ~ '^[1-9][0-9]{5}$'),
    organisation_id uuid CONSTRAINT calendar_feeds_organisation REFERENCES organisations (id),
    language text NOT NULL CONSTRAINT calendar_feeds_language_known CHECK (language IN ('zh', 'en')),
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT calendar_feeds_of_one CHECK (num_nonnulls(room_id, centre_code, organisation_id) = 1),
    CONSTRAINT calendar_feeds_in_order CHECK (ended_at >= made_at)
);
CREATE INDEX calendar_feeds_by_account ON calendar_feeds (account_id, made_at DESC, id DESC);
CALL audit('calendar_feeds');
GRANT SELECT, INSERT ON calendar_feeds TO tenderhall_app;
GRANT UPDATE (ended_at) ON calendar_feeds TO tenderhall_app;

CREATE INDEX booking_slots_by_centre ON booking_slots USING gist (centre_code, during);

-- Rings once for each centre a statement touched; the payload is the centre's code and nothing else.
CREATE FUNCTION ring_floor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'room_closures' THEN
        PERFORM pg_notify('floor', r.centre_code) FROM (
            SELECT DISTINCT rooms.centre_code FROM touched JOIN rooms ON rooms.id = touched.room_id) r;
    ELSE
        PERFORM pg_notify('floor', t.centre_code) FROM (
            SELECT DISTINCT to_jsonb(touched) ->> 'centre_code' AS centre_code FROM touched) t;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bookings_ring_new AFTER INSERT ON bookings
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ring_floor();
CREATE TRIGGER bookings_ring AFTER UPDATE ON bookings
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ring_floor();
CREATE TRIGGER booking_slots_ring AFTER UPDATE ON booking_slots
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ring_floor();
CREATE TRIGGER room_closures_ring_new AFTER INSERT ON room_closures
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ring_floor();
CREATE TRIGGER room_closures_ring AFTER UPDATE ON room_closures
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION ring_floor();
