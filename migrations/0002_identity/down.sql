DROP TABLE project_sides, login_failures, refresh_tokens, signing_keys, account_roles, accounts, organisations;
