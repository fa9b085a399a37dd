-- What is noteworthy about runs and questions, in the order in which it was committed. Nothing of it is what agents or people were given, or said.
-- The last event is never deleted, so that the next one follows it.
CREATE TABLE events (
    position bigint PRIMARY KEY,
    at double precision NOT NULL,
    type text COLLATE "C" NOT NULL,
    run text COLLATE "C" NOT NULL,
    root text COLLATE "C" NOT NULL,
    workflow text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    principal text COLLATE "C" NOT NULL,
    question text COLLATE "C",
    "to" text COLLATE "C",
    content text NOT NULL
);
