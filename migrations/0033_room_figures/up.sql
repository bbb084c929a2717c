-- Past slots are in no exclusion: what was used when is found by its start, and no slot lasts over 31 days.
CREATE INDEX booking_slots_by_start ON booking_slots (room_id, lower(during));
