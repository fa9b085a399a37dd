-- What the runs of ended trees spent, by agent, model and day, so that costs need not be added up from their facts.
ALTER TABLE runs ADD COLUMN costed_from REAL;
ALTER TABLE runs ADD COLUMN costed_to REAL;
CREATE TABLE run_costs (
    by TEXT NOT NULL,
    root INTEGER NOT NULL,
    run INTEGER NOT NULL,
    part TEXT NOT NULL,
    calls INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    usd REAL NOT NULL,
    doubt REAL NOT NULL,
    unpriced INTEGER NOT NULL,
    cpu REAL NOT NULL,
    gb REAL NOT NULL,
    saved REAL NOT NULL,
    PRIMARY KEY (by, root, run, part)
) WITHOUT ROWID;
CREATE INDEX runs_uncosted ON runs (ended_at) WHERE costed_from IS NULL AND id = root;
CREATE INDEX runs_costed ON runs (costed_to, costed_from) WHERE costed_from IS NOT NULL;
CREATE TRIGGER runs_uncosted_again AFTER UPDATE OF epoch ON runs WHEN old.ended_at IS NOT NULL BEGIN UPDATE runs SET costed_from = NULL, costed_to = NULL WHERE id = new.root AND costed_from IS NOT NULL; END;
CREATE TRIGGER runs_uncosted_by_child AFTER INSERT ON runs WHEN new.id <> new.root BEGIN UPDATE runs SET costed_from = NULL, costed_to = NULL WHERE id = new.root AND costed_from IS NOT NULL; END;
CREATE TRIGGER run_costs_uncosted AFTER UPDATE OF costed_from ON runs WHEN new.costed_from IS NULL BEGIN DELETE FROM run_costs WHERE by IN ('agent', 'day', 'model') AND root = new.n; END;
CREATE TRIGGER run_costs_deleted AFTER DELETE ON runs WHEN old.costed_from IS NOT NULL BEGIN DELETE FROM run_costs WHERE by IN ('agent', 'day', 'model') AND root = old.n; END
