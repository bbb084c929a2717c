-- Rooms 场地 of the centres and their bookings 场地预约. PostgreSQL itself keeps slots of one room apart.

CREATE TABLE rooms (
    id uuid PRIMARY KEY,
    centre_code text NOT NULL CONSTRAINT rooms_centre_fits CHECK (length(centre_code) BETWEEN 1 AND 20),
    code text NOT NULL CONSTRAINT rooms_code_fits CHECK (length(code) BETWEEN 1 AND 60),
    kind text NOT NULL
        CONSTRAINT rooms_kind_known
        CHECK (kind IN ('opening', 'evaluation', 'draw', 'rest', 'control', 'storage', 'complaint')),
    -- Place in the centre's file: the first free room is the first of this order.
    no integer NOT NULL CONSTRAINT rooms_number CHECK (no >= 1),
    name jsonb NOT NULL CONSTRAINT rooms_name_in_both_languages
        CHECK (jsonb_typeof(name -> 'zh') = 'string' AND jsonb_typeof(name -> 'en') = 'string'),
    capacity integer NOT NULL CONSTRAINT rooms_capacity_counts CHECK (capacity >= 1),
    -- Whether the centre's file still lists it; a room that has gone keeps its past and takes no new slot.
    listed boolean NOT NULL,
    CONSTRAINT rooms_code_once UNIQUE (centre_code, code),
    CONSTRAINT rooms_of_a_slot UNIQUE (id, centre_code, kind)
);
COMMENT ON TABLE rooms IS 'The rooms of config/centres, written at every start.';

CREATE TABLE bookings (
    id uuid PRIMARY KEY,
    tender_id uuid NOT NULL CONSTRAINT bookings_tender REFERENCES tenders (id),
    centre_code text NOT NULL,
    -- Deadline of bids the slots are for (RM-2): the tender's, or a later one that a postponement will name.
    deadline timestamptz NOT NULL,
    state text NOT NULL
        CONSTRAINT bookings_state_known
        CHECK (state IN ('requested', 'confirmed', 'rejected', 'cancelled', 'inUse', 'released', 'noShow', 'changed')),
    -- Whether its slots keep others out; the slots follow it.
    live boolean NOT NULL GENERATED ALWAYS AS (state IN ('requested', 'confirmed', 'inUse')) STORED,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    -- Last decision: confirmed, rejected or cancelled; by nobody where the centre confirms at once.
    decided_by uuid,
    decided_at timestamptz,
    reason text CONSTRAINT bookings_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    -- RM-9: given up by a party less than one working day before its first slot.
    late boolean NOT NULL DEFAULT false,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT bookings_version_counts CHECK (version >= 1),
    CONSTRAINT bookings_decision_whole CHECK ((state = 'requested') = (decided_at IS NULL)),
    CONSTRAINT bookings_decided_by_then CHECK (decided_by IS NULL OR decided_at IS NOT NULL),
    CONSTRAINT bookings_no_has_reason CHECK (state NOT IN ('rejected', 'cancelled') OR reason IS NOT NULL),
    CONSTRAINT bookings_late_is_cancelled CHECK (NOT late OR state = 'cancelled'),
    CONSTRAINT bookings_of_a_slot UNIQUE (id, centre_code, live)
);
CREATE INDEX bookings_by_tender ON bookings (tender_id, requested_at DESC, id DESC);

CREATE TABLE booking_slots (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL,
    no integer NOT NULL CONSTRAINT booking_slots_number CHECK (no >= 1),
    centre_code text NOT NULL,
    room_id uuid NOT NULL,
    kind text NOT NULL,
    -- What was asked for, and the same with the centre's time for setting up before and cleaning after (RM-4).
    during tstzrange NOT NULL,
    blocked tstzrange NOT NULL,
    live boolean NOT NULL,
    CONSTRAINT booking_slots_once UNIQUE (booking_id, no),
    -- A slot stands at its booking's centre, in a room of that centre, and lives as long as its booking.
    CONSTRAINT booking_slots_booking FOREIGN KEY (booking_id, centre_code, live)
        REFERENCES bookings (id, centre_code, live) ON UPDATE CASCADE,
    CONSTRAINT booking_slots_room FOREIGN KEY (room_id, centre_code, kind) REFERENCES rooms (id, centre_code, kind),
    CONSTRAINT booking_slots_half_open
        CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
               AND coalesce(isfinite(lower(during)) AND isfinite(upper(during)), false)),
    CONSTRAINT booking_slots_block_half_open
        CHECK (NOT isempty(blocked) AND lower_inc(blocked) AND NOT upper_inc(blocked)
               AND coalesce(isfinite(lower(blocked)) AND isfinite(upper(blocked)), false)),
    CONSTRAINT booking_slots_blocked_contains CHECK (blocked @> during),
    CONSTRAINT booking_slots_no_overlap EXCLUDE USING gist (room_id WITH =, blocked WITH &&) WHERE (live)
);
COMMENT ON CONSTRAINT booking_slots_no_overlap ON booking_slots IS 'RM-1 and RM-4: no two live slots of one room overlap, buffers included.';

CALL audit('rooms');
CALL audit('bookings');
CALL audit('booking_slots');

GRANT SELECT, INSERT ON rooms, bookings, booking_slots TO tenderhall_app;
-- `live` of a slot moves with its booking, through the key above, never by itself.
GRANT UPDATE (no, name, capacity, listed) ON rooms TO tenderhall_app;
GRANT UPDATE (state, decided_by, decided_at, reason, late, version) ON bookings TO tenderhall_app;
