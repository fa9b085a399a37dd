-- What a worker says of itself, who has it drained, how long runs have waited for one, and where a store has been moved to.
ALTER TABLE workers ADD COLUMN since REAL NOT NULL DEFAULT 0;
ALTER TABLE workers ADD COLUMN version TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN queues TEXT;
ALTER TABLE workers ADD COLUMN slots INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workers ADD COLUMN lease REAL NOT NULL DEFAULT 10;
ALTER TABLE workers ADD COLUMN rates TEXT NOT NULL DEFAULT '{}';
ALTER TABLE workers ADD COLUMN drained_at REAL;
CREATE INDEX workers_alive ON workers (id) WHERE fenced = 0;
ALTER TABLE runs ADD COLUMN ready_at REAL;
UPDATE runs SET ready_at = (julianday('now') - 2440587.5) * 86400.0 WHERE state = 'ready';
CREATE INDEX runs_ready_in ON runs (queue, ready_at, state) WHERE state = 'ready';
CREATE VIEW queues AS
SELECT queue, SUM(ready) AS ready, MAX(age) AS oldest_age, SUM(running) AS running FROM (
    SELECT queue, COUNT(*) AS ready, COALESCE(MAX(0.0, (julianday('now') - 2440587.5) * 86400.0 - MIN(ready_at)), 0.0) AS age, 0 AS running
    FROM runs INDEXED BY runs_ready_in WHERE state = 'ready' GROUP BY queue
    UNION ALL
    SELECT queue, 0, 0.0, COUNT(*) FROM runs WHERE state = 'running' GROUP BY queue
) GROUP BY queue;
CREATE TABLE drains (
    worker TEXT PRIMARY KEY NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE moved (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    "to" TEXT NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL
)
