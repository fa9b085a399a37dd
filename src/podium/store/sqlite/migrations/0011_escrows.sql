-- An escrow is a reservation that covers what its run begins to spend and has not recorded yet.
ALTER TABLE reservations ADD COLUMN escrow INTEGER NOT NULL DEFAULT 0;
CREATE INDEX reservations_escrow ON reservations (escrow) WHERE escrow;
-- What was refused and would have had room but for escrows: while it is wanted, none is made or renewed in what it needs.
ALTER TABLE budgets ADD COLUMN usd_wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budgets ADD COLUMN tokens_wanted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budgets ADD COLUMN calls_wanted INTEGER NOT NULL DEFAULT 0;
