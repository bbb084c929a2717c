ALTER TABLE openings DROP COLUMN benchmark_draw;
