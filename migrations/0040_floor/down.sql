DROP INDEX booking_slots_overrunning;
DROP INDEX booking_slots_ended;
