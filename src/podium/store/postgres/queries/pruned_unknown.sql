-- Entries of the ledger that say of a run that it was pruned, and nobody says by whom.
SELECT n, run FROM ledger l
WHERE state = 'pruned' AND NOT EXISTS (SELECT 1 FROM pruned p WHERE p.run = l.run AND p.facts = l.facts AND p.head = l.head)
ORDER BY n
