SELECT position, at, type, run, root, workflow, tenant, principal, question, "to", assignee, content FROM events WHERE position > %s ORDER BY position LIMIT %s
