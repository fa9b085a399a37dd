-- `strikes`: how many processes in a row died while they had the run in memory, and it came no further.
-- `struck`: the place of its last fact at the last strike.
ALTER TABLE runs ADD COLUMN strikes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN struck INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_dead ON runs (n) WHERE state IN ('failed', 'blocked');
CREATE INDEX runs_suspect ON runs (strikes DESC, n) WHERE state = 'ready' AND strikes >= 2
