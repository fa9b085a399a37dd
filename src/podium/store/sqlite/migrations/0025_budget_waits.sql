-- Calls that wait for room in a budget and hold something themselves: for what they hold nobody waits. A row counts while its run is driven in that epoch.
CREATE TABLE budget_waits (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    holds TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX budget_waits_run ON budget_waits (run);
-- Questions whether a budget may be raised: people see one for each, `lead`, and what they answer it is the answer to all that have it. It is raised once for them.
CREATE TABLE budget_questions (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    budget TEXT NOT NULL,
    lead TEXT NOT NULL,
    raised INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX budget_questions_run ON budget_questions (run);
CREATE INDEX budget_questions_budget ON budget_questions (budget);
CREATE INDEX budget_questions_lead ON budget_questions (lead);
