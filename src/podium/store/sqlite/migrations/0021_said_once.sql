-- A text that a message says, and that stands in the journal of its run too, is stored there alone. `source` is that fact's place; of its payload `size`
-- bytes from `first` on go into the message, after its first `cut` bytes. Whoever deletes that fact stores the message whole before. To SQLite a part of
-- no bytes is NULL.
DROP INDEX conversation_messages_run;
ALTER TABLE conversation_messages RENAME TO conversation_said;
ALTER TABLE conversation_said ADD COLUMN source INTEGER;
ALTER TABLE conversation_said ADD COLUMN cut INTEGER;
ALTER TABLE conversation_said ADD COLUMN first INTEGER;
ALTER TABLE conversation_said ADD COLUMN size INTEGER;
CREATE INDEX conversation_said_run ON conversation_said (run);
CREATE VIEW conversation_messages AS
SELECT s.place, s.author, s.run, s.key, s.at, CASE WHEN s.source IS NULL THEN s.message ELSE CAST(
    COALESCE(SUBSTR(s.message, 1, s.cut), '') || SUBSTR(COALESCE(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), s.first + 1, s.size) || COALESCE(SUBSTR(s.message, s.cut + 1), '') AS BLOB
) END AS message
FROM conversation_said s LEFT JOIN facts f ON f.place = s.source
