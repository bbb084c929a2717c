-- Projects 项目 as registered in the hall, their approvals, lots and venue decisions.

CREATE TABLE projects (
    id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT projects_code_unique UNIQUE,
    name text NOT NULL CONSTRAINT projects_name_fits CHECK (length(name) BETWEEN 2 AND 200),
    region_code text NOT NULL,
    level text NOT NULL CONSTRAINT projects_level_known CHECK (level IN ('league', 'county')),
    category text NOT NULL
        CONSTRAINT projects_category_known CHECK (category IN ('engineering', 'procurement', 'landMineral', 'property')),
    catalogue_item text,
    industry_code text,
    purchaser_id uuid NOT NULL CONSTRAINT projects_purchaser REFERENCES organisations (id),
    -- 代理机构 that acts by mandate 委托; it may be given after registration, before the first notice.
    agency_id uuid CONSTRAINT projects_agency REFERENCES organisations (id),
    mandated_at timestamptz,
    investment numeric(16, 2),
    floor_area numeric(16, 2),
    budget numeric(16, 2),
    estimate numeric(16, 2),
    -- Centre of the venue decision in force; NULL when no centre is required.
    centre_code text,
    registered_at timestamptz NOT NULL,
    registered_by uuid NOT NULL,
    -- Day of the form check 进场登记 (AMB-12).
    accepted_on date,
    -- Day of the first notice: freezes venue and law (AMB-8).
    first_notice_on date,
    version bigint NOT NULL DEFAULT 1 CONSTRAINT projects_version_counts CHECK (version >= 1),
    CONSTRAINT projects_engineering_has_investment CHECK (category <> 'engineering' OR investment IS NOT NULL),
    CONSTRAINT projects_procurement_has_budget CHECK (category <> 'procurement' OR budget IS NOT NULL),
    CONSTRAINT projects_amounts_not_negative
        CHECK (coalesce(investment, 0) >= 0 AND coalesce(floor_area, 0) >= 0 AND coalesce(budget, 0) >= 0
               AND coalesce(estimate, 0) >= 0),
    CONSTRAINT projects_mandate_whole CHECK ((agency_id IS NULL) = (mandated_at IS NULL)),
    CONSTRAINT projects_two_bodies CHECK (agency_id IS NULL OR agency_id <> purchaser_id),
    CONSTRAINT projects_notice_after_acceptance CHECK (first_notice_on IS NULL OR accepted_on IS NOT NULL)
);
CREATE INDEX projects_by_time ON projects (registered_at DESC, id DESC);
CREATE INDEX projects_by_centre ON projects (centre_code, registered_at DESC);

-- Serial part of 项目编号; gaps are harmless.
CREATE SEQUENCE project_serials MAXVALUE 999999 CYCLE;

CREATE TABLE project_approvals (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL CONSTRAINT project_approvals_project REFERENCES projects (id),
    kind text NOT NULL CONSTRAINT project_approvals_kind_known
        CHECK (kind IN ('designEstimate', 'feasibility', 'initiation', 'filing', 'budget')),
    document_no text NOT NULL CONSTRAINT project_approvals_document_fits CHECK (length(document_no) BETWEEN 1 AND 100),
    dated date NOT NULL,
    amount numeric(16, 2) NOT NULL CONSTRAINT project_approvals_amount_not_negative CHECK (amount >= 0),
    CONSTRAINT project_approvals_once UNIQUE (project_id, kind, document_no)
);

CREATE TABLE project_lots (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL CONSTRAINT project_lots_project REFERENCES projects (id),
    no integer NOT NULL CONSTRAINT project_lots_number CHECK (no BETWEEN 1 AND 999),
    name text NOT NULL CONSTRAINT project_lots_name_fits CHECK (length(name) BETWEEN 1 AND 200),
    estimate numeric(16, 2) CONSTRAINT project_lots_estimate_not_negative CHECK (estimate >= 0),
    CONSTRAINT project_lots_once UNIQUE (project_id, no)
);

-- RT-11: inputs, rule, table, result, operator and time of every decision; the last is in force.
CREATE TABLE venue_decisions (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL CONSTRAINT venue_decisions_project REFERENCES projects (id),
    no integer NOT NULL CONSTRAINT venue_decisions_number CHECK (no >= 1),
    decided_at timestamptz NOT NULL,
    decided_by uuid,
    question jsonb NOT NULL,
    decision jsonb NOT NULL,
    CONSTRAINT venue_decisions_once UNIQUE (project_id, no)
);
CREATE FUNCTION venue_decisions_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a venue decision is immutable'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'venue_decisions_are_kept';
END $$;
CREATE TRIGGER venue_decisions_are_kept BEFORE UPDATE OR DELETE ON venue_decisions
    FOR EACH ROW EXECUTE FUNCTION venue_decisions_are_kept();

CALL audit('projects');
CALL audit('project_approvals');
CALL audit('project_lots');
CALL audit('venue_decisions');

GRANT SELECT, INSERT ON projects, project_approvals, project_lots, venue_decisions TO tenderhall_app;
GRANT UPDATE ON projects TO tenderhall_app;
GRANT USAGE ON SEQUENCE project_serials TO tenderhall_app;
