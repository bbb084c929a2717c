DROP TRIGGER room_closures_ring ON room_closures;
DROP TRIGGER room_closures_ring_new ON room_closures;
DROP TRIGGER booking_slots_ring ON booking_slots;
DROP TRIGGER bookings_ring ON bookings;
DROP TRIGGER bookings_ring_new ON bookings;
DROP FUNCTION ring_floor();
DROP INDEX booking_slots_by_centre;
DROP TABLE calendar_feeds;
