INSERT INTO run_costs (by, root, run, part, calls, requests, input, output, usd, doubt, unpriced, cpu, gb, saved)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
