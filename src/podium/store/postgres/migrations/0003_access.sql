-- Keys with which programs sign in, and who asked for which change.
CREATE TABLE api_keys (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    who text NOT NULL,
    tenant text NOT NULL,
    scope bytea NOT NULL,
    expires double precision,
    made_at double precision NOT NULL,
    made_by text NOT NULL,
    digest bytea NOT NULL,
    former bytea,
    former_until double precision,
    issued_at double precision NOT NULL,
    issued_by text NOT NULL,
    revoked_at double precision,
    revoked_by text,
    used_at double precision
);
CREATE TABLE actions (
    at double precision NOT NULL,
    id text COLLATE "C" NOT NULL,
    by text NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    what text NOT NULL,
    about text NOT NULL,
    said bytea NOT NULL,
    PRIMARY KEY (at, id)
);
CREATE INDEX actions_of_tenant ON actions (tenant, at, id);
