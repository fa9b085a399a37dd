-- What the runs of ended trees spent, by agent, model and day, so that costs need not be added up from their facts.
ALTER TABLE runs ADD COLUMN costed_from double precision, ADD COLUMN costed_to double precision;
CREATE TABLE run_costs (
    by text COLLATE "C" NOT NULL,
    root bigint NOT NULL,
    run bigint NOT NULL,
    part text COLLATE "C" NOT NULL,
    calls numeric NOT NULL,
    requests numeric NOT NULL,
    input numeric NOT NULL,
    output numeric NOT NULL,
    usd numeric NOT NULL,
    doubt numeric NOT NULL,
    unpriced numeric NOT NULL,
    cpu numeric NOT NULL,
    gb numeric NOT NULL,
    saved numeric NOT NULL,
    PRIMARY KEY (by, root, run, part)
);
CREATE INDEX runs_uncosted ON runs (ended_at) WHERE costed_from IS NULL AND id = root;
CREATE INDEX runs_costed ON runs (costed_to, costed_from) WHERE costed_from IS NOT NULL;
-- Whoever adds a tree up is alone with its costs until it is done (costs_lock): so nobody changes it unseen meanwhile.
CREATE FUNCTION uncost() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('run costs in ' || TG_TABLE_SCHEMA, 0));
    UPDATE runs SET costed_from = NULL, costed_to = NULL
    WHERE id = new.root AND costed_from IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE FUNCTION forget_costs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_costs WHERE by IN ('agent', 'day', 'model') AND root = old.n;
    RETURN NULL;
END
$$;
CREATE TRIGGER runs_uncosted_again AFTER UPDATE OF epoch ON runs FOR EACH ROW WHEN (old.ended_at IS NOT NULL) EXECUTE FUNCTION uncost();
CREATE TRIGGER runs_uncosted_by_child AFTER INSERT ON runs FOR EACH ROW WHEN (new.id <> new.root) EXECUTE FUNCTION uncost();
CREATE TRIGGER run_costs_uncosted AFTER UPDATE OF costed_from ON runs FOR EACH ROW WHEN (old.costed_from IS NOT NULL AND new.costed_from IS NULL) EXECUTE FUNCTION forget_costs();
CREATE TRIGGER run_costs_deleted AFTER DELETE ON runs FOR EACH ROW WHEN (old.costed_from IS NOT NULL) EXECUTE FUNCTION forget_costs();
