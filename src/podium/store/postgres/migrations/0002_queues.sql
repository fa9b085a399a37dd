-- What a worker says of itself, who has it drained, how long runs have waited for one, and where a store has been moved to.
ALTER TABLE workers
    ADD COLUMN since double precision NOT NULL DEFAULT 0,
    ADD COLUMN version text NOT NULL DEFAULT '',
    ADD COLUMN queues text,
    ADD COLUMN slots bigint NOT NULL DEFAULT 0,
    ADD COLUMN lease double precision NOT NULL DEFAULT 10,
    ADD COLUMN rates text NOT NULL DEFAULT '{}',
    ADD COLUMN drained_at double precision;
CREATE INDEX workers_alive ON workers (id) WHERE fenced = 0;
ALTER TABLE runs ADD COLUMN ready_at double precision;
UPDATE runs SET ready_at = extract(epoch FROM clock_timestamp()) WHERE state = 'ready';
CREATE INDEX runs_ready_in ON runs (queue, ready_at) WHERE state = 'ready';
CREATE VIEW queues AS
SELECT queue, sum(ready)::bigint AS ready, max(age) AS oldest_age, sum(running)::bigint AS running FROM (
    SELECT queue, count(*) AS ready, coalesce(greatest(0, extract(epoch FROM clock_timestamp())::double precision - min(ready_at)), 0) AS age, 0 AS running
    FROM runs WHERE state = 'ready' GROUP BY queue
    UNION ALL
    SELECT queue, 0, 0, count(*) FROM runs WHERE state = 'running' GROUP BY queue
) q GROUP BY queue;
CREATE TABLE drains (
    worker text COLLATE "C" PRIMARY KEY,
    at double precision NOT NULL,
    by text NOT NULL,
    why text NOT NULL
);
CREATE TABLE moved (
    id integer PRIMARY KEY CHECK (id = 1),
    "to" text NOT NULL,
    at double precision NOT NULL,
    by text NOT NULL
);
