-- To whom a question was given by the time of an event.
ALTER TABLE events ADD COLUMN assignee text COLLATE "C";
