DROP INDEX booking_slots_at_door;
