DROP TABLE room_closures;
DROP TRIGGER booking_slots_room_open ON booking_slots;
DROP FUNCTION booking_slots_room_open();
REVOKE UPDATE (blocked, begun_at, overran_at, ended_at, no_show) ON booking_slots FROM tenderhall_app;
ALTER TABLE booking_slots
    DROP CONSTRAINT booking_slots_booking,
    DROP CONSTRAINT booking_slots_no_overlap,
    DROP COLUMN no_show,
    DROP COLUMN ended_at,
    DROP COLUMN overran_at,
    DROP COLUMN begun_at,
    DROP COLUMN capacity;
DROP INDEX bookings_unanswered, bookings_by_organisation;
ALTER TABLE bookings
    DROP CONSTRAINT bookings_of_a_slot,
    DROP CONSTRAINT bookings_state_known,
    DROP COLUMN by_party,
    DROP COLUMN replaces,
    DROP COLUMN answer_by,
    DROP COLUMN organisation_id,
    DROP COLUMN live;
ALTER TABLE bookings
    ADD CONSTRAINT bookings_state_known
        CHECK (state IN ('requested', 'confirmed', 'rejected', 'cancelled', 'inUse', 'released', 'noShow', 'changed')),
    ADD COLUMN live boolean NOT NULL GENERATED ALWAYS AS (state IN ('requested', 'confirmed', 'inUse')) STORED,
    ADD CONSTRAINT bookings_of_a_slot UNIQUE (id, centre_code, live);
ALTER TABLE booking_slots
    ADD CONSTRAINT booking_slots_booking FOREIGN KEY (booking_id, centre_code, live)
        REFERENCES bookings (id, centre_code, live) ON UPDATE CASCADE,
    ADD CONSTRAINT booking_slots_no_overlap EXCLUDE USING gist (room_id WITH =, blocked WITH &&) WHERE (live);
