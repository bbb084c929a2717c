DROP TABLE draw_witnesses, alarms, recording_beats, recordings, door_passes, door_pages, locker_deposits,
           access_passes, access_keys;
DROP FUNCTION door_passes_are_kept();
DROP FUNCTION door_passes_make_their_page();
