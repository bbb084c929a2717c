-- What an opening draws for a benchmark that the document leaves to chance: seed and outcome, so that anyone can draw
-- it again. Only a concluded opening has drawn.

ALTER TABLE openings
    ADD COLUMN benchmark_draw jsonb,
    ADD CONSTRAINT openings_draw_at_the_end CHECK (benchmark_draw IS NULL OR concluded_at IS NOT NULL);
