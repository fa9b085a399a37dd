-- What was pruned, the entry of the ledger that says so, and the last hash that the ledger knew before.
SELECT p.run, p.facts, p.head, p.state, p.at, p.by, p.why, p.signature, l.n,
    (SELECT b.head FROM ledger b WHERE b.run = p.run AND b.n < l.n ORDER BY b.n DESC LIMIT 1)
FROM pruned p LEFT JOIN ledger l ON l.run = p.run AND l.state = 'pruned' AND l.facts = p.facts AND l.head = p.head
ORDER BY p.number
