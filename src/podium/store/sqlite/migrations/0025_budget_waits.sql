-- Calls that wait for room in a budget and hold something themselves: for what they hold nobody waits. A row counts while its run is driven in that epoch.
CREATE TABLE budget_waits (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    holds TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX budget_waits_run ON budget_waits (run);
