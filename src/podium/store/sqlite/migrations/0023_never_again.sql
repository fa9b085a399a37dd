-- What is never given twice tells things apart that others are called like: the number of the run that said a message, since another run may have its
-- id once it is pruned (0 is that of no run); the version of an entry of the memory, since `memory_gone` has the highest of all that are gone, which later ones exceed.
ALTER TABLE conversation_said ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE conversation_said SET number = COALESCE(
    (SELECT p.number FROM pruned p WHERE p.run = conversation_said.run AND p.at >= conversation_said.at ORDER BY p.number LIMIT 1),
    (SELECT r.n FROM runs r WHERE r.id = conversation_said.run), 0
);
-- Which answers a run was given, which go with it.
CREATE INDEX answers_kept_run ON answers_kept (run);
DROP INDEX conversation_said_run;
CREATE INDEX conversation_said_number ON conversation_said (number);
DROP VIEW conversation_messages;
CREATE VIEW conversation_messages AS
SELECT s.place, s.author, s.run, s.number, s.key, s.at, CASE WHEN s.source IS NULL THEN s.message ELSE CAST(
    COALESCE(SUBSTR(s.message, 1, s.cut), '') || SUBSTR(COALESCE(f.payload, (SELECT b.body FROM blobs b WHERE b.hash = f.blob)), s.first + 1, s.size) || COALESCE(SUBSTR(s.message, s.cut + 1), '') AS BLOB
) END AS message
FROM conversation_said s LEFT JOIN facts f ON f.place = s.source;
CREATE TABLE memory_gone (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
INSERT INTO memory_gone SELECT 1, MAX(version) FROM memory_writes WHERE what IN ('put', 'append') HAVING MAX(version) > 0;
DROP TRIGGER memory_deleted;
CREATE TRIGGER memory_deleted AFTER DELETE ON memory BEGIN DELETE FROM memory_text WHERE rowid = old.n; DELETE FROM memory_vectors WHERE n = old.n; INSERT INTO memory_gone VALUES (1, old.version) ON CONFLICT DO UPDATE SET version = MAX(version, excluded.version); END
