SELECT position, at, type, run, root, workflow, tenant, principal, question, "to", content FROM events WHERE position > ? ORDER BY position LIMIT ?
