DROP TABLE booking_slots, bookings, rooms;
