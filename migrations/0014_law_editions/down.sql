ALTER TABLE projects DROP CONSTRAINT projects_edition_with_first_notice, DROP COLUMN law_edition;
DROP TABLE law_in_force;
DROP TABLE law_changes;
DROP FUNCTION law_changes_are_kept();
