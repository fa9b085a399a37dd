-- Addresses that are told what happens to runs and questions, and what was delivered to them.
CREATE TABLE webhooks (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    url text NOT NULL,
    tenant text,
    scope bytea NOT NULL,
    "values" bigint NOT NULL,
    secret text NOT NULL,
    former text,
    former_until double precision,
    off text,
    made_at double precision NOT NULL,
    made_by text NOT NULL,
    cursor bigint NOT NULL,
    held_since double precision,
    held_tries bigint,
    held_until double precision,
    held_why text
);
CREATE TABLE webhook_deliveries (
    id text COLLATE "C" PRIMARY KEY,
    webhook text COLLATE "C" NOT NULL,
    position bigint,
    type text NOT NULL,
    content bytea NOT NULL,
    state text NOT NULL,
    at double precision NOT NULL,
    tries bigint NOT NULL,
    next_at double precision,
    ended_at double precision,
    status bigint,
    why text NOT NULL
);
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook, at, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, next_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
