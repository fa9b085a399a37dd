SELECT position, at, type, run, root, workflow, tenant, principal, question, "to", assignee, content FROM events WHERE position > ? ORDER BY position LIMIT ?
