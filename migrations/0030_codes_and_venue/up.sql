-- Numbers by their standards, and what the rest of the venue rules keeps of a project.

-- The last serial of each number. A row is held to the end of its transaction, so that any number of instances may
-- count; what is rolled back is counted again, and what is lost leaves a gap that harms nobody.
CREATE TABLE code_counters (
    scope text PRIMARY KEY CONSTRAINT code_counters_scope_fits CHECK (length(scope) BETWEEN 1 AND 100),
    last bigint NOT NULL CONSTRAINT code_counters_counts CHECK (last >= 1)
);
INSERT INTO code_counters (scope, last)
    SELECT 'project ' || substr(code, 2, 10), greatest(1, max(substr(code, 12)::bigint)) FROM projects GROUP BY 1;
INSERT INTO code_counters (scope, last)
    SELECT 'tender ' || substr(code, 2, 16), greatest(1, max(substr(code, 18)::bigint)) FROM tenders GROUP BY 1;
DROP SEQUENCE project_serials, tender_serials;

ALTER TABLE projects
    ADD CONSTRAINT projects_code_shape CHECK (code ~ '^I[1-9][0-9]{15}$'),
    ADD CONSTRAINT projects_region_shape CHECK (region_code ~ '^[1-9][0-9]{5}$'),
    -- 投资项目统一代码
    ADD COLUMN investment_code text CONSTRAINT projects_investment_code_shape
        CHECK (investment_code ~ '^[12][0-9]{3}-[1-9][0-9]{5}-[0-9]{2}-[0-9]{2}-[0-9]{6}$'),
    -- 预算项目
    ADD COLUMN budget_item text CONSTRAINT projects_budget_item_fits CHECK (length(budget_item) BETWEEN 1 AND 100),
    -- 政府采购品目
    ADD COLUMN procurement_category text CONSTRAINT projects_procurement_category_shape
        CHECK (procurement_category ~ '^[ABC]([0-9]{2}){0,4}$'),
    -- GB/T 4754-2017
    ADD COLUMN gb_industry text CONSTRAINT projects_gb_industry_shape CHECK (gb_industry ~ '^[A-T][0-9]{2,4}$'),
    ADD COLUMN regime text CONSTRAINT projects_regime_known CHECK (regime IN ('tendering', 'procurement')),
    ADD COLUMN foreign_amount jsonb CONSTRAINT projects_foreign_amount_object
        CHECK (jsonb_typeof(foreign_amount) = 'object'),
    ADD COLUMN other_phases jsonb CONSTRAINT projects_other_phases_array CHECK (jsonb_typeof(other_phases) = 'array'),
    ADD COLUMN phase_no integer CONSTRAINT projects_phase_number CHECK (phase_no BETWEEN 1 AND 99),
    ADD COLUMN voluntary jsonb CONSTRAINT projects_voluntary_object CHECK (jsonb_typeof(voluntary) = 'object'),
    -- Centre that made the form check; absent in rows older than this column, which none has moved since.
    ADD COLUMN accepted_centre text,
    -- AMB-7: suspected of being split and not cleared.
    ADD COLUMN split_suspected boolean NOT NULL DEFAULT false,
    -- AMB-8: sank below the thresholds after it had been routed.
    ADD COLUMN stays_at_league boolean NOT NULL DEFAULT false,
    -- AMB-8: the last round of every lot ended without an award, so that the next is judged anew.
    ADD COLUMN round_open boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT projects_round_after_notice CHECK (NOT round_open OR first_notice_on IS NOT NULL),
    -- AMB-6: works bought under the law of procurement have a budget in the place of an investment.
    DROP CONSTRAINT projects_engineering_has_investment,
    ADD CONSTRAINT projects_works_have_investment CHECK (
        category NOT IN ('engineering', 'procurement') OR investment IS NOT NULL
        OR coalesce(regime, CASE category WHEN 'engineering' THEN 'tendering' ELSE 'procurement' END) = 'procurement'),
    DROP CONSTRAINT projects_procurement_has_budget,
    ADD CONSTRAINT projects_purchases_have_budget CHECK (
        category NOT IN ('engineering', 'procurement') OR budget IS NOT NULL
        OR coalesce(regime, CASE category WHEN 'engineering' THEN 'tendering' ELSE 'procurement' END) = 'tendering');
CREATE INDEX projects_by_purchaser ON projects (purchaser_id, registered_at);

ALTER TABLE tenders
    ADD CONSTRAINT tenders_code_shape CHECK (code ~ '^E[1-9][0-9]{18}$'),
    -- 标段(包)编号, made of the tender's and the lot's.
    ADD COLUMN section_code text GENERATED ALWAYS AS (code || lpad(lot_no::text, 3, '0')) STORED
        CONSTRAINT tenders_section_code_unique UNIQUE
        CONSTRAINT tenders_section_code_shape CHECK (section_code ~ '^E[1-9][0-9]{21}$'),
    -- 文件编号, given when the document is frozen.
    ADD COLUMN document_code text CONSTRAINT tenders_document_code_unique UNIQUE
        CONSTRAINT tenders_document_code_shape CHECK (document_code ~ '^E[1-9][0-9]{24}$'),
    -- 统一交易标识码, given when the transaction begins.
    ADD COLUMN deal_code text CONSTRAINT tenders_deal_code_unique UNIQUE
        CONSTRAINT tenders_deal_code_shape CHECK
            (deal_code ~ '^[A-Z][0-9]{2}-[0-9A-HJ-NPQRTUWXY]{18}-[0-9]{8}-[0-9]{6}-[0-9A-Z*]$'),
    ADD CONSTRAINT tenders_document_code_of_section
        CHECK (document_code IS NULL OR left(document_code, 23) = code || lpad(lot_no::text, 3, '0')),
    ADD CONSTRAINT tenders_codes_with_publication
        CHECK ((document_code IS NULL AND deal_code IS NULL) OR published_at IS NOT NULL);

-- AMB-7: projects that reach a threshold together and not alone; held until cleared in writing.
CREATE TABLE split_suspects (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL CONSTRAINT split_suspects_project REFERENCES projects (id),
    rule text NOT NULL CONSTRAINT split_suspects_rule_known CHECK (rule IN ('RT-1', 'RT-2', 'RT-3')),
    shared text NOT NULL CONSTRAINT split_suspects_shared_known
        CHECK (shared IN ('investmentCode', 'budgetItem', 'procurementCategory')),
    fiscal_year integer NOT NULL,
    total numeric(20, 2) NOT NULL,
    bound numeric(16, 2) NOT NULL,
    -- The projects that count together, this one left out.
    others jsonb NOT NULL CONSTRAINT split_suspects_others_array CHECK (jsonb_typeof(others) = 'array'),
    flagged_at timestamptz NOT NULL,
    cleared_at timestamptz,
    cleared_by uuid,
    reason text CONSTRAINT split_suspects_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    CONSTRAINT split_suspects_reach CHECK (total >= bound),
    CONSTRAINT split_suspects_cleared_whole
        CHECK ((cleared_at IS NULL) = (cleared_by IS NULL) AND (cleared_at IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX split_suspects_one_open ON split_suspects (project_id) WHERE cleared_at IS NULL;
CREATE INDEX split_suspects_by_time ON split_suspects (flagged_at DESC, id DESC);

-- AMB-8: a purchaser asks to leave the league's centre after its figure sank.
CREATE TABLE venue_applications (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL CONSTRAINT venue_applications_project REFERENCES projects (id),
    applied_at timestamptz NOT NULL,
    applied_by uuid NOT NULL,
    reason text NOT NULL CONSTRAINT venue_applications_reason_fits CHECK (length(reason) BETWEEN 1 AND 1000),
    decided_at timestamptz,
    decided_by uuid CONSTRAINT venue_applications_two_people CHECK (decided_by <> applied_by),
    approved boolean,
    answer text CONSTRAINT venue_applications_answer_fits CHECK (length(answer) BETWEEN 1 AND 1000),
    CONSTRAINT venue_applications_decided_whole CHECK (
        (decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (approved IS NULL)
        AND (decided_at IS NULL) = (answer IS NULL))
);
CREATE UNIQUE INDEX venue_applications_one_open ON venue_applications (project_id) WHERE decided_at IS NULL;

-- What was asked and found stays; an answer is given once.
CREATE FUNCTION supervised_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answer text[] := ARRAY['cleared_at', 'cleared_by', 'reason', 'decided_at', 'decided_by', 'approved', 'answer'];
    open text := CASE TG_TABLE_NAME WHEN 'split_suspects' THEN 'cleared_at' ELSE 'decided_at' END;
BEGIN
    IF TG_TABLE_NAME = 'venue_applications' THEN
        answer := array_remove(answer, 'reason');
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) ->> open IS NOT NULL OR to_jsonb(OLD) - answer <> to_jsonb(NEW) - answer THEN
        RAISE EXCEPTION 'what was asked stays and is answered once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'supervised_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER supervised_once BEFORE UPDATE OR DELETE ON split_suspects
    FOR EACH ROW EXECUTE FUNCTION supervised_once();
CREATE TRIGGER supervised_once BEFORE UPDATE OR DELETE ON venue_applications
    FOR EACH ROW EXECUTE FUNCTION supervised_once();

CALL audit('split_suspects');
CALL audit('venue_applications');

GRANT SELECT, INSERT, UPDATE ON code_counters, split_suspects, venue_applications TO tenderhall_app;
