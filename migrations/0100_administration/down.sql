ALTER TABLE accounts DROP COLUMN first_password;
DROP TRIGGER ended_role_stays ON account_roles;
DROP FUNCTION ended_role_stays();
DROP TRIGGER organisation_code_stays ON organisations;
DROP FUNCTION organisation_code_stays();
REVOKE UPDATE (uscc, region_code, centre_code) ON organisations FROM tenderhall_app;
ALTER TABLE organisations DROP COLUMN version;
