-- What the control room looks at besides what keeps others out: slots that have ended, and those that run over.

CREATE INDEX booking_slots_ended ON booking_slots USING gist (room_id, blocked) WHERE ended_at IS NOT NULL;
CREATE INDEX booking_slots_overrunning ON booking_slots (room_id) WHERE overran_at IS NOT NULL AND ended_at IS NULL;
