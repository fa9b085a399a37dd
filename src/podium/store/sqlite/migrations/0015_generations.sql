-- `generation`: how often the run began again with `ctx.restart`, and once for its start. `since`: the place of the fact with
-- which its present generation began; what is before it is not read to drive it.
ALTER TABLE runs ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN since INTEGER NOT NULL DEFAULT 0
