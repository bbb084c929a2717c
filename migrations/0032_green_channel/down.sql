ALTER TABLE bookings
    DROP CONSTRAINT bookings_displaced_is_rejected,
    DROP COLUMN displaced_by;
DROP TABLE key_projects;
