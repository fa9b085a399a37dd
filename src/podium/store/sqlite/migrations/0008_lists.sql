-- Lists of runs are read by one of these, newest first, however many runs there are.
CREATE INDEX runs_created ON runs (created_at);
CREATE INDEX runs_of_workflow ON runs (workflow, created_at);
CREATE INDEX runs_of_state ON runs (state, created_at);
CREATE INDEX runs_of_tenant ON runs (tenant, created_at);
CREATE INDEX runs_of_principal ON runs (principal, created_at);
CREATE INDEX runs_of_tag ON runs (tag, created_at) WHERE tag IS NOT NULL;
DROP INDEX runs_children;
CREATE INDEX runs_children ON runs (parent, created_at) WHERE parent IS NOT NULL;
CREATE INDEX questions_asked ON questions (asked_at)
