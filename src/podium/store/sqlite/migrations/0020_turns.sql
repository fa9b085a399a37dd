-- Which runs had a turn in a conversation, by its number.
CREATE INDEX facts_turns ON facts (CAST(body AS TEXT) ->> '$.n') WHERE kind = 28
