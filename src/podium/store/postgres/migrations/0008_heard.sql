-- When each worker was heard of last, by the clock of the store.
ALTER TABLE workers ADD COLUMN heard_at double precision;
