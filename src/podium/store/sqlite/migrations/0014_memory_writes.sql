-- What each writer did to the memory, so that it counts once, whatever others have written since.
CREATE TABLE memory_writes (
    writer TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    what TEXT NOT NULL,
    version INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (writer, scope, key, what)
) WITHOUT ROWID;
CREATE INDEX memory_writes_at ON memory_writes (at);
INSERT INTO memory_writes (writer, scope, key, what, version, at)
SELECT writer, scope, key, 'put', version, at FROM memory
