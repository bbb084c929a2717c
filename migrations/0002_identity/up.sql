-- Who comes to the hall: organisations, accounts with roles, their keys and tokens, and the sides they take.

CREATE TABLE organisations (
    id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT organisations_kind_known
        CHECK (kind IN ('enterprise', 'agency', 'purchaser', 'centre', 'supervisingBody')),
    name_zh text NOT NULL CONSTRAINT organisations_name_zh_short CHECK (length(name_zh) BETWEEN 1 AND 200),
    name_en text NOT NULL CONSTRAINT organisations_name_en_short CHECK (length(name_en) BETWEEN 1 AND 200),
    uscc text CONSTRAINT organisations_uscc_unique UNIQUE
        CONSTRAINT organisations_uscc_shape CHECK (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    region_code text NOT NULL CONSTRAINT organisations_region_shape CHECK (region_code ~ '^[1-9][0-9]{5}$'),
    -- The centre that an organisation of kind centre runs.
    centre_code text CONSTRAINT organisations_centre_shape CHECK (centre_code ~ '^[1-9][0-9]{5}$'),
    email text NOT NULL CONSTRAINT organisations_email_short CHECK (length(email) BETWEEN 3 AND 320),
    created_at timestamptz NOT NULL,
    CONSTRAINT organisations_centre_runs_centre CHECK (kind = 'centre' OR centre_code IS NULL)
);

-- An expert's organisation is the unit where the expert works: recusal goes by it.
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    login text NOT NULL CONSTRAINT accounts_login_unique UNIQUE
        CONSTRAINT accounts_login_shape CHECK (login ~ '^[a-z0-9][a-z0-9._-]{1,63}$'),
    organisation_id uuid NOT NULL CONSTRAINT accounts_organisation REFERENCES organisations (id),
    display_name text NOT NULL CONSTRAINT accounts_name_short CHECK (length(display_name) BETWEEN 1 AND 100),
    kind text NOT NULL CONSTRAINT accounts_kind_known CHECK (kind IN ('person', 'program')),
    -- One real person over all of that person's accounts; a program has none.
    person_key uuid,
    password_hash text,
    secret_sha256 bytea CONSTRAINT accounts_secret_is_sha256 CHECK (octet_length(secret_sha256) = 32),
    -- Raised when roles, password or standing change; tokens of an older epoch end at once.
    epoch integer NOT NULL DEFAULT 1 CONSTRAINT accounts_epoch_counted CHECK (epoch >= 1),
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT accounts_person_has_password CHECK
        ((kind = 'person') = (password_hash IS NOT NULL) AND (kind = 'person') = (person_key IS NOT NULL)),
    CONSTRAINT accounts_program_has_secret CHECK ((kind = 'program') = (secret_sha256 IS NOT NULL))
);
CREATE INDEX accounts_by_organisation ON accounts (organisation_id);
CREATE INDEX accounts_by_person ON accounts (person_key);

CREATE TABLE account_roles (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT account_roles_account REFERENCES accounts (id),
    role text NOT NULL CONSTRAINT account_roles_role_known CHECK (role IN
        ('operator', 'purchaser', 'agency', 'bidder', 'expert', 'supervisorOffice', 'supervisorFinance',
         'supervisorDevelopment', 'supervisorAudit', 'supervisorDiscipline', 'supervisorIndustry', 'admin')),
    given_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT account_roles_period CHECK (ended_at >= given_at)
);
CREATE UNIQUE INDEX account_roles_once ON account_roles (account_id, role) WHERE ended_at IS NULL;

CREATE TABLE signing_keys (
    id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL CONSTRAINT signing_keys_organisation REFERENCES organisations (id),
    public_key bytea NOT NULL CONSTRAINT signing_keys_key_unique UNIQUE
        CONSTRAINT signing_keys_key_is_ed25519 CHECK (octet_length(public_key) = 32),
    -- Signature by the key over the enrolment's text: proof that the enroller holds it.
    proof bytea NOT NULL CONSTRAINT signing_keys_proof_is_ed25519 CHECK (octet_length(proof) = 64),
    enrolled_by uuid NOT NULL CONSTRAINT signing_keys_enroller REFERENCES accounts (id),
    enrolled_at timestamptz NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    CONSTRAINT signing_keys_period CHECK (valid_to > valid_from),
    CONSTRAINT signing_keys_not_backdated CHECK (valid_from >= enrolled_at)
);
CREATE INDEX signing_keys_by_organisation ON signing_keys (organisation_id);

-- Machine time throughout: tokens know nothing of hall time.
CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY,
    -- All tokens that descend from one login; the session.
    family uuid NOT NULL,
    account_id uuid NOT NULL CONSTRAINT refresh_tokens_account REFERENCES accounts (id),
    epoch integer NOT NULL,
    token_sha256 bytea NOT NULL CONSTRAINT refresh_tokens_token_unique UNIQUE
        CONSTRAINT refresh_tokens_token_is_sha256 CHECK (octet_length(token_sha256) = 32),
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    replays integer NOT NULL DEFAULT 0 CONSTRAINT refresh_tokens_replays_counted CHECK (replays >= 0),
    revoked_at timestamptz,
    CONSTRAINT refresh_tokens_replay_after_use CHECK (replays = 0 OR used_at IS NOT NULL)
);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_account ON refresh_tokens (account_id);

-- Failures only, by hash of the login as typed (it may be a password typed in the wrong place) and by address.
CREATE TABLE login_failures (
    id bigserial PRIMARY KEY,
    login_sha256 bytea NOT NULL CONSTRAINT login_failures_login_is_sha256 CHECK (octet_length(login_sha256) = 32),
    address text NOT NULL CONSTRAINT login_failures_address_short CHECK (length(address) <= 64),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX login_failures_by_login ON login_failures (login_sha256, at);
CREATE INDEX login_failures_by_address ON login_failures (address, at);

-- SOD-1. `person` is the person's key, or the account's id for a program.
CREATE TABLE project_sides (
    project_id uuid NOT NULL,
    person uuid NOT NULL,
    account_id uuid NOT NULL CONSTRAINT project_sides_account REFERENCES accounts (id),
    side text NOT NULL CONSTRAINT project_sides_side_known
        CHECK (side IN ('operator', 'purchaser', 'agency', 'bidder', 'expert', 'supervisor')),
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT project_sides_one_side PRIMARY KEY (project_id, person)
);

CALL audit('organisations');
CALL audit('accounts');
CALL audit('account_roles');
CALL audit('signing_keys');

GRANT SELECT, INSERT ON organisations, accounts, account_roles, signing_keys, refresh_tokens, login_failures,
    project_sides TO tenderhall_app;
GRANT UPDATE (name_zh, name_en, email) ON organisations TO tenderhall_app;
GRANT UPDATE (display_name, password_hash, secret_sha256, epoch, disabled_at) ON accounts TO tenderhall_app;
GRANT UPDATE (ended_at) ON account_roles TO tenderhall_app;
GRANT UPDATE (valid_to) ON signing_keys TO tenderhall_app;
GRANT UPDATE (used_at, replays, revoked_at) ON refresh_tokens TO tenderhall_app;
GRANT DELETE ON refresh_tokens, login_failures TO tenderhall_app;
GRANT USAGE ON SEQUENCE login_failures_id_seq TO tenderhall_app;
