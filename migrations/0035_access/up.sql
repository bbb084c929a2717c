-- Doors 门禁: whose door asks, who stands before it, what it was answered; lockers, recordings and alarms.

-- Devices of a centre, each known by a key that is shown once. A door opens one room or one area.
CREATE TABLE access_keys (
    id uuid PRIMARY KEY,
    centre_code text NOT NULL,
    kind text NOT NULL CONSTRAINT access_keys_kind_known CHECK (kind IN ('door', 'recorder')),
    room_id uuid,
    room_kind text,
    area text CONSTRAINT access_keys_area_known CHECK (area IN ('corridor', 'evaluation')),
    name text NOT NULL CONSTRAINT access_keys_name_fits CHECK (length(name) BETWEEN 1 AND 100),
    key_sha256 bytea NOT NULL CONSTRAINT access_keys_key_once UNIQUE
        CONSTRAINT access_keys_key_is_sha256 CHECK (octet_length(key_sha256) = 32),
    made_by uuid NOT NULL CONSTRAINT access_keys_maker REFERENCES accounts (id),
    made_at timestamptz NOT NULL,
    revoked_by uuid,
    revoked_at timestamptz,
    CONSTRAINT access_keys_room FOREIGN KEY (room_id, centre_code, room_kind) REFERENCES rooms (id, centre_code, kind),
    CONSTRAINT access_keys_one_place
        CHECK ((room_id IS NULL) <> (area IS NULL) AND (room_id IS NULL) = (room_kind IS NULL)),
    CONSTRAINT access_keys_recorder_has_room CHECK (kind = 'door' OR room_id IS NOT NULL),
    CONSTRAINT access_keys_revoked_whole CHECK ((revoked_by IS NULL) = (revoked_at IS NULL))
);
CREATE INDEX access_keys_by_centre ON access_keys (centre_code, made_at DESC, id DESC);

-- What stands for an account at a door: a pass that the account took itself, or a card bound to it at the desk.
CREATE TABLE access_passes (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT access_passes_account REFERENCES accounts (id),
    token_sha256 bytea NOT NULL CONSTRAINT access_passes_token_is_sha256 CHECK (octet_length(token_sha256) = 32),
    -- Of a card: the centre whose desk bound it.
    card_of text,
    issued_by uuid NOT NULL CONSTRAINT access_passes_issuer REFERENCES accounts (id),
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT access_passes_period CHECK (expires_at > issued_at)
);
CREATE UNIQUE INDEX access_passes_token_once ON access_passes (token_sha256) WHERE ended_at IS NULL;

-- RM-14: phones and belongings of a committee's member, and whether they were given back.
CREATE TABLE locker_deposits (
    id uuid PRIMARY KEY,
    centre_code text NOT NULL,
    locker integer NOT NULL CONSTRAINT locker_deposits_locker_counts CHECK (locker >= 1),
    receipt text NOT NULL CONSTRAINT locker_deposits_receipt_once UNIQUE,
    seat_id uuid NOT NULL CONSTRAINT locker_deposits_seat REFERENCES committee_seats (id),
    account_id uuid NOT NULL CONSTRAINT locker_deposits_account REFERENCES accounts (id),
    tender_id uuid NOT NULL CONSTRAINT locker_deposits_tender REFERENCES tenders (id),
    deposited_by uuid NOT NULL,
    deposited_at timestamptz NOT NULL,
    returned_by uuid,
    returned_at timestamptz,
    reason text CONSTRAINT locker_deposits_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    CONSTRAINT locker_deposits_returned_whole CHECK ((returned_by IS NULL) = (returned_at IS NULL)),
    CONSTRAINT locker_deposits_reason_of_return CHECK (reason IS NULL OR returned_at IS NOT NULL)
);
CREATE UNIQUE INDEX locker_deposits_seat_once ON locker_deposits (seat_id) WHERE returned_at IS NULL;
CREATE UNIQUE INDEX locker_deposits_locker_once ON locker_deposits (centre_code, locker) WHERE returned_at IS NULL;

-- The door's log. Rows come in pages, one for each commit; the page, with the hash of its rows, is what the record names.
CREATE TABLE door_pages (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    passes integer NOT NULL CONSTRAINT door_pages_counts CHECK (passes >= 1),
    digest bytea NOT NULL CONSTRAINT door_pages_digest_is_sha256 CHECK (octet_length(digest) = 32)
);

CREATE TABLE door_passes (
    id uuid PRIMARY KEY,
    page_id uuid NOT NULL,
    at timestamptz NOT NULL,
    centre_code text NOT NULL,
    key_id uuid NOT NULL,
    -- Nobody where the hall knows no such pass.
    account_id uuid,
    -- In what standing the account stood before the door: shown in place of a name.
    standing text NOT NULL,
    allowed boolean NOT NULL,
    reason text NOT NULL,
    booking_id uuid
);
CREATE INDEX door_passes_by_centre ON door_passes (centre_code, at DESC, id DESC);
COMMENT ON TABLE door_passes IS 'Every pass and denial; written once, in pages.';

-- The page is made by the rows themselves, so that no row comes in beside the record. A second insert for a page fails
-- at its key.
CREATE FUNCTION door_passes_make_their_page() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO door_pages (id, at, passes, digest)
    SELECT page_id, max(at), count(*), sha256(convert_to(string_agg(to_jsonb(fresh)::text, E'\n' ORDER BY id), 'UTF8'))
      FROM fresh GROUP BY page_id;
    RETURN NULL;
END $$;
CREATE TRIGGER door_passes_make_their_page AFTER INSERT ON door_passes REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION door_passes_make_their_page();

CREATE FUNCTION door_passes_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'passes are written once' USING ERRCODE = 'check_violation', CONSTRAINT = 'door_passes_are_kept';
END $$;
CREATE TRIGGER door_passes_are_kept BEFORE UPDATE OR DELETE ON door_passes
    FOR EACH ROW EXECUTE FUNCTION door_passes_are_kept();
CREATE TRIGGER door_passes_are_not_emptied BEFORE TRUNCATE ON door_passes EXECUTE FUNCTION door_passes_are_kept();

-- RM-16: what a recorder in a room says of its recording.
CREATE TABLE recordings (
    id uuid PRIMARY KEY,
    key_id uuid NOT NULL CONSTRAINT recordings_key REFERENCES access_keys (id),
    centre_code text NOT NULL,
    room_id uuid NOT NULL CONSTRAINT recordings_room REFERENCES rooms (id),
    -- The booking under way at the start, and its tender.
    booking_id uuid CONSTRAINT recordings_booking REFERENCES bookings (id),
    tender_id uuid CONSTRAINT recordings_tender REFERENCES tenders (id),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Ended by nobody: the recorder began anew.
    cut_off boolean NOT NULL DEFAULT false,
    CONSTRAINT recordings_period CHECK (ended_at >= started_at),
    CONSTRAINT recordings_cut_off_has_ended CHECK (NOT cut_off OR ended_at IS NOT NULL),
    CONSTRAINT recordings_of_a_booking CHECK ((booking_id IS NULL) = (tender_id IS NULL))
);
CREATE UNIQUE INDEX recordings_one_of_a_recorder ON recordings (key_id) WHERE ended_at IS NULL;
CREATE INDEX recordings_by_centre ON recordings (centre_code, started_at DESC, id DESC);

-- The last sign of life, several a minute: no act of anybody, so not in the record.
CREATE TABLE recording_beats (
    recording_id uuid PRIMARY KEY CONSTRAINT recording_beats_recording REFERENCES recordings (id),
    last_at timestamptz NOT NULL
);

CREATE TABLE alarms (
    id uuid PRIMARY KEY,
    centre_code text NOT NULL,
    kind text NOT NULL CONSTRAINT alarms_kind_known CHECK (kind IN ('recordingGap', 'recordingEndedEarly')),
    room_id uuid NOT NULL CONSTRAINT alarms_room REFERENCES rooms (id),
    recording_id uuid NOT NULL CONSTRAINT alarms_recording REFERENCES recordings (id),
    -- The last sign of life before it, or the early end.
    since timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    -- Closed by nobody where the recorder itself came back.
    closed_by uuid,
    closed_at timestamptz,
    remark text CONSTRAINT alarms_remark_fits CHECK (length(remark) BETWEEN 1 AND 1000),
    version bigint NOT NULL DEFAULT 1 CONSTRAINT alarms_version_counts CHECK (version >= 1),
    CONSTRAINT alarms_acknowledged_whole CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL)),
    CONSTRAINT alarms_closed_by_then CHECK (closed_by IS NULL OR closed_at IS NOT NULL),
    CONSTRAINT alarms_closed_by_a_person_says_why CHECK (closed_by IS NULL OR remark IS NOT NULL)
);
CREATE UNIQUE INDEX alarms_open_once ON alarms (recording_id, kind) WHERE closed_at IS NULL;
CREATE INDEX alarms_by_centre ON alarms (centre_code, opened_at DESC, id DESC);

-- RM-17: who of purchaser and supervision says to be present at a draw, beside the operator who runs it.
CREATE TABLE draw_witnesses (
    id uuid PRIMARY KEY,
    draw_id uuid NOT NULL CONSTRAINT draw_witnesses_draw REFERENCES draws (id),
    account_id uuid NOT NULL CONSTRAINT draw_witnesses_account REFERENCES accounts (id),
    side text NOT NULL CONSTRAINT draw_witnesses_side_known CHECK (side IN ('purchaser', 'supervisor')),
    present_at timestamptz NOT NULL,
    CONSTRAINT draw_witnesses_once UNIQUE (draw_id, account_id, present_at)
);

CALL audit('access_keys');
CALL audit('access_passes');
CALL audit('locker_deposits');
CALL audit('door_pages');
CALL audit('recordings');
CALL audit('alarms');
CALL audit('draw_witnesses');

GRANT SELECT, INSERT ON access_keys, access_passes, locker_deposits, door_pages, door_passes, recordings,
                        recording_beats, alarms, draw_witnesses TO tenderhall_app;
GRANT UPDATE (revoked_by, revoked_at) ON access_keys TO tenderhall_app;
GRANT UPDATE (ended_at) ON access_passes TO tenderhall_app;
GRANT UPDATE (returned_by, returned_at, reason) ON locker_deposits TO tenderhall_app;
GRANT UPDATE (ended_at, cut_off) ON recordings TO tenderhall_app;
GRANT UPDATE (last_at) ON recording_beats TO tenderhall_app;
GRANT UPDATE (acknowledged_by, acknowledged_at, closed_by, closed_at, remark, version) ON alarms TO tenderhall_app;
