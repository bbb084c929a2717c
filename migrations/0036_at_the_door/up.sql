-- What a door asks of its room is the first slot that has not ended. Slots of a room never overlap, so the first by its
-- end is the first by its start, and none that is over is ever read.
CREATE INDEX booking_slots_at_door ON booking_slots (room_id, upper(blocked)) WHERE live AND ended_at IS NULL;
