DROP TABLE venue_decisions, project_lots, project_approvals, projects;
DROP FUNCTION venue_decisions_are_kept();
DROP SEQUENCE project_serials;
