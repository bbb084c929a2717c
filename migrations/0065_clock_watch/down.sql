DROP TABLE clock_suspicions;
DROP TABLE clock_ticks;
