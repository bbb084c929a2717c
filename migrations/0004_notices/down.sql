DROP TABLE notices;
DROP FUNCTION notices_are_kept();
