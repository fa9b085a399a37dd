-- Transient events of runs that somebody watches from another process. Readers say what they watch, and until when; the owner of such a run
-- writes its events, and how far it has come. All of it is deleted some time after it was of use.
CREATE TABLE stream_watches (
    run TEXT NOT NULL,
    reader TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (run, reader)
) WITHOUT ROWID;
CREATE TABLE stream_heads (
    run TEXT PRIMARY KEY NOT NULL,
    epoch INTEGER NOT NULL,
    last INTEGER NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE stream_events (
    run TEXT NOT NULL,
    number INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    text BLOB NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID
