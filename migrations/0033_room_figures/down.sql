DROP INDEX booking_slots_by_start;
