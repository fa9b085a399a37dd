SELECT n, id, tenant, workflow, tag FROM runs WHERE id = ANY (%s::text[])
UNION
SELECT r.n, r.id, r.tenant, r.workflow, r.tag
FROM unnest(%s::text[], %s::text[], %s::text[]) AS w (tenant, workflow, tag)
JOIN runs r ON r.tenant = w.tenant AND r.workflow = w.workflow AND r.tag = w.tag
