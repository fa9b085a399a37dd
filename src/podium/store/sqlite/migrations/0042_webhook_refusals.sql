-- Since when the receiver of a webhook takes nothing, though it is there.
ALTER TABLE webhooks ADD COLUMN refused_since REAL;
ALTER TABLE webhooks ADD COLUMN refused_tries INTEGER;
ALTER TABLE webhooks ADD COLUMN refused_why TEXT
