-- The life of a booking (RM-6 to RM-9): what is used, what runs over, what took whose place, and rooms out of service.

-- 超时 is a state of the booking, for whoever watches the floor, and a time on its slot, for whoever counts afterwards:
-- an evaluation that ran over and was released is `released`, and its slot still tells that it ran over.
ALTER TABLE booking_slots DROP CONSTRAINT booking_slots_booking;
ALTER TABLE bookings
    DROP CONSTRAINT bookings_of_a_slot,
    DROP CONSTRAINT bookings_state_known,
    DROP COLUMN live;
ALTER TABLE bookings
    ADD CONSTRAINT bookings_state_known
        CHECK (state IN ('requested', 'confirmed', 'rejected', 'cancelled', 'inUse', 'overrun', 'released', 'noShow',
                         'changed')),
    ADD COLUMN live boolean NOT NULL
        GENERATED ALWAYS AS (state IN ('requested', 'confirmed', 'inUse', 'overrun')) STORED,
    ADD CONSTRAINT bookings_of_a_slot UNIQUE (id, centre_code, live),
    -- Organisation that asked, by which cancelled and missed slots are counted; absent in rows older than this column.
    ADD COLUMN organisation_id uuid,
    -- RM-7: when the centre should have answered; absent where the calendar does not reach.
    ADD COLUMN answer_by timestamptz,
    -- The booking whose place this one took when it was changed.
    ADD COLUMN replaces uuid CONSTRAINT bookings_replaces REFERENCES bookings (id)
        CONSTRAINT bookings_replaced_once UNIQUE,
    -- RM-9: given up by a party, not by the centre.
    ADD COLUMN by_party boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT bookings_party_gives_up CHECK (NOT by_party OR state = 'cancelled'),
    ADD CONSTRAINT bookings_replaces_another CHECK (replaces <> id);
CREATE INDEX bookings_by_organisation ON bookings (organisation_id, requested_at DESC, id DESC);
CREATE INDEX bookings_unanswered ON bookings (centre_code, answer_by) WHERE state = 'requested';

ALTER TABLE booking_slots
    ADD CONSTRAINT booking_slots_booking FOREIGN KEY (booking_id, centre_code, live)
        REFERENCES bookings (id, centre_code, live) ON UPDATE CASCADE,
    -- People the room was asked to hold.
    ADD COLUMN capacity integer CONSTRAINT booking_slots_capacity_counts CHECK (capacity >= 1),
    -- 启用, 超时, 释放; a slot that nobody came to ends without having begun.
    ADD COLUMN begun_at timestamptz,
    ADD COLUMN overran_at timestamptz,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN no_show boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT booking_slots_overran_in_use CHECK (overran_at IS NULL OR begun_at IS NOT NULL),
    ADD CONSTRAINT booking_slots_ended_whole
        CHECK ((ended_at IS NULL AND NOT no_show) OR (ended_at IS NOT NULL AND no_show = (begun_at IS NULL))),
    ADD CONSTRAINT booking_slots_in_order CHECK (ended_at >= begun_at AND overran_at >= begun_at),
    DROP CONSTRAINT booking_slots_no_overlap,
    -- What has ended keeps nobody out, and the index holds only what still may.
    ADD CONSTRAINT booking_slots_no_overlap
        EXCLUDE USING gist (room_id WITH =, blocked WITH &&) WHERE (live AND ended_at IS NULL);
COMMENT ON CONSTRAINT booking_slots_no_overlap ON booking_slots IS 'RM-1 and RM-4: no two live slots of one room overlap, buffers included.';

-- 停用
CREATE TABLE room_closures (
    id uuid PRIMARY KEY,
    room_id uuid NOT NULL CONSTRAINT room_closures_room REFERENCES rooms (id),
    during tstzrange NOT NULL,
    reason text NOT NULL CONSTRAINT room_closures_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    closed_by uuid NOT NULL,
    closed_at timestamptz NOT NULL,
    -- Opened again before its time.
    ended_by uuid,
    ended_at timestamptz,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT room_closures_version_counts CHECK (version >= 1),
    CONSTRAINT room_closures_half_open
        CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
               AND coalesce(isfinite(lower(during)) AND isfinite(upper(during)), false)),
    CONSTRAINT room_closures_ended_whole CHECK ((ended_by IS NULL) = (ended_at IS NULL)),
    CONSTRAINT room_closures_once EXCLUDE USING gist (room_id WITH =, during WITH &&) WHERE (ended_at IS NULL)
);
COMMENT ON TABLE room_closures IS 'Rooms out of service; bookings made before stand until somebody moves them.';

-- A room is closed over bookings that stand, and takes no new one: no exclusion says both, so each side holds the
-- room's row, and a new slot looks at what is closed. An overrun that is lengthened is no new slot.
CREATE FUNCTION booking_slots_room_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM rooms WHERE id = NEW.room_id FOR NO KEY UPDATE;
    IF TG_TABLE_NAME = 'booking_slots' AND EXISTS (
        SELECT 1 FROM room_closures c
         WHERE c.room_id = NEW.room_id AND c.ended_at IS NULL AND c.during && (to_jsonb(NEW) ->> 'blocked')::tstzrange)
    THEN
        RAISE EXCEPTION 'the room is out of service then'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'booking_slots_room_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER booking_slots_room_open BEFORE INSERT ON booking_slots
    FOR EACH ROW WHEN (NEW.live) EXECUTE FUNCTION booking_slots_room_open();
CREATE TRIGGER room_closures_hold_room BEFORE INSERT ON room_closures
    FOR EACH ROW EXECUTE FUNCTION booking_slots_room_open();

CALL audit('room_closures');

GRANT SELECT, INSERT ON room_closures TO tenderhall_app;
GRANT UPDATE (ended_by, ended_at, version) ON room_closures TO tenderhall_app;
GRANT UPDATE (by_party) ON bookings TO tenderhall_app;
GRANT UPDATE (blocked, begun_at, overran_at, ended_at, no_show) ON booking_slots TO tenderhall_app;
