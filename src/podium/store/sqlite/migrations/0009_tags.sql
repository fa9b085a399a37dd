-- A tag is a tenant's own.
DROP INDEX runs_tag;
CREATE UNIQUE INDEX runs_tag ON runs (tenant, workflow, tag) WHERE tag IS NOT NULL
