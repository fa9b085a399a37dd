-- What is noteworthy about runs and questions, in the order in which it was committed. Nothing of it is what agents or people were given, or said.
-- The last event is never deleted, so that the next one follows it.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    type TEXT NOT NULL,
    run TEXT NOT NULL,
    root TEXT NOT NULL,
    workflow TEXT NOT NULL,
    tenant TEXT NOT NULL,
    principal TEXT NOT NULL,
    question TEXT,
    "to" TEXT,
    content TEXT NOT NULL
)
