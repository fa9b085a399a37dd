-- What a question is about: a step of its call, and the idempotency key under which the receiver saw it. And whom it is put to as names are compared;
-- of those that are here already only ASCII letters are folded.
ALTER TABLE questions ADD COLUMN step TEXT;
ALTER TABLE questions ADD COLUMN idempotency_key TEXT;
ALTER TABLE questions ADD COLUMN to_folded TEXT NOT NULL DEFAULT '';
UPDATE questions SET to_folded = lower("to");
