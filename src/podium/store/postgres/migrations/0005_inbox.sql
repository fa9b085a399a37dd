-- Whom of those asked a question was given to, what people say of it, who of them is away, and when they are told of it again.
ALTER TABLE questions
    ADD COLUMN remind double precision,
    ADD COLUMN assignee text COLLATE "C",
    ADD COLUMN assignee_folded text COLLATE "C";
CREATE INDEX questions_given ON questions (assignee_folded) WHERE state = 'open' AND assignee_folded IS NOT NULL;
CREATE TABLE remarks (
    id text COLLATE "C" PRIMARY KEY,
    question text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    text bytea NOT NULL,
    assignee text COLLATE "C",
    salt bytea,
    digest bytea NOT NULL
);
CREATE INDEX remarks_question ON remarks (question);
CREATE TABLE absences (
    id text COLLATE "C" PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    person_folded text COLLATE "C" NOT NULL,
    until double precision NOT NULL,
    at double precision NOT NULL,
    by text COLLATE "C" NOT NULL
);
CREATE INDEX absences_person ON absences (tenant, person_folded);
