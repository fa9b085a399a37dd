-- Finds whether anybody still refers to a large payload.
CREATE INDEX facts_blob ON facts (blob) WHERE blob IS NOT NULL
