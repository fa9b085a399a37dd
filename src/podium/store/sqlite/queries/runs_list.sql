-- By the index that finds the fewest, as a rule; without statistics the database itself cannot tell.
SELECT n, id, workflow, version, state, epoch, queue, priority, created_at, ended_at, wake_at, parent, root, tenant,
    principal, owner, facts, reason, tag, wake, strikes, blocked, generation, since, affinity
FROM runs
    INDEXED BY sqlite_autoindex_runs_1 -- :by_prefix
    INDEXED BY runs_of_tag -- :by_tag
    INDEXED BY runs_children -- :by_parent
    INDEXED BY runs_of_workflow -- :by_workflow
    INDEXED BY runs_of_state -- :by_state
    INDEXED BY runs_of_principal -- :by_principal
    INDEXED BY runs_of_tenant -- :by_tenant
WHERE true
    AND id >= :prefix AND id < :beyond AND (parent IS NULL OR parent < :prefix OR parent >= :beyond)
    AND tag = :tag
    AND parent = :parent
    AND workflow = :workflow
    AND state = :state
    AND principal = :principal
    AND tenant = :tenant
    AND (principal = :concerned OR n IN (SELECT q.run FROM questions q WHERE q.to_folded IN (SELECT value FROM json_each(:concerning)) AND NOT EXISTS (SELECT 1 FROM budget_questions b WHERE b.id = q.id AND b.lead <> b.id)))
    AND created_at >= :since
    AND created_at < :until
    AND (created_at, n) < (:at, :n)
    AND (id LIKE :text ESCAPE '\' OR tag LIKE :text ESCAPE '\' OR workflow LIKE :text ESCAPE '\' OR reason LIKE :text ESCAPE '\')
ORDER BY created_at DESC, n DESC LIMIT :limit
