-- 重点项目绿色通道 (RM-10): which projects are key projects, and whom they displaced.

CREATE TABLE key_projects (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL CONSTRAINT key_projects_project REFERENCES projects (id),
    reason text NOT NULL CONSTRAINT key_projects_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    marked_by uuid NOT NULL,
    marked_at timestamptz NOT NULL,
    ended_by uuid,
    ended_at timestamptz,
    end_reason text CONSTRAINT key_projects_end_reason_fits CHECK (length(end_reason) BETWEEN 1 AND 1000),
    CONSTRAINT key_projects_ended_whole
        CHECK ((ended_by IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX key_projects_one_open ON key_projects (project_id) WHERE ended_at IS NULL;
COMMENT ON TABLE key_projects IS 'Projects that the supervision office has let through the green channel.';

ALTER TABLE bookings
    -- Written before the booking that displaces, whose slots would overlap otherwise.
    ADD COLUMN displaced_by uuid CONSTRAINT bookings_displaced_by REFERENCES bookings (id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT bookings_displaced_is_rejected CHECK (displaced_by IS NULL OR state = 'rejected');

CALL audit('key_projects');

GRANT SELECT, INSERT ON key_projects TO tenderhall_app;
GRANT UPDATE (ended_by, ended_at, end_reason) ON key_projects TO tenderhall_app;
GRANT UPDATE (displaced_by) ON bookings TO tenderhall_app;
