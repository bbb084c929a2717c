-- What the administrator does once an organisation or an account has come in.

-- An organisation's row is put right after it has come in; its kind and id never.
ALTER TABLE organisations
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CONSTRAINT organisations_version_counts CHECK (version >= 1);
GRANT UPDATE (uscc, region_code, centre_code, version) ON organisations TO tenderhall_app;

-- A credit code that was typed wrong is put right as long as nothing stands under it.
CREATE FUNCTION organisation_code_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM signing_keys WHERE organisation_id = OLD.id)
       OR EXISTS (SELECT FROM seal_keys WHERE organisation_id = OLD.id)
       OR EXISTS (SELECT FROM projects WHERE purchaser_id = OLD.id OR agency_id = OLD.id)
       OR EXISTS (SELECT FROM bids WHERE bidder_id = OLD.id) THEN
        RAISE EXCEPTION 'the credit code of an organisation that takes part does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organisation_code_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER organisation_code_stays BEFORE UPDATE OF uscc ON organisations FOR EACH ROW
    WHEN (OLD.uscc IS NOT NULL AND NEW.uscc IS DISTINCT FROM OLD.uscc) EXECUTE FUNCTION organisation_code_stays();

-- A role that has ended stays ended: given again, it is a row of its own.
CREATE FUNCTION ended_role_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a role that has ended stays ended'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ended_role_stays';
END $$;
CREATE TRIGGER ended_role_stays BEFORE UPDATE ON account_roles FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION ended_role_stays();

-- A password that another has made up lets its account do one thing: choose its own.
ALTER TABLE accounts
    ADD COLUMN first_password boolean NOT NULL DEFAULT false
        CONSTRAINT accounts_first_password_is_one CHECK (NOT first_password OR password_hash IS NOT NULL);
GRANT UPDATE (first_password) ON accounts TO tenderhall_app;
