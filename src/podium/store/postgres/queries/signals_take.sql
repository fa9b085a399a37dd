UPDATE signals SET taken = true FROM unnest(%s::bigint[], %s::text[]) AS t (run, id)
WHERE signals.run = t.run AND signals.id = t.id
