DROP TABLE venue_applications, split_suspects;
DROP FUNCTION supervised_once();
ALTER TABLE tenders
    DROP CONSTRAINT tenders_codes_with_publication,
    DROP CONSTRAINT tenders_document_code_of_section,
    DROP COLUMN deal_code,
    DROP COLUMN document_code,
    DROP COLUMN section_code,
    DROP CONSTRAINT tenders_code_shape;
DROP INDEX projects_by_purchaser;
ALTER TABLE projects
    DROP CONSTRAINT projects_purchases_have_budget,
    ADD CONSTRAINT projects_procurement_has_budget CHECK (category <> 'procurement' OR budget IS NOT NULL),
    DROP CONSTRAINT projects_works_have_investment,
    ADD CONSTRAINT projects_engineering_has_investment CHECK (category <> 'engineering' OR investment IS NOT NULL),
    DROP CONSTRAINT projects_round_after_notice,
    DROP COLUMN round_open,
    DROP COLUMN stays_at_league,
    DROP COLUMN split_suspected,
    DROP COLUMN accepted_centre,
    DROP COLUMN voluntary,
    DROP COLUMN phase_no,
    DROP COLUMN other_phases,
    DROP COLUMN foreign_amount,
    DROP COLUMN regime,
    DROP COLUMN gb_industry,
    DROP COLUMN procurement_category,
    DROP COLUMN budget_item,
    DROP COLUMN investment_code,
    DROP CONSTRAINT projects_region_shape,
    DROP CONSTRAINT projects_code_shape;
CREATE SEQUENCE project_serials MAXVALUE 999999 CYCLE;
CREATE SEQUENCE tender_serials MAXVALUE 999999 CYCLE;
GRANT USAGE ON SEQUENCE project_serials, tender_serials TO tenderhall_app;
SELECT setval('project_serials', coalesce(max(last) % 999999 + 1, 1), false) FROM code_counters WHERE scope LIKE 'project %';
SELECT setval('tender_serials', coalesce(max(substr(code, 12, 6)::bigint) % 999999 + 1, 1), false) FROM tenders;
DROP TABLE code_counters;
