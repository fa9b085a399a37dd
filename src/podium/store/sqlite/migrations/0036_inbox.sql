-- Whom of those asked a question was given to, what people say of it, who of them is away, and when they are told of it again.
ALTER TABLE questions ADD COLUMN remind REAL;
ALTER TABLE questions ADD COLUMN assignee TEXT;
ALTER TABLE questions ADD COLUMN assignee_folded TEXT;
CREATE INDEX questions_given ON questions (assignee_folded) WHERE state = 'open' AND assignee_folded IS NOT NULL;
CREATE TABLE remarks (
    id TEXT PRIMARY KEY NOT NULL,
    question TEXT NOT NULL,
    by TEXT NOT NULL,
    at REAL NOT NULL,
    text BLOB NOT NULL,
    assignee TEXT,
    salt BLOB,
    digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX remarks_question ON remarks (question);
CREATE TABLE absences (
    id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    person TEXT NOT NULL,
    person_folded TEXT NOT NULL,
    until REAL NOT NULL,
    at REAL NOT NULL,
    by TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX absences_person ON absences (tenant, person_folded)
