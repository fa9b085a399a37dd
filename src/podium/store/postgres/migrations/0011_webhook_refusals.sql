-- Since when the receiver of a webhook takes nothing, though it is there.
ALTER TABLE webhooks ADD COLUMN refused_since double precision, ADD COLUMN refused_tries integer, ADD COLUMN refused_why text;
