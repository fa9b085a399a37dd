-- Which worker drove the last run of an affinity, so that the next one goes there.
ALTER TABLE runs ADD COLUMN affinity TEXT;
CREATE INDEX runs_sticky ON runs (ready_at) WHERE state = 'ready' AND affinity IS NOT NULL;
CREATE TABLE affinities (
    tenant TEXT NOT NULL,
    affinity TEXT NOT NULL,
    worker TEXT NOT NULL,
    hour INTEGER NOT NULL,
    PRIMARY KEY (tenant, affinity)
) WITHOUT ROWID;
CREATE INDEX affinities_hour ON affinities (hour)
