-- Whether an action is there that is asked for again.
CREATE INDEX actions_id ON actions (id);
