-- Which worker drove the last run of an affinity, so that the next one goes there.
ALTER TABLE runs ADD COLUMN affinity text;
CREATE INDEX runs_sticky ON runs (ready_at) WHERE state = 'ready' AND affinity IS NOT NULL;
CREATE TABLE affinities (
    tenant text COLLATE "C" NOT NULL,
    affinity text COLLATE "C" NOT NULL,
    worker text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,
    PRIMARY KEY (tenant, affinity)
);
CREATE INDEX affinities_hour ON affinities (hour);
